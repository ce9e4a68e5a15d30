//! Certificates that a server should not have, each with its reason; and ours in one file with its key.

use bankezy_client::{Delivery, TlsProblem};
use bankezy_crypto::SecretText;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, server::ResolvesServerCert};
use std::sync::Arc;

use crate::server::Server;
use crate::tls::{Setup, answering, ca, fetch, issue, refused, serve, trusting};

/// A key and a certificate of version 1, which has no extensions: `openssl x509 -req -signkey`.
const VERSION_1: &str = include_str!("../data/version-1.pem");

/// A server that shows this certificate, whatever is wrong with it.
fn showing(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Server {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certified = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(certified);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    serve(config)
}

#[tokio::test]
async fn a_certificate_that_no_server_should_have_is_refused_with_its_reason() {
    let ca = ca("ours");
    let key = KeyPair::generate().unwrap();
    let der = || PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let params = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        CertificateParams::new(names).unwrap()
    };
    let signed = |params: CertificateParams| params.signed_by(&key, &ca).unwrap().into();
    let mut authority = params(&["localhost"]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);

    for (server, expected) in [
        (showing(signed(params(&[])), der()), TlsProblem::NoName),
        (showing(signed(authority), der()), TlsProblem::CaCertificate),
        (
            showing(
                CertificateDer::from_pem_slice(VERSION_1.as_bytes()).unwrap(),
                PrivateKeyDer::from_pem_slice(VERSION_1.as_bytes()).unwrap(),
            ),
            TlsProblem::OldCertificate,
        ),
    ] {
        let refused = refused(trusting(&ca), &server).await;
        assert_eq!(refused, (expected, Delivery::NotSent));
    }
}

/// TLS 1.2 has no alert that says that a certificate is missing.
#[tokio::test]
async fn a_handshake_that_is_refused_without_a_reason_may_want_a_certificate() {
    const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
    let ca = ca("ours");
    let (server, _) = answering(HANDSHAKE_FAILURE.to_vec());
    let expected = (TlsProblem::HandshakeRefused, Delivery::NotSent);
    assert_eq!(refused(trusting(&ca), &server).await, expected);
    assert!(expected.0.to_string().contains("client certificate"));

    let key = KeyPair::generate().unwrap();
    let chain = issue(&ca, &["client"], &key);
    let key = SecretText::from(key.serialize_pem());
    let (server, _) = answering(HANDSHAKE_FAILURE.to_vec());
    let with_identity = trusting(&ca).client_identity_pem(&chain, key);
    let expected = (TlsProblem::NothingInCommon, Delivery::NotSent);
    assert_eq!(refused(with_identity, &server).await, expected);
}

#[tokio::test]
async fn one_text_may_have_both_the_certificate_and_its_key() {
    let (ca, clients) = (ca("ours"), ca("clients"));
    let key = KeyPair::generate().unwrap();
    let certificate = issue(&clients, &["client"], &key);
    let key = key.serialize_pem();
    for both in [
        format!("{key}{certificate}{}", clients.pem()),
        format!("{certificate}{}{key}", clients.pem()),
    ] {
        let server = Setup {
            clients: Some(&clients),
            ..Setup::new(&ca)
        }
        .start();
        let builder = trusting(&ca).client_identity_pem(&both, SecretText::from(both.clone()));
        assert_eq!(fetch(builder, &server).await.unwrap(), "over TLS");
    }
}
