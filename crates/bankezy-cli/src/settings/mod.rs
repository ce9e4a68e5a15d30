//! Settings: flags override a session, a session overrides the environment, the environment overrides the settings
//! file.
//!
//! A setting is an argument of a command, and the argument's id is its name in all of them. Settings without a flag
//! are added to the command line, which is then parsed again, so that the parser of its type checks each value,
//! wherever it comes from.

pub(crate) mod example;
mod file;
mod merge;
mod pem;
mod show;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use crate::args::{Args, Place, PlaceParser, flag};
use crate::failure::Failure;
use crate::scope::{self, Scope, Variables, settings_of};
use crate::session::{self, Session};
use crate::values::{Value, Values};
use crate::{streams, usage};
use file::SettingsFile;
use merge::{ENVIRONMENT, Merged, is_path, is_switch, merged};
pub(crate) use show::show;

const MISSING_SUBCOMMAND: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

/// What the typed arguments leave out: the texts of settings, and the session.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) values: Values,
    /// The map `data` of the settings file.
    pub(crate) data: BTreeMap<String, String>,
    pub(crate) session: Option<Session>,
}

/// Parses the arguments of the program; the first is its name.
pub(crate) fn parse(
    given: &[OsString],
    variables: &Variables<'_>,
) -> Result<(Args, Settings), Failure> {
    let mut program = Args::command();
    let typed = given.get(1..).unwrap_or_default();
    let given = pem::joined(given, &program);
    let matches = match program.try_get_matches_from_mut(&given) {
        Ok(matches) => matches,
        // `bankezy` alone prints the whole help.
        Err(error) if !error.use_stderr() || error.kind() == MISSING_SUBCOMMAND => {
            return Err(Failure::Help(error));
        }
        Err(error) => return Err(usage::failure(&error, typed, &Values::new())),
    };
    let (words, command, last) = inner(&program, &matches);
    let settings = match Scope::of_command(&words.join(" ")) {
        Some(scope) => Settings::read(scope, &program, command, last, variables)?,
        None => Settings::default(),
    };
    let added = settings_of(command).filter(|arg| !is_given(last, arg.get_id().as_str()));
    let added: Vec<_> = added.filter_map(|arg| settings.as_flag(arg)).collect();
    let matches = if added.is_empty() {
        Ok(matches)
    } else {
        let mut merged = given;
        // After `--` there are no flags.
        let end = merged.iter().position(|text| text == "--");
        let end = end.unwrap_or(merged.len());
        merged.splice(end..end, added);
        unrelated(Args::command(), &words, &settings.values).try_get_matches_from(merged)
    };
    let args = matches.and_then(|matches| Args::from_arg_matches(&matches));
    let args = args.map_err(|error| usage::failure(&error, typed, &settings.values));
    Ok((args?, settings))
}

/// The given command: its words, itself, and its arguments.
fn inner<'a>(
    program: &'a Command,
    matches: &'a ArgMatches,
) -> (Vec<&'a str>, &'a Command, &'a ArgMatches) {
    let (mut words, mut command, mut last) = (Vec::new(), program, matches);
    while let Some((word, inner)) = last.subcommand() {
        words.push(word);
        command = command.find_subcommand(word).unwrap_or(command);
        last = inner;
    }
    (words, command, last)
}

/// The first name of an argument's value, such as FILE.
fn value_name(arg: &Arg) -> &str {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or("", |name| name.as_str())
}

fn warn(warning: String) {
    let _ = writeln!(streams::stderr(), "bankezy: warning: {warning}");
}

/// The program for the second parse. The first one checked which flags go together: what other commands need in the
/// environment and in the settings file is not a conflict.
fn unrelated(command: Command, words: &[&str], values: &Values) -> Command {
    if let [word, rest @ ..] = words {
        return command.mut_subcommand(word, |sub| unrelated(sub, rest, values));
    }
    command.mut_args(|arg| {
        let arg = arg
            .conflicts_with(Resettable::Reset)
            .requires(Resettable::Reset);
        match values.get(arg.get_id().as_str()) {
            Some(value) if arg.get_value_parser().type_id() == TypeId::of::<Place>() => {
                let from = Some(value.from.clone());
                arg.value_parser(PlaceParser { from })
            }
            _ => arg,
        }
    })
}

