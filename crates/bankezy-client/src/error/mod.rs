//! What can go wrong on the way, and whether the server may have received the request.

mod problem;
mod provider;
mod service;
mod token;

pub use problem::{ConnectProblem, Setting, TlsProblem, TokenProblem, UrlProblem};
pub use provider::ProviderError;
pub use service::ServiceError;
pub use token::TokenError;

use core::fmt;

use bankezy_crypto::{Delivery, ErrorCategory};

/// Everything that can go wrong between a request and its response.
///
/// It never holds a URL, header, body or text from the network, so it can be logged as it is.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: nothing was sent, and the cause can pass |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`] | ask the server, or repeat only what may happen twice |
/// | all else | mend the configuration or the request |
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL's scheme is not `https`, nor `http` to a loopback host. Nothing was sent.
    NotHttps,
    /// The URL is refused. Nothing was sent.
    InvalidUrl {
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// No connection came about. Nothing was sent.
    Connect {
        /// How it failed.
        problem: ConnectProblem,
    },
    /// TLS refused the server, or the server refused us.
    Tls {
        /// What is wrong.
        problem: TlsProblem,
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The deadline passed before the answer was complete.
    Timeout {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The connection was lost before the answer was complete, or the answer is not HTTP/1.1.
    Interrupted {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// A service that is not ours failed: middleware around a [`Client`](super::Client), or another
    /// HTTP client.
    Service {
        /// Its error, whose text is shown nowhere.
        cause: ServiceError,
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
    /// The answer is longer than the cap. The server has seen the request.
    ResponseTooLong {
        /// The cap, in bytes.
        max: usize,
    },
    /// The client cannot be built as configured.
    Configuration {
        /// Which setting is wrong.
        what: Setting,
    },
    /// The thread that does the I/O of a [`Blocking`](crate::Blocking) client has ended, or is missing
    /// after a fork.
    ThreadEnded {
        /// Whether the server may have received the request.
        delivery: Delivery,
    },
}

impl ClientError {
    /// A stable identifier, such as `client.timeout`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotHttps => "client.not_https",
            Self::InvalidUrl { .. } => "client.url",
            Self::Connect { .. } => "client.connect",
            Self::Tls { .. } => "client.tls",
            Self::Timeout { .. } => "client.timeout",
            Self::Interrupted { .. } => "client.interrupted",
            Self::Service { .. } => "client.service",
            Self::ResponseTooLong { .. } => "client.response_too_long",
            Self::Configuration { .. } => "client.configuration",
            Self::ThreadEnded { .. } => "client.thread_ended",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::Interrupted { .. }
            | Self::Service { .. } => ErrorCategory::Transport,
            Self::ResponseTooLong { .. } => ErrorCategory::Provider,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Configuration { .. }
            | Self::ThreadEnded { .. } => ErrorCategory::Misuse,
        }
    }

    /// Whether the server may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Tls { delivery, .. }
            | Self::Timeout { delivery }
            | Self::Interrupted { delivery }
            | Self::Service { delivery, .. }
            | Self::ThreadEnded { delivery } => *delivery,
            Self::ResponseTooLong { .. } => Delivery::PossiblySent,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Connect { .. }
            | Self::Configuration { .. } => Delivery::NotSent,
        }
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Interrupted { .. }
            | Self::Service { .. } => self.delivery() == Delivery::NotSent,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Tls { .. }
            | Self::ResponseTooLong { .. }
            | Self::Configuration { .. }
            | Self::ThreadEnded { .. } => false,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps => f.write_str(
                "only https is sent, and plain http to loopback hosts: use an https URL",
            ),
            Self::InvalidUrl { problem } => problem.fmt(f),
            Self::Connect { problem } => problem.fmt(f),
            Self::Tls { problem, .. } => problem.fmt(f),
            Self::Timeout { delivery } => {
                write!(
                    f,
                    "the deadline passed before the answer was complete; {delivery}"
                )
            }
            Self::Interrupted { delivery } => {
                write!(
                    f,
                    "the connection was lost before the answer was complete; {delivery}"
                )
            }
            Self::Service { delivery, .. } => {
                write!(f, "the service that sends requests failed; {delivery}")
            }
            Self::ResponseTooLong { max } => write!(
                f,
                "the answer is longer than {max} bytes: raise the cap if such answers are expected"
            ),
            Self::Configuration { what } => what.fmt(f),
            Self::ThreadEnded { delivery } => {
                write!(f, "the thread of the blocking client has ended; {delivery}")
            }
        }
    }
}

impl core::error::Error for ClientError {}
