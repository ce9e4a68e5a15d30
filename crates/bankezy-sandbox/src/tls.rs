//! An authority of the emulator's own, and the certificates that it signs.

use core::time::Duration;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bankezy_crypto::SecretText;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use super::error::SandboxError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate authority that lives as long as the emulator.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn generate() -> Result<Self, SandboxError> {
        let failed = |_| failure("a certificate authority");
        let mut params = params("BankEzy sandbox authority", Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(failed)?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(failed)?;
        Ok(Self {
            pem: issuer.pem(),
            issuer,
        })
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// TLS 1.2 and 1.3 for a server at the loopback addresses and the one given.
    pub(super) fn acceptor(
        &self,
        listen: IpAddr,
        client_certificates: bool,
        client_ca_pem: Option<&str>,
    ) -> Result<TlsAcceptor, SandboxError> {
        let mut names = ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec();
        if !listen.is_unspecified() && !listen.is_loopback() {
            names.push(listen.to_string());
        }
        let (certificate, key) =
            self.issue("localhost", names, ExtendedKeyUsagePurpose::ServerAuth)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let failed = |_| failure("the TLS settings");
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        let config = if client_certificates {
            let roots = Arc::new(self.client_roots(client_ca_pem)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|_| failure("the verifier of client certificates"))?;
            config.with_client_cert_verifier(verifier)
        } else {
            config.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = config
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// A client certificate and its private key, as PEM.
    pub(super) fn issue_client(&self) -> Result<(String, SecretText), SandboxError> {
        let (certificate, key) = self.issue(
            "BankEzy sandbox client",
            Vec::new(),
            ExtendedKeyUsagePurpose::ClientAuth,
        )?;
        Ok((certificate.pem(), key.serialize_pem().into()))
    }

    fn issue(
        &self,
        name: &str,
        alternative_names: Vec<String>,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<(rcgen::Certificate, KeyPair), SandboxError> {
        let failed = |_| failure("a certificate");
        let mut params = params(name, alternative_names)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        // Some verifiers insist on it (RFC 5280 section 4.2.1.1).
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok((certificate, key))
    }

    fn client_roots(&self, pem: Option<&str>) -> Result<RootCertStore, SandboxError> {
        const REFUSED: SandboxError = SandboxError::Config {
            problem: "the authorities of client certificates are not certificates in PEM",
        };
        let mut roots = RootCertStore::empty();
        roots
            .add(self.issuer.der().clone())
            .map_err(|_| failure("the verifier of client certificates"))?;
        if let Some(pem) = pem {
            let mut found = 0;
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|_| REFUSED)?;
                roots.add(certificate).map_err(|_| REFUSED)?;
                found += 1;
            }
            if found == 0 {
                return Err(REFUSED);
            }
        }
        Ok(roots)
    }
}

/// Valid from yesterday for 30 days: clocks differ, and some clients refuse long-lived ones.
fn params(name: &str, alternative_names: Vec<String>) -> Result<CertificateParams, SandboxError> {
    let mut params =
        CertificateParams::new(alternative_names).map_err(|_| failure("a certificate"))?;
    params.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| failure("a certificate at a time before 1970"))?;
    params.not_before = date_time_ymd(1970, 1, 1) + now.saturating_sub(DAY);
    params.not_after = date_time_ymd(1970, 1, 1) + now + 30 * DAY;
    Ok(params)
}

fn failure(operation: &'static str) -> SandboxError {
    SandboxError::Tls { operation }
}
