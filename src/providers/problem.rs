//! What can be wrong with a connection, TLS, a setting or a token of an HTTP client such as `bankezy-client`: for
//! each problem its code and its text.

use core::fmt;
use std::ffi::OsStr;
use std::io;
use std::net::IpAddr;

use crate::delivery::Delivery;
use crate::error::ErrorCategory;

/// Defines an enum of problems. Each variant has its code and its text beside it.
macro_rules! problems {
    ($(
        $(#[$doc:meta])*
        $problem:ident {
            $($(#[$variant_doc:meta])* $variant:ident => $code:literal, $text:literal;)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $problem {
            $($(#[$variant_doc])* $variant,)*
        }

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
    /// How a connection failed. Nothing was sent over it.
    ConnectProblem {
        /// The host's name could not be resolved.
        Dns => "connect.dns", "the server's name could not be resolved";
        /// No process listens on that port, or a firewall refuses the connection.
        Refused => "connect.refused", "the server refused the connection";
        /// No route leads to the address.
        Unreachable => "connect.unreachable", "no route leads to the server";
        /// The connect timeout passed.
        TimedOut => "connect.timed_out", "connecting took longer than the connect timeout";
        /// The process, or the system, has no file descriptor left for a socket.
        NoFileDescriptor => "connect.no_file_descriptor", "no file descriptor is left for a connection";
        /// The proxy asks for a name and password, or refuses those given (status 407).
        ProxyAuthentication => "connect.proxy_authentication", "the proxy refused with status 407, it requires a name and password";
        /// The proxy answered with a status other than 200 and 407, such as 403, 502 or 503, or not in HTTP. Which one
        /// it was, the HTTP library does not say.
        ProxyRefused => "connect.proxy_refused", "the proxy refused to connect to the server, by 403, 502, 503 or another status";
        /// Any other failure, such as a connection lost during the handshake.
        Other => "connect.failed", "the connection failed before it was usable";
    }

    /// What is wrong with TLS.
    TlsProblem {
        /// The server's certificate does not lead to a trusted root.
        UntrustedCertificate => "tls.untrusted_certificate", "the server's certificate is not from a trusted root: add its root";
        /// The server's certificate is for another name.
        WrongName => "tls.wrong_name", "the server's certificate is for another name: check the host";
        /// The server's certificate is not valid at this time.
        Expired => "tls.expired", "the server's certificate is not valid at this time: check both clocks";
        /// The server's certificate has no subject alternative name, and a common name does not count
        /// (RFC 9525 section 2).
        NoName => "tls.no_name", "the server's certificate has no subjectAltName: issue one with the host as DNS name";
        /// The server's certificate is one of an authority (CA:TRUE), such as a self-signed one that is used as it is.
        CaCertificate => "tls.ca_certificate", "the server's certificate is that of an authority (CA:TRUE): issue one with CA:FALSE";
        /// The server's certificate is an X.509 certificate of version 1 or 2.
        OldCertificate => "tls.old_certificate", "the server's certificate is not an X.509 certificate of version 3";
        /// The server's certificate is refused for another reason.
        BadCertificate => "tls.bad_certificate", "the server's certificate is refused";
        /// The server requires a client certificate, and none is configured.
        ClientCertificateRequired => "tls.client_certificate_required", "the server requires a client certificate, and none is configured";
        /// The server refused the client's certificate.
        ClientCertificateRefused => "tls.client_certificate_refused", "the server refused the client certificate";
        /// The server refused the handshake without a reason, and no client certificate is configured.
        HandshakeRefused => "tls.handshake_refused", "the server refused the handshake: it probably requires a client certificate, or has no cipher suite in common";
        /// No version or cipher suite in common: the server has no TLS 1.2 or 1.3.
        NothingInCommon => "tls.nothing_in_common", "the server has neither TLS 1.2 nor 1.3 with a cipher suite that is accepted";
        /// The server does not offer HTTP/1.1, only other protocols, such as HTTP/2 (ALPN, RFC 7301).
        NoHttp1 => "tls.no_http1", "the server does not offer HTTP/1.1 on this port";
        /// The server does not speak TLS.
        NotTls => "tls.not_tls", "the server does not speak TLS: check the port";
        /// Any other violation of the TLS protocol.
        Protocol => "tls.protocol", "the server broke the TLS protocol";
    }

    /// A setting of the HTTP client.
    Setting {
        /// A root certificate is not a PEM certificate.
        RootCertificate => "config.root_certificate", "a root certificate is not a PEM certificate";
        /// The system has no root certificates.
        SystemRoots => "config.system_roots", "the system has no root certificates: install them, or give your own";
        /// The client's certificate chain is not PEM, or empty.
        ClientCertificate => "config.client_certificate", "the client's certificate chain is not PEM with certificates";
        /// The client's key is not exactly one PEM key of a known kind, or does not belong to the certificate.
        ClientKey => "config.client_key", "the client's key is not one PEM key, or does not belong to its certificate";
        /// The proxy's URI is not an `http` or `https` one with a host.
        Proxy => "config.proxy", "the proxy's URI is not an http or https one with a host";
        /// The proxy's URI has a path, query or fragment, which a tunnel has no use for, or port 0.
        ProxyParts => "config.proxy_parts", "the proxy's URI has a path, query or fragment, or port 0: give only scheme, host and port, and name and password if needed";
        /// An entry of `NO_PROXY` has no effect: it is no domain, IP address, network or `*`, or not in UTF-8.
        NoProxy => "config.no_proxy", "an entry of NO_PROXY has no effect: separate domains without ports, IP addresses, networks and * by commas";
        /// A client certificate is set, and an `https` proxy, which would be shown it.
        ProxyIdentity => "config.proxy_identity", "the client certificate would be shown to the https proxy: use an http proxy";
        /// The HTTP library refused the configuration.
        Transport => "config.transport", "the HTTP library refused the configuration";
        /// The blocking client's thread could not be started.
        Thread => "config.thread", "the blocking client's thread could not be started";
    }

    /// Why a request for a token, a login or a renewal returned no token although none of its calls failed.
    TokenProblem {
        /// It took longer than its deadline.
        TimedOut => "token.timed_out", "the request for a token took too long";
        /// The token had already expired when it arrived, by our clock and by the `Date` of the answer, if it had one that
        /// can be believed: the clocks disagree, see [`Token::expires_by`](super::Token::expires_by).
        ExpiredOnArrival => "token.expired_on_arrival", "the token had expired when it arrived: compare this machine's clock with the provider's, and with the Date of its answer";
        /// The closure that logs in, the `TokenApi`, the store or
        /// the clock panicked.
        Panicked => "token.panicked", "the request for a token panicked";
        /// So many requests for tokens are in progress that no further one starts. Nothing was sent.
        TooMany => "token.too_many", "too many requests for tokens are in progress";
        /// The runtime that it ran on has shut down.
        Abandoned => "token.abandoned", "the runtime that the request ran on ended";
    }
}

impl Setting {
    /// The text of a `NO_PROXY`, if every entry of it can have an effect.
    ///
    /// # Errors
    /// [`Self::NoProxy`].
    pub fn check_no_proxy(list: &OsStr) -> Result<&str, Self> {
        let has_effect = |entry: &str| {
            let (ip, bits) = entry.split_once('/').unwrap_or((entry, "0"));
            let is_network = ip.parse().is_ok_and(|ip: IpAddr| {
                let max = if ip.is_ipv4() { 32 } else { 128 };
                bits.parse().is_ok_and(|bits: u8| bits <= max)
            });
            let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            entry == "*" || is_network || entry.chars().all(is_name)
        };
        let is_valid = |list: &&str| list.split(',').map(str::trim).all(has_effect);
        list.to_str().filter(is_valid).ok_or(Self::NoProxy)
    }
}

/// Too many open files, in the process or in the system.
const NO_FILE_DESCRIPTOR: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };

impl ConnectProblem {
    /// What an error of the operating system means, if it says so.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        let code = error.raw_os_error();
        match error.kind() {
            _ if code.is_some_and(|code| NO_FILE_DESCRIPTOR.contains(&code)) => {
                Some(Self::NoFileDescriptor)
            }
            io::ErrorKind::ConnectionRefused => Some(Self::Refused),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Some(Self::Unreachable),
            _ => None,
        }
    }

    /// Whether a later connection may succeed without any change.
    #[must_use]
    pub fn can_pass(self) -> bool {
        // A proxy's 403 covers all of its other refusals: which status it was is not known.
        !matches!(self, Self::ProxyAuthentication | Self::ProxyRefused)
    }
}

impl TlsProblem {
    /// Whether a later handshake may succeed without any change: a proxy may have answered, or a server that is
    /// starting. A certificate stays what it is.
    #[must_use]
    pub fn can_pass(self) -> bool {
        use TlsProblem::{HandshakeRefused, NotTls, NothingInCommon, Protocol};
        [HandshakeRefused, NotTls, NothingInCommon, Protocol].contains(&self)
    }
}

impl TokenProblem {
    /// Whether a later request may succeed without any change.
    #[must_use]
    pub fn can_pass(self) -> bool {
        !matches!(self, Self::ExpiredOnArrival | Self::Panicked)
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(self) -> ErrorCategory {
        match self {
            Self::TimedOut | Self::TooMany => ErrorCategory::Transport,
            Self::ExpiredOnArrival => ErrorCategory::Provider,
            Self::Panicked | Self::Abandoned => ErrorCategory::Misuse,
        }
    }

    /// Whether the server may have received a request.
    #[must_use]
    pub fn delivery(self) -> Delivery {
        match self {
            Self::TooMany => Delivery::NotSent,
            _ => Delivery::PossiblySent,
        }
    }
}
