//! What went wrong, from the errors of the libraries underneath, of whose texts nothing is kept.

use core::error::Error;
use core::iter;
use std::io;

use rustls::{AlertDescription, CertificateError};

use bankezy_crypto::Delivery;

use crate::{ClientError, ClientErrorKind, ConnectProblem, TlsProblem};

/// `has_identity`: whether a client certificate is configured.
pub(super) fn classify(
    error: &(dyn Error + 'static),
    has_identity: bool,
    delivery: Delivery,
) -> ClientError {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else {
        return ClientError::new(ClientErrorKind::Interrupted, delivery);
    };
    let tls = cause(error).and_then(|error| tls_problem(error, has_identity));
    if let Some(problem) = tls {
        return ClientError::new(ClientErrorKind::Tls(problem), delivery);
    }
    if cause(error).is_some_and(hyper::Error::is_parse) {
        return ClientError::new(ClientErrorKind::NotHttp1, delivery);
    }
    if error.is_timeout() && !error.is_connect() {
        return ClientError::new(ClientErrorKind::Timeout, delivery);
    }
    // Once the request is on its way, whatever looks like a failed connection is an interruption.
    if !error.is_connect() || delivery == Delivery::PossiblySent {
        return ClientError::new(ClientErrorKind::Interrupted, delivery);
    }
    ClientError::from(if error.is_timeout() {
        ConnectProblem::TimedOut
    } else {
        let known = causes(error).find_map(connect_problem);
        known.unwrap_or(if error.is_dns() {
            ConnectProblem::Dns
        } else {
            ConnectProblem::Other
        })
    })
}

/// Too many open files, in the process or in the system.
const NO_FILE_DESCRIPTOR: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };

fn connect_problem(cause: &(dyn Error + 'static)) -> Option<ConnectProblem> {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        let code = error.raw_os_error();
        return match error.kind() {
            _ if code.is_some_and(|code| NO_FILE_DESCRIPTOR.contains(&code)) => {
                Some(ConnectProblem::NoFileDescriptor)
            }
            io::ErrorKind::ConnectionRefused => Some(ConnectProblem::Refused),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Some(ConnectProblem::Unreachable),
            _ => None,
        };
    }
    // The error of hyper-util's tunnel cannot be named: its fixed texts alone tell what happened.
    match cause.to_string().as_str() {
        "tunnel error: proxy authorization required" => Some(ConnectProblem::ProxyAuthentication),
        "tunnel error: unsuccessful" => Some(ConnectProblem::ProxyRefused),
        _ => None,
    }
}

/// `None` where the same handshake may succeed the next time.
fn tls_problem(error: &rustls::Error, has_identity: bool) -> Option<TlsProblem> {
    Some(match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => TlsProblem::UntrustedCertificate,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsProblem::Expired,
            _ => TlsProblem::BadCertificate,
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CloseNotify
            | AlertDescription::InternalError
            | AlertDescription::UserCanceled => return None,
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
            | AlertDescription::NoCertificate
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

/// An error and what is beneath it. `io::Error` leaves out of its sources the error that it wraps.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        match error.downcast_ref().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
