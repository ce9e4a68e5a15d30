//! The client of the crate `redis` that a configuration asks for: its address and its certificates.

use bankezy_crypto::{SecretBytes, SecretText};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    TlsCertificates,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::{FleetConfig, Identity};
use crate::error::FleetError;

pub(crate) fn of(config: &FleetConfig) -> Result<Client, FleetError> {
    let info = config.url.as_str().into_connection_info();
    to(info.map_err(|_| FleetError::Url)?, config)
}

/// With the configuration's certificates.
pub(crate) fn to(info: ConnectionInfo, config: &FleetConfig) -> Result<Client, FleetError> {
    let (roots, identity) = (&config.root_certificates, &config.identity);
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        // Whoever gives certificates expects TLS.
        return match (roots, identity) {
            (None, None) => Client::open(info).map_err(|_| FleetError::Url),
            (Some(_), _) => Err(FleetError::Certificates),
            (None, Some(_)) => Err(FleetError::Identity),
        };
    }
    // `redis` takes the process's provider. If another one was installed, that stays.
    let _ = aws_lc_rs::default_provider().install_default();
    // With none at all no server would ever be accepted.
    if roots
        .as_ref()
        .is_some_and(|pem| certificates(pem).is_none())
    {
        return Err(FleetError::Certificates);
    }
    let client_tls = identity.as_deref().map(client_tls).transpose()?;
    let certificates = TlsCertificates {
        client_tls,
        root_cert: roots.clone(),
    };
    Client::build_with_tls(info, certificates).map_err(|_| FleetError::Certificates)
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty())
}

/// Looked at here, since `redis` would only tell when it connects that a key is another certificate's.
fn client_tls(Identity { chain, key }: &Identity) -> Result<ClientTlsConfig, FleetError> {
    let (chain, key) = (chain.as_str(), key.as_str());
    let certificates = certificates(chain.as_bytes()).ok_or(FleetError::Identity)?;
    let (_, der) = SecretBytes::from_pem(key).map_err(|_| FleetError::Identity)?;
    let private = PrivateKeyDer::try_from(der.as_bytes()).map_err(|_| FleetError::Identity)?;
    let signing =
        aws_lc_rs::sign::any_supported_type(&private).map_err(|_| FleetError::Identity)?;
    let certified = CertifiedKey::new(certificates, signing);
    certified.keys_match().map_err(|_| FleetError::Identity)?;
    Ok(ClientTlsConfig {
        client_cert: chain.into(),
        client_key: pem(&private).as_str().into(),
    })
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
