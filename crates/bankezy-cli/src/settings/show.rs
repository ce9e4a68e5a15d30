//! `bankezy config show`: where each setting comes from. Secrets and what may be one (names of files and variables,
//! and texts) are not printed.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory as _};

use super::example::default;
use super::merge::{is_path, is_switch};
use super::{Settings, Values, value_name};
use crate::args::{Args, Base, ConfigShow};
use crate::failure::Failure;
use crate::scope::{Scope, Variables, settings_of};
use crate::values::Value;
use crate::{files, usage};

pub(crate) fn show(args: &ConfigShow, variables: &Variables<'_>) -> Result<(), Failure> {
    let config = args.config.config.as_ref().map(|path| {
        let mut flag = OsString::from("--config=");
        flag.push(path);
        flag
    });
    let text = if args.command.is_empty() {
        let sections = Scope::all()
            .into_iter()
            .map(|scope| of_scope(scope, config.as_ref(), variables));
        sections.collect::<Result<Vec<_>, _>>()?.join("\n")
    } else {
        let mut typed = args.command.clone();
        let end = typed
            .iter()
            .position(|text| text == "--")
            .unwrap_or(typed.len());
        typed.splice(end..end, config);
        of_command(&typed, variables)?
    };
    files::print(text.as_bytes())
}

/// The settings of one command, with flags that may follow it.
fn of_command(typed: &[OsString], variables: &Variables<'_>) -> Result<String, Failure> {
    let mut program = lenient(Args::command());
    let line = std::iter::once(OsString::from("bankezy")).chain(typed.iter().cloned());
    let matches = program.try_get_matches_from_mut(line);
    let matches = matches.map_err(|error| {
        if error.use_stderr() {
            usage::failure(&error, typed, &Values::new())
        } else {
            Failure::Help(error)
        }
    })?;
    let (words, command, matches) = super::inner(&program, &matches);
    let Some(scope) = Scope::of_command(&words.join(" ")) else {
        let with: Vec<_> = Scope::all()
            .iter()
            .flat_map(|scope| scope.commands)
            .copied()
            .collect();
        return Err(Failure::usage(format!(
            "this command reads no settings: expected one of {}",
            with.join(", ")
        )));
    };
    let settings = Settings::read(scope, &program, command, matches, variables)?;
    let args = settings_of(command);
    Ok(table(args, &settings, variables))
}

/// What the environment and the settings file give for a provider, whatever the command.
fn of_scope(
    scope: &'static Scope,
    config: Option<&OsString>,
    variables: &Variables<'_>,
) -> Result<String, Failure> {
    let mut program = Args::command();
    program.build();
    let args = scope.settings(&program);
    let all = args.iter().map(|arg| {
        let arg = (*arg).clone();
        arg.conflicts_with(Resettable::Reset)
            .requires(Resettable::Reset)
            .required(false)
    });
    let config_arg = Arg::new("config")
        .long("config")
        .value_parser(clap::value_parser!(std::path::PathBuf));
    let command = Command::new("all").args(all).arg(config_arg);
    let line = std::iter::once(OsString::from("all")).chain(config.cloned());
    let matches = command.clone().try_get_matches_from(line);
    let matches = matches.map_err(|error| usage::failure(&error, &[], &Values::new()))?;
    let settings = Settings::read(scope, &program, &command, &matches, variables)?;
    let title = scope.table.unwrap_or("bankezy");
    Ok(format!(
        "[{title}]\n{}",
        table(args.into_iter(), &settings, variables)
    ))
}

/// The program without required arguments.
pub(super) fn lenient(command: Command) -> Command {
    command
        .subcommand_required(false)
        .arg_required_else_help(false)
        .mut_args(|arg| arg.required(false))
        .mut_subcommands(lenient)
}

/// Name, value and origin of what is set, then the names of the rest.
fn table<'a>(
    args: impl Iterator<Item = &'a Arg>,
    settings: &Settings,
    variables: &Variables<'_>,
) -> String {
    let (mut rows, mut unset) = (Vec::new(), Vec::new());
    for arg in args {
        let name = arg.get_id().as_str();
        let given = settings.values.get(name);
        match (given, default(arg)) {
            _ if name == "data" && given.is_none() && !settings.data.is_empty() => {
                let entries = format!("(entries: {})", settings.data.len());
                rows.push((name, entries, "[data] of the settings file".to_owned()));
            }
            (Some(value), _) => rows.push((name, shown(arg, value, variables), value.from.clone())),
            (None, Some(default)) => rows.push((name, default, "default".to_owned())),
            (None, None) => match stated_default(arg) {
                Some(default) => rows.push((name, default, "default".to_owned())),
                None => unset.push(name),
            },
        }
    }
    let width = |of: fn(&(&str, String, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (names, values) = (width(|row| row.0.len()), width(|row| row.1.len()));
    let mut text = String::new();
    for (name, value, from) in &rows {
        let _ = writeln!(text, "{name:names$}  {value:values$}  {from}");
    }
    if !unset.is_empty() {
        let _ = writeln!(text, "not set: {}", unset.join(", "));
    }
    text
}

/// What the help says about a default that depends on more than the argument.
fn stated_default(arg: &Arg) -> Option<String> {
    let help = arg.get_help()?.to_string();
    let (_, default) = help.split_once("[default: ")?;
    Some(default.split(']').next()?.to_owned())
}

/// A value, if it is one of the known words, a number or a host; otherwise only what it is.
fn shown(arg: &Arg, value: &Value, variables: &Variables<'_>) -> String {
    let text = value.text.to_str().unwrap_or_default();
    if is_switch(arg) {
        return "true".to_owned();
    }
    let id = arg.get_id().as_str();
    if is_path(arg) {
        let found = Path::new(&value.text).is_file();
        return format!(
            "(a file that {})",
            if found { "exists" } else { "does not exist" }
        );
    }
    if id.ends_with("_env") {
        let is_set = (variables.value)(text).is_some_and(|value| !value.is_empty());
        return format!(
            "(a variable that is {}set)",
            if is_set { "" } else { "not " }
        );
    }
    let is_word = || {
        arg.get_possible_values()
            .iter()
            .any(|word| word.get_name() == text)
    };
    let is_number = || value_name(arg) == "SECS" && text.parse::<u32>().is_ok();
    if is_word() || is_number() {
        return text.to_owned();
    }
    if id == "base_url"
        && text.parse::<Base>().is_ok()
        && let Ok(url) = text.parse::<http::Uri>()
        && let Some(host) = url.host()
    {
        return format!("{}://{host}…", url.scheme_str().unwrap_or_default());
    }
    "(not shown)".to_owned()
}
