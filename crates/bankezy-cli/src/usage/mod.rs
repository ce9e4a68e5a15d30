//! Wrong usage in one line. An argument's text is printed only if it cannot be a secret: everything else is named by
//! its flag or by its position.

mod places;

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _};

use crate::args::{Args, flag};
use crate::failure::Failure;
use crate::scope::commands;
use crate::shown;
use crate::values::Values;
use places::{find, is_flag, known, place_of, plain, secret_flags, walk};

const UNKNOWN_SUBCOMMAND: &str = "unknown subcommand";

const ORDINALS: [&str; 10] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
];

/// What is wrong with the arguments `given` to the program, without its own name, or with the
/// settings that were added to them.
pub(crate) fn failure(error: &clap::Error, given: &[OsString], settings: &Values) -> Failure {
    let program = &program();
    let names = |kind| match error.get(kind) {
        Some(ContextValue::String(name)) => vec![name.clone()],
        Some(ContextValue::Strings(names)) => names.clone(),
        _ => Vec::new(),
    };
    let first = |kind| names(kind).into_iter().next().unwrap_or_default();
    let argument = first(ContextKind::InvalidArg);
    let name = argument.split(' ').next().unwrap_or_default();
    Failure::usage(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = first(ContextKind::InvalidSubcommand);
            unexpected(&typed, given, program, UNKNOWN_SUBCOMMAND)
        }
        ErrorKind::UnknownArgument => unexpected(&argument, given, program, "unexpected argument"),
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<_> = names(ContextKind::InvalidArg)
                .iter()
                .map(|name| plain(name))
                .collect();
            let plural = if missing.len() > 1 { "s" } else { "" };
            let is_derive = missing.iter().any(|name| name.contains("--derive "));
            let hint = if is_derive {
                "; `bankezy diagnose` finds it from a captured message"
            } else {
                ""
            };
            format!(
                "missing required argument{plural}: {}{hint}",
                missing.join(", ")
            )
        }
        ErrorKind::ArgumentConflict => match &names(ContextKind::PriorArg)[..] {
            _ if argument.is_empty() => {
                let misplaced = misplaced(given, program);
                misplaced.unwrap_or_else(|| "put flags after their subcommand".to_owned())
            }
            [prior] if *prior == argument => format!("{name} is given more than once"),
            priors => {
                let priors = priors.iter().filter_map(|prior| prior.split(' ').next());
                let priors: Vec<_> = priors.collect();
                format!("{name} cannot be used with {}", priors.join(", "))
            }
        },
        ErrorKind::TooManyValues => format!("{name} takes no value"),
        ErrorKind::InvalidUtf8 => {
            let found = given.iter().position(|text| text.to_str().is_none());
            format!("the {} argument is not UTF-8", ordinal(found.unwrap_or(0)))
        }
        _ => invalid(
            &argument,
            &first(ContextKind::InvalidValue),
            &names(ContextKind::ValidValue).join(", "),
            reason(error),
            program,
            settings,
        ),
    })
}

/// One of these arguments is required, and neither a flag nor a setting gives it. They are named by their ids.
pub(crate) fn missing(ids: &[&str]) -> Failure {
    Failure::usage(missing_text(ids))
}

fn missing_text(ids: &[&str]) -> String {
    let program = program();
    let named = |id: &&str| {
        let arg = find(&program, |arg| arg.get_id() == *id);
        arg.map_or_else(|| flag(id), |arg| plain(&arg.to_string()))
    };
    let one_of = if ids.len() > 1 { "give one of " } else { "" };
    let named: Vec<_> = ids.iter().map(named).collect();
    format!("missing required argument: {one_of}{}", named.join(", "))
}

/// The command needs a key. Variables give some that do not match its arguments.
pub(crate) fn no_key(command: &Command, unused: &[&str]) -> Failure {
    let key = command.get_groups().find(|group| group.get_id() == "key");
    let ids: Vec<_> = key.iter().flat_map(|group| group.get_args()).collect();
    let ids: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
    let (missing, unused) = (missing_text(&ids), unused.join("`, `"));
    Failure::usage(format!(
        "{missing}; `{unused}` does not apply to the arguments given"
    ))
}

fn program() -> Command {
    let mut program = Args::command();
    program.build();
    program
}

