//! Why there is no session, or no answer under it.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::Fault;
use bankezy_crypto::providers::{CallError, PlainError};
use http::StatusCode;

use crate::{ClientError, Delivery, ProviderError};

/// Why a call through a [`SessionKeeper`](super::SessionKeeper) failed.
///
/// It can be logged as it is. `Display` tells all of it in one line;
/// [`source`](core::error::Error::source) gives the error inside, for who looks for a type.
/// What to do is as for [`ProviderError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The call failed.
    Call(ProviderError),
    /// The login or renewal before the call failed, or took too long. The call was not sent.
    Login(Arc<LoginError>),
    /// A login or renewal failed lately, and is not tried again before this has passed. The call
    /// was not sent.
    BackingOff {
        /// How long to wait.
        retry_in: Duration,
        /// How it failed the last time.
        cause: Arc<LoginError>,
    },
    /// The session is refused, and another one was replaced for that lately: there is no new login
    /// before this has passed.
    RefusedLately {
        /// How long to wait.
        retry_in: Duration,
    },
    /// The keeper was shut down. The call was not sent.
    ShutDown,
}

/// Why there is no session.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// The token call failed.
    Call(ProviderError),
    /// It took longer than the login deadline.
    TimedOut,
    /// The token was expired when it came: the clocks disagree.
    ExpiredOnArrival,
    /// The closure that logs in panicked.
    Panicked,
    /// The runtime that it ran on ended.
    Abandoned,
}

impl SessionError {
    /// A stable identifier, such as `session.backing_off` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::Login(error) => error.code(),
            Self::BackingOff { .. } => "session.backing_off",
            Self::RefusedLately { .. } => "session.refused_lately",
            Self::ShutDown => "session.shut_down",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Call(error) => error.fault(),
            Self::Login(error) | Self::BackingOff { cause: error, .. } => error.fault(),
            Self::RefusedLately { .. } => Fault::Provider,
            Self::ShutDown => Fault::Misuse,
        }
    }

    /// Whether the server can have seen the call; the token calls before it do not count.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Call(error) => error.delivery(),
            Self::Login(_)
            | Self::BackingOff { .. }
            | Self::RefusedLately { .. }
            | Self::ShutDown => Delivery::NotSent,
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed;
    /// after `retry_in` where the error has one.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retryable(),
            Self::Login(error) | Self::BackingOff { cause: error, .. } => error.is_retryable(),
            Self::RefusedLately { .. } => true,
            Self::ShutDown => false,
        }
    }
}

impl LoginError {
    /// A stable identifier, such as `session.login_timed_out`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::TimedOut => "session.login_timed_out",
            Self::ExpiredOnArrival => "session.expired_on_arrival",
            Self::Panicked => "session.login_panicked",
            Self::Abandoned => "session.login_abandoned",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Call(error) => error.fault(),
            Self::TimedOut => Fault::Transport,
            Self::ExpiredOnArrival => Fault::Provider,
            Self::Panicked | Self::Abandoned => Fault::Misuse,
        }
    }

    /// Whether a later login may succeed with nothing mended. A login may happen twice, so whether
    /// the server executed this one does not matter.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => {
                let lost = matches!(
                    error,
                    ProviderError::Transport(
                        ClientError::Timeout { .. } | ClientError::Interrupted { .. }
                    )
                );
                let busy = self.plain().map(PlainError::status).is_some_and(|status| {
                    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
                });
                error.is_retryable() || lost || busy
            }
            Self::TimedOut | Self::Abandoned => true,
            Self::ExpiredOnArrival | Self::Panicked => false,
        }
    }

    /// How long the issuer asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.plain()?.retry_after()
    }

    fn plain(&self) -> Option<&PlainError> {
        match self {
            Self::Call(ProviderError::Answer(CallError::Plain(plain))) => Some(plain),
            _ => None,
        }
    }
}

impl core::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::Login(error) | Self::BackingOff { cause: error, .. } => Some(&**error),
            Self::RefusedLately { .. } | Self::ShutDown => None,
        }
    }
}

impl core::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::TimedOut | Self::ExpiredOnArrival | Self::Panicked | Self::Abandoned => None,
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Login(error) => write!(f, "no session: {error}"),
            Self::BackingOff { retry_in, cause } => write!(
                f,
                "no session, try again in {} ms: the last time, {cause}",
                retry_in.as_millis()
            ),
            Self::RefusedLately { retry_in } => write!(
                f,
                "the session is refused as its predecessor was: try again in {} ms",
                retry_in.as_millis()
            ),
            Self::ShutDown => f.write_str("the session was shut down"),
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the login took too long"),
            Self::ExpiredOnArrival => {
                f.write_str("the token was expired when it came: compare the clocks")
            }
            Self::Panicked => f.write_str("the login panicked"),
            Self::Abandoned => f.write_str("the runtime that the login ran on ended"),
        }
    }
}

impl From<ProviderError> for SessionError {
    fn from(error: ProviderError) -> Self {
        Self::Call(error)
    }
}
