//! Why an emulator could not start.

use core::fmt;
use std::io;

use bankezy_crypto::Error;

/// Why the emulator could not start. Contains no secret, and of the settings only names in a file of routes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SandboxError {
    /// A setting is refused.
    Config {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file of routes is refused.
    Routes {
        /// The line that is wrong, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The operating system refused.
    Io {
        /// What it was asked to do.
        operation: &'static str,
        /// The reason it gave.
        kind: io::ErrorKind,
    },
    /// Certificates or the TLS settings could not be made.
    Tls {
        /// What was being made.
        operation: &'static str,
    },
    /// Keys could not be made.
    Crypto(Error),
}

impl SandboxError {
    /// A stable identifier, such as `sandbox.io`, for logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config { .. } => "sandbox.config",
            Self::Routes { .. } => "sandbox.routes",
            Self::Io { .. } => "sandbox.io",
            Self::Tls { .. } => "sandbox.tls",
            Self::Crypto(_) => "sandbox.crypto",
        }
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { problem } => write!(f, "the emulator's settings are refused: {problem}"),
            Self::Routes { line, problem } => write!(f, "routes, line {line}: {problem}"),
            Self::Io { operation, kind } => write!(f, "the emulator cannot {operation}: {kind}"),
            Self::Tls { operation } => write!(f, "the emulator cannot make {operation}"),
            Self::Crypto(_) => f.write_str("the emulator cannot make its keys"),
        }
    }
}

impl core::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Crypto(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for SandboxError {
    fn from(error: Error) -> Self {
        Self::Crypto(error)
    }
}
