//! How a call to a provider ends without an answer that can be used.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::providers::{CallError, RequestError};
use bankezy_crypto::{Delivery, Error, ErrorCategory};
use http::StatusCode;

use super::{ClientError, TokenProblem};

/// How a call to a provider ends without an answer that can be used; also why a
/// [`TokenCache`](crate::TokenCache) has no token and a [`SessionKeeper`](crate::SessionKeeper) no session.
///
/// It can be logged as it is. `Display` tells all of it in one line;
/// [`source`](core::error::Error::source) gives the error inside, for who looks for a type.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again, after [`retry_after`](Self::retry_after): the server has not executed the call, and the cause can pass |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`], and the server did not refuse | ask the server, or repeat only what may happen twice |
/// | all else | mend what [`category`](Self::category) points to: `docs/errors.md` has a remedy for each code |
#[derive(Debug)]
#[non_exhaustive]
pub enum ProviderError {
    /// The request could not be built. Nothing was sent.
    Request(RequestError),
    /// No answer came; [`ClientError::delivery`] says whether the server may have received it.
    Transport(ClientError),
    /// An answer came that is a refusal, a failure, or not as documented.
    Answer(CallError),
    /// A token was asked for and none came, although no call failed.
    Token(TokenProblem),
    /// There is no token or session: the request for one failed. The call was not sent.
    #[non_exhaustive]
    NoToken {
        /// How it failed: one error for all who waited for it.
        cause: Arc<Self>,
        /// It failed earlier, and there is no new request before this has passed. `None`: it failed just now.
        retry_in: Option<Duration>,
    },
    /// The session is refused, and another one was replaced for that lately: there is no new login
    /// before this has passed.
    #[non_exhaustive]
    RefusedLately {
        /// How long to wait.
        retry_in: Duration,
    },
    /// The session keeper was shut down. The call was not sent.
    ShutDown,
}

impl ProviderError {
    /// There is no token: the request for one failed, just now or earlier.
    #[must_use]
    pub fn no_token(cause: impl Into<Arc<Self>>, retry_in: Option<Duration>) -> Self {
        let cause = cause.into();
        Self::NoToken { cause, retry_in }
    }

    /// One error of each kind that is not another crate's or [`ClientError`]'s, with made-up times: for tests of
    /// what handles errors, since not all can be made outside of this crate.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let retry_in = Duration::from_secs(1);
        let mut examples: Vec<Self> = TokenProblem::all().into_iter().map(Self::Token).collect();
        examples.push(Self::no_token(
            Self::Token(TokenProblem::TimedOut),
            Some(retry_in),
        ));
        examples.push(Self::RefusedLately { retry_in });
        examples.push(Self::ShutDown);
        examples
    }

    /// A stable identifier, such as `reply.plain`, `token.backing_off` or `client.timeout`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.facts().0
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        self.facts().1
    }

    /// Whether the server may have received the call. Requests for a token that it needs do not count: they
    /// may be repeated.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.facts().2
    }

    fn facts(&self) -> (&'static str, ErrorCategory, Delivery) {
        use Delivery::{NotSent, PossiblySent};
        match self {
            Self::Request(error) => (error.code(), error.category(), NotSent),
            Self::Transport(error) => (error.code(), error.category(), error.delivery()),
            Self::Answer(error) => (error.code(), error.category(), PossiblySent),
            Self::Token(problem) => (problem.code(), problem.category(), PossiblySent),
            Self::NoToken { cause, retry_in } => {
                let code = retry_in.map_or_else(|| cause.code(), |_| "token.backing_off");
                (code, cause.category(), NotSent)
            }
            Self::RefusedLately { .. } => {
                let code = "session.refused_lately";
                (code, ErrorCategory::Provider, NotSent)
            }
            Self::ShutDown => ("session.shut_down", ErrorCategory::Misuse, NotSent),
        }
    }

    /// How long to wait before the next call: as the server asks, or until a new request for a token is made.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer(error) => error.retry_after(),
            Self::NoToken { cause, retry_in } => retry_in.or_else(|| cause.retry_after()),
            Self::RefusedLately { retry_in } => Some(*retry_in),
            Self::Request(_) | Self::Transport(_) | Self::Token(_) | Self::ShutDown => None,
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_retryable(),
            Self::Answer(error) => error.is_retryable(),
            Self::NoToken { cause, .. } => cause.can_pass(),
            Self::RefusedLately { .. } => true,
            Self::Request(_) | Self::Token(_) | Self::ShutDown => false,
        }
    }

    /// Whether a later request for a token may succeed with nothing mended. A token may be asked for twice, so
    /// whether the provider executed this request does not matter.
    fn can_pass(&self) -> bool {
        match self {
            Self::Transport(error) => error.can_pass(),
            Self::Answer(error) => error.status().is_some_and(|status| {
                status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
            }),
            Self::Token(problem) => {
                matches!(problem, TokenProblem::TimedOut | TokenProblem::Abandoned)
            }
            other => other.is_retryable(),
        }
    }
}

impl core::error::Error for ProviderError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(match self {
            Self::Request(error) => error,
            Self::Transport(error) => error,
            Self::Answer(error) => error,
            Self::NoToken { cause, .. } => &**cause,
            Self::Token(_) | Self::RefusedLately { .. } | Self::ShutDown => return None,
        })
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |wait: &Duration| wait.as_millis();
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Answer(error) => error.fmt(f),
            Self::Token(problem) => problem.fmt(f),
            Self::NoToken { cause, retry_in } => match retry_in {
                None => write!(f, "no token: {cause}"),
                Some(wait) => {
                    let wait = millis(wait);
                    write!(
                        f,
                        "no token, try again in {wait} ms: the last time, {cause}"
                    )
                }
            },
            Self::RefusedLately { retry_in } => {
                let wait = millis(retry_in);
                write!(
                    f,
                    "the session is refused as the one before it was: try again in {wait} ms"
                )
            }
            Self::ShutDown => f.write_str("the session keeper was shut down: make a new one"),
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
