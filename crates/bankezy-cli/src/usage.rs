//! Wrong usage in one line. An argument's text is printed only where it cannot be a secret:
//! everything else is named by the flag that it is for or by its position.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _};

use crate::args::{Args, flag};
use crate::failure::Failure;

use crate::shown;
use crate::values::Values;

const ORDINALS: [&str; 10] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
];

/// What is wrong with the arguments `given` to the program, without its own name, or with the
/// settings that were added to them.
pub(crate) fn failure(error: &clap::Error, given: &[OsString], settings: &Values) -> Failure {
    let mut program = Args::command();
    program.build();
    let program = &program;
    let names = |kind| match error.get(kind) {
        Some(ContextValue::String(name)) => name.clone(),
        Some(ContextValue::Strings(names)) => names.join(", "),
        _ => String::new(),
    };
    let argument = names(ContextKind::InvalidArg);
    Failure::usage(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = names(ContextKind::InvalidSubcommand);
            unexpected(&typed, given, program, "unknown subcommand")
        }
        ErrorKind::UnknownArgument => unexpected(&argument, given, program, "unexpected argument"),
        ErrorKind::MissingRequiredArgument => format!("missing required arguments: {argument}"),
        ErrorKind::ArgumentConflict if argument.is_empty() => {
            "put flags after their subcommand".to_owned()
        }
        ErrorKind::ArgumentConflict if argument == names(ContextKind::PriorArg) => {
            format!("{argument} is given more than once")
        }
        ErrorKind::ArgumentConflict => format!(
            "{argument} cannot be used with {}",
            names(ContextKind::PriorArg)
        ),
        ErrorKind::TooManyValues => format!("{argument} takes no value"),
        ErrorKind::InvalidUtf8 => {
            let found = given.iter().position(|text| text.to_str().is_none());
            format!("the {} argument is not UTF-8", ordinal(found.unwrap_or(0)))
        }
        _ => invalid(
            &argument,
            &names(ContextKind::InvalidValue),
            &names(ContextKind::ValidValue),
            reason(error),
            program,
            settings,
        ),
    })
}

/// An argument that nothing takes.
fn unexpected(typed: &str, given: &[OsString], program: &Command, what: &str) -> String {
    let name = typed.split('=').next().unwrap_or_default();
    let known = known(program);
    if let Some(nearest) = shown::nearest(name, known.iter().map(|(known, _)| known)) {
        let owners = known.iter().find(|(known, _)| known == name);
        return match owners {
            Some((_, owners)) => format!("{what} `{name}`: it belongs to {}", owners.join(", ")),
            None => format!("{what} `{name}`: did you mean `{nearest}`?"),
        };
    }
    let is_it = |text: &OsString| {
        let text = text.to_string_lossy();
        let short = typed.len() > 1 && !typed.starts_with("--") && typed.starts_with('-');
        text.split('=').next() == Some(name)
            || short && text.starts_with('-') && text.contains(&typed[1..])
    };
    let Some(place) = given.iter().position(is_it) else {
        return what.to_owned();
    };
    let mut message = what.replace(' ', &format!(" {} ", ordinal(place)));
    let before = place.checked_sub(1).and_then(|before| given.get(before));
    let before = before.and_then(|flag| flag.to_str()).unwrap_or_default();
    match find(program, &|arg| is_flag(arg, before)) {
        Some(flag) if flag.get_action().takes_values() && typed.starts_with('-') => {
            message.push_str(&format!(
                ": `{before}` takes {}, and the value after it starts with a dash",
                expected(&flag)
            ));
        }
        _ => message.push_str(" (its text is not shown: it may be a secret)"),
    }
    message
}

/// What the library says of a value. It does not show the value.
fn reason(error: &clap::Error) -> Option<String> {
    let source = error
        .source()?
        .downcast_ref::<bankezy_crypto::providers::RequestError>();
    source.map(ToString::to_string)
}

