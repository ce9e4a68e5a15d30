//! The settings file. Nothing in it that may be a secret is shown.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Command;
use toml::Table;

use crate::failure::Failure;
use crate::scope::{self, Scope};
use crate::values::{Value, Values};
use crate::{files, keys, shown};

/// Largest settings file that is read.
const MAX_FILE: usize = 1024 * 1024;

/// What a settings file says for one provider.
#[derive(Default)]
pub(super) struct SettingsFile {
    pub(super) values: Values,
    pub(super) data: BTreeMap<String, String>,
}

impl SettingsFile {
    pub(super) fn read(
        path: &Path,
        from: &str,
        ours: &Scope,
        program: &Command,
    ) -> Result<Self, Failure> {
        let bytes = files::read_file(path, MAX_FILE, from)?;
        let text = keys::text(&bytes, "the settings file")?;
        Self::parse(text, ours, program)
    }

    /// What the text of a settings file says for one provider.
    pub(super) fn parse(text: &str, ours: &Scope, program: &Command) -> Result<Self, Failure> {
        // The parser's messages quote the line, which may contain a secret.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..start].split(|c| *c == b'\n').count();
            Failure::operation(format!("the settings file is not TOML: see line {line}"))
        })?;
        let mut outside = Table::new();
        let mut file = Self::default();
        // A wrong setting is refused, whichever provider it is for.
        let mut take = |scope: &Scope, members: Table| -> Result<(), Failure> {
            let taken = Self::of_table(scope, members, program)?;
            if scope.prefix == ours.prefix {
                file = taken;
            }
            Ok(())
        };
        for (name, value) in table {
            match (Scope::of_table(&name), value) {
                (Some(scope), toml::Value::Table(members)) => take(scope, members)?,
                (_, value) => {
                    outside.insert(name, value);
                }
            }
        }
        take(&scope::BANKEZY, outside)?;
        Ok(file)
    }

    fn of_table(scope: &Scope, members: Table, program: &Command) -> Result<Self, Failure> {
        let place = match scope.table {
            Some(table) => format!("[{table}] of the settings file"),
            None => "the settings file".to_owned(),
        };
        let names = scope.names(program);
        let mut file = Self::default();
        for (name, value) in members {
            match (&*name, value) {
                _ if !names.contains(&name) => {
                    return Err(unknown(&name, scope, &names, &place, program));
                }
                ("data", toml::Value::Table(table)) => {
                    for (name, value) in table {
                        file.data.insert(name, scalar("data", value)?);
                    }
                }
                ("data", _) => {
                    return Err(Failure::operation(
                        "in the settings file, `data` must be a table: [data] with lines such as city = \"Pune\"",
                    ));
                }
                (_, value) => {
                    let text = scalar(&name, value)?;
                    let from = format!("`{name}` of the settings file");
                    file.values.insert(name, Value::new(text, from));
                }
            }
        }
        Ok(file)
    }
}

/// The text of a value; numbers need no quotes.
fn scalar(name: &str, value: toml::Value) -> Result<String, Failure> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(set) => Ok(set.to_string()),
        _ => Err(Failure::operation(format!(
            "in the settings file, `{name}` must be text, a number, true or false"
        ))),
    }
}

/// Shows a name only where it looks like one.
fn unknown(name: &str, scope: &Scope, names: &[String], place: &str, program: &Command) -> Failure {
    let is_secret = scope
        .secrets(program)
        .iter()
        .any(|(secret, _)| secret == name);
    Failure::operation(if is_secret {
        format!("{place} holds no secrets: in place of `{name}` use `{name}_file` or `{name}_env`")
    } else {
        match shown::nearest(name, names) {
            Some(known) => format!("unknown name `{name}` in {place}: did you mean `{known}`?"),
            None if Scope::knows(name, program) => {
                format!("unknown name `{name}` in {place}: it belongs to another provider")
            }
            None => format!("unknown name in {place} (not shown: it may be a secret)"),
        }
    })
}
