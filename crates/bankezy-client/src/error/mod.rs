//! What can go wrong on the way, and whether the server may have received the request.

mod problem;
mod provider;
mod service;

pub use problem::{ConnectProblem, Setting, TlsProblem, UrlProblem};
pub use provider::ProviderError;
pub use service::ServiceError;

use core::convert::Infallible;
use core::fmt;

use bankezy_crypto::{Delivery, Fault};

/// Everything that can go wrong between a request and its response.
///
/// It never holds a URL, header, body or text from the network, so it can be logged as it is. `E` is
/// what the closure given to [`execute`](super::Client::execute) fails with; its text is in neither
/// `Display` nor `Debug`, and [`source`](core::error::Error::source) gives it.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: nothing was sent, and the cause can pass |
/// | [`delivery`](Self::delivery) is [`Delivery::PossiblySent`] | ask the server, or repeat only what may happen twice |
/// | all else | mend the configuration or the request |
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError<E = Infallible> {
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
    /// The closure could not make the request. Nothing of this attempt was sent.
    RequestBuild {
        /// What the closure failed with.
        error: E,
    },
}

impl<E> ClientError<E> {
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
            Self::RequestBuild { .. } => "client.request_build",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::Interrupted { .. }
            | Self::Service { .. } => Fault::Transport,
            Self::ResponseTooLong { .. } => Fault::Provider,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Configuration { .. }
            | Self::RequestBuild { .. } => Fault::Misuse,
        }
    }

    /// Whether the server may have received the request.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Tls { delivery, .. }
            | Self::Timeout { delivery }
            | Self::Interrupted { delivery }
            | Self::Service { delivery, .. } => *delivery,
            Self::ResponseTooLong { .. } => Delivery::PossiblySent,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Connect { .. }
            | Self::Configuration { .. }
            | Self::RequestBuild { .. } => Delivery::NotSent,
        }
    }

    /// Tells what the closure failed with from what happened on the way, which any closure's call
    /// can fail with.
    pub(super) fn apart<T>(self) -> Result<ClientError<T>, E> {
        Ok(match self {
            Self::RequestBuild { error } => return Err(error),
            Self::NotHttps => ClientError::NotHttps,
            Self::InvalidUrl { problem } => ClientError::InvalidUrl { problem },
            Self::Connect { problem } => ClientError::Connect { problem },
            Self::Tls { problem, delivery } => ClientError::Tls { problem, delivery },
            Self::Timeout { delivery } => ClientError::Timeout { delivery },
            Self::Interrupted { delivery } => ClientError::Interrupted { delivery },
            Self::Service { cause, delivery } => ClientError::Service { cause, delivery },
            Self::ResponseTooLong { max } => ClientError::ResponseTooLong { max },
            Self::Configuration { what } => ClientError::Configuration { what },
        })
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
            | Self::RequestBuild { .. } => false,
        }
    }
}

impl ClientError {
    /// The same for a call whose closure can fail.
    pub(super) fn widen<E>(self) -> ClientError<E> {
        self.apart().unwrap_or_else(|never| match never {})
    }
}

impl<E> fmt::Display for ClientError<E> {
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
            Self::RequestBuild { .. } => {
                f.write_str("the request could not be made; nothing was sent")
            }
        }
    }
}

impl<E> fmt::Debug for ClientError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps => f.write_str("NotHttps"),
            Self::InvalidUrl { problem } => write!(f, "InvalidUrl {{ problem: {problem:?} }}"),
            Self::Connect { problem } => write!(f, "Connect {{ problem: {problem:?} }}"),
            Self::Tls { problem, delivery } => {
                write!(f, "Tls {{ problem: {problem:?}, delivery: {delivery:?} }}")
            }
            Self::Timeout { delivery } => write!(f, "Timeout {{ delivery: {delivery:?} }}"),
            Self::Interrupted { delivery } => write!(f, "Interrupted {{ delivery: {delivery:?} }}"),
            Self::Service { cause, delivery } => {
                write!(f, "Service {{ cause: {cause:?}, delivery: {delivery:?} }}")
            }
            Self::ResponseTooLong { max } => write!(f, "ResponseTooLong {{ max: {max} }}"),
            Self::Configuration { what } => write!(f, "Configuration {{ what: {what:?} }}"),
            Self::RequestBuild { .. } => f.write_str("RequestBuild { .. }"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ClientError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::RequestBuild { error } => Some(error),
            _ => None,
        }
    }
}
