//! TLS 1.2 and 1.3 on aws-lc-rs, chosen here and never taken from a process-wide default.

use std::sync::Arc;

use bankezy_crypto::{SecretBytes, SecretText};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::Setting;

/// A client's certificate chain and its key, both as PEM.
pub(super) struct Identity {
    /// May hold the key too.
    pub(super) chain: SecretText,
    pub(super) key: SecretText,
}

const BEGIN: &str = "-----BEGIN ";

pub(super) fn config(
    roots: &[String],
    only_these_roots: bool,
    identity: Option<&Identity>,
) -> Result<ClientConfig, Setting> {
    // The system's verifier would refuse an invalid root only together with all others.
    let (mut extra, mut store) = (Vec::new(), RootCertStore::empty());
    for pem in roots {
        for root in certificates(pem).ok_or(Setting::RootCertificate)? {
            let added = store.add(root.clone());
            added.map_err(|_| Setting::RootCertificate)?;
            extra.push(root);
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| Setting::Transport)?;
    let builder = if only_these_roots {
        builder.with_root_certificates(store)
    } else {
        let verifier = Verifier::new_with_extra_roots(extra, provider);
        let verifier = verifier.map_err(|_| Setting::SystemRoots)?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    };
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(certified_key(identity)?)),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // It could be replayed. This is also the default.
    config.enable_early_data = false;
    Ok(config)
}

/// The certificates in a PEM text, whatever else is in it; `None` if one is invalid or there is none. Nothing else
/// is decoded: it may be a key.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let read = |block| CertificateDer::from_pem_slice(format!("{BEGIN}{block}").as_bytes()).ok();
    let blocks = pem.split(BEGIN).skip(1);
    let blocks = blocks.filter(|block| block.starts_with("CERTIFICATE-----"));
    let found: Option<Vec<_>> = blocks.map(read).collect();
    found.filter(|found| !found.is_empty())
}

/// The key is decoded into memory that wipes itself. AWS-LC then holds a copy to sign with.
fn certified_key(identity: &Identity) -> Result<SingleCertAndKey, Setting> {
    let chain = certificates(identity.chain.as_str()).ok_or(Setting::ClientCertificate)?;
    let (_, der) = SecretBytes::from_pem(identity.key.as_str()).map_err(|_| Setting::ClientKey)?;
    let key = PrivateKeyDer::try_from(der.as_bytes()).map_err(|_| Setting::ClientKey)?;
    let key = aws_lc_rs::sign::any_supported_type(&key).map_err(|_| Setting::ClientKey)?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|error| match error {
        rustls::Error::InvalidCertificate(_) => Setting::ClientCertificate,
        _ => Setting::ClientKey,
    })?;
    Ok(SingleCertAndKey::from(certified))
}