/// An unexpected argument.
fn unexpected(typed: &str, given: &[OsString], program: &Command, what: &str) -> String {
    let name = typed.split('=').next().unwrap_or_default();
    let place = place_of(typed, given);
    let ahead = place.and_then(|place| given.get(..place));
    let taker = walk(program, ahead.unwrap_or_default()).command;
    let known = known(program);
    let owners = known.iter().filter(|(known, _)| known == name);
    let owners: Vec<_> = owners.map(|(_, owner)| owner.as_str()).collect();
    if !owners.is_empty() {
        let misplaced = misplaced(given, program).filter(|_| name.starts_with("--"));
        let belongs = || format!("it belongs to `{}`", owners.join("`, `"));
        return format!("{what} `{name}`: {}", misplaced.unwrap_or_else(belongs));
    }
    let nearest = shown::nearest(name, known.iter().map(|(known, _)| known.clone()));
    if let Some(nearest) = nearest.or_else(|| begun(name, taker)) {
        return format!("{what} `{name}`: did you mean `{nearest}`?");
    }
    let Some(place) = place else {
        return what.to_owned();
    };
    if what == UNKNOWN_SUBCOMMAND {
        let subs: Vec<_> = taker.get_subcommands().map(Command::get_name).collect();
        return format!(
            "{what} as {} argument (its text is not shown: it may be a secret): expected one of {}{}",
            ordinal(place),
            subs.join(", "),
            instead(&secret_flags(taker)),
        );
    }
    let what = what.replace(' ', &format!(" {} ", ordinal(place)));
    let before = place.checked_sub(1).and_then(|before| given.get(before));
    let before = before.and_then(|flag| flag.to_str()).unwrap_or_default();
    match find(program, |arg| is_flag(arg, before)) {
        // No such number starts with a dash.
        Some(flag) if typed.starts_with('-') && expected(flag).starts_with("a whole number") => {
            format!("invalid value for `{before}`: expected {}", expected(flag))
        }
        Some(flag) if flag.get_action().takes_values() && typed.starts_with('-') => format!(
            "{what}: `{before}` takes {}, and the value after it starts with a dash: join the two with an equals \
             sign, as in `{before}=VALUE`",
            expected(flag)
        ),
        _ => format!(
            "{what} (its text is not shown: it may be a secret){}{}",
            instead(&secret_flags(taker)),
            match taker.get_name() {
                "seal" | "open" => "; the message is read from standard input",
                _ => "",
            }
        ),
    }
}

/// The first flag of a command that starts with a whole word that was typed, such as `--secret`.
fn begun(typed: &str, command: &Command) -> Option<String> {
    let begins = |flag: &String| {
        let rest = flag.strip_prefix(typed);
        typed.len() > 3 && rest.is_some_and(|rest| rest.starts_with('-'))
    };
    let mut flags = command
        .get_arguments()
        .filter_map(|arg| Some(format!("--{}", arg.get_long()?)));
    flags.find(begins)
}

/// How secrets are given to a command with these flags for them.
fn instead(flags: &[String]) -> String {
    let use_ = match flags {
        [] => return String::new(),
        [ahead @ .., last] if flags.len() <= 4 => format!("use {} or {last}", ahead.join(", ")),
        [first, ..] => format!("use the *-file and *-env flags, such as {first}"),
    };
    format!("; secrets come from a file or an environment variable: {use_}")
}

/// A flag before the subcommand that takes it, or without that subcommand.
fn misplaced(given: &[OsString], program: &Command) -> Option<String> {
    let walked = walk(program, given);
    let early = walked.early?;
    let mut commands = commands(program).into_iter();
    let (words, arg) = commands.find_map(|(words, command)| {
        let mut args = command.get_arguments();
        let arg = args.find(|arg| arg.get_long() == Some(&*early))?;
        words.starts_with(&walked.words).then_some((words, arg))
    })?;
    let arg = arg.to_string().replace(['<', '>'], "");
    Some(format!(
        "put flags after their subcommand, as in `bankezy {words} {arg}`"
    ))
}

/// The library's message about a value. It does not show the value.
fn reason(error: &clap::Error) -> Option<String> {
    let source = error
        .source()?
        .downcast_ref::<bankezy_crypto::providers::RequestError>();
    source.map(ToString::to_string)
}

/// An invalid or missing value of a flag. It is not shown: it may be a secret, even if it is a number.
fn invalid(
    argument: &str,
    value: &str,
    valid: &str,
    reason: Option<String>,
    program: &Command,
    settings: &Values,
) -> String {
    let arg = find(program, |arg| arg.to_string() == argument);
    let name = argument.split(' ').next().unwrap_or_default();
    let from = arg.and_then(|arg| {
        let id = arg.get_id().as_str();
        let value = settings.get(id).filter(|value| value.from != flag(id))?;
        Some(format!(" (from {})", value.from))
    });
    let from = from.unwrap_or_default();
    let expected = match arg {
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
    format!("invalid value for `{name}`{from}: expected {expected}")
}

/// What an argument takes, for a message.
fn expected(arg: &Arg) -> String {
    match value_name(arg) {
        "FILE" | "PEM" => "the name of a file",
        "KEY|FILE" => "a public key, or the name of a file with one",
        "VAR" => "the name of an environment variable",
        "BYTES" => "a whole number of bytes",
        "SECS" => "a whole number of seconds, at least 1",
        "ADDRESS:PORT" => "ADDRESS:PORT, such as 127.0.0.1:8080",
        "NAME=VALUE" => "NAME=VALUE, such as city=Pune",
        "YYYYMMDD" => "a date as YYYYMMDD, such as 19900131",
        other => other,
    }
    .to_owned()
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
