//! TLS: the certificates of both sides, and why no connection is made.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use bankezy_client::{ConnectProblem, TlsProblem};
use bankezy_fleet::{Fleet, FleetConfig, FleetError, IdentityProblem};
use bankezy_test_support::vacant;
use rcgen::CertifiedKey;

use crate::server::{Folder, Redis};
use crate::stage::{config, is_back_within};

#[tokio::test]
async fn tls_accepts_the_certificates_that_are_given_and_no_others() {
    let Some(redis) = Redis::start_with_tls() else {
        return;
    };
    let pem = redis.certificate().unwrap();
    let trusting = Fleet::connect(config(&redis.url()).root_certificates(pem)).unwrap();
    is_back_within(&trusting, Duration::from_secs(5)).await;
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let wary = Fleet::connect(config(&redis.url()).root_certificates(other.cert.pem())).unwrap();
    assert!(wary.ping().await.is_err());
    let system = Fleet::connect(config(&redis.url())).unwrap();
    assert!(system.ping().await.is_err());
}

/// It would accept no server, and say that none can be reached.
#[tokio::test]
async fn a_text_without_certificates_is_refused() {
    for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n"] {
        let url = format!("rediss://{}", vacant());
        let connected = Fleet::connect(config(&url).root_certificates(pem));
        let error = connected.err();
        assert_eq!(error, Some(FleetError::Certificates), "{pem}");
    }
}

/// Whoever gives certificates would take the connection for an encrypted one.
#[tokio::test]
async fn certificates_for_a_connection_without_tls_are_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let url = format!("redis://{}", vacant());
    let connected = Fleet::connect(config(&url).root_certificates(made.cert.pem()));
    assert_eq!(connected.err(), Some(FleetError::NoTls));
    let key = made.signing_key.serialize_pem().into();
    let connected = Fleet::connect(config(&url).client_identity_pem(&made.cert.pem(), key));
    assert_eq!(connected.err(), Some(FleetError::NoTls));
}

/// Busy machines take their time.
fn patient(url: &str) -> FleetConfig {
    let long = Duration::from_secs(5);
    config(url).response_deadline(long).connect_deadline(long)
}

async fn error_of(config: FleetConfig) -> FleetError {
    Fleet::connect(config).unwrap().ping().await.unwrap_err()
}

#[tokio::test]
async fn what_prevents_a_connection_is_named() {
    // Whatever repeats attempts would not say why they fail before this deadline.
    let soon = Duration::from_millis(200);
    let refused = config(&format!("redis://{}", vacant())).response_deadline(soon);
    let problem = FleetError::Connect(ConnectProblem::Refused);
    assert_eq!(error_of(refused).await, problem);
    // RFC 6761 reserves the name for this.
    let nowhere = error_of(patient("redis://nowhere.invalid:6379")).await;
    assert_eq!(nowhere, FleetError::Connect(ConnectProblem::Dns));
    let Some(redis) = Redis::start_with_tls_as("localhost", None) else {
        return;
    };
    let untrusted = error_of(patient(&redis.url())).await;
    assert_eq!(untrusted, FleetError::Tls(TlsProblem::UntrustedCertificate));
    let expected = "the store could not be reached: the server's certificate is not from a trusted root: add its root";
    assert_eq!(untrusted.to_string(), expected);
    let trusted = patient(&redis.url()).root_certificates(redis.certificate().unwrap());
    let problem = TlsProblem::WrongName;
    assert_eq!(error_of(trusted).await, FleetError::Tls(problem));
}

fn client() -> CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap()
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_gets_it() {
    let (known, unknown) = (client(), client());
    let Some(redis) = Redis::start_with_tls_as("127.0.0.1", Some(&known.cert.pem())) else {
        return;
    };
    let config = patient(&redis.url()).root_certificates(redis.certificate().unwrap());
    let with = |client: &CertifiedKey<rcgen::KeyPair>| {
        let key = client.signing_key.serialize_pem().into();
        let config = config.clone();
        config.client_identity_pem(&client.cert.pem(), key)
    };
    let fleet = Fleet::connect(with(&known)).unwrap();
    is_back_within(&fleet, Duration::from_secs(5)).await;
    let problem = TlsProblem::ClientCertificateRefused;
    assert_eq!(error_of(with(&unknown)).await, FleetError::Tls(problem));
    let problem = TlsProblem::ClientCertificateRequired;
    assert_eq!(error_of(config).await, FleetError::Tls(problem));
}

