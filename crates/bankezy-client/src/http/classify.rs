//! Classifies the errors of the libraries underneath. None of their text is kept.

use core::error::Error;

use rustls::{AlertDescription, CertificateError};

use bankezy_crypto::Delivery;
use bankezy_crypto::providers::causes;

use crate::{ClientError, ClientErrorKind, ConnectProblem, TlsProblem};

/// `has_identity`: whether a client certificate is configured.
pub(super) fn classify(
    error: &reqwest::Error,
    has_identity: bool,
    delivery: Delivery,
) -> ClientError {
    let kind = if let Some(problem) = tls_problem(error, has_identity) {
        ClientErrorKind::Tls(problem)
    } else if let Some(error) = cause(error).filter(|error| hyper::Error::is_parse(error)) {
        // The variants are private, but each has its text.
        if error.to_string().contains("version") {
            ClientErrorKind::NotHttp1
        } else {
            ClientErrorKind::UnreadableHead
        }
    } else if !error.is_connect() || delivery == Delivery::PossiblySent {
        // Once the request is on its way, whatever looks like a failed connection is an interruption.
        ClientErrorKind::Interrupted
    } else {
        ClientErrorKind::Connect(match causes(error).find_map(connect_problem) {
            _ if error.is_timeout() => ConnectProblem::TimedOut,
            Some(problem) => problem,
            None if error.is_dns() => ConnectProblem::Dns,
            None => ConnectProblem::Other,
        })
    };
    ClientError::new(kind, delivery)
}

fn connect_problem(cause: &(dyn Error + 'static)) -> Option<ConnectProblem> {
    if let Some(error) = cause.downcast_ref() {
        return ConnectProblem::of(error);
    }
    match cause.to_string().as_str() {
        "tunnel error: proxy authorization required" => Some(ConnectProblem::ProxyAuthentication),
        "tunnel error: unsuccessful" => Some(ConnectProblem::ProxyRefused),
        _ => None,
    }
}

/// What the error of rustls among the causes of a failure says of the handshake, for a connection with or without a
/// client certificate. `None` if there is no such error, or if the same handshake may succeed the next time.
#[must_use]
pub fn tls_problem(error: &(dyn Error + 'static), has_identity: bool) -> Option<TlsProblem> {
    Some(match cause::<rustls::Error>(error)? {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => TlsProblem::UntrustedCertificate,
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                TlsProblem::NoName
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsProblem::Expired,
            // The type underneath is not this crate's to name, but its text is that of the variant.
            CertificateError::Other(other) => match other.0.to_string().as_str() {
                "CaUsedAsEndEntity" => TlsProblem::CaCertificate,
                "UnsupportedCertVersion" => TlsProblem::OldCertificate,
                _ => TlsProblem::BadCertificate,
            },
            _ => TlsProblem::BadCertificate,
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CloseNotify
            | AlertDescription::InternalError
            | AlertDescription::UserCanceled => return None,
            // What a server of TLS 1.2 answers that misses our certificate.
            AlertDescription::HandshakeFailure if !has_identity => TlsProblem::HandshakeRefused,
            AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity
            | AlertDescription::HandshakeFailure => TlsProblem::NothingInCommon,
            AlertDescription::AccessDenied
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate => {
                if has_identity {
                    TlsProblem::ClientCertificateRefused
                } else {
                    TlsProblem::ClientCertificateRequired
                }
            }
            AlertDescription::NoApplicationProtocol => TlsProblem::NoHttp1,
            _ => TlsProblem::Protocol,
        },
        rustls::Error::PeerIncompatible(_) => TlsProblem::NothingInCommon,
        rustls::Error::InvalidMessage(_) => TlsProblem::NotTls,
        _ => TlsProblem::Protocol,
    })
}

fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}
