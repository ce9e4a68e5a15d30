//! TLS: who is trusted, who we are to a bank, and what is too old.

use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{
    Client, ClientBuilder, ClientError, ClientErrorKind, ConnectProblem, Delivery, RetryPolicy,
    Setting, TlsProblem,
};
use bankezy_crypto::SecretText;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::server::{Reply, Server};
use crate::{post, text};

pub(crate) type Ca = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate's PEM for these names and this key.
pub(crate) fn issue(ca: &Ca, names: &[&str], key: &KeyPair) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let params = CertificateParams::new(names).unwrap();
    params.signed_by(key, ca).unwrap().pem()
}

pub(crate) struct Setup<'a> {
    pub(crate) ca: &'a Ca,
    pub(crate) names: &'a [&'a str],
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) clients: Option<&'a Ca>,
    pub(crate) expired: bool,
    pub(crate) alpn: &'a [&'a [u8]],
}

impl<'a> Setup<'a> {
    pub(crate) fn new(ca: &'a Ca) -> Self {
        Self {
            ca,
            names: &["localhost"],
            versions: rustls::ALL_VERSIONS,
            clients: None,
            expired: false,
            alpn: &[],
        }
    }

    pub(crate) fn start(self) -> Server {
        serve(self.config())
    }

    pub(crate) fn config(self) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = self.names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if self.expired {
            params.not_after = date_time_ymd(2001, 1, 1);
            params.not_before = date_time_ymd(2000, 1, 1);
        }
        let certificate = params.signed_by(&key, self.ca).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                roots
                    .add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap())
                    .unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = builder
            .with_single_cert(vec![certificate.into()], key)
            .unwrap();
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        config
    }
}

pub(crate) fn serve(config: ServerConfig) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::accepting("127.0.0.1:0", move |stream, handle| {
        let acceptor = acceptor.clone();
        async move {
            match acceptor.accept(stream).into_fallible().await {
                Ok(stream) => handle.serve(stream, |_| Reply::ok("over TLS")).await,
                // Lets the alert arrive: data that nobody reads would turn it into a reset.
                Err((_, mut stream)) => {
                    let _ = stream.shutdown().await;
                    drain(stream).await;
                }
            }
        }
    })
}

async fn drain(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

pub(crate) fn trusting(ca: &Ca) -> ClientBuilder {
    Client::builder()
        .deadline(Duration::from_secs(5))
        .retries(RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO))
        .only_these_roots(true)
        .add_root_certificate_pem(&ca.pem())
}

pub(crate) async fn fetch(builder: ClientBuilder, server: &Server) -> Result<String, ClientError> {
    let client = builder.build().unwrap();
    let url = server.https("/");
    let response = client
        .execute(|| Ok::<_, ClientError>(post(&url, "body")))
        .await?;
    Ok(text(&response).to_owned())
}

