//! What can go wrong between a request and its response, whichever the call.

use core::fmt;

use bankezy_crypto::providers::{
    ConnectProblem, ServerHeaders, ServiceError, Setting, TlsProblem, UrlProblem,
};
use bankezy_crypto::{Delivery, ErrorCategory};

/// Everything that can go wrong between a request and its response: what, and whether the server may have
/// received the request.
///
/// It never holds a URL, header, body or text from the network, so it can be logged as it is.
///
/// | if | then |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: nothing was sent, and the cause is temporary |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`] | ask the server, or repeat the call only if it may be executed twice |
/// | anything else | fix the configuration or the request: `docs/errors.md` of the repository lists a remedy for each code |
///
/// Equal errors are of one kind and delivery, whatever their headers.
#[derive(Debug, Clone)]
pub struct ClientError {
    kind: ClientErrorKind,
    delivery: Delivery,
    headers: Option<ServerHeaders>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// The URL is refused.
    #[error("{0}")]
    Url(UrlProblem),
    /// The connection failed.
    #[error("{0}")]
    Connect(ConnectProblem),
    /// TLS refused the server, or the server refused us.
    #[error("{0}")]
    Tls(TlsProblem),
    /// The deadline passed before the answer was complete.
    #[error("the deadline passed before the answer was complete")]
    Timeout,
    /// The connection was lost before the answer was complete.
    #[error("the connection was lost before the answer was complete")]
    Interrupted,
    /// The answer is not HTTP/1.1: the port may expect TLS, or HTTP/2 only.
    #[error("the answer is not HTTP/1.1: check scheme and port")]
    NotHttp1,
    /// The head of the answer could not be read: it has more than 100 headers, folded ones, or other bytes than
    /// HTTP/1.1 allows.
    #[error("the head of the answer could not be read: it may have more than 100 headers")]
    UnreadableHead,
    /// The answer to a sealed request is that request: something sent it back. Under a key that both sides seal
    /// with it would open.
    #[error("the answer is the request itself, sent back")]
    Reflected,
    /// A service that is not part of this crate failed: middleware around a [`Client`](crate::Client), or
    /// another HTTP client. A timeout set by a `tower` layer is reported here, not as
    /// [`Timeout`](Self::Timeout). The text of its error is never shown.
    #[error("middleware or the HTTP client below the transport failed")]
    Service(ServiceError),
    /// The answer is longer than the cap.
    #[error("the answer is longer than {max} bytes: raise the cap if such answers are expected")]
    ResponseTooLong {
        /// The cap, in bytes.
        max: usize,
    },
    /// The client cannot be built as configured.
    #[error("{0}")]
    Configuration(Setting),
    /// The thread that does the I/O of a [`Blocking`](crate::Blocking) client has ended, or is missing
    /// after a fork.
    #[error("the thread of the blocking client has ended")]
    ThreadEnded,
}

impl ClientError {
    /// For services that a [`Transport`](crate::Transport) sends through, such as mocks.
    #[must_use]
    pub const fn new(kind: ClientErrorKind, delivery: Delivery) -> Self {
        Self {
            kind,
            delivery,
            headers: None,
        }
    }

    pub(crate) const fn not_sent(kind: ClientErrorKind) -> Self {
        Self::new(kind, Delivery::NotSent)
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ClientErrorKind {
        &self.kind
    }

    /// Headers of the last answer whose head arrived, of any attempt: see
    /// [`ProviderError::server_headers`](crate::ProviderError::server_headers).
    #[must_use]
    pub fn server_headers(&self) -> Option<&ServerHeaders> {
        self.headers.as_ref()
    }

    /// Keeps those that it has.
    pub(crate) fn with_headers(mut self, headers: ServerHeaders) -> Self {
        if self.headers.is_none() && headers != ServerHeaders::default() {
            self.headers = Some(headers);
        }
        self
    }

    pub(crate) fn set_possibly_sent(&mut self) {
        self.delivery = Delivery::PossiblySent;
    }

    /// Whether the server may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// A stable identifier, such as `client.timeout` or `connect.refused`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.facts().0
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        self.facts().1
    }

    /// Whether the same call can be made again without being executed twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.can_pass() && self.delivery == Delivery::NotSent
    }

    /// Whether the cause may be gone at the next attempt.
    pub(in crate::error) fn can_pass(&self) -> bool {
        self.facts().2
    }

    /// Code, category, and whether the cause may be gone at the next attempt.
    fn facts(&self) -> (&'static str, ErrorCategory, bool) {
        use ClientErrorKind as Kind;
        use ErrorCategory::{Misuse, Provider, Transport};
        match self.kind {
            Kind::Url(problem) => (problem.code(), Misuse, false),
            Kind::Connect(problem) => (problem.code(), Transport, problem.can_pass()),
            Kind::Tls(problem) => (problem.code(), Transport, problem.can_pass()),
            Kind::Timeout => ("client.timeout", Transport, true),
            Kind::Interrupted => ("client.interrupted", Transport, true),
            Kind::NotHttp1 => ("client.not_http1", Transport, false),
            Kind::UnreadableHead => ("client.unreadable_head", Provider, false),
            Kind::Reflected => ("client.reflected", Provider, false),
            Kind::Service(_) => ("client.service", Transport, true),
            Kind::ResponseTooLong { .. } => ("client.response_too_long", Provider, false),
            Kind::Configuration(setting) => (setting.code(), Misuse, false),
            Kind::ThreadEnded => ("client.thread_ended", Misuse, false),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ClientErrorKind::{Configuration, Tls, Url};
        self.kind.fmt(f)?;
        match (&self.kind, self.delivery) {
            // Nobody expects that something was sent.
            (Url(_) | Configuration(_) | Tls(_), Delivery::NotSent) => Ok(()),
            (_, delivery) => write!(f, "; {delivery}"),
        }
    }
}

impl PartialEq for ClientError {
    fn eq(&self, other: &Self) -> bool {
        (&self.kind, self.delivery) == (&other.kind, other.delivery)
    }
}

impl Eq for ClientError {}

impl core::error::Error for ClientError {}
