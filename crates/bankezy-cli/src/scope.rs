//! The settings of each provider: each has its own names, so that nothing goes to a server that it is not for.

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::args::flag;
use crate::shown;
use crate::values::Values;

/// The environment: the names of all variables, and the value of each.
pub(crate) struct Variables<'a> {
    pub(crate) names: Vec<String>,
    pub(crate) value: &'a dyn Fn(&str) -> Option<OsString>,
}

/// Commands that have only key settings.
const KEY_COMMANDS: [&str; 3] = ["seal", "open", "diagnose"];

const KEY_SETTINGS: [&str; 7] = [
    "secret_file",
    "secret_env",
    "encoding",
    "private_key",
    "private_key_env",
    "private_key_password_file",
    "private_key_password_env",
];

/// Flags that are not settings: they are about one run.
const ONLY_FLAGS: [&str; 7] = [
    "config",
    "force",
    "help",
    "reveal",
    "save_session",
    "session",
    "show_unauthenticated",
];

/// The settings of one provider.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Its table in the settings file; BankEzy's settings are outside of any.
    pub(crate) table: Option<&'static str>,
    /// The prefix of its environment variables.
    pub(crate) prefix: &'static str,
    /// The commands whose flags are its settings, including their subcommands.
    pub(crate) commands: &'static [&'static str],
}

pub(crate) static BANKEZY: Scope = Scope {
    table: None,
    prefix: "BANKEZY_",
    commands: &["token bankezy", "call", "seal", "open", "diagnose"],
};

pub(crate) static FACEKI: Scope = Scope {
    table: Some("faceki"),
    prefix: "FACEKI_",
    commands: &["token faceki"],
};

pub(crate) static COMPLYCUBE: Scope = Scope {
    table: Some("complycube"),
    prefix: "COMPLYCUBE_",
    commands: &["token complycube"],
};

pub(crate) static SARDINE: Scope = Scope {
    table: Some("sardine"),
    prefix: "SARDINE_",
    commands: &["token sardine"],
};

static ALL: [&Scope; 4] = [&BANKEZY, &FACEKI, &COMPLYCUBE, &SARDINE];

impl Scope {
    /// BankEzy's, then those of the other providers.
    pub(crate) fn all() -> [&'static Self; 4] {
        ALL
    }

    /// Whose settings a command takes, by its words; `None` if its flags are not settings.
    pub(crate) fn of_command(words: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|scope| scope.has(words))
    }

    fn has(&self, words: &str) -> bool {
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with(' ');
        let mut commands = self.commands.iter();
        commands.any(|own| words.strip_prefix(own).is_some_and(is_below))
    }

    /// Whose table this is.
    pub(crate) fn of_table(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|scope| scope.table == Some(name))
    }

    /// Whether a name is that of a table, or of any provider's setting.
    pub(crate) fn knows(name: &str, program: &Command) -> bool {
        let is_setting = |scope: &Self| scope.names(program).iter().any(|known| known == name);
        Self::of_table(name).is_some() || ALL.into_iter().any(is_setting)
    }

    /// The names of its settings.
    pub(crate) fn names(&self, program: &Command) -> Vec<String> {
        let settings = self.settings(program).into_iter();
        settings.map(|arg| arg.get_id().to_string()).collect()
    }

    /// The flags that are its settings, each once.
    pub(crate) fn settings<'a>(&self, program: &'a Command) -> Vec<&'a Arg> {
        let mut settings: Vec<&Arg> = Vec::new();
        for (_, command) in commands(program)
            .iter()
            .filter(|(words, _)| self.has(words))
        {
            for arg in settings_of(command) {
                if !settings.iter().any(|known| known.get_id() == arg.get_id()) {
                    settings.push(arg);
                }
            }
        }
        settings
    }

    /// The names of its secrets, each with those of its file and of its variable.
    pub(crate) fn secrets(&self, program: &Command) -> Vec<(String, [String; 2])> {
        let names = self.names(program);
        let secret = |file: &String| {
            let secret = file.strip_suffix("_file")?.to_owned();
            let variable = format!("{secret}_env");
            // A proxy's URL need not be a secret.
            (names.contains(&variable) && !names.contains(&secret))
                .then(|| (secret, [file.clone(), variable]))
        };
        names.iter().filter_map(secret).collect()
    }

    /// The environment variable of a setting.
    pub(crate) fn variable(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.to_ascii_uppercase())
    }

    /// The value of the environment variable of a setting.
    pub(crate) fn in_environment(&self, name: &str, variables: &Variables<'_>) -> Option<OsString> {
        (variables.value)(&self.variable(name)).filter(|value| !value.is_empty())
    }

    /// Warnings about variables that look like settings of a command and are not read.
    pub(crate) fn unread(
        &self,
        program: &Command,
        command: &Command,
        variables: &Variables<'_>,
    ) -> Vec<String> {
        let mut known = self.names(program);
        known.extend(self.secrets(program).into_iter().map(|(name, _)| name));
        if self.table.is_none() {
            known.push("config".to_owned());
        }
        let warning = |variable: &String| {
            let name = variable.strip_prefix(self.prefix)?.to_ascii_lowercase();
            let instead = if name != "config" && is_only_flag(command, &name) {
                format!("use the flag `{}`", flag(&name))
            } else if known.contains(&name) {
                return None;
            } else {
                // A private key has its file in the variable without `_FILE`, secrets have it in the one with it.
                let file = name.strip_suffix("_file").map(str::to_owned);
                let file = file.filter(|file| known.contains(file));
                let meant = file.as_ref().or_else(|| shown::misspelt(&name, &known))?;
                let meant = self.variable(meant);
                format!("did you mean `{meant}`?")
            };
            Some(format!(
                "the environment variable `{variable}` is not read: {instead}"
            ))
        };
        variables.names.iter().filter_map(warning).collect()
    }
}

