//! TLS with the certificates made at the start.

use std::sync::Arc;

use bankezy_sandbox::Sandbox;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::{Answer, exchange, request};
use crate::partner::*;

type Identity = (String, bankezy_crypto::SecretText);

/// Sends a Get Token request over TLS; an error where the handshake or what follows fails.
async fn get_token(
    sandbox: &Sandbox,
    ca_pem: &str,
    name: &str,
    version: &'static SupportedProtocolVersion,
    identity: Option<&Identity>,
) -> std::io::Result<(Answer, ProtocolVersion)> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_str().as_bytes()).unwrap();
            config
                .with_client_auth_cert(vec![certificate], key)
                .unwrap()
        }
    };
    let own = key_pair(Kind::P256);
    let sealed = static_channel(sandbox).seal(&token_body(sandbox, &own).to_string());
    let headers = [
        ("X-API-KEY", sandbox.credentials().api_key()),
        ("Content-Type", "text/plain"),
    ];
    let request = request("POST", GET_TOKEN[0], &headers, sealed.as_bytes());
    let stream = TcpStream::connect(sandbox.address()).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let version = stream.get_ref().1.protocol_version().unwrap();
    let answer = exchange(stream, &request).await?;
    Ok((answer.ok_or(std::io::ErrorKind::UnexpectedEof)?, version))
}

fn opened(sandbox: &Sandbox, answer: &Answer) {
    assert_eq!(static_channel(sandbox).open(answer)["resCode"], 100);
}

#[tokio::test]
async fn both_versions_and_all_names_of_the_loopback_are_served() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    let ca = sandbox.ca_pem().unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        for version in [&TLS12, &TLS13] {
            let (answer, spoken) = get_token(&sandbox, ca, name, version, None).await.unwrap();
            assert_eq!(spoken, version.version);
            opened(&sandbox, &answer);
        }
    }
    assert!(
        get_token(&sandbox, ca, "example.com", &TLS13, None)
            .await
            .is_err()
    );
    let stranger = Sandbox::builder().tls(true).start().await.unwrap();
    let other = stranger.ca_pem().unwrap();
    assert!(
        get_token(&sandbox, other, "localhost", &TLS13, None)
            .await
            .is_err()
    );
    assert_eq!(sandbox.executed().total(), 6);
}

#[tokio::test]
async fn clear_text_gets_no_answer_from_a_tls_port() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    assert!(post(&sandbox, ECHO, &[], "").await.is_none());
    assert_eq!(Sandbox::start().await.unwrap().ca_pem(), None);
}

#[tokio::test]
async fn client_certificates_are_asked_for_and_checked() {
    let elsewhere = Sandbox::builder().tls(true).start().await.unwrap();
    let of_elsewhere = elsewhere.issue_client_identity().unwrap();
    for trusts_elsewhere in [false, true] {
        let builder = Sandbox::builder().tls(true);
        let builder = match trusts_elsewhere {
            true => builder.client_ca_pem(elsewhere.ca_pem().unwrap()),
            false => builder.require_client_certificate(true),
        };
        let sandbox = builder.start().await.unwrap();
        let ca = sandbox.ca_pem().unwrap();
        let own = sandbox.issue_client_identity().unwrap();
        for version in [&TLS12, &TLS13] {
            let call = |identity| get_token(&sandbox, ca, "localhost", version, identity);
            opened(&sandbox, &call(Some(&own)).await.unwrap().0);
            assert!(call(None).await.is_err());
            let foreign = call(Some(&of_elsewhere)).await;
            assert_eq!(foreign.is_ok(), trusts_elsewhere);
        }
        let served = if trusts_elsewhere { 4 } else { 2 };
        assert_eq!(sandbox.executed().total(), served);
    }
}
