//! PEM as the value of a flag: it starts with dashes, as flags do, and a shell passes it by `"$(cat key.pem)"`.

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::scope::commands;

/// The arguments with PEM joined to the flag before it, as in `--recipient=-----BEGIN …`, where the flag takes a
/// public key.
pub(super) fn joined(given: &[OsString], program: &Command) -> Vec<OsString> {
    let flags = flags(program);
    let end = given.iter().position(|text| text == "--");
    let mut joined: Vec<OsString> = Vec::with_capacity(given.len());
    for (place, text) in given.iter().enumerate() {
        // No flag starts with this many.
        let is_pem = text.as_encoded_bytes().starts_with(b"----");
        let is_value = is_pem && end.is_none_or(|end| place < end);
        match joined.last_mut() {
            Some(flag)
                if is_value && flags.iter().any(|known| flag.as_os_str() == known.as_str()) =>
            {
                flag.push("=");
                flag.push(text);
            }
            _ => joined.push(text.clone()),
        }
    }
    joined
}

/// The flags that take a public key or the name of a file.
fn flags(program: &Command) -> Vec<String> {
    let takes_key = |arg: &&Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        names.first().is_some_and(|name| *name == "KEY|FILE")
    };
    let commands = commands(program).into_iter();
    let args = commands.flat_map(|(_, command)| command.get_arguments().filter(takes_key));
    let longs = args.filter_map(Arg::get_long);
    longs.map(|long| format!("--{long}")).collect()
}
