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

/// Everything that can go wrong between a request and its response.
///
/// It never holds a URL, header, body or text from the network, so it can be logged as it is.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: nothing was sent, and the cause can pass |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`] | ask the server, or repeat only what may happen twice |
/// | all else | mend the configuration or the request: `docs/errors.md` has a remedy for each code |
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL is refused. Nothing was sent.
    #[non_exhaustive]
    Url {
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// The connection failed. Nothing was sent.
    #[non_exhaustive]
    Connect {
        /// How it failed.
        problem: ConnectProblem,
    },
    /// TLS refused the server, or the server refused us.
    #[non_exhaustive]
    Tls {
        /// What is wrong.
        problem: TlsProblem,
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The deadline passed before the answer was complete.
    #[non_exhaustive]
    Timeout {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The connection was lost before the answer was complete.
    #[non_exhaustive]
    Interrupted {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The answer is not HTTP/1.1: the port may be one for TLS, or for HTTP/2 alone.
    #[non_exhaustive]
    NotHttp1 {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// A service that is not ours failed: middleware around a [`Client`](super::Client), or another
    /// HTTP client.
    #[non_exhaustive]
    Service {
        /// Its error, whose text is shown nowhere.
        cause: ServiceError,
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The answer is longer than the cap. The server has seen the request.
    #[non_exhaustive]
    ResponseTooLong {
        /// The cap, in bytes.
        max: usize,
    },
    /// The client cannot be built as configured.
    #[non_exhaustive]
    Configuration {
        /// Which setting is wrong.
        what: Setting,
    },
    /// The thread that does the I/O of a [`Blocking`](crate::Blocking) client has ended, or is missing
    /// after a fork.
    #[non_exhaustive]
    ThreadEnded {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
}

/// For services below a [`Transport`](crate::Transport), such as mocks.
impl ClientError {
    /// The connection failed.
    #[must_use]
    pub const fn connect(problem: ConnectProblem) -> Self {
        Self::Connect { problem }
    }

    /// TLS failed.
    #[must_use]
    pub const fn tls(problem: TlsProblem, delivery: Delivery) -> Self {
        Self::Tls { problem, delivery }
    }

    /// The deadline passed.
    #[must_use]
    pub const fn timeout(delivery: Delivery) -> Self {
        Self::Timeout { delivery }
    }

    /// The connection was lost.
    #[must_use]
    pub const fn interrupted(delivery: Delivery) -> Self {
        Self::Interrupted { delivery }
    }
}

impl ClientError {
    /// One error of each kind but [`Url`](Self::Url), as if nothing was sent, with made-up numbers: for tests of
    /// what handles errors, since not all can be made outside of this crate.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let delivery = Delivery::NotSent;
        let cause = ServiceError::new("made up".into());
        let connects = ConnectProblem::all().into_iter().map(Self::connect);
        let tls = TlsProblem::all().into_iter();
        let settings = Setting::all().into_iter();
        let others = [
            Self::timeout(delivery),
            Self::interrupted(delivery),
            Self::NotHttp1 { delivery },
            Self::Service { cause, delivery },
            Self::ResponseTooLong { max: 1000 },
            Self::ThreadEnded { delivery },
        ];
        connects
            .chain(tls.map(|problem| Self::tls(problem, delivery)))
            .chain(settings.map(|what| Self::Configuration { what }))
            .chain(others)
            .collect()
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

    /// Whether the server may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.facts().2
    }

    fn facts(&self) -> (&'static str, ErrorCategory, Delivery) {
        use Delivery::{NotSent, PossiblySent};
        use ErrorCategory::{Misuse, Provider, Transport};
        match self {
            Self::Url { problem } => (problem.code(), Misuse, NotSent),
            Self::Connect { problem } => (problem.code(), Transport, NotSent),
            Self::Tls { problem, delivery } => (problem.code(), Transport, *delivery),
            Self::Timeout { delivery } => ("client.timeout", Transport, *delivery),
            Self::Interrupted { delivery } => ("client.interrupted", Transport, *delivery),
            Self::NotHttp1 { delivery } => ("client.not_http1", Transport, *delivery),
            Self::Service { delivery, .. } => ("client.service", Transport, *delivery),
            Self::ResponseTooLong { .. } => ("client.response_too_long", Provider, PossiblySent),
            Self::Configuration { what } => (what.code(), Misuse, NotSent),
            Self::ThreadEnded { delivery } => ("client.thread_ended", Misuse, *delivery),
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.can_pass() && self.delivery() == Delivery::NotSent
    }

    /// Whether the cause may be gone the next time.
    pub(crate) fn can_pass(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Timeout { .. }
                | Self::Interrupted { .. }
                | Self::Service { .. }
        )
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Url { problem } => return problem.fmt(f),
            Self::Connect { problem } => return problem.fmt(f),
            Self::Tls { problem, .. } => return problem.fmt(f),
            Self::Configuration { what } => return what.fmt(f),
            Self::Timeout { .. } => "the deadline passed before the answer was complete",
            Self::Interrupted { .. } => "the connection was lost before the answer was complete",
            Self::NotHttp1 { .. } => "the answer is not HTTP/1.1: check scheme and port",
            Self::Service { .. } => "the service that sends requests failed",
            Self::ThreadEnded { .. } => "the thread of the blocking client has ended",
            Self::ResponseTooLong { max } => {
                return write!(
                    f,
                    "the answer is longer than {max} bytes: raise the cap if such answers are expected"
                );
            }
        };
        write!(f, "{what}; {}", self.delivery())
    }
}

impl core::error::Error for ClientError {}