pub(crate) async fn refused(builder: ClientBuilder, server: &Server) -> (TlsProblem, Delivery) {
    let error = fetch(builder, server).await.unwrap_err();
    match *error.kind() {
        ClientErrorKind::Tls(problem) => {
            assert_eq!(error.code(), problem.code());
            // A certificate stays what it is; another handshake may pass.
            use TlsProblem::{HandshakeRefused, NotTls, NothingInCommon, Protocol};
            let can_pass = [HandshakeRefused, NotTls, NothingInCommon, Protocol].contains(&problem);
            let is_repeated = can_pass && error.delivery() == Delivery::NotSent;
            assert_eq!(error.is_retryable(), is_repeated);
            // In TLS 1.3 the alert about our certificate comes after the request was written.
            let is_said = error
                .to_string()
                .ends_with(&Delivery::PossiblySent.to_string());
            assert_eq!(
                is_said,
                error.delivery() == Delivery::PossiblySent,
                "{error}"
            );
            // No request came through.
            let attempts = if is_repeated { 3 } else { 1 };
            assert_eq!((server.connections(), server.count()), (attempts, 0));
            (problem, error.delivery())
        }
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_root_of_ones_own_is_trusted_with_tls_1_2_and_1_3() {
    let ca = ca("ours");
    for version in rustls::ALL_VERSIONS {
        let versions = &[*version];
        let server = Setup {
            versions,
            ..Setup::new(&ca)
        }
        .start();
        assert_eq!(fetch(trusting(&ca), &server).await.unwrap(), "over TLS");
        // Among several roots in one text, too.
        let several = format!("{}{}", self::ca("other").pem(), ca.pem());
        let builder = Client::builder()
            .only_these_roots(true)
            .add_root_certificate_pem(&several);
        assert_eq!(fetch(builder, &server).await.unwrap(), "over TLS");
        // And besides the system's.
        let builder = Client::builder().add_root_certificate_pem(&ca.pem());
        assert_eq!(fetch(builder, &server).await.unwrap(), "over TLS");
    }
}

#[tokio::test]
async fn an_unknown_root_is_refused() {
    let (ours, theirs) = (ca("ours"), ca("theirs"));
    for builder in [
        trusting(&ours),
        Client::builder().only_these_roots(true),
        Client::builder().add_root_certificate_pem(&ours.pem()),
    ] {
        let server = Setup::new(&theirs).start();
        let expected = (TlsProblem::UntrustedCertificate, Delivery::NotSent);
        assert_eq!(refused(builder, &server).await, expected);
    }
}

#[tokio::test]
async fn another_name_is_refused() {
    let ca = ca("ours");
    let names = &["example.com"];
    let server = Setup {
        names,
        ..Setup::new(&ca)
    }
    .start();
    let expected = (TlsProblem::WrongName, Delivery::NotSent);
    assert_eq!(refused(trusting(&ca), &server).await, expected);
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let ca = ca("ours");
    let server = Setup {
        expired: true,
        ..Setup::new(&ca)
    }
    .start();
    let expected = (TlsProblem::Expired, Delivery::NotSent);
    assert_eq!(refused(trusting(&ca), &server).await, expected);
}

#[tokio::test]
async fn mutual_tls_needs_an_identity() {
    let (ca, clients) = (ca("ours"), ca("clients"));
    let key = KeyPair::generate().unwrap();
    let chain = issue(&clients, &["client"], &key) + &clients.pem();
    for version in rustls::ALL_VERSIONS {
        let start = || {
            let (versions, clients) = (&[*version], Some(&clients));
            Setup {
                versions,
                clients,
                ..Setup::new(&ca)
            }
            .start()
        };
        let secret = SecretText::from(key.serialize_pem());
        let builder = trusting(&ca).client_identity_pem(&chain, secret);
        assert_eq!(fetch(builder, &start()).await.unwrap(), "over TLS");

        let (problem, _) = refused(trusting(&ca), &start()).await;
        assert_eq!(
            problem,
            TlsProblem::ClientCertificateRequired,
            "{version:?}"
        );

        let stranger = issue(&self::ca("strangers"), &["client"], &key);
        let secret = SecretText::from(key.serialize_pem());
        let builder = trusting(&ca).client_identity_pem(&stranger, secret);
        let (problem, _) = refused(builder, &start()).await;
        assert_eq!(problem, TlsProblem::ClientCertificateRefused, "{version:?}");
    }
}

#[tokio::test]
async fn an_identity_may_be_rsa_or_ec_in_every_form_of_pem() {
    let (ca, clients) = (ca("ours"), ca("clients"));
    for (pkcs8, same) in [
        (
            bankezy_test_support::keys::P256,
            bankezy_test_support::keys::P256_SEC1,
        ),
        (
            bankezy_test_support::keys::RSA_2048,
            bankezy_test_support::keys::RSA_2048_PKCS1,
        ),
    ] {
        let chain = issue(&clients, &["client"], &KeyPair::from_pem(pkcs8).unwrap());
        for pem in [pkcs8, same] {
            let server = Setup {
                clients: Some(&clients),
                ..Setup::new(&ca)
            }
            .start();
            let secret = SecretText::from(pem.to_owned());
            let builder = trusting(&ca).client_identity_pem(&chain, secret);
            assert_eq!(fetch(builder, &server).await.unwrap(), "over TLS");
        }
    }
}

#[test]
fn settings_that_are_wrong_are_named() {
    let ca = ca("ours");
    let key = KeyPair::generate().unwrap();
    let chain = issue(&ca, &["client"], &key);
    let identity = |chain: &str, key: &str| {
        trusting(&ca).client_identity_pem(chain, SecretText::from(key.to_owned()))
    };
    let key = key.serialize_pem();
    let other = bankezy_test_support::keys::P256;
    let encrypted = bankezy_test_support::keys::P256_ENCRYPTED;
    let unsupported = bankezy_test_support::keys::X25519;
    let public = bankezy_test_support::keys::P256_PUBLIC;
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (builder, expected) in [
        (identity("", &key), Setting::ClientCertificate),
        (identity(&key, &key), Setting::ClientCertificate),
        (identity(broken, &key), Setting::ClientCertificate),
        (identity(&chain, ""), Setting::ClientKey),
        (identity(&chain, &chain), Setting::ClientKey),
        (identity(&chain, other), Setting::ClientKey),
        (identity(&chain, encrypted), Setting::ClientKey),
        (identity(&chain, unsupported), Setting::ClientKey),
        (identity(&chain, public), Setting::ClientKey),
        (
            trusting(&ca).add_root_certificate_pem(""),
            Setting::RootCertificate,
        ),
        (
            trusting(&ca).add_root_certificate_pem(&key),
            Setting::RootCertificate,
        ),
        (
            trusting(&ca).add_root_certificate_pem(broken),
            Setting::RootCertificate,
        ),
    ] {
        match builder.build() {
            Err(error) => assert_eq!(error.kind(), &ClientErrorKind::Configuration(expected)),
            other => panic!("{expected:?}: {other:?}"),
        }
    }
}

/// Reads a ClientHello, answers with these bytes, and tells by the channel what it read.
pub(crate) fn answering(bytes: Vec<u8>) -> (Server, std::sync::mpsc::Receiver<Vec<u8>>) {
    let (tell, hello) = std::sync::mpsc::channel();
    let server = Server::accepting("127.0.0.1:0", move |mut stream, _| {
        let (bytes, tell) = (bytes.clone(), tell.clone());
        async move {
            let mut head = [0; 5];
            stream.read_exact(&mut head).await.unwrap();
            let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            stream.read_exact(&mut record).await.unwrap();
            let _ = tell.send(record);
            stream.write_all(&bytes).await.unwrap();
            let _ = stream.shutdown().await;
            drain(stream).await;
        }
    });
    (server, hello)
}

#[tokio::test]
async fn tls_1_1_is_neither_offered_nor_taken() {
    // A ServerHello of TLS 1.1 with TLS_RSA_WITH_AES_128_CBC_SHA.
    let mut server_hello = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    server_hello.extend([7; 32]);
    server_hello.extend([0, 0, 47, 0]);
    // And an alert: protocol_version.
    let alert = vec![21, 3, 2, 0, 2, 2, 70];
    for answer in [server_hello, alert] {
        let (server, hello) = answering(answer);
        let expected = (TlsProblem::NothingInCommon, Delivery::NotSent);
        assert_eq!(refused(trusting(&ca("ours")), &server).await, expected);
        // supported_versions, whose five bytes are a length and TLS 1.3 and 1.2 in either order.
        let hello = hello.recv().unwrap();
        let mut offered: Vec<_> = hello
            .windows(9)
            .filter_map(|bytes| bytes.strip_prefix(&[0, 43, 0, 5, 4]))
            .collect();
        assert_eq!(offered.len(), 1);
        let offered = offered.pop().unwrap();
        assert!(
            [[3, 4, 3, 3], [3, 3, 3, 4]]
                .iter()
                .any(|versions| versions == offered)
        );
    }
}

#[tokio::test]
async fn a_server_of_http_2_alone_is_told_apart() {
    let ca = ca("ours");
    for version in rustls::ALL_VERSIONS {
        let server = Setup {
            alpn: &[b"h2"],
            versions: &[*version],
            ..Setup::new(&ca)
        }
        .start();
        let expected = (TlsProblem::NoHttp1, Delivery::NotSent);
        assert_eq!(refused(trusting(&ca), &server).await, expected);
    }
}

/// A plain request to a port for TLS: what answers is an alert.
#[tokio::test]
async fn a_port_for_tls_is_told_apart() {
    let server = Setup::new(&ca("ours")).start();
    let client = Client::builder().build().unwrap();
    let error = client.send(post(&server.url("/"), "")).await.unwrap_err();
    assert_eq!(error.code(), "client.not_http1");
}

#[tokio::test]
async fn a_port_without_tls_is_told_apart() {
    let (server, _hello) = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    let expected = (TlsProblem::NotTls, Delivery::NotSent);
    assert_eq!(refused(trusting(&ca("ours")), &server).await, expected);
}

#[tokio::test]
async fn a_handshake_that_is_cut_short_is_tried_again() {
    for bytes in [vec![], vec![21, 3, 3, 0, 2, 2, 80]] {
        let (server, _hello) = answering(bytes);
        let error = fetch(trusting(&ca("ours")), &server).await.unwrap_err();
        let problem = ConnectProblem::Other;
        assert_eq!(error, ClientError::from(problem));
        assert_eq!(
            (error.delivery(), server.connections()),
            (Delivery::NotSent, 3)
        );
    }
}
