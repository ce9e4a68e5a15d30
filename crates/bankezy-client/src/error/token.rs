//! Why there is no token or session.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::{Delivery, Fault};
use http::StatusCode;

use super::{ClientError, ProviderError};

/// Why a [`TokenCache`](crate::TokenCache) has no token, or a [`SessionKeeper`](crate::SessionKeeper)
/// no session.
///
/// It can be logged as it is. `Display` tells all of it in one line; [`source`](Error::source) gives
/// the [`TokenFailure`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TokenError {
    /// The request for it failed: one error for all who waited for it.
    Failed(Arc<TokenFailure>),
    /// A request for it failed lately, and there is no other before this has passed. Nothing was sent.
    BackingOff {
        /// How long to wait.
        retry_in: Duration,
        /// How it failed the last time.
        cause: Arc<TokenFailure>,
    },
}

/// How a request for a token, a login or a renewal failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenFailure {
    /// The token call failed.
    Call(ProviderError),
    /// It took longer than its deadline.
    TimedOut,
    /// The token had expired when it came: the clocks disagree.
    ExpiredOnArrival,
    /// The closure that logs in, the [`TokenApi`](bankezy_crypto::providers::TokenApi), the store or
    /// the clock panicked.
    Panicked,
    /// The runtime that it ran on ended.
    Abandoned,
}

impl TokenError {
    /// A stable identifier, such as `token.backing_off` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed(failure) => failure.code(),
            Self::BackingOff { .. } => "token.backing_off",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.failure().fault()
    }

    /// Whether the provider may have received the request that this caller waited for.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Failed(failure) => failure.delivery(),
            Self::BackingOff { .. } => Delivery::NotSent,
        }
    }

    /// Whether a later request may succeed with nothing mended; after `retry_in` where the error has
    /// one. A token may be asked for twice, so whether the provider executed this request does not
    /// matter.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure().is_retryable()
    }

    /// How the request failed, now or the last time.
    #[must_use]
    pub fn failure(&self) -> &TokenFailure {
        match self {
            Self::Failed(failure) | Self::BackingOff { cause: failure, .. } => failure,
        }
    }
}

impl TokenFailure {
    /// A stable identifier, such as `token.timed_out`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::TimedOut => "token.timed_out",
            Self::ExpiredOnArrival => "token.expired_on_arrival",
            Self::Panicked => "token.panicked",
            Self::Abandoned => "token.abandoned",
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

    /// Whether the provider may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Call(error) => error.delivery(),
            _ => Delivery::PossiblySent,
        }
    }

    /// As for [`TokenError::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => {
                let lost = matches!(
                    error,
                    ProviderError::Transport(
                        ClientError::Timeout { .. }
                            | ClientError::Interrupted { .. }
                            | ClientError::Service { .. }
                    )
                );
                let busy = self.refusal().is_some_and(|status| {
                    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
                });
                error.is_retryable() || lost || busy
            }
            Self::TimedOut | Self::Abandoned => true,
            Self::ExpiredOnArrival | Self::Panicked => false,
        }
    }

    /// How long the issuer asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Call(ProviderError::Answer(error)) => error.retry_after(),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<StatusCode> {
        match self {
            Self::Call(ProviderError::Answer(error)) => error.status(),
            _ => None,
        }
    }
}

impl Error for TokenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.failure())
    }
}

impl Error for TokenFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => write!(f, "no token: {failure}"),
            Self::BackingOff { retry_in, cause } => write!(
                f,
                "no token, try again in {} ms: the last time, {cause}",
                retry_in.as_millis()
            ),
        }
    }
}

impl fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call(error) => return error.fmt(f),
            Self::TimedOut => "the request for it took too long",
            Self::ExpiredOnArrival => "the token had expired when it came: compare the clocks",
            Self::Panicked => "the request for it panicked",
            Self::Abandoned => "the runtime that the request ran on ended",
        })
    }
}

impl From<ClientError> for TokenError {
    fn from(error: ClientError) -> Self {
        Self::Failed(Arc::new(TokenFailure::Call(error.into())))
    }
}
