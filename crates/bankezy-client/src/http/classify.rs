//! What went wrong, from the errors of the libraries underneath, of whose texts nothing is kept.

use core::error::Error;
use core::iter;
use std::io;

use rustls::{AlertDescription, CertificateError};

use bankezy_crypto::Delivery;

use crate::{ClientError, ConnectProblem, TlsProblem};

pub(super) fn classify(error: &(dyn Error + 'static), delivery: Delivery) -> ClientError {
    let Some(error) = error.downcast_ref::<reqwest::Error>() else {
        return ClientError::Interrupted { delivery };
    };
    if let Some(problem) = cause::<rustls::Error>(error).and_then(tls_problem) {
        return ClientError::Tls { problem, delivery };
    }
    if error.is_timeout() && !error.is_connect() {
        return ClientError::Timeout { delivery };
    }
    // Once the request is on its way, whatever looks like a failed connection is an interruption.
    if !error.is_connect() || delivery == Delivery::PossiblySent {
        return ClientError::Interrupted { delivery };
    }
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    ClientError::Connect {
        problem: if error.is_timeout() {
            ConnectProblem::TimedOut
        } else if error.is_dns() {
            ConnectProblem::Dns
        } else if causes(error).any(|cause| cause.downcast_ref().is_some_and(refused)) {
            ConnectProblem::Refused
        } else {
            ConnectProblem::Other
        },
    }
}

/// `None` where the same handshake may succeed the next time.
fn tls_problem(error: &rustls::Error) -> Option<TlsProblem> {
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
            | AlertDescription::UnsupportedCertificate => TlsProblem::ClientCertificate,
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
