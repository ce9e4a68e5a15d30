//! Arguments that name a source: a file, or the environment variable that holds a secret.

use std::ffi::{OsStr, OsString};

use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};

/// A file or an environment variable. If the id of the argument ends with `_env`, it is a variable.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) is_variable: bool,
    pub(crate) name: OsString,
    /// What gave the name, for messages: a flag, an environment variable, or a member of a file.
    pub(crate) from: String,
}

/// Reads a [`Place`] from a flag, or something else: an argument itself does not say which.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlaceParser {
    pub(crate) from: Option<String>,
}

impl ValueParserFactory for Place {
    type Parser = PlaceParser;

    fn value_parser() -> Self::Parser {
        PlaceParser::default()
    }
}

impl TypedValueParser for PlaceParser {
    type Value = Place;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Place, Error> {
        let id = arg.map_or("", |arg| arg.get_id().as_str());
        let is_variable = id.ends_with("_env");
        if value.is_empty() && !is_variable {
            let mut error = Error::new(ErrorKind::InvalidValue).with_cmd(command);
            let arg = arg.map_or_else(String::new, ToString::to_string);
            error.insert(ContextKind::InvalidArg, ContextValue::String(arg));
            return Err(error);
        }
        Ok(Place {
            is_variable,
            name: value.to_owned(),
            from: self.from.clone().unwrap_or_else(|| flag(id)),
        })
    }
}

/// The flag of an argument.
pub(crate) fn flag(id: &str) -> String {
    format!("--{}", id.replace('_', "-"))
}

/// Two arguments for one secret: its file, or the environment variable that holds it.
pub(crate) trait SecretArg {
    /// The ids of both.
    const FLAGS: [&str; 2];

    fn place(&self) -> Option<&Place>;
}

/// Defines a [`SecretArg`]. [`Place`] and the trait have to be imported where it is used.
macro_rules! secret {
    ($name:ident, $file:ident: $file_value:tt $file_help:tt, $env:ident: $env_help:tt) => {
        #[derive(Debug, clap::Parser)]
        #[group(multiple = false)]
        pub(crate) struct $name {
            #[doc = $file_help]
            #[arg(long, value_name = $file_value)]
            pub(crate) $file: Option<Place>,
            #[doc = $env_help]
            #[arg(long, value_name = "VAR")]
            pub(crate) $env: Option<Place>,
        }

        impl SecretArg for $name {
            const FLAGS: [&str; 2] = [stringify!($file), stringify!($env)];

            fn place(&self) -> Option<&Place> {
                self.$file.as_ref().or(self.$env.as_ref())
            }
        }
    };
}
pub(crate) use secret;
