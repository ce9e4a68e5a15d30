//! How a run fails: one line, and an exit code.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use bankezy_crypto::providers::RequestError;

use crate::{shown, streams};

/// What is printed on standard error, with what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operation failed: exit code 1.
    Operation(String),
    /// The server may have executed the call: exit code 3.
    OutcomeUnknown(String),
    /// Wrong usage: exit code 2, as clap has it.
    Usage(String),
    /// The help or the version, which is not a failure if it was requested.
    Help(clap::Error),
}

impl Failure {
    pub(crate) fn operation(message: impl Into<String>) -> Self {
        Self::Operation(message.into())
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// The same with more text.
    pub(crate) fn and(self, more: &str) -> Self {
        match self {
            Self::Operation(message) => Self::Operation(message + more),
            other => other,
        }
    }

    /// The same of a call that must not be sent again blindly. What follows the first line is the server's text.
    pub(crate) fn outcome_unknown(self) -> Self {
        let Self::Operation(message) = self else {
            return self;
        };
        let (line, more) = message.split_at(message.find('\n').unwrap_or(message.len()));
        Self::OutcomeUnknown(format!(
            "{line}; the outcome is unknown: ask by referenceId before you send the call again{more}"
        ))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Operation(_) => ExitCode::from(1),
            Self::OutcomeUnknown(_) => ExitCode::from(3),
            Self::Help(help) if help.exit_code() == 0 => ExitCode::SUCCESS,
            Self::Usage(_) | Self::Help(_) => ExitCode::from(2),
        }
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        match self {
            Self::Help(help) => help.print(),
            // Some of it may be text from a file or a server.
            failure => {
                let text = shown::printable(&failure.to_string());
                writeln!(streams::stderr(), "bankezy: {text}")
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(message) | Self::OutcomeUnknown(message) => f.write_str(message),
            Self::Usage(message) => write!(f, "{message} (see --help)"),
            Self::Help(help) => help.fmt(f),
        }
    }
}

/// What arguments cause is wrong usage.
impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Envelope(error) => error.into(),
            error => Self::Usage(error.to_string()),
        }
    }
}

impl From<bankezy_crypto::Error> for Failure {
    fn from(error: bankezy_crypto::Error) -> Self {
        Self::Operation(error.to_string())
    }
}
