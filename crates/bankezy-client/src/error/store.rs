//! Why a token store failed.

use core::error::Error as StdError;
use core::fmt;

use bankezy_crypto::{Error, ErrorCategory};

use super::ServiceError;

/// Why a [`TokenStore`](crate::TokenStore) failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The entry could not be sealed or opened.
    Entry(Error),
    /// The store could not be reached, or returned an error; made by [`unavailable`](Self::unavailable).
    #[non_exhaustive]
    Unavailable {
        /// Its error, whose text is never shown.
        cause: ServiceError,
    },
    /// It took longer than a second.
    TimedOut,
}

impl StoreError {
    /// The store could not be reached, or returned an error. The text of the cause is never shown, since it
    /// may contain a URL.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable {
            cause: ServiceError::new(cause),
        }
    }

    /// A stable identifier, such as `token_store.unavailable`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.code(),
            Self::Unavailable { .. } => "token_store.unavailable",
            Self::TimedOut => "token_store.timed_out",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Entry(error) => error.category(),
            Self::Unavailable { .. } | Self::TimedOut => ErrorCategory::Transport,
        }
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Entry(error) => Some(error),
            Self::Unavailable { .. } | Self::TimedOut => None,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(error) => write!(f, "the stored token: {error}"),
            Self::Unavailable { .. } => f.write_str("the token store could not be reached"),
            Self::TimedOut => f.write_str("the token store took longer than a second"),
        }
    }
}
