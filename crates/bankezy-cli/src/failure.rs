//! How a run fails: one line, and an exit code.

use std::fmt;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What is printed on standard error, with what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operation failed: exit code 1.
    Operation(String),
    /// Wrong usage: exit code 2, as clap has it.
    Usage(String),
}

impl Failure {
    pub(crate) fn operation(message: impl Into<String>) -> Self {
        Self::Operation(message.into())
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Operation(_) => 1,
            Self::Usage(_) => 2,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(message) => f.write_str(message),
            Self::Usage(message) => write!(f, "{message} (see --help)"),
        }
    }
}

impl From<bankezy_crypto::Error> for Failure {
    fn from(error: bankezy_crypto::Error) -> Self {
        match error {
            bankezy_crypto::Error::RsaKeySize { .. } => Self::Usage(error.to_string()),
            _ => Self::Operation(error.to_string()),
        }
    }
}

impl From<clap::Error> for Failure {
    /// In one line, from the names of arguments alone: a value in the wrong place may be a secret.
    fn from(error: clap::Error) -> Self {
        let names = |kind| match error.get(kind) {
            Some(ContextValue::String(name)) => name.clone(),
            Some(ContextValue::Strings(names)) => names.join(", "),
            _ => String::new(),
        };
        let argument = names(ContextKind::InvalidArg);
        Self::Usage(match error.kind() {
            ErrorKind::InvalidSubcommand => "there is no such subcommand".to_owned(),
            ErrorKind::UnknownArgument if argument.starts_with("--") => {
                let name = argument.split('=').next().unwrap_or_default();
                format!("the argument {name} is not known")
            }
            ErrorKind::UnknownArgument => "there is an argument too much".to_owned(),
            ErrorKind::MissingRequiredArgument => {
                format!("required arguments are missing: {argument}")
            }
            ErrorKind::ArgumentConflict if argument.is_empty() => {
                "flags stand behind the subcommand that they are for".to_owned()
            }
            ErrorKind::ArgumentConflict => format!(
                "{argument} cannot be used with {}",
                names(ContextKind::PriorArg)
            ),
            ErrorKind::InvalidValue if error.get(ContextKind::ValidValue).is_some() => format!(
                "{argument} takes one of: {}",
                names(ContextKind::ValidValue)
            ),
            _ => format!("{argument} has no value, or one that it does not take"),
        })
    }
}
