//! A process's certificate for mutual TLS with the store, and its key.

use core::fmt;
use std::sync::Arc;

use bankezy_crypto::{Error, KeyProblem, SecretBytes, SecretText};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::ClientTlsConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// A client's certificate chain and its key, both as PEM.
pub(crate) struct Identity {
    /// May hold the key too.
    pub(crate) chain: SecretText,
    pub(crate) key: SecretText,
}

/// Why a client certificate or its key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityProblem {
    /// There is no certificate in PEM, or the first is not of X.509 version 3.
    Certificate,
    /// The key is that of another certificate of the chain, which has to begin with its own.
    Order,
    /// There is no private key in PEM.
    Key,
    /// TLS has no use for such a key.
    KeyKind,
    /// The key is encrypted with a password.
    EncryptedKey,
    /// The key is not that of the certificate.
    OtherKey,
}

impl IdentityProblem {
    /// A stable identifier, such as `fleet.client_key`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Certificate => "fleet.client_certificate",
            Self::Order => "fleet.client_certificate_order",
            Self::Key => "fleet.client_key",
            Self::KeyKind => "fleet.client_key_kind",
            Self::EncryptedKey => "fleet.client_key_encrypted",
            Self::OtherKey => "fleet.client_key_other",
        }
    }

    fn of_key(error: &Error) -> Self {
        match error {
            Error::Key {
                problem: KeyProblem::Encrypted | KeyProblem::OldPemEncryption,
                ..
            } => Self::EncryptedKey,
            _ => Self::Key,
        }
    }
}

impl fmt::Display for IdentityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => {
                "the client certificate for the store cannot be used; expected PEM, a certificate of X.509 version 3 \
                 before its intermediates"
            }
            Self::Order => {
                "the key belongs to a later certificate of the chain for the store; expected the client's own certificate \
                 first, then its intermediates"
            }
            Self::KeyKind => {
                "TLS cannot use the key of the client certificate for the store; expected RSA of 2048 to 8192 bits, EC on \
                 P-256, P-384 or P-521, or Ed25519"
            }
            Self::Key => {
                "the key of the client certificate for the store cannot be used; expected a private key as PEM"
            }
            Self::EncryptedKey => {
                "the key of the client certificate for the store is encrypted; expected one without a password"
            }
            Self::OtherKey => "the key does not belong to the client certificate for the store",
        })
    }
}

pub(crate) fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty())
}

impl Identity {
    /// Looked at here, since `redis` would only tell when it connects that a key is another certificate's.
    pub(crate) fn for_redis(&self) -> Result<ClientTlsConfig, IdentityProblem> {
        let (chain, key) = (self.chain.as_str(), self.key.as_str());
        let chain_der = certificates(chain.as_bytes()).ok_or(IdentityProblem::Certificate)?;
        let (_, der) = SecretBytes::from_pem(key).map_err(|it| IdentityProblem::of_key(&it))?;
        let private = PrivateKeyDer::try_from(der.as_bytes()).map_err(|_| IdentityProblem::Key)?;
        let signing = aws_lc_rs::sign::any_supported_type(&private);
        let signing = signing.map_err(|_| IdentityProblem::KeyKind)?;
        let mut matches = chain_der.into_iter().map(|certificate| {
            CertifiedKey::new(vec![certificate], Arc::clone(&signing)).keys_match()
        });
        match matches.next() {
            None => return Err(IdentityProblem::Certificate),
            Some(Ok(())) => {}
            Some(Err(_)) if matches.any(|it| it.is_ok()) => return Err(IdentityProblem::Order),
            Some(Err(rustls::Error::InvalidCertificate(_))) => {
                return Err(IdentityProblem::Certificate);
            }
            Some(Err(_)) => return Err(IdentityProblem::OtherKey),
        }
        Ok(ClientTlsConfig {
            client_cert: chain.into(),
            client_key: pem(&private).as_str().into(),
        })
    }
}

/// As `redis` reads it: with the label of its form, and without the `\n` and spaces of environment variables and YAML.
fn pem(key: &PrivateKeyDer<'_>) -> SecretText {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let body = SecretText::from(STANDARD.encode(key.secret_der()));
    format!(
        "-----BEGIN {0}-----\n{1}\n-----END {0}-----\n",
        label,
        body.as_str()
    )
    .into()
}
