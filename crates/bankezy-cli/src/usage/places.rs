//! Which argument a text is, and which commands take which flags.

use std::any::TypeId;
use std::ffi::OsString;

use clap::{Arg, Command};

use crate::args::{Place, flag};
use crate::scope::commands;

/// The command that some arguments lead to.
pub(super) struct Walked<'a> {
    pub(super) command: &'a Command,
    /// Its words, such as `token bankezy`.
    pub(super) words: String,
    /// The first flag before a subcommand, or else the first one that the command does not take.
    pub(super) early: Option<String>,
}

/// Follows the subcommands among arguments; flags and their values are skipped.
pub(super) fn walk<'a>(program: &'a Command, given: &[OsString]) -> Walked<'a> {
    let (mut command, mut words) = (program, Vec::new());
    let mut flags: Vec<&str> = Vec::new();
    let mut texts = given.iter().map(|text| text.to_str().unwrap_or_default());
    let mut early = None;
    while let Some(text) = texts.next().filter(|text| *text != "--") {
        if let Some(long) = text.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            let arg = find(program, |arg| arg.get_long() == Some(name));
            let takes_next = |arg: &Arg| arg.get_action().takes_values() && name == long;
            if arg.is_some_and(takes_next) {
                texts.next();
            }
            flags.push(name);
        } else if let Some(sub) = command.find_subcommand(text) {
            early = early.or_else(|| flags.first().copied());
            command = sub;
            words.push(sub.get_name());
        }
    }
    let is_own = |name: &&str| {
        command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(name))
    };
    let early = early.or_else(|| flags.into_iter().find(|name| !is_own(name)));
    Walked {
        command,
        words: words.join(" "),
        early: early.map(str::to_owned),
    }
}

/// The position of a text that clap names among the arguments.
pub(super) fn place_of(typed: &str, given: &[OsString]) -> Option<usize> {
    let name = typed.split('=').next();
    let place =
        |is: &dyn Fn(&str) -> bool| given.iter().position(|text| is(&text.to_string_lossy()));
    let is_short = |text: &str| text.len() > 1 && text.starts_with('-') && !text.starts_with("--");
    // clap names each of several short flags alone.
    let is_one_of = |text: &str| is_short(text) && text.contains(&typed[1..]);
    let exact = place(&|text| text.split('=').next() == name);
    exact.or_else(|| is_short(typed).then(|| place(&is_one_of)).flatten())
}

/// The flags that a command takes secrets by: for each secret its file and its variable.
pub(super) fn secret_flags(command: &Command) -> Vec<String> {
    let places = command.get_arguments();
    let places = places.filter(|arg| arg.get_value_parser().type_id() == TypeId::of::<Place>());
    let ids: Vec<&str> = places.map(|arg| arg.get_id().as_str()).collect();
    let has_variable = |id: &&str| {
        let stem = id.strip_suffix("_file").or(id.strip_suffix("_env"));
        ids.contains(&&*format!("{}_env", stem.unwrap_or(id)))
    };
    // The password of a private key is no secret of its own here.
    let is_secret = |id: &&str| has_variable(id) && !id.contains("_password_");
    ids.iter().copied().filter(is_secret).map(flag).collect()
}

/// An argument as the help has it, without brackets: `--out FILE`.
pub(super) fn plain(name: &str) -> String {
    format!("`{}`", name.replace(['<', '>', '[', ']'], ""))
}

pub(super) fn is_flag(arg: &Arg, text: &str) -> bool {
    text.strip_prefix("--")
        .is_some_and(|long| arg.get_long() == Some(long))
}

/// The first argument of the program that is asked for.
pub(super) fn find(program: &Command, wanted: impl Fn(&Arg) -> bool) -> Option<&Arg> {
    let mut commands = commands(program).into_iter();
    commands.find_map(|(_, command)| command.get_arguments().find(|arg| wanted(arg)))
}

/// All flags and subcommands, each with the words of a command that it belongs to.
pub(super) fn known(program: &Command) -> Vec<(String, String)> {
    let names = |(words, command): (String, &Command)| {
        let path = format!("bankezy {words}");
        let flags = command.get_arguments().filter_map(Arg::get_long);
        let flags = flags.map(|long| format!("--{long}"));
        let names = command
            .get_subcommands()
            .map(|sub| sub.get_name().to_owned());
        let names: Vec<_> = flags.chain(names).collect();
        names
            .into_iter()
            .map(move |name| (name, path.trim_end().to_owned()))
    };
    commands(program).into_iter().flat_map(names).collect()
}
