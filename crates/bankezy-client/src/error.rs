//! What can go wrong on the way, and whether the server can have seen the request.

use core::convert::Infallible;
use core::fmt;

use bankezy_crypto::Fault;

/// Everything that can go wrong between a request and its response.
///
/// It never holds a URL, header, body or text from the network, so it can be logged as it is. `E` is
/// what the closure given to [`execute`](super::Client::execute) fails with; its text is in neither
/// `Display` nor `Debug`, and [`source`](core::error::Error::source) gives it.
///
/// | what | what to do |
/// |---|---|
/// | [`is_retryable`](Self::is_retryable) | call again: nothing was sent, and the cause can pass |
/// | [`sent`](Self::sent) is [`Sent::Maybe`] | ask the server, or repeat only what may happen twice |
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
        /// Whether the server can have seen the request.
        sent: Sent,
    },
    /// The deadline passed before the answer was complete.
    Timeout {
        /// Whether the server can have seen the request.
        sent: Sent,
    },
    /// The connection was lost before the answer was complete, or the answer is not HTTP/1.1.
    Interrupted {
        /// Whether the server can have seen the request.
        sent: Sent,
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

/// Whether the server can have seen a request, and so may have executed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not one byte of it was sent.
    No,
    /// It was sent in part or in full.
    Maybe,
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// No scheme or no host.
    NotAbsolute,
    /// A name or password before the host: credentials belong into headers.
    UserInfo,
    /// Not a valid URL.
    Malformed,
}

/// How a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectProblem {
    /// The host's name could not be resolved.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The connect timeout passed.
    TimedOut,
    /// Lost during the handshake, refused by a proxy, unreachable, and the like.
    Other,
}

/// What is wrong with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsProblem {
    /// The server's certificate is from no root that is trusted.
    UntrustedCertificate,
    /// The server's certificate is for another name.
    WrongName,
    /// The server's certificate is not valid at this time.
    Expired,
    /// The server's certificate is refused for another reason.
    BadCertificate,
    /// The server refused our certificate, or asks for one.
    ClientCertificate,
    /// No version or cipher suite in common: the server has no TLS 1.2 or 1.3.
    NothingInCommon,
    /// The other side does not speak TLS.
    NotTls,
    /// Anything else against the protocol.
    Protocol,
}

/// A setting of [`ClientBuilder`](super::ClientBuilder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// A root certificate is not PEM, or no certificate.
    RootCertificate,
    /// The system has no root certificates.
    SystemRoots,
    /// The client's certificate chain is not PEM, or empty.
    ClientCertificate,
    /// The client's key is not one PEM key of a known kind, or not the certificate's.
    ClientKey,
    /// The proxy's URI is not an `http` or `https` one with a host.
    Proxy,
    /// The HTTP library refused the whole.
    Transport,
    /// The blocking client's thread could not be started.
    Thread,
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
            | Self::Interrupted { .. } => Fault::Transport,
            Self::ResponseTooLong { .. } => Fault::Provider,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Configuration { .. }
            | Self::RequestBuild { .. } => Fault::Misuse,
        }
    }

    /// Whether the server can have seen the request.
    #[must_use]
    pub fn sent(&self) -> Sent {
        match self {
            Self::Tls { sent, .. } | Self::Timeout { sent } | Self::Interrupted { sent } => *sent,
            Self::ResponseTooLong { .. } => Sent::Maybe,
            Self::NotHttps
            | Self::InvalidUrl { .. }
            | Self::Connect { .. }
            | Self::Configuration { .. }
            | Self::RequestBuild { .. } => Sent::No,
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
            Self::Tls { problem, sent } => ClientError::Tls { problem, sent },
            Self::Timeout { sent } => ClientError::Timeout { sent },
            Self::Interrupted { sent } => ClientError::Interrupted { sent },
            Self::ResponseTooLong { max } => ClientError::ResponseTooLong { max },
            Self::Configuration { what } => ClientError::Configuration { what },
        })
    }

    /// Whether the same call can be made again without executing it twice, and may then succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Interrupted { .. } => {
                self.sent() == Sent::No
            }
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
            Self::InvalidUrl { problem } => f.write_str(match problem {
                UrlProblem::NotAbsolute => "the URL has no scheme or no host: give a full one",
                UrlProblem::UserInfo => {
                    "the URL has a name or password in it: put credentials into headers"
                }
                UrlProblem::Malformed => "the URL is not valid",
            }),
            Self::Connect { problem } => f.write_str(match problem {
                ConnectProblem::Dns => "the server's name could not be resolved; nothing was sent",
                ConnectProblem::Refused => "the server refused the connection; nothing was sent",
                ConnectProblem::TimedOut => "no connection came about in time; nothing was sent",
                ConnectProblem::Other => "no connection came about; nothing was sent",
            }),
            Self::Tls { problem, .. } => f.write_str(match problem {
                TlsProblem::UntrustedCertificate => {
                    "the server's certificate is from no trusted root: add the root it is from"
                }
                TlsProblem::WrongName => {
                    "the server's certificate is for another name: check the host"
                }
                TlsProblem::Expired => {
                    "the server's certificate is not valid at this time: check both clocks"
                }
                TlsProblem::BadCertificate => "the server's certificate is refused",
                TlsProblem::ClientCertificate => {
                    "the server asks for a client certificate, or refused ours"
                }
                TlsProblem::NothingInCommon => {
                    "the server has neither TLS 1.2 nor 1.3 with a cipher suite that is accepted"
                }
                TlsProblem::NotTls => "the server does not speak TLS: check the port",
                TlsProblem::Protocol => "the server broke the TLS protocol",
            }),
            Self::Timeout { sent } => {
                write!(
                    f,
                    "the deadline passed before the answer was complete; {sent}"
                )
            }
            Self::Interrupted { sent } => {
                write!(
                    f,
                    "the connection was lost before the answer was complete; {sent}"
                )
            }
            Self::ResponseTooLong { max } => write!(
                f,
                "the answer is longer than {max} bytes: raise the cap if such answers are expected"
            ),
            Self::Configuration { what } => f.write_str(match what {
                Setting::RootCertificate => "a root certificate is not a PEM certificate",
                Setting::SystemRoots => {
                    "the system has no root certificates: install them, or give your own"
                }
                Setting::ClientCertificate => {
                    "the client's certificate chain is not PEM with certificates"
                }
                Setting::ClientKey => {
                    "the client's key is not one PEM key, or does not belong to its certificate"
                }
                Setting::Proxy => "the proxy's URI is not an http or https one with a host",
                Setting::Transport => "the HTTP library refused the configuration",
                Setting::Thread => "the blocking client's thread could not be started",
            }),
            Self::RequestBuild { .. } => {
                f.write_str("the request could not be made; nothing was sent")
            }
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "nothing was sent",
            Self::Maybe => "the server may have executed the request",
        })
    }
}

impl<E> fmt::Debug for ClientError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps => f.write_str("NotHttps"),
            Self::InvalidUrl { problem } => write!(f, "InvalidUrl {{ problem: {problem:?} }}"),
            Self::Connect { problem } => write!(f, "Connect {{ problem: {problem:?} }}"),
            Self::Tls { problem, sent } => {
                write!(f, "Tls {{ problem: {problem:?}, sent: {sent:?} }}")
            }
            Self::Timeout { sent } => write!(f, "Timeout {{ sent: {sent:?} }}"),
            Self::Interrupted { sent } => write!(f, "Interrupted {{ sent: {sent:?} }}"),
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
