//! What can go wrong on the way, and whether the server may have received the request.

mod problem;
mod provider;
mod service;
mod store;

pub use problem::{ConnectProblem, Setting, TlsProblem, TokenProblem};
pub use provider::ProviderError;
pub use service::ServiceError;
pub use store::StoreError;

use core::fmt;

use bankezy_crypto::providers::UrlProblem;
use bankezy_crypto::{Delivery, ErrorCategory};

/// Everything that can go wrong between a request and its response: what, and whether the server may have
/// received the request.
///
/// It never holds a URL, header, body or text from the network, so it can be logged as it is.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: nothing was sent, and the cause can pass |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`] | ask the server, or repeat only what may happen twice |
/// | all else | mend the configuration or the request: `docs/errors.md` has a remedy for each code |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    kind: ClientErrorKind,
    delivery: Delivery,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// The URL is refused.
    Url(UrlProblem),
    /// The connection failed.
    Connect(ConnectProblem),
    /// TLS refused the server, or the server refused us.
    Tls(TlsProblem),
    /// The deadline passed before the answer was complete.
    Timeout,
    /// The connection was lost before the answer was complete.
    Interrupted,
    /// The answer is not HTTP/1.1: the port may be one for TLS, or for HTTP/2 alone.
    NotHttp1,
    /// A service that is not ours failed: middleware around a [`Client`](super::Client), or another
    /// HTTP client. The text of its error is shown nowhere.
    Service(ServiceError),
    /// The answer is longer than the cap.
    ResponseTooLong {
        /// The cap, in bytes.
        max: usize,
    },
    /// The client cannot be built as configured.
    Configuration(Setting),
    /// The thread that does the I/O of a [`Blocking`](crate::Blocking) client has ended, or is missing
    /// after a fork.
    ThreadEnded,
}

impl ClientError {
    /// For services below a [`Transport`](crate::Transport), such as mocks.
    #[must_use]
    pub const fn new(kind: ClientErrorKind, delivery: Delivery) -> Self {
        Self { kind, delivery }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ClientErrorKind {
        &self.kind
    }

    /// Whether the server may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// A stable identifier, such as `client.timeout` or `connect.refused`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.kind {
            ClientErrorKind::Url(problem) => problem.code(),
            ClientErrorKind::Connect(problem) => problem.code(),
            ClientErrorKind::Tls(problem) => problem.code(),
            ClientErrorKind::Timeout => "client.timeout",
            ClientErrorKind::Interrupted => "client.interrupted",
            ClientErrorKind::NotHttp1 => "client.not_http1",
            ClientErrorKind::Service(_) => "client.service",
            ClientErrorKind::ResponseTooLong { .. } => "client.response_too_long",
            ClientErrorKind::Configuration(setting) => setting.code(),
            ClientErrorKind::ThreadEnded => "client.thread_ended",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self.kind {
            ClientErrorKind::Url(_)
            | ClientErrorKind::Configuration(_)
            | ClientErrorKind::ThreadEnded => ErrorCategory::Misuse,
            ClientErrorKind::ResponseTooLong { .. } => ErrorCategory::Provider,
            _ => ErrorCategory::Transport,
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.can_pass() && self.delivery == Delivery::NotSent
    }

    /// Whether the cause may be gone the next time.
    pub(crate) fn can_pass(&self) -> bool {
        matches!(
            self.kind,
            ClientErrorKind::Connect(_)
                | ClientErrorKind::Timeout
                | ClientErrorKind::Interrupted
                | ClientErrorKind::Service(_)
        )
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.kind {
            ClientErrorKind::Url(problem) => return problem.fmt(f),
            ClientErrorKind::Connect(problem) => return problem.fmt(f),
            ClientErrorKind::Tls(problem) => return problem.fmt(f),
            ClientErrorKind::Configuration(setting) => return setting.fmt(f),
            ClientErrorKind::ResponseTooLong { max } => {
                let remedy = "raise the cap if such answers are expected";
                return write!(f, "the answer is longer than {max} bytes: {remedy}");
            }
            ClientErrorKind::Timeout => "the deadline passed before the answer was complete",
            ClientErrorKind::Interrupted => {
                "the connection was lost before the answer was complete"
            }
            ClientErrorKind::NotHttp1 => "the answer is not HTTP/1.1: check scheme and port",
            ClientErrorKind::Service(_) => "the service that sends requests failed",
            ClientErrorKind::ThreadEnded => "the thread of the blocking client has ended",
        };
        write!(f, "{what}; {}", self.delivery)
    }
}

impl core::error::Error for ClientError {}

/// Before anything is sent.
impl From<UrlProblem> for ClientError {
    fn from(problem: UrlProblem) -> Self {
        Self::new(ClientErrorKind::Url(problem), Delivery::NotSent)
    }
}

/// Before anything is sent.
impl From<ConnectProblem> for ClientError {
    fn from(problem: ConnectProblem) -> Self {
        Self::new(ClientErrorKind::Connect(problem), Delivery::NotSent)
    }
}

/// Before anything is sent.
impl From<Setting> for ClientError {
    fn from(setting: Setting) -> Self {
        Self::new(ClientErrorKind::Configuration(setting), Delivery::NotSent)
    }
}
