//! `bankezy fleet` on a real server, where one is installed.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bankezy_client::{BankEzyClient, Client, ProviderError, SessionKeeper};
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AgreedSession, BankEzy, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, RequestError};
use bankezy_crypto::{
    Channel, Derivation, KeyPair, KeyRing, PayloadCipher, PayloadSecret, PublicKey,
};
use bankezy_fleet::{Fleet, FleetConfig, RotationSettings, SessionSettings};
use bankezy_sandbox::{Credentials, EmulatedEndpoint, Sandbox};
use bankezy_test_support::{eventually_blocking, vacant};

use super::Folder;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server with these settings, and its port.
fn server(settings: &[&str]) -> Option<(Server, u16)> {
    let address = vacant();
    let port = address.port().to_string();
    let mut command = Command::new("redis-server");
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
    command.args(settings).current_dir(std::env::temp_dir());
    let Ok(child) = command.stdout(Stdio::null()).spawn() else {
        let message = "no redis-server is installed";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
        return None;
    };
    let server = Server(child);
    eventually_blocking("the server", || {
        std::net::TcpStream::connect(address).is_ok()
    });
    Some((server, address.port()))
}

/// The exit code, standard output and standard error.
fn bankezy(arguments: &[&str], url: Option<&str>) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bankezy"));
    command.args(arguments).stdin(Stdio::null());
    if let Some(url) = url {
        command.env("STORE_URL", url);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn status_and_check_say_what_a_server_has_and_lacks() {
    let Some((_server, port)) = server(&[]) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{port}");
    let (code, output, error) = bankezy(&["fleet", "status", &url, "--name", "payments"], None);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.ends_with(
        "the store has nothing of a fleet with this name: check --name\n\
         0 members; tokens and sessions: 0; logins in progress: 0\n"
    ));
    let (code, output, error) = bankezy(&["fleet", "check", &url, "--name", "payments"], None);
    assert_eq!(code, 1, "{error}");
    assert!(
        output.contains("ok      maxmemory-policy noeviction"),
        "{output}"
    );
    assert!(output.contains("risk    appendonly no: "), "{output}");
    assert!(
        output.contains("ok      TLS no, on this machine"),
        "{output}"
    );
    assert!(
        output.contains("risk    password not required: "),
        "{output}"
    );
    assert!(output.contains("ok      role primary"), "{output}");
}

