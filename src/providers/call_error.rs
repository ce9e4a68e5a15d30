//! How a call to a provider fails, and what may be shown of it.

use core::fmt;
use core::time::Duration;

use http::header::CONTENT_ENCODING;
use http::{HeaderValue, Response, StatusCode};

use crate::delivery::Advice;
use crate::error::{Error, ErrorCategory};
use crate::providers::bankezy::Outcome;
use crate::providers::plain_error::PlainError;
use crate::providers::{complycube, faceki};

/// Why an answer is not what was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The server refused in clear: status and text, which anyone on the way may have written.
    Plain(PlainError),
    /// The same, and the text has a form that the provider documents.
    #[non_exhaustive]
    Refused {
        /// Status and text.
        plain: PlainError,
        /// What it says.
        refusal: Refusal,
    },
    /// The answer opened, and is not a success: its codes say that the call failed, or its status, which nothing
    /// authenticates, is that of an error.
    #[non_exhaustive]
    Failed {
        /// The HTTP status: a sealed refusal has that of an error.
        status: StatusCode,
        /// The codes and the text.
        outcome: Outcome,
    },
    /// The answer is not one that the provider documents.
    #[non_exhaustive]
    Unexpected {
        /// The HTTP status.
        status: StatusCode,
        /// What is wrong with it.
        problem: UnexpectedReply,
        /// Its text, if it came in clear.
        plain: Option<Box<PlainError>>,
    },
    /// The answer is sealed and does not open, or holds something else than JSON.
    Envelope(Error),
}

/// A refusal in clear that has a documented form. Nothing of it is authenticated.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// Faceki's.
    Faceki(faceki::Refusal),
    /// ComplyCube's.
    ComplyCube(complycube::Refusal),
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnexpectedReply {
    /// A success that is not encrypted: only a sealed answer can be trusted.
    NotSealed,
    /// A success by its status, and its codes say that the call failed, but it is not encrypted: neither can be trusted.
    FailureInClear,
    /// A redirect, which is not followed.
    Redirect,
    /// Another status that is neither a success nor an error.
    Status,
    /// A success without a body.
    Empty,
    /// A web page, as firewalls and proxies answer, with a status of success too.
    WebPage,
    /// A body with a content coding, although none was asked for.
    ContentEncoding,
    /// Not a JSON object.
    NotJson,
    /// A member that the call is for is missing.
    Missing {
        /// Its documented name.
        member: &'static str,
    },
    /// A member has another type or form than documented.
    Invalid {
        /// Its documented name.
        member: &'static str,
    },
}

impl CallError {
    /// A refusal in clear, in a documented form or in none; for implementations of
    /// [`TokenApi`](super::TokenApi), as are the next two.
    #[must_use]
    pub fn refused<B: AsRef<[u8]>>(response: &Response<B>, refusal: Option<Refusal>) -> Self {
        let plain = PlainError::new(response);
        match refusal {
            Some(refusal) => Self::Refused { plain, refusal },
            None => Self::Plain(plain),
        }
    }

    /// The answer opened, and says that the call failed.
    #[must_use]
    pub fn failed(status: StatusCode, outcome: Outcome) -> Self {
        Self::Failed { status, outcome }
    }

    /// The answer is not one that the provider documents.
    #[must_use]
    pub fn unexpected(status: StatusCode, problem: UnexpectedReply) -> Self {
        Self::Unexpected {
            status,
            problem,
            plain: None,
        }
    }

    /// With the text of the answer, which came in clear, if the answer is not as documented. Only
    /// [`unauthenticated`](Self::unauthenticated) returns it.
    #[must_use]
    pub fn with_text_of<B: AsRef<[u8]>>(mut self, response: &Response<B>) -> Self {
        if let Self::Unexpected { plain, .. } = &mut self {
            *plain = Some(Box::new(PlainError::new(response)));
        }
        self
    }

    /// What the answer said in clear: its text and content type, which anyone between client and server may have
    /// written. No error shows them by itself.
    #[must_use]
    pub fn unauthenticated(&self) -> Option<&PlainError> {
        match self {
            Self::Plain(plain) | Self::Refused { plain, .. } => Some(plain),
            Self::Unexpected { plain, .. } => plain.as_deref(),
            Self::Failed { .. } | Self::Envelope(_) => None,
        }
    }