/// A value that a flag does not take, or none.
fn invalid(
    argument: &str,
    value: &str,
    valid: &str,
    reason: Option<String>,
    program: &Command,
    settings: &Values,
) -> String {
    let arg = find(program, &|arg| arg.to_string() == argument);
    let name = argument.split(' ').next().unwrap_or_default();
    let from = arg.as_ref().and_then(|arg| {
        let id = arg.get_id().as_str();
        let value = settings.get(id).filter(|value| value.from != flag(id))?;
        Some(format!(" (from {})", value.from))
    });
    let from = from.unwrap_or_default();
    let expected = match &arg {
        _ if !valid.is_empty() => format!("one of {valid}"),
        Some(arg) => expected(arg),
        None => "another".to_owned(),
    };
    if let Some(reason) = reason {
        return format!("invalid value for `{name}`{from}: {reason}");
    }
    if value.is_empty() {
        return format!("missing value for `{name}`{from}: expected {expected}");
    }
    let value_name = arg.as_ref().map_or("", value_name);
    let shown = match value_name {
        "N" | "BYTES" | "SECS" => shown::number(value),
        "ADDRESS:PORT" => shown::address(value),
        _ if valid.is_empty() => None,
        _ => shown::nearest(value, valid.split(", ")).map(|_| value),
    };
    let shown = shown::quoted(shown);
    format!("invalid value {shown}for `{name}`{from}: expected {expected}")
}

/// What an argument takes, for a message.
fn expected(arg: &Arg) -> String {
    match value_name(arg) {
        "FILE" | "PEM" => "the name of a file".to_owned(),
        "VAR" => "the name of an environment variable".to_owned(),
        "N" => "a whole number".to_owned(),
        "BYTES" => "a whole number of bytes".to_owned(),
        "SECS" => "a whole number of seconds, at least 1".to_owned(),
        "ADDRESS:PORT" => "ADDRESS:PORT, such as 127.0.0.1:8080".to_owned(),
        "NAME=VALUE" => "NAME=VALUE, such as city=Pune".to_owned(),
        "YYYYMMDD" => "a date as YYYYMMDD, such as 19900131".to_owned(),
        other => other.to_owned(),
    }
}

fn value_name(arg: &Arg) -> &str {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or("a value", |name| name.as_str())
}

fn ordinal(place: usize) -> String {
    match ORDINALS.get(place) {
        Some(word) => (*word).to_owned(),
        None => format!("{}th", place + 1),
    }
}

fn is_flag(arg: &Arg, text: &str) -> bool {
    text.strip_prefix("--")
        .is_some_and(|long| arg.get_long() == Some(long))
}

/// The first argument of any command that is asked for.
fn find(command: &Command, wanted: &dyn Fn(&Arg) -> bool) -> Option<Arg> {
    let own = command.get_arguments().find(|arg| wanted(arg)).cloned();
    own.or_else(|| command.get_subcommands().find_map(|sub| find(sub, wanted)))
}

/// All flags and subcommands, with the commands that they belong to.
fn known(program: &Command) -> Vec<(String, Vec<String>)> {
    let mut known = Vec::new();
    collect(program, program.get_name(), &mut known);
    known
}

fn collect(command: &Command, path: &str, known: &mut Vec<(String, Vec<String>)>) {
    let mut add = |name: String| {
        let owner = format!("`{path}`");
        match known.iter_mut().find(|(known, _)| *known == name) {
            Some((_, owners)) => owners.push(owner),
            None => known.push((name, vec![owner])),
        }
    };
    let flags = command.get_arguments().filter_map(Arg::get_long);
    flags.for_each(|long| add(format!("--{long}")));
    let names = command.get_subcommands().map(Command::get_name);
    names.for_each(|name| add(name.to_owned()));
    for sub in command.get_subcommands() {
        collect(sub, &format!("{path} {}", sub.get_name()), known);
    }
}
