//! What is wrong with a connection, TLS, a setting or a token: for each its code and its text.

use core::fmt;

use bankezy_crypto::ErrorCategory;

/// How a connection failed. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectProblem {
    /// The host's name could not be resolved.
    Dns,
    /// No process listens on that port, or a firewall refuses the connection.
    Refused,
    /// No route leads to the address.
    Unreachable,
    /// The connect timeout passed.
    TimedOut,
    /// The process, or the system, has no file descriptor left for a socket.
    NoFileDescriptor,
    /// The proxy asks for a name and password, or refuses those given (status 407).
    ProxyAuthentication,
    /// The proxy answered with a status other than 200 and 407, or not in HTTP.
    ProxyRefused,
    /// Lost during the handshake, and the like.
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
    /// The server requires a client certificate, and none is configured.
    ClientCertificateRequired,
    /// The server refused the client's certificate.
    ClientCertificateRefused,
    /// No version or cipher suite in common: the server has no TLS 1.2 or 1.3.
    NothingInCommon,
    /// The server does not offer HTTP/1.1, only other protocols, such as HTTP/2 (ALPN, RFC 7301).
    NoHttp1,
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
    /// Whose fault it is.
    pub(super) fn category(self) -> ErrorCategory {
        match self {
            Self::TimedOut => ErrorCategory::Transport,
            Self::ExpiredOnArrival => ErrorCategory::Provider,
            Self::Panicked | Self::Abandoned => ErrorCategory::Misuse,
        }
    }
}

macro_rules! problems {
    ($($problem:ident { $($variant:ident => $code:literal, $text:literal;)* })*) => {$(
        impl $problem {
            /// The code of an error with this problem.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Every problem of this kind.
            #[must_use]
            pub fn all() -> Vec<Self> {
                vec![$(Self::$variant),*]
            }
        }

        impl fmt::Display for $problem {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }
    )*};
}

problems! {
    ConnectProblem {
        Dns => "connect.dns", "the server's name could not be resolved; nothing was sent";
        Refused => "connect.refused", "the server refused the connection; nothing was sent";
        Unreachable => "connect.unreachable", "no route leads to the server; nothing was sent";
        TimedOut => "connect.timed_out", "connecting took longer than the connect timeout; nothing was sent";
        NoFileDescriptor => "connect.no_file_descriptor", "no file descriptor is left for a connection; nothing was sent";
        ProxyAuthentication => "connect.proxy_authentication", "the proxy refused with status 407, it requires a name and password; nothing was sent";
        ProxyRefused => "connect.proxy_refused", "the proxy refused to connect to the server; nothing was sent";
        Other => "connect.failed", "the connection failed before it was usable; nothing was sent";
    }

    TlsProblem {
        UntrustedCertificate => "tls.untrusted_certificate", "the server's certificate is from no trusted root: add the root it is from";
        WrongName => "tls.wrong_name", "the server's certificate is for another name: check the host";
        Expired => "tls.expired", "the server's certificate is not valid at this time: check both clocks";
        BadCertificate => "tls.bad_certificate", "the server's certificate is refused";
        ClientCertificateRequired => "tls.client_certificate_required", "the server requires a client certificate, and none is configured";
        ClientCertificateRefused => "tls.client_certificate_refused", "the server refused the client certificate";
        NothingInCommon => "tls.nothing_in_common", "the server has neither TLS 1.2 nor 1.3 with a cipher suite that is accepted";
        NoHttp1 => "tls.no_http1", "the server does not offer HTTP/1.1 on this port";
        NotTls => "tls.not_tls", "the server does not speak TLS: check the port";
        Protocol => "tls.protocol", "the server broke the TLS protocol";
    }

    Setting {
        RootCertificate => "config.root_certificate", "a root certificate is not a PEM certificate";
        SystemRoots => "config.system_roots", "the system has no root certificates: install them, or give your own";
        ClientCertificate => "config.client_certificate", "the client's certificate chain is not PEM with certificates";
        ClientKey => "config.client_key", "the client's key is not one PEM key, or does not belong to its certificate";
        Proxy => "config.proxy", "the proxy's URI is not an http or https one with a host";
        Transport => "config.transport", "the HTTP library refused the configuration";
        Thread => "config.thread", "the blocking client's thread could not be started";
    }

    TokenProblem {
        TimedOut => "token.timed_out", "the request for it took too long";
        ExpiredOnArrival => "token.expired_on_arrival", "the token had expired when it came: compare the clocks";
        Panicked => "token.panicked", "the request for it panicked";
        Abandoned => "token.abandoned", "the runtime that the request ran on ended";
    }
}
