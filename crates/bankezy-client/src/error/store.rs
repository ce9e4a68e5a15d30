//! Why a token store failed.

use core::error::Error as StdError;

use bankezy_crypto::{Error, ErrorCategory};

use super::ServiceError;

/// Why a [`TokenStore`](crate::TokenStore) failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The entry could not be sealed or opened.
    #[error("the stored token: {0}")]
    Entry(#[from] Error),
    /// The store could not be reached, or returned an error; made by [`unavailable`](Self::unavailable).
    #[error("the token store could not be reached")]
    #[non_exhaustive]
    Unavailable {
        /// Its error, whose text is never shown.
        cause: ServiceError,
    },
    /// It took longer than a second.
    #[error("the token store took longer than a second")]
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
