//! Why there is no answer under a session.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use bankezy_crypto::{Delivery, ErrorCategory};

use crate::{ClientError, ProviderError, TokenError};

/// Why a call through a [`SessionKeeper`](super::SessionKeeper) failed.
///
/// It can be logged as it is. `Display` tells all of it in one line; [`source`](Error::source) gives
/// the error inside, for who looks for a type. What to do is as for [`ProviderError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The call failed.
    Call(ProviderError),
    /// There is no session to make the call under. The call was not sent.
    Login(TokenError),
    /// The session is refused, and another one was replaced for that lately: there is no new login
    /// before this has passed.
    RefusedLately {
        /// How long to wait.
        retry_in: Duration,
    },
    /// The keeper was shut down. The call was not sent.
    ShutDown,
}

impl SessionError {
    /// A stable identifier, such as `session.shut_down`, `token.backing_off` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::Login(error) => error.code(),
            Self::RefusedLately { .. } => "session.refused_lately",
            Self::ShutDown => "session.shut_down",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Call(error) => error.category(),
            Self::Login(error) => error.category(),
            Self::RefusedLately { .. } => ErrorCategory::Provider,
            Self::ShutDown => ErrorCategory::Misuse,
        }
    }

    /// Whether the server may have received the call; the token calls before it do not count.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Call(error) => error.delivery(),
            _ => Delivery::NotSent,
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed;
    /// after `retry_in` where the error has one.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retryable(),
            Self::Login(error) => error.is_retryable(),
            Self::RefusedLately { .. } => true,
            Self::ShutDown => false,
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::Login(error) => Some(error.failure()),
            Self::RefusedLately { .. } | Self::ShutDown => None,
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Login(error) => error.fmt(f),
            Self::RefusedLately { retry_in } => write!(
                f,
                "the session is refused as its predecessor was: try again in {} ms",
                retry_in.as_millis()
            ),
            Self::ShutDown => f.write_str("the session was shut down"),
        }
    }
}

impl From<ProviderError> for SessionError {
    fn from(error: ProviderError) -> Self {
        Self::Call(error)
    }
}

impl From<ClientError> for SessionError {
    fn from(error: ClientError) -> Self {
        Self::Call(error.into())
    }
}

impl From<TokenError> for SessionError {
    fn from(error: TokenError) -> Self {
        Self::Login(error)
    }
}
