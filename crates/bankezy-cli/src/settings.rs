//! Settings: flags win over the environment, the environment over the settings file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bankezy_crypto::SecretBytes;
use clap::ValueEnum;
use toml::{Table, Value};

use crate::args::{ConfigArg, Flags};
use crate::failure::Failure;
use crate::scope::{self, Scope};
use crate::{files, keys, shown};

/// Largest settings file that is read.
const MAX_FILE: usize = 1024 * 1024;

pub(crate) struct Settings {
    /// Highest first: flags, a session, the environment, the settings file.
    levels: [BTreeMap<&'static str, OsString>; 4],
    data: BTreeMap<String, String>,
    scope: &'static Scope,
    /// Where paths of the settings file start from.
    folder: PathBuf,
}

/// Where a secret is.
pub(crate) struct Source {
    in_file: bool,
    place: OsString,
    /// What names it.
    from: String,
}

const FILE_LEVEL: usize = 3;

impl Settings {
    pub(crate) fn read(
        scope: &'static Scope,
        flags: &Flags<'_>,
        config: &ConfigArg,
    ) -> Result<Self, Failure> {
        let flags = flags
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?.to_owned())))
            .collect();
        let mut settings = Self {
            levels: [flags, BTreeMap::new(), environment(scope), BTreeMap::new()],
            data: BTreeMap::new(),
            scope,
            folder: PathBuf::new(),
        };
        // One file serves all providers.
        if let Some(path) = &config.config {
            settings.read_file(path, "--config")?;
        } else if let Some(path) = scope::BANKEZY.in_environment("config") {
            settings.read_file(Path::new(&path), &scope::BANKEZY.variable("config"))?;
        }
        Ok(settings)
    }

    /// Takes the values of a session, which only flags win over: its token is for its server alone.
    pub(crate) fn add_session(&mut self, values: BTreeMap<&'static str, OsString>) {
        self.levels[1] = values;
    }

    fn read_file(&mut self, path: &Path, from: &str) -> Result<(), Failure> {
        let bytes = files::read_file(path, MAX_FILE, from)?;
        let text = keys::text(&bytes, "the settings file")?;
        // What the parser says quotes the line, which may hold a secret.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..start].split(|c| *c == b'\n').count();
            Failure::operation(format!("the settings file is not TOML: see line {line}"))
        })?;
        let mut outside = Table::new();
        for (name, value) in table {
            match (Scope::of_table(&name), value) {
                (Some(scope), Value::Table(members)) => self.take(scope, members)?,
                (_, value) => {
                    outside.insert(name, value);
                }
            }
        }
        self.take(&scope::BANKEZY, outside)?;
        self.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(())
    }

    /// Checks what the settings file says for one provider, and keeps it where it is this one.
    fn take(&mut self, scope: &Scope, members: Table) -> Result<(), Failure> {
        let ours = scope.prefix == self.scope.prefix;
        for (name, value) in members {
            let Some(name) = scope.names().find(|known| *known == name) else {
                return Err(unknown(&name, scope));
            };
            match (name, value) {
                ("data", Value::Table(table)) => {
                    for (name, value) in table {
                        let value = scalar("data", value)?;
                        if ours {
                            self.data.insert(name, value);
                        }
                    }
                }
                (name, value) => {
                    let value = scalar(name, value)?;
                    if ours {
                        self.levels[FILE_LEVEL].insert(name, value.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// The first level that has one of these, with it. A path of the settings file is relative to
    /// that file.
    pub(crate) fn find(
        &self,
        names: &[&'static str],
    ) -> Result<Option<(&'static str, OsString)>, Failure> {
        for (level, values) in self.levels.iter().enumerate() {
            let mut found = names
                .iter()
                .filter_map(|name| Some((*name, values.get(name)?)));
            let Some((name, value)) = found.next() else {
                continue;
            };
            if found.next().is_some() {
                let all = names.iter().map(|name| flag(name)).collect::<Vec<_>>();
                return Err(Failure::usage(format!("give one of {}", all.join(", "))));
            }
            return Ok(Some((
                name,
                if level == FILE_LEVEL && is_path(name) {
                    self.folder.join(value).into()
                } else {
                    value.clone()
                },
            )));
        }
        Ok(None)
    }

    /// What gives a setting, for messages: a flag, a variable, the session or the settings file.
    pub(crate) fn from(&self, name: &'static str) -> String {
        let level = self
            .levels
            .iter()
            .position(|level| level.contains_key(name));
        match level {
            Some(1) => format!("`{name}` of the session"),
            Some(2) => self.scope.variable(name),
            Some(FILE_LEVEL) => format!("`{name}` of the settings file"),
            _ => flag(name),
        }
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Failure> {
        let Some((_, value)) = self.find(&[name])? else {
            return Ok(None);
        };
        let text = value.into_string();
        text.map(Some)
            .map_err(|_| Failure::usage(format!("the value of {} is not UTF-8", self.from(name))))
    }

    pub(crate) fn needed(&self, name: &'static str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| missing(&flag(name)))
    }

    pub(crate) fn path(&self, name: &'static str) -> Result<Option<PathBuf>, Failure> {
        Ok(self.find(&[name])?.map(|(_, value)| value.into()))
    }

    pub(crate) fn choice<T: ValueEnum>(&self, name: &'static str) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        T::from_str(&text, false).map(Some).map_err(|_| {
            let known = T::value_variants().iter().filter_map(T::to_possible_value);
            let known: Vec<_> = known.map(|value| value.get_name().to_owned()).collect();
            let shown = shown::quoted(shown::nearest(&text, &known).map(|_| text.as_str()));
            Failure::usage(format!(
                "invalid value {shown}for {}: expected one of {}",
                self.from(name),
                known.join(", ")
            ))
        })
    }

    pub(crate) fn is_set(&self, name: &'static str) -> Result<bool, Failure> {
        match self.text(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Failure::usage(format!(
                "invalid value for {}: expected true or false",
                self.from(name)
            ))),
        }
    }

    /// Where a secret is, by the names of its file and of its variable.
    pub(crate) fn source(
        &self,
        file: &'static str,
        variable: &'static str,
    ) -> Result<Option<Source>, Failure> {
        Ok(self.find(&[file, variable])?.map(|(name, place)| Source {
            in_file: name == file,
            place,
            from: self.from(name),
        }))
    }

    pub(crate) fn needed_source(
        &self,
        file: &'static str,
        variable: &'static str,
    ) -> Result<Source, Failure> {
        self.source(file, variable)?
            .ok_or_else(|| missing(&format!("{} or {}", flag(file), flag(variable))))
    }

    /// The map `data`: entries of the command line over those of the settings file.
    pub(crate) fn data(&self, flags: &[String]) -> Result<BTreeMap<String, String>, Failure> {
        let mut data = self.data.clone();
        for entry in flags {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| Failure::usage("--data takes NAME=VALUE"))?;
            data.insert(name.to_owned(), value.to_owned());
        }
        Ok(data)
    }
}

impl Source {
    pub(crate) fn read(&self) -> Result<SecretBytes, Failure> {
        if self.in_file {
            files::read_key(Path::new(&self.place), &self.from)
        } else {
            keys::variable_bytes(&self.place, &self.from)
        }
    }
}

/// What the environment says. A secret of which neither file nor variable is named may stand in the
/// variable of its own name.
fn environment(scope: &Scope) -> BTreeMap<&'static str, OsString> {
    let mut values: BTreeMap<_, _> = scope
        .names()
        .filter_map(|name| Some((name, scope.in_environment(name)?)))
        .collect();
    for (secret, [file, variable]) in scope.secrets() {
        let is_named = values.contains_key(file) || values.contains_key(variable);
        if !is_named && scope.in_environment(secret).is_some() {
            values.insert(variable, scope.variable(secret).into());
        }
    }
    values
}

pub(crate) fn is_path(name: &str) -> bool {
    name.ends_with("_file") || name == "private_key"
}

fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

pub(crate) fn missing(what: &str) -> Failure {
    Failure::usage(format!("{what} is missing"))
}

/// Numbers may stand without quotes.
fn scalar(name: &str, value: Value) -> Result<String, Failure> {
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(set) => Ok(set.to_string()),
        _ => Err(Failure::operation(format!(
            "in the settings file `{name}` has another type than text, a number or true and false"
        ))),
    }
}

/// Shows a name only where it looks like one.
fn unknown(name: &str, scope: &Scope) -> Failure {
    let place = match scope.table {
        Some(table) => format!("[{table}] of the settings file"),
        None => "the settings file".to_owned(),
    };
    let secret = scope.secrets().any(|(secret, _)| secret == name);
    Failure::operation(if secret {
        format!("{place} holds no secrets: in place of `{name}` use `{name}_file` or `{name}_env`")
    } else {
        match shown::nearest(name, scope.names()) {
            Some(known) => format!("unknown name `{name}` in {place}: did you mean `{known}`?"),
            None if Scope::knows(name) => {
                format!("unknown name `{name}` in {place}: it belongs to another provider")
            }
            None => format!("unknown name in {place} (not shown: it may be a secret)"),
        }
    })
}