    /// The HTTP status, where it is the answer that is at fault; `None` for what was found while
    /// opening it.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Plain(plain) | Self::Refused { plain, .. } => Some(plain.status()),
            Self::Failed { status, .. } | Self::Unexpected { status, .. } => Some(*status),
            Self::Envelope(_) => None,
        }
    }

    /// How long the server asks to wait, as for [`PlainError::retry_after`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Plain(plain) | Self::Refused { plain, .. } => plain.retry_after(),
            Self::Failed { .. } | Self::Unexpected { .. } | Self::Envelope(_) => None,
        }
    }

    /// A stable identifier, such as `reply.plain`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Plain(_) => "reply.plain",
            Self::Refused { .. } => "reply.refused",
            Self::Failed { .. } => "reply.failed",
            Self::Unexpected { problem, .. } => problem.code(),
            Self::Envelope(error) => error.code(),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Plain(_)
            | Self::Refused { .. }
            | Self::Failed { .. }
            | Self::Unexpected { .. } => ErrorCategory::Provider,
            Self::Envelope(error) => error.category(),
        }
    }

    /// What to do after it. Whatever status a server answers, a proxy may have forwarded the call and written another
    /// status, so it does not prove that the call was not executed. Codes of an answer that opened do, if they [state
    /// a failure](Outcome::states_failure).
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Failed { status, outcome } if is_stated(*status, outcome) => Advice::ReadOutcome,
            _ => Advice::AskByReference,
        }
    }

    /// Whether the provider is overloaded: 429 or 503, which says nothing about this call.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let busy = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        self.status().is_some_and(|status| busy.contains(&status))
    }

    /// Whether the cause is on the server's side and may be gone later: 429, or a status from 500 on.
    #[must_use]
    pub fn can_pass(&self) -> bool {
        self.is_busy() || self.status().is_some_and(|status| status.is_server_error())
    }

    /// Whether the server asked to wait, by 429 or 503 with `Retry-After`: the same call may succeed later.
    /// Such an answer does not prove that the call was not executed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Plain(plain) | Self::Refused { plain, .. } => plain.asks_to_wait(),
            Self::Failed { .. } | Self::Unexpected { .. } | Self::Envelope(_) => false,
        }
    }
}

/// Whether the codes say that the call failed. If the status is a success, the codes were the reason for the error.
fn is_stated(status: StatusCode, outcome: &Outcome) -> bool {
    status.is_success() || outcome.states_failure()
}

impl UnexpectedReply {
    /// What an answer is that is neither an error nor readable, if that can be determined.
    pub(crate) fn of<B: AsRef<[u8]>>(response: &Response<B>) -> Option<Self> {
        let status = response.status();
        let body = response.body().as_ref().trim_ascii_start();
        let is_none = |coding: &HeaderValue| {
            let coding = coding.as_bytes();
            coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
        };
        let mut codings = response.headers().get_all(CONTENT_ENCODING).iter();
        Some(if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            Self::Redirect
        } else if !status.is_success() {
            Self::Status
        } else if body.is_empty() {
            Self::Empty
        } else if !codings.all(is_none) {
            Self::ContentEncoding
        } else if body.starts_with(b"<") {
            Self::WebPage
        } else {
            return None;
        })
    }

    /// The code of the [`CallError`] with this problem, such as `reply.not_sealed`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSealed => "reply.not_sealed",
            Self::FailureInClear => "reply.failure_in_clear",
            Self::Redirect => "reply.redirect",
            Self::Status => "reply.status",
            Self::Empty => "reply.empty",
            Self::WebPage => "reply.web_page",
            Self::ContentEncoding => "reply.content_encoding",
            Self::NotJson => "reply.not_json",
            Self::Missing { .. } => "reply.missing_member",
            Self::Invalid { .. } => "reply.invalid_member",
        }
    }
}

impl core::error::Error for CallError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Envelope(error) => Some(error),
            Self::Plain(_)
            | Self::Refused { .. }
            | Self::Failed { .. }
            | Self::Unexpected { .. } => None,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(plain) => write!(
                f,
                "the server refused with status {}; its text is not authenticated",
                plain.status().as_u16()
            ),
            Self::Refused { plain, refusal } => write!(
                f,
                "the server refused with status {}, {refusal}",
                plain.status().as_u16()
            ),
            Self::Failed { status, outcome } if is_stated(*status, outcome) => {
                write!(f, "the server says that the call failed: {outcome}")
            }
            Self::Failed { status, outcome } => write!(
                f,
                "the answer has status {}, but does not say that the call failed: {outcome}",
                status.as_u16()
            ),
            Self::Unexpected {
                status, problem, ..
            } => write!(
                f,
                "the answer with status {} is not as documented: {problem}",
                status.as_u16()
            ),
            Self::Envelope(error) => write!(f, "the answer: {error}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faceki(refusal) => refusal.fmt(f),
            Self::ComplyCube(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for UnexpectedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSealed => f.write_str("it is not encrypted, so this client does not use it"),
            Self::FailureInClear => f.write_str(
                "it says that the call failed, but is not encrypted: anyone in between may have written it",
            ),
            Self::Redirect => {
                f.write_str("it is a redirect, which is not followed: check the base URL")
            }
            Self::Status => f.write_str("its status is neither a success nor an error"),
            Self::Empty => {
                f.write_str("its body is empty; the server may have executed the call all the same")
            }
            Self::WebPage => f.write_str(
                "it is a web page, such as a firewall's or a proxy's: check the base URL and what is in between",
            ),
            Self::ContentEncoding => {
                f.write_str("its body has a Content-Encoding, although none was asked for")
            }
            Self::NotJson => f.write_str("it is not a JSON object"),
            Self::Missing { member } => write!(f, "`{member}` is missing"),
            Self::Invalid { member } => write!(f, "`{member}` has another type or form"),
        }
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Envelope(error)
    }
}
