//! Why there is no token.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::Fault;
use http::StatusCode;

use crate::{ClientError, Delivery, ProviderError};

/// Why a [`TokenSlot`](super::TokenSlot) gives no token.
///
/// It can be logged as it is. `Display` tells all of it in one line;
/// [`source`](core::error::Error::source) gives the error inside, for who looks for a type.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TokenCacheError {
    /// No token was to be had: one error for all who waited for it.
    Fetch(Arc<FetchError>),
    /// A request for this token failed lately, and there is no other before this has passed. Nothing
    /// was sent.
    BackingOff {
        /// How long to wait.
        retry_in: Duration,
        /// How it failed the last time.
        cause: Arc<FetchError>,
    },
}

/// Why no token was to be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// The token call failed.
    Call(ProviderError),
    /// It took longer than the fetch deadline.
    TimedOut,
    /// The token was expired when it came: the clocks disagree.
    ExpiredOnArrival,
    /// The [`TokenApi`](bankezy_crypto::providers::TokenApi), the store or the clock panicked.
    Panicked,
    /// The runtime that it ran on ended.
    Abandoned,
}

impl TokenCacheError {
    /// A stable identifier, such as `token_cache.backing_off` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.code(),
            Self::BackingOff { .. } => "token_cache.backing_off",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.cause().fault()
    }

    /// Whether the provider can have seen the request that this caller waited for.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Fetch(error) => error.delivery(),
            Self::BackingOff { .. } => Delivery::NotSent,
        }
    }

    /// Whether a later request may succeed with nothing mended; after `retry_in` where the error has
    /// one. A token may be asked for twice, so whether the provider executed this request does not
    /// matter.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.cause().is_retryable()
    }

    fn cause(&self) -> &FetchError {
        match self {
            Self::Fetch(error) | Self::BackingOff { cause: error, .. } => error,
        }
    }
}

impl FetchError {
    /// A stable identifier, such as `token_cache.timed_out`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::TimedOut => "token_cache.timed_out",
            Self::ExpiredOnArrival => "token_cache.expired_on_arrival",
            Self::Panicked => "token_cache.panicked",
            Self::Abandoned => "token_cache.abandoned",
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

    /// Whether the provider can have seen the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Call(error) => error.delivery(),
            Self::TimedOut | Self::ExpiredOnArrival | Self::Panicked | Self::Abandoned => {
                Delivery::PossiblySent
            }
        }
    }

    /// As for [`TokenCacheError::is_retryable`].
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
                let busy = self.status().is_some_and(|status| {
                    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
                });
                error.is_retryable() || lost || busy
            }
            Self::TimedOut | Self::Abandoned => true,
            Self::ExpiredOnArrival | Self::Panicked => false,
        }
    }

    /// How long the provider asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Call(ProviderError::Answer(error)) => error.retry_after(),
            _ => None,
        }
    }

    fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Call(ProviderError::Answer(error)) => error.status(),
            _ => None,
        }
    }
}

impl core::error::Error for TokenCacheError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(self.cause())
    }
}

impl core::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::TimedOut | Self::ExpiredOnArrival | Self::Panicked | Self::Abandoned => None,
        }
    }
}

impl fmt::Display for TokenCacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => write!(f, "no token: {error}"),
            Self::BackingOff { retry_in, cause } => write!(
                f,
                "no token, try again in {} ms: the last time, {cause}",
                retry_in.as_millis()
            ),
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the request for it took too long"),
            Self::ExpiredOnArrival => {
                f.write_str("the token was expired when it came: compare the clocks")
            }
            Self::Panicked => f.write_str("the request for it panicked"),
            Self::Abandoned => f.write_str("the runtime that the request ran on ended"),
        }
    }
}
