//! Why a call to a provider has no usable answer.

use core::fmt::Display;
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::providers::{CallError, RequestError, ServerHeaders, TokenProblem};
use bankezy_crypto::{Advice, Delivery, ErrorCategory};

use super::client::ClientError;

/// Why a call to a provider has no usable answer, a [`TokenCache`](crate::TokenCache) no token, or a
/// [`SessionKeeper`](crate::SessionKeeper) no session.
///
/// It can be logged as it is: `Display` is one line and includes the cause.
/// [`source`](core::error::Error::source) returns the inner error for downcasting, of
/// [`NoToken`](Self::NoToken) an `Arc` of it.
///
/// What to do about the call, [`advice`](Self::advice) says; the example `payment` shows it. In detail:
///
/// | if | then |
/// |---|---|
/// | [`delivery`](Self::delivery) is [`Delivery::NotSent`], and [`is_retryable`](Self::is_retryable) | call again after [`retry_after`](Self::retry_after): the server has not executed the call, and the cause is temporary |
/// | it is [`Answer`](Self::Answer) | the server answered; a refusal such as 401, 429 or 503 does not prove that the call was not executed, and [`is_retryable`](Self::is_retryable) says only that the cause is temporary |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`] | ask the server by the call's reference, or repeat the call only if it may be executed twice |
/// | anything else | `docs/errors.md` of the repository lists a remedy for each code; [`category`](Self::category) says where to look |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The request could not be built. Nothing was sent.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// No answer arrived; [`ClientError::delivery`] says whether the server may have received the request.
    #[error("{0}")]
    Transport(#[from] ClientError),
    /// The answer is a refusal, a failure, or not as documented; with the headers of it that are kept.
    #[error("{0}")]
    Answer(#[source] CallError, ServerHeaders),
    /// A token was requested and none was obtained, although no call failed.
    #[error("{0}")]
    Token(TokenProblem),
    /// There is no token or session: the request for one failed. The call was not sent.
    #[error("no token{}: {}; the call that needs it was not sent", retry_in.map_or_else(String::new, |it| format!(", try again in {} ms", it.as_millis())), cause.undelivered())]
    #[non_exhaustive]
    NoToken {
        /// Why it failed: the same error for every caller that waited for it.
        #[source]
        cause: Arc<Self>,
        /// `Some` if it failed earlier: no new request is made before this has passed. `None` if it failed
        /// just now.
        retry_in: Option<Duration>,
    },
    /// The server refuses the session, and another session was replaced for the same reason less than
    /// 30 s ago: there is no new login before `retry_in` has passed.
    #[error("two sessions in a row were refused: wait {} ms", retry_in.as_millis())]
    RefusedLately {
        /// How long to wait.
        retry_in: Duration,
    },
    /// The session keeper was shut down. The call was not sent.
    #[error("the session keeper was shut down: make a new one")]
    ShutDown,
}

impl ProviderError {
    /// A [`NoToken`](Self::NoToken): the request for a token failed, just now or earlier.
    #[must_use]
    pub fn no_token(cause: impl Into<Arc<Self>>, retry_in: Option<Duration>) -> Self {
        let cause = cause.into();
        Self::NoToken { cause, retry_in }
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

    /// Whether the server may have received the call. Requests for the token that the call needs do not
    /// count: they may be repeated.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.facts().2
    }

    /// What to do about the call.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Answer(error, _) => error.advice(),
            _ if self.delivery() == Delivery::PossiblySent => Advice::AskByReference,
            _ if self.is_retryable() => Advice::CallAgain,
            _ => Advice::FixFirst,
        }
    }

    /// Without its delivery: that of a request for a token reads like that of the call.
    fn undelivered(&self) -> &dyn Display {
        match self {
            Self::Transport(error) => error.kind(),
            other => other,
        }
    }

    fn facts(&self) -> (&'static str, ErrorCategory, Delivery) {
        use Delivery::{NotSent, PossiblySent};
        use ErrorCategory::{Misuse, Provider};
        match self {
            Self::Request(error) => (error.code(), error.category(), NotSent),
            Self::Transport(error) => (error.code(), error.category(), error.delivery()),
            Self::Answer(error, _) => (error.code(), error.category(), PossiblySent),
            Self::Token(problem) => (problem.code(), problem.category(), problem.delivery()),
            Self::NoToken { cause, retry_in } => {
                let code = retry_in.map_or_else(|| cause.code(), |_| "token.backing_off");
                (code, cause.category(), NotSent)
            }
            Self::RefusedLately { .. } => ("session.refused_lately", Provider, NotSent),
            Self::ShutDown => ("session.shut_down", Misuse, NotSent),
        }
    }

    /// Headers of the answer, such as the server's request id: those that
    /// [`Transport::kept_headers`](crate::Transport::kept_headers) names. If no answer was complete, those of the last
    /// one that began.
    #[must_use]
    pub fn server_headers(&self) -> Option<&ServerHeaders> {
        match self {
            Self::Answer(_, headers) => Some(headers),
            Self::Transport(error) => error.server_headers(),
            Self::NoToken { cause, .. } => cause.server_headers(),
            _ => None,
        }
    }

    /// How long to wait before the next call: as the server asks, or until a new token may be requested.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer(error, _) => error.retry_after(),
            Self::NoToken { cause, retry_in } => retry_in.or_else(|| cause.retry_after()),
            Self::RefusedLately { retry_in } => Some(*retry_in),
            Self::Request(_) | Self::Transport(_) | Self::Token(_) | Self::ShutDown => None,
        }
    }

    /// Whether the cause is temporary, so that the same call may succeed later. Whether the call can be made
    /// again without being executed twice, [`delivery`](Self::delivery) says: only after
    /// [`Delivery::NotSent`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_retryable(),
            Self::Answer(error, _) => error.is_retryable(),
            Self::NoToken { cause, .. } => cause.can_pass(),
            Self::RefusedLately { .. } => true,
            // It was not sent. The other problems are those of a request, which a call reports as `NoToken`.
            Self::Token(problem) => *problem == TokenProblem::TooMany,
            Self::Request(_) | Self::ShutDown => false,
        }
    }

    /// Whether requests for other tokens of the provider would fail alike: it cannot be reached, or is busy.
    pub(crate) fn concerns_all(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Token(TokenProblem::TimedOut) => true,
            Self::Answer(error, _) => error.is_busy(),
            _ => false,
        }
    }

    /// Whether a later request for a token may succeed without any change. A token may be requested twice,
    /// so it does not matter whether the provider executed this request.
    fn can_pass(&self) -> bool {
        match self {
            Self::Transport(error) => error.can_pass(),
            Self::Answer(error, _) => error.can_pass(),
            Self::Token(problem) => problem.can_pass(),
            other => other.is_retryable(),
        }
    }
}