/// As environment variables, YAML and other tools write it, and under the label of another form.
#[tokio::test]
async fn a_key_is_accepted_in_each_form_of_pem() {
    let known = client();
    let Some(redis) = Redis::start_with_tls_as("127.0.0.1", Some(&known.cert.pem())) else {
        return;
    };
    let (certificate, key) = (known.cert.pem(), known.signing_key.serialize_pem());
    let config = config(&redis.url()).root_certificates(redis.certificate().unwrap());
    for key in [
        key.replace('\n', "\\n"),
        key.replace('\n', "\n  "),
        key.replace('\n', "\r\n"),
        format!("{certificate}{key}"),
        key.replace(" PRIVATE KEY", " EC PRIVATE KEY"),
    ] {
        let identity = config.clone().client_identity_pem(&certificate, key.into());
        let fleet = Fleet::connect(identity).unwrap();
        is_back_within(&fleet, Duration::from_secs(5)).await;
    }
}

/// As `openssl x509 -req` of OpenSSL 3.0 writes it. `redis-cli` sends it, and rustls takes none.
const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBHjCBxQIUP55GqCUtxUFIDO4AjU22P7Iuuv8wCgYIKoZIzj0EAwIwETEPMA0G
A1UEAwwGY2xpZW50MCAXDTI2MTEyODA1MjQ1NloYDzIxMjYxMTA0MDUyNDU2WjAR
MQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARqS2wB
GLSKIy0DTBGZ6R2jOMEmULEDAyIFsTa22Ri7QjmFMeoY1VIXIeOY6a3fqPJ0xkeb
oXT+EkNVNc83WMzaMAoGCCqGSM49BAMCA0gAMEUCIQC9qeJsQvDrGCTd27AcfX4A
5g/bCSRvUPkW0v+Dz1H5hQIgHDyhd3A/nVzIRjbEOI9ny+r5OyOkY5RoOHUzQB94
DA0=
-----END CERTIFICATE-----
";

/// Keys made by openssl, as users make them.
#[tokio::test]
async fn what_is_wrong_with_an_identity_is_named() {
    if Command::new("openssl").arg("version").output().is_err() {
        let message = "no openssl is installed";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
        return;
    }
    let files = Folder::new("identity");
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(&files.0);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "openssl {arguments}");
    };
    let read = |name: &str| fs::read_to_string(files.0.join(name)).unwrap();
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key");
    openssl("pkey -in key -aes256 -passout pass:word -out encrypted");
    openssl("ec -in key -aes256 -passout pass:word -out old");
    let unusable = [
        "X25519",
        "ED448",
        "EC -pkeyopt ec_paramgen_curve:secp256k1",
        "RSA -pkeyopt rsa_keygen_bits:1024",
        "RSA-PSS -pkeyopt rsa_keygen_bits:2048",
    ];
    let unusable = unusable.map(|kind| {
        openssl(&format!("genpkey -algorithm {kind} -out unusable"));
        read("unusable")
    });
    openssl("pkey -in key -pubout -out public");
    let [encrypted, old, public] = ["encrypted", "old", "public"].map(read);
    let (one, other) = (client(), client());
    let (certificate, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let misplaced = other.cert.pem() + &certificate;
    let behind_version_1 = VERSION_1.to_owned() + &certificate;
    let other = other.signing_key.serialize_pem();
    let mut cases = vec![
        ("no PEM", key.as_str(), IdentityProblem::Certificate),
        (&key, &certificate, IdentityProblem::Certificate),
        (VERSION_1, &key, IdentityProblem::Certificate),
        (&certificate, "no PEM", IdentityProblem::Key),
        (&certificate, &certificate, IdentityProblem::Key),
        (&certificate, &public, IdentityProblem::Key),
        (&certificate, &encrypted, IdentityProblem::EncryptedKey),
        (&certificate, &old, IdentityProblem::EncryptedKey),
        (&certificate, &other, IdentityProblem::OtherKey),
        (&misplaced, &key, IdentityProblem::Order),
        (&behind_version_1, &key, IdentityProblem::Order),
    ];
    for key in &unusable {
        cases.push((&certificate, key, IdentityProblem::KeyKind));
    }
    for (certificate, key, problem) in cases {
        let config = config(&format!("rediss://{}", vacant()));
        let config = config.client_identity_pem(certificate, key.to_owned().into());
        assert!(!format!("{config:?}").contains("KEY"));
        let error = Fleet::connect(config).err();
        let expected = Some(FleetError::Identity(problem));
        assert_eq!(error, expected, "{certificate} {problem:?}");
    }
}