fn is_given(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
}

impl Settings {
    fn read(
        scope: &'static Scope,
        program: &Command,
        command: &Command,
        matches: &ArgMatches,
        variables: &Variables<'_>,
    ) -> Result<Self, Failure> {
        let unread = scope.unread(program, command, variables);
        unread.into_iter().for_each(warn);
        let path = |name: &str| matches.try_get_one::<PathBuf>(name).ok().flatten();
        let session = path("session").map(|path| session::load(path));
        let mut session = session.transpose()?;
        // One file serves all providers.
        let variable = scope::BANKEZY.variable("config");
        let config = match path("config") {
            Some(path) => Some((path.clone(), "--config")),
            None => scope::BANKEZY
                .in_environment("config", variables)
                .map(|path| (path.into(), &*variable)),
        };
        let mut file = match &config {
            Some((path, from)) => SettingsFile::read(path, from, scope, program)?,
            None => SettingsFile::default(),
        };
        let unread = file.values.keys();
        let unread = unread.filter(|name| scope::is_only_flag(command, name));
        let warning = |name: &String| {
            let flag = flag(name);
            format!("`{name}` of the settings file is not read: use the flag `{flag}`")
        };
        unread.map(warning).for_each(warn);
        // Paths in the file are relative to it.
        let folder = config.as_ref().and_then(|(path, _)| path.parent());
        for arg in settings_of(command).filter(|arg| is_path(arg)) {
            if let (Some(folder), Some(value)) =
                (folder, file.values.get_mut(arg.get_id().as_str()))
            {
                value.text = folder.join(&value.text).into();
            }
        }
        let given = command
            .get_arguments()
            .filter(|arg| arg.get_long().is_some());
        let given = given.filter(|arg| is_given(matches, arg.get_id().as_str()));
        let flags = given.filter_map(|arg| {
            let name = arg.get_id().as_str();
            let text = matches.get_raw(name)?.next()?.to_owned();
            Some((name.to_owned(), Value::new(text, flag(name))))
        });
        let stated = session
            .as_mut()
            .map(|session| std::mem::take(&mut session.values));
        let Environment { values, own } = environment(scope, program, variables);
        let levels = [
            flags.collect(),
            stated.unwrap_or_default(),
            values,
            file.values,
        ];
        let Merged { values, replaced } = merged(&levels, &own, command)?;
        let (unused, instead) = scope::unused_keys(command, [&levels[ENVIRONMENT], &own], &values);
        match instead {
            Some(instead) => unused
                .iter()
                .map(|name| format!("`{name}` is not used: {instead} is given"))
                .for_each(warn),
            None if unused.is_empty() => {}
            None => return Err(usage::no_key(command, &unused)),
        }
        replaced
            .iter()
            .filter(|(name, _)| !unused.contains(name))
            .map(|(name, flag)| format!("`{name}` is not used: `{flag}` is given"))
            .for_each(warn);
        Ok(Self {
            values,
            data: file.data,
            session,
        })
    }

    /// A setting as a flag of the command line.
    fn as_flag(&self, arg: &Arg) -> Option<OsString> {
        let name = arg.get_id().as_str();
        let mut text = OsString::from(flag(name));
        let value = &self.values.get(name)?.text;
        if !is_switch(arg) {
            text.push("=");
            text.push(value);
        }
        Some(text)
    }
}

/// The settings in the environment.
struct Environment {
    values: Values,
    /// Variables that hold a secret themselves, each under the id of the argument that could name it.
    own: Values,
}

fn environment(scope: &Scope, program: &Command, variables: &Variables<'_>) -> Environment {
    let value = |name: String| {
        let text = scope.in_environment(&name, variables)?;
        let from = scope.variable(&name);
        Some((name, Value::new(text, from)))
    };
    let own = |(secret, [_, variable]): (String, [String; 2])| {
        scope.in_environment(&secret, variables)?;
        let name = scope.variable(&secret);
        Some((variable, Value::new(name.clone(), name)))
    };
    Environment {
        values: scope.names(program).into_iter().filter_map(value).collect(),
        own: scope.secrets(program).into_iter().filter_map(own).collect(),
    }
}