/// The ids that say which key, by what they give.
const KINDS: [[&str; 2]; 3] = [
    ["secret_file", "secret_env"],
    ["private_key", "private_key_env"],
    ["private_key_password_file", "private_key_password_env"],
];

/// The settings of a key in the environment, including its encoding, that a command ignores because it uses another
/// kind of key, and which kind that is.
pub(crate) fn unused_keys<'a>(
    command: &Command,
    environment: [&'a Values; 2],
    used: &Values,
) -> (Vec<&'a str>, Option<&'static str>) {
    if !KEY_COMMANDS.contains(&command.get_name()) {
        return (Vec::new(), None);
    }
    let of = |kind: [&str; 2]| kind.iter().any(|id| used.contains_key(*id));
    let [secret, private, password] = KINDS;
    let unused = KINDS
        .into_iter()
        .filter(|kind| !of(*kind) || *kind == password && !of(private))
        .flatten()
        .flat_map(|id| {
            environment
                .into_iter()
                .filter_map(move |given| given.get(id))
        })
        .map(|value| value.from.as_str());
    let instead = if of(secret) {
        Some("a payload secret")
    } else if of(private) {
        Some("a private key")
    } else {
        used.contains_key("recipient").then_some("a recipient")
    };
    let mut unused: Vec<_> = unused.collect();
    // The encoding of a payload secret.
    let has_encoding = command
        .get_arguments()
        .any(|arg| arg.get_id() == "encoding");
    if has_encoding && instead.is_some() && !of(secret) {
        let encoding = environment
            .into_iter()
            .filter_map(|given| given.get("encoding"));
        unused.extend(encoding.map(|value| value.from.as_str()));
    }
    (unused, instead)
}

/// All commands of the program, itself first, with their words, such as `token bankezy`.
pub(crate) fn commands(program: &Command) -> Vec<(String, &Command)> {
    let mut all = vec![(String::new(), program)];
    let mut next = 0;
    while let Some((above, command)) = all.get(next).cloned() {
        for sub in command.get_subcommands() {
            let words = format!("{above} {}", sub.get_name());
            all.push((words.trim_start().to_owned(), sub));
        }
        next += 1;
    }
    all
}

/// Whether a name is that of a flag of a command, but not of a setting.
pub(crate) fn is_only_flag(command: &Command, name: &str) -> bool {
    let is_it = |arg: &Arg| arg.get_id() == name && arg.get_long().is_some();
    command.get_arguments().any(is_it) && !settings_of(command).any(is_it)
}

/// The flags of a command that are settings.
pub(crate) fn settings_of(command: &Command) -> impl Iterator<Item = &Arg> {
    let only_key = KEY_COMMANDS.contains(&command.get_name());
    let is_setting = move |arg: &&Arg| match arg.get_id().as_str() {
        id if only_key => KEY_SETTINGS.contains(&id),
        id => !ONLY_FLAGS.contains(&id),
    };
    command
        .get_arguments()
        .filter(|arg| arg.get_long().is_some())
        .filter(is_setting)
}
