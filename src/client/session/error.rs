//! Why there is no session, or no answer under it.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use crate::client::BankEzyError;

/// Why a call through a [`SessionKeeper`](super::SessionKeeper) failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The call failed.
    Call(BankEzyError),
    /// The login or renewal before the call failed, or took too long. The call was not sent.
    Login(Arc<LoginError>),
    /// The issuer failed lately, and is not asked again before this has passed. The call was not
    /// sent.
    BackingOff {
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
    Call(BankEzyError),
    /// It took longer than the login deadline.
    TimedOut,
    /// The token was expired when it came: the clocks disagree.
    ExpiredOnArrival,
    /// The closure that logs in panicked.
    Panicked,
}

impl SessionError {
    /// A stable identifier, such as `session.backing_off` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::Login(error) => error.code(),
            Self::BackingOff { .. } => "session.backing_off",
            Self::ShutDown => "session.shut_down",
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
        }
    }
}

impl core::error::Error for SessionError {}

impl core::error::Error for LoginError {}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Login(error) => write!(f, "no session: {error}"),
            Self::BackingOff { retry_in } => write!(
                f,
                "the issuer failed lately: try again in {} ms",
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
        }
    }
}

impl From<BankEzyError> for SessionError {
    fn from(error: BankEzyError) -> Self {
        Self::Call(error)
    }
}
