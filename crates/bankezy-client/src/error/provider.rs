//! How a call to a provider ends without an answer that can be used.

use core::fmt;
use core::time::Duration;

use bankezy_crypto::providers::{CallError, RequestError};
use bankezy_crypto::{Delivery, Error, ErrorCategory};

use super::ClientError;
use super::problem::TokenProblem;

/// How a call to a provider ends without an answer that can be used.
///
/// It can be logged as it is. `Display` tells all of it in one line;
/// [`source`](core::error::Error::source) gives the error inside, for who looks for a type.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: the server has not executed it, and the cause can pass |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`], and the server did not refuse | ask the server, or repeat only what may happen twice |
/// | all else | mend what [`category`](Self::category) points to |
#[derive(Debug)]
#[non_exhaustive]
pub enum ProviderError {
    /// The request could not be built. Nothing was sent.
    Request(RequestError),
    /// No answer came; [`ClientError::delivery`] says whether the server can have executed the call.
    Transport(ClientError),
    /// An answer came that is a refusal, a failure, or not as documented.
    Answer(CallError),
    /// A token was asked for, and none came: only of a [`TokenCache`](crate::TokenCache) or
    /// [`SessionKeeper`](crate::SessionKeeper).
    Token(TokenProblem),
}

impl ProviderError {
    /// A stable identifier, such as `reply.plain` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::Transport(error) => error.code(),
            Self::Answer(error) => error.code(),
            Self::Token(problem) => problem.code(),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Request(error) => error.category(),
            Self::Transport(error) => error.category(),
            Self::Answer(error) => error.category(),
            Self::Token(problem) => problem.category(),
        }
    }

    /// Whether the server may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Request(_) => Delivery::NotSent,
            Self::Transport(error) => error.delivery(),
            Self::Answer(_) | Self::Token(_) => Delivery::PossiblySent,
        }
    }

    /// How long the server asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Request(_) | Self::Token(_) => false,
            Self::Transport(error) => error.is_retryable(),
            Self::Answer(error) => error.is_retryable(),
        }
    }
}

impl core::error::Error for ProviderError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(match self {
            Self::Request(error) => error,
            Self::Transport(error) => error,
            Self::Answer(error) => error,
            Self::Token(_) => return None,
        })
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Answer(error) => error.fmt(f),
            Self::Token(problem) => problem.fmt(f),
        }
    }
}

impl From<Error> for ProviderError {
    fn from(error: Error) -> Self {
        Self::Request(error.into())
    }
}

impl From<RequestError> for ProviderError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<ClientError> for ProviderError {
    fn from(error: ClientError) -> Self {
        Self::Transport(error)
    }
}

impl From<CallError> for ProviderError {
    fn from(error: CallError) -> Self {
        Self::Answer(error)
    }
}

impl From<TokenProblem> for ProviderError {
    fn from(problem: TokenProblem) -> Self {
        Self::Token(problem)
    }
}
