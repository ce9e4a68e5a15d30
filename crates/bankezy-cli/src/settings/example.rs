//! `bankezy config example`: a settings file with every name, each in a comment.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::merge::is_switch;
use crate::scope::Scope;

const HEAD: &str = "\
# Settings of `bankezy`. To use one, remove the # in front of it. --config FILE or BANKEZY_CONFIG names this file.
# Flags override environment variables, which override this file. File names are relative to this file.
# This file holds no secrets: a name with _file names a file, one with _env an environment variable. Give only
# one of those two, and only one of other names for the same setting.
";

pub(crate) fn text(program: &Command) -> String {
    let mut text = HEAD.to_owned();
    for scope in Scope::all() {
        let commands = scope.commands.join("`, `bankezy ");
        let _ = write!(text, "\n# For `bankezy {commands}`\n");
        if let Some(table) = scope.table {
            let _ = writeln!(text, "#[{table}]");
        }
        let args = scope.settings(program);
        let (tables, args): (Vec<&Arg>, Vec<&Arg>) =
            args.into_iter().partition(|arg| arg.get_id() == "data");
        for arg in args {
            let name = arg.get_id().as_str();
            let _ = write!(text, "\n# {}\n#{name} = {}\n", help(arg), sample(arg));
        }
        for arg in tables {
            let _ = write!(text, "\n# {}\n#[data]\n#city = \"Pune\"\n", help(arg));
        }
    }
    text
}

fn help(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string);
    let words: Vec<_> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let mut help = help.unwrap_or_default().replace('\n', " ");
    if words.len() > 1 && !is_switch(arg) {
        let _ = write!(help, ": {}", words.join(", "));
    }
    if let Some(default) = default(arg) {
        let _ = write!(help, " [default: {default}]");
    }
    help
}

/// The default of a setting, if it has one.
pub(super) fn default(arg: &Arg) -> Option<String> {
    let defaults = arg.get_default_values();
    let default = defaults.first().filter(|_| !is_switch(arg))?;
    Some(default.to_str()?.to_owned())
}

/// A value that a setting takes, as TOML.
fn sample(arg: &Arg) -> String {
    if is_switch(arg) {
        return "true".to_owned();
    }
    let id = arg.get_id().as_str();
    let text = match (default(arg), arg.get_possible_values().first()) {
        (Some(default), _) => default,
        (None, Some(word)) => word.get_name().to_owned(),
        (None, None) => of_form(id, super::value_name(arg)),
    };
    if text.bytes().all(|c| c.is_ascii_digit()) {
        text
    } else {
        format!("\"{text}\"")
    }
}

fn of_form(id: &str, form: &str) -> String {
    match (id, form) {
        ("proxy", _) => "http://proxy.example.com:3128".to_owned(),
        ("referrer", _) => "https://*.example.com/*".to_owned(),
        ("email", _) => "asha@example.com".to_owned(),
        ("platform", _) => "android".to_owned(),
        ("provider", _) => "incode".to_owned(),
        (_, "URL") => "https://api.example.com".to_owned(),
        (_, "SECS") => "30".to_owned(),
        (_, "DIGITS") => "1234".to_owned(),
        (_, "YYYYMMDD") => "19900131".to_owned(),
        (_, "NAME: VALUE") => "traceparent: 00".to_owned(),
        (_, "PEM") => format!("{}.pem", id.trim_end_matches("_file")),
        (_, "FILE") => id.trim_end_matches("_file").to_owned(),
        (_, "VAR") => id.trim_end_matches("_env").to_ascii_uppercase(),
        _ => "text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Args;
    use crate::scope;
    use crate::settings::file::SettingsFile;

    fn program() -> Command {
        let mut program = Args::command();
        program.build();
        program
    }

    /// The sample without the comment marks in front of settings.
    fn uncommented(program: &Command) -> String {
        let text = text(program);
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn it_has_every_name_and_is_read_back() {
        let program = program();
        for scope in Scope::all() {
            let file = SettingsFile::parse(&uncommented(&program), scope, &program);
            let file = file.unwrap_or_else(|failure| panic!("{failure}"));
            let mut names: Vec<_> = file.values.into_keys().collect();
            names.extend((!file.data.is_empty()).then(|| "data".to_owned()));
            let mut expected = scope.names(&program);
            names.sort();
            expected.sort();
            assert_eq!(names, expected, "{}", scope.prefix);
        }
        // As printed, it sets nothing.
        assert!(
            text(&program)
                .lines()
                .all(|line| line.is_empty() || line.starts_with('#'))
        );
    }

    /// Each value alone, with each command that takes it.
    #[test]
    fn its_values_are_taken() {
        let program = program();
        for scope in Scope::all() {
            let sample = uncommented(&program);
            let values = SettingsFile::parse(&sample, scope, &program);
            let values = values.unwrap_or_else(|failure| panic!("{failure}")).values;
            for (words, command) in scope::commands(&program) {
                if Scope::of_command(&words).is_none_or(|of| of.prefix != scope.prefix) {
                    continue;
                }
                for arg in scope::settings_of(command) {
                    let name = arg.get_id().as_str();
                    let Some(value) = values.get(name) else {
                        assert_eq!(name, "data");
                        continue;
                    };
                    let mut flag = OsString::from(crate::args::flag(name));
                    if !is_switch(arg) {
                        flag.push("=");
                        flag.push(&value.text);
                    }
                    let line = ["bankezy".into()]
                        .into_iter()
                        .chain(words.split(' ').map(OsString::from));
                    let parsed = super::super::show::lenient(Args::command())
                        .try_get_matches_from(line.chain([flag]));
                    let problem = parsed.err().map(|error| error.kind());
                    // A flag that needs another is not wrong by itself.
                    let is_value = problem
                        .is_none_or(|kind| kind == clap::error::ErrorKind::MissingRequiredArgument);
                    assert!(is_value, "{words} {name}: {problem:?}");
                }
            }
        }
    }
}
