//! What is wrong with a URL, a connection, TLS, a setting or a token.

use core::fmt;

use bankezy_crypto::ErrorCategory;

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

/// A setting of [`ClientBuilder`](crate::ClientBuilder).
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

/// Why a request for a token, a login or a renewal brought none, although no call of it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenProblem {
    /// It took longer than its deadline.
    TimedOut,
    /// The token had expired when it came: the clocks disagree.
    ExpiredOnArrival,
    /// The closure that logs in, the [`TokenApi`](bankezy_crypto::providers::TokenApi), the store or
    /// the clock panicked.
    Panicked,
    /// The runtime that it ran on ended.
    Abandoned,
}

impl TokenProblem {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TimedOut => "token.timed_out",
            Self::ExpiredOnArrival => "token.expired_on_arrival",
            Self::Panicked => "token.panicked",
            Self::Abandoned => "token.abandoned",
        }
    }

    pub(super) fn category(self) -> ErrorCategory {
        match self {
            Self::TimedOut => ErrorCategory::Transport,
            Self::ExpiredOnArrival => ErrorCategory::Provider,
            Self::Panicked | Self::Abandoned => ErrorCategory::Misuse,
        }
    }
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "the URL has no scheme or no host: give a full one",
            Self::UserInfo => "the URL has a name or password in it: put credentials into headers",
            Self::Malformed => "the URL is not valid",
        })
    }
}

impl fmt::Display for ConnectProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the server's name could not be resolved; nothing was sent",
            Self::Refused => "the server refused the connection; nothing was sent",
            Self::TimedOut => "no connection came about in time; nothing was sent",
            Self::Other => "no connection came about; nothing was sent",
        })
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UntrustedCertificate => {
                "the server's certificate is from no trusted root: add the root it is from"
            }
            Self::WrongName => "the server's certificate is for another name: check the host",
            Self::Expired => {
                "the server's certificate is not valid at this time: check both clocks"
            }
            Self::BadCertificate => "the server's certificate is refused",
            Self::ClientCertificate => "the server asks for a client certificate, or refused ours",
            Self::NothingInCommon => {
                "the server has neither TLS 1.2 nor 1.3 with a cipher suite that is accepted"
            }
            Self::NotTls => "the server does not speak TLS: check the port",
            Self::Protocol => "the server broke the TLS protocol",
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RootCertificate => "a root certificate is not a PEM certificate",
            Self::SystemRoots => {
                "the system has no root certificates: install them, or give your own"
            }
            Self::ClientCertificate => {
                "the client's certificate chain is not PEM with certificates"
            }
            Self::ClientKey => {
                "the client's key is not one PEM key, or does not belong to its certificate"
            }
            Self::Proxy => "the proxy's URI is not an http or https one with a host",
            Self::Transport => "the HTTP library refused the configuration",
            Self::Thread => "the blocking client's thread could not be started",
        })
    }
}

impl fmt::Display for TokenProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "the request for it took too long",
            Self::ExpiredOnArrival => "the token had expired when it came: compare the clocks",
            Self::Panicked => "the request for it panicked",
            Self::Abandoned => "the runtime that the request ran on ended",
        })
    }
}