#[test]
fn a_store_that_takes_longer_than_a_process_would_wait_is_waited_for() {
    let Some((_server, port)) = server(&[]) else {
        return;
    };
    let mut connection = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.write_all(b"CLIENT PAUSE 1500\r\n").unwrap();
    connection.read_exact(&mut [0; 5]).unwrap();
    let url = format!("redis://127.0.0.1:{port}");
    let (code, _, error) = bankezy(&["fleet", "status", &url, "--name", "payments"], None);
    assert_eq!((code, error.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_which_member_has_which_key() {
    let Some((_server, port)) = server(&[]) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{port}");
    let folder = Folder::new();
    let secret = PayloadSecret::generate().unwrap().to_base64url();
    folder.write("k1", secret.as_str());
    let config = FleetConfig::new(&url, "payments").member_name("pod-7\n\u{1b}[2J");
    let fleet = Fleet::connect(config).unwrap();
    let settings = RotationSettings::default();
    let keys = fleet.key_files("bank", &folder.0, "k1", settings);
    let _keys = keys.await.unwrap();
    let status = || bankezy(&["fleet", "status", &url, "--name", "payments"], None);
    let (code, output, _) = tokio::task::block_in_place(status);
    let id = fleet.member_id();
    let expected = format!("member {id} pod-7\\n\\u{{1b}}[2J, reported ");
    assert!(code == 0 && output.starts_with(&expected), "{output}");
    for part in [" s ago\n  ring bank: k1\n", "\n1 member; "] {
        assert!(output.contains(part), "{output}");
    }
    assert!(!output.contains("--name"), "{output}");
}

/// By Get Token, whose answer has a reference by which the token can be invalidated.
async fn log_in(
    bankezy: BankEzyClient,
    (secret, sdk_api_key): (String, String),
) -> Result<AgreedSession, ProviderError> {
    let ours = KeyPair::generate().map_err(RequestError::from)?;
    let public_key = ours.public_key().to_wire();
    let account = AccountNumber::new(12)?;
    let request = TokenRequest::new("reference", &public_key, &sdk_api_key, account)?;
    let request = request.with_first_name("Asha").with_last_name("Rao");
    let secret = PayloadSecret::from_base64url(&secret).map_err(RequestError::from)?;
    let channel = Channel::from(PayloadCipher::new(&secret).map_err(RequestError::from)?);
    let answer = bankezy.get_token(&request, &channel).await?;
    let theirs = PublicKey::from_wire(answer.server_public_key.as_deref().unwrap());
    let secret = ours.agree(&theirs.map_err(RequestError::from)?, &Derivation::Sha256);
    let secret = secret.map_err(RequestError::from)?;
    Ok(AgreedSession::new(answer, &secret))
}

fn client(url: &str, known: &Credentials) -> BankEzyClient {
    let base = BaseUrl::parse(url).unwrap();
    let server = BankEzy::new(base, known.api_key(), Version::V2).unwrap();
    let client = Client::builder().only_these_roots(true).build().unwrap();
    BankEzyClient::new(client, server)
}

/// The library stored it, and the command ends it: in the store and at the provider.
#[tokio::test(flavor = "multi_thread")]
async fn revoke_ends_a_session_that_processes_share() {
    let Some((_server, port)) = server(&[]) else {
        return;
    };
    let store = format!("redis://127.0.0.1:{port}");
    let provider = Sandbox::builder().derivation(Derivation::Sha256);
    let provider = provider.start().await.unwrap();
    let known = provider.credentials();
    let wrapping = PayloadSecret::generate().unwrap();
    let sessions = || {
        let ring = KeyRing::new("wrap-1", PayloadCipher::new(&wrapping).unwrap());
        let fleet = Fleet::connect(FleetConfig::new(store.as_str(), "payments")).unwrap();
        let sessions = fleet.sessions("bank", Arc::new(ring), SessionSettings::default());
        sessions.unwrap()
    };
    let process = sessions();
    let text = known.payload_secret().to_base64url();
    let login = (text.as_str().to_owned(), known.sdk_api_key().to_owned());
    let keeper = SessionKeeper::new(
        client(provider.url(), known),
        process.login(move |bankezy| log_in(bankezy, login.clone())),
    );
    let call = async || {
        keeper
            .call::<_, serde_json::Value>(known.echo_path(), &serde_json::json!({"amount": "1"}))
            .await
    };
    call().await.unwrap();
    assert!(process.stored().await.unwrap().is_some());

    let key = wrapping.to_base64url();
    let revoke = |key_id: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bankezy"));
        command.args([
            "fleet",
            "revoke",
            &store,
            "--name",
            "payments",
            "--session-name",
            "bank",
        ]);
        command.args([
            "--wrapping-key-id",
            key_id,
            "--wrapping-key-env",
            "WRAPPING_KEY",
        ]);
        command.args(["--base-url", provider.url(), "--api-key-env", "API_KEY"]);
        command
            .env("WRAPPING_KEY", key.as_str())
            .env("API_KEY", known.api_key());
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, output, error) = revoke("wrap-1");
    assert_eq!(
        (code, output.as_str(), error.as_str()),
        (0, "revoked\n", "")
    );
    assert_eq!(provider.executed().of(EmulatedEndpoint::Invalidate), 1);
    assert!(sessions().stored().await.unwrap().is_none());
    let (code, output, error) = revoke("wrap-1");
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(error.contains("no such session"), "{error}");
    // A process that still used it is refused, and logs in.
    assert!(call().await.is_err());
    let begun = Instant::now();
    while call().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(provider.executed().of(EmulatedEndpoint::GetToken), 2);
}

#[test]
fn a_password_comes_from_a_variable_and_is_never_printed() {
    let Some((_server, port)) = server(&["--requirepass", "hunter2"]) else {
        return;
    };
    let url = format!("redis://:hunter2@127.0.0.1:{port}");
    let (code, output, error) = bankezy(&["fleet", "status", &url, "--name", "n"], None);
    assert_eq!((code, output.as_str()), (2, ""));
    assert!(
        error.contains("--url-file") && !error.contains("hunter2"),
        "{error}"
    );
    let from_variable = ["fleet", "status", "--url-env", "STORE_URL", "--name", "n"];
    let (code, _, error) = bankezy(&from_variable, Some(&url));
    assert_eq!((code, error.as_str()), (0, ""));
    let wrong = url.replace("hunter2", "hunter3");
    let (code, output, error) = bankezy(&from_variable, Some(&wrong));
    assert_eq!(code, 1);
    assert!(error.contains("refused") && !(output + &error).contains("hunter"));
}

/// As Redis does it where TLS is on and nothing else is said.
#[test]
fn a_server_that_asks_for_a_certificate_gets_ours() {
    let folder = Folder::new();
    for (name, host) in [("server", "127.0.0.1"), ("client", "client")] {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        folder.write(&format!("{name}.pem"), made.cert.pem());
        folder.write(&format!("{name}.key"), made.signing_key.serialize_pem());
        folder.write("der", made.cert.der());
    }
    let tls_port = vacant().port().to_string();
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let [certificate, key, clients] = ["server.pem", "server.key", "client.pem"].map(path);
    let Some(_server) = server(&[
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &clients,
        "--tls-port",
        &tls_port,
    ]) else {
        return;
    };
    let roots = "--store-roots server.pem";
    let ours = "--store-cert-file client.pem";
    for (further, code, expected) in [
        (format!("{roots} {ours} --store-key-file client.key"), 0, ""),
        (
            roots.to_owned(),
            1,
            "(--store-cert-file and --store-key-file)",
        ),
        (
            format!("{ours} --store-key-file client.key"),
            1,
            "(--store-roots)",
        ),
        (ours.to_owned(), 2, "--store-cert-file goes together with"),
        (
            "--store-key-file client.key".to_owned(),
            2,
            "--store-cert-file goes together with",
        ),
        (
            format!("{roots} {ours} --store-key-file server.key"),
            2,
            "does not belong to the client certificate for the store (--store-key-file or",
        ),
        (
            format!("{roots} --store-cert-file server.key --store-key-file server.key"),
            2,
            "X.509 version 3 before its intermediates (--store-cert-file)",
        ),
        (
            format!("{roots} --store-cert-file der --store-key-file server.key"),
            1,
            "the file of --store-cert-file is DER; expected text, such as PEM: `openssl x509 -inform DER`",
        ),
        (
            "--store-roots client.key".to_owned(),
            2,
            "expected PEM (--store-roots)",
        ),
    ] {
        let call = format!("fleet status rediss://127.0.0.1:{tls_port} --name n {further}");
        let ran = folder.run(&call, "");
        assert_eq!(ran.code, code, "{further}: {}", ran.err);
        assert!(
            ran.err.contains(expected) && !ran.err.contains("PRIVATE"),
            "{}",
            ran.err
        );
    }
}

/// A port for TLS and one without look alike, and so do numbers of databases.
#[test]
fn what_a_url_has_wrong_is_said() {
    let tls_port = vacant().port().to_string();
    let folder = Folder::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    folder.write("pem", made.cert.pem());
    folder.write("key", made.signing_key.serialize_pem());
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let [certificate, key] = ["pem", "key"].map(path);
    let Some((_server, port)) = server(&[
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
        "--tls-port",
        &tls_port,
    ]) else {
        return;
    };
    for (arguments, code, expected) in [
        (
            format!("redis://127.0.0.1:{tls_port}"),
            1,
            "; a port for TLS needs rediss://",
        ),
        (
            format!("rediss://127.0.0.1:{port}"),
            1,
            "; a port without TLS needs redis://",
        ),
        (
            format!("redis://127.0.0.1:{port}/99"),
            1,
            "; a database in the URL has to be one",
        ),
        // A host may have the word in its name.
        (
            format!("redis://127.0.0.1:{port}/compass"),
            2,
            "the URL of the store cannot be used",
        ),
        (
            format!("redis://127.0.0.1:{port} --store-roots pem"),
            2,
            "its URL is one without TLS; expected rediss://",
        ),
        (
            format!("redis://127.0.0.1:{port} --store-cert-file pem --store-key-file key"),
            2,
            "its URL is one without TLS; expected rediss://",
        ),
        (
            String::new(),
            2,
            "give one of `URL`, `--url-file FILE`, `--url-env VAR`",
        ),
    ] {
        let ran = folder.run(&format!("fleet status {arguments} --name n"), "");
        assert_eq!(ran.code, code, "{arguments}: {}", ran.err);
        assert!(ran.err.contains(expected), "{arguments}: {}", ran.err);
    }
}
