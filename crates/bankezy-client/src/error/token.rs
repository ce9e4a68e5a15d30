//! Why there is no token or session.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::{Delivery, ErrorCategory};
use http::StatusCode;

use super::{ClientError, ProviderError, TokenProblem};

/// Why a [`TokenCache`](crate::TokenCache) has no token, or a [`SessionKeeper`](crate::SessionKeeper)
/// no session.
///
/// It can be logged as it is. `Display` tells all of it in one line; [`source`](Error::source) gives
/// the failure.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TokenError {
    /// The request for it failed: one error for all who waited for it.
    Failed(Arc<ProviderError>),
    /// A request for it failed lately, and there is no other before this has passed. Nothing was sent.
    BackingOff {
        /// How long to wait.
        retry_in: Duration,
        /// How it failed the last time.
        cause: Arc<ProviderError>,
    },
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
    pub fn category(&self) -> ErrorCategory {
        self.failure().category()
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
        let failure = self.failure();
        let repeatable = match failure {
            ProviderError::Transport(error) => matches!(
                error,
                ClientError::Timeout { .. }
                    | ClientError::Interrupted { .. }
                    | ClientError::Service { .. }
            ),
            ProviderError::Answer(error) => error.status().is_some_and(|status| {
                status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
            }),
            ProviderError::Token(problem) => {
                matches!(problem, TokenProblem::TimedOut | TokenProblem::Abandoned)
            }
            ProviderError::Request(_) => false,
        };
        repeatable || failure.is_retryable()
    }

    /// How the request failed, now or the last time.
    #[must_use]
    pub fn failure(&self) -> &ProviderError {
        match self {
            Self::Failed(failure) | Self::BackingOff { cause: failure, .. } => failure,
        }
    }
}

impl Error for TokenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.failure())
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

impl From<ClientError> for TokenError {
    fn from(error: ClientError) -> Self {
        Self::Failed(Arc::new(error.into()))
    }
}
