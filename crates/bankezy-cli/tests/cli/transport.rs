//! Certificates and proxies on the command line.

use std::io::{Read as _, Write as _, copy};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::Folder;
use super::server::{BODY, Server};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Whatever comes before the network: nobody is called.
const NOWHERE: &str = "token bankezy --base-url https://localhost --api-key-file key --secret-file \
                       secret --sdk-api-key-file key --account-number 1 --ca-file ca.pem";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("secret", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    folder.write("key", "0123456789abcdef");
    // Any: where tests run, the system may have no roots.
    folder.write("ca.pem", bankezy_test_support::keys::CERTIFICATE);
    folder
}

#[test]
fn tls_needs_the_authority_of_the_ready_file() {
    let server = Server::start("--tls");
    assert!(server.url().starts_with("https://"));
    server.token("--ca-file ca.pem --save-session s").printed();
    assert_eq!(server.call("--session s", BODY).text(), BODY);
    server
        .folder
        .run("keygen p256 --out other.pem", "")
        .printed();
    for flag in ["--ca-file", "--extra-ca-file"] {
        server.token(&format!("{flag} other.pem")).failed(
            2,
            "not a PEM certificate: check --ca-file or --extra-ca-file",
        );
    }
    // A good certificate, but not the authority's.
    let other = Server::start("--tls");
    let path = other.folder.0.join("ca.pem");
    server
        .token(&format!("--ca-file {}", path.display()))
        .failed(1, "certificate is refused (--ca-file or --extra-ca-file)");
}

#[test]
fn a_client_certificate_is_shown_and_stays_with_the_session() {
    let server = Server::start("--tls --mutual-tls");
    let key = server.folder.read("client-key.pem");
    let mutual = "--ca-file ca.pem --client-cert-file client.pem";
    server
        .token(&format!(
            "{mutual} --client-key-file client-key.pem --save-session s"
        ))
        .printed();
    assert_eq!(server.call("--session s", BODY).text(), BODY);
    assert!(!server.folder.read("s").contains("PRIVATE KEY"));
    let arguments = format!("call /sandbox/echo --session s {mutual} --client-key-env KEY");
    let ran = server.folder.run_with(&arguments, BODY, &[("KEY", &key)]);
    assert_eq!(ran.text(), BODY);
    // Settings as any other.
    server.folder.write(
        "c.toml",
        "client_cert_file = \"client.pem\"\nclient_key_file = \"client-key.pem\"\n",
    );
    server.token("--ca-file ca.pem --config c.toml").printed();

    server
        .token("--ca-file ca.pem")
        .failed(1, "(--client-cert-file and --client-key-file)");
    let other = Server::start("--tls --mutual-tls");
    for name in ["client.pem", "client-key.pem"] {
        server
            .folder
            .write(&format!("other-{name}"), other.folder.read(name));
    }
    server
        .token(
            "--ca-file ca.pem --client-cert-file other-client.pem --client-key-file \
             other-client-key.pem",
        )
        .failed(1, "(--client-cert-file and --client-key-file)");
}

#[test]
fn a_wrong_client_certificate_names_its_flag() {
    let server = Server::start("--tls --mutual-tls");
    let folder = folder();
    for name in ["client.pem", "client-key.pem"] {
        folder.write(name, server.folder.read(name));
    }
    folder.run("keygen p256 --out foreign.pem", "").printed();
    for (more, reason) in [
        (
            "--client-cert-file client.pem --client-key-file foreign.pem",
            "does not belong to its certificate: check --client-key-file",
        ),
        (
            "--client-cert-file client-key.pem --client-key-file client-key.pem",
            "not PEM with certificates: check --client-cert-file",
        ),
        (
            "--client-cert-file client.pem --client-key-file client.pem",
            "check --client-key-file",
        ),
    ] {
        let ran = folder.run(&format!("{NOWHERE} {more}"), "");
        assert!(!ran.err.contains("BEGIN"), "{}", ran.err);
        ran.failed(2, reason);
    }
}

/// A proxy that tunnels, and records what it was asked for.
pub(crate) fn proxy() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                head.extend(byte);
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            tell.send(head).unwrap();
            let server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            for (mut from, mut to) in [(client, server), back] {
                thread::spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    (address, told)
}

#[test]
fn calls_go_through_a_proxy_that_is_named() {
    let server = Server::start("--tls");
    let (address, told) = proxy();
    let target = server.url().trim_start_matches("https://");
    let asked = format!("CONNECT {target} HTTP/1.1\r\n");
    server
        .token(&format!(
            "--ca-file ca.pem --proxy http://{address} --save-session s"
        ))
        .printed();
    assert!(told.recv_timeout(PATIENCE).unwrap().starts_with(&asked));
    assert_eq!(server.call("--session s", BODY).text(), BODY);
    assert!(told.recv_timeout(PATIENCE).unwrap().starts_with(&asked));

    // With a password: from a file or a variable alone, and not shown.
    let url = format!("http://me:CANARY@{address}");
    server.folder.write("proxy", &url);
    let basic = "Basic bWU6Q0FOQVJZ";
    server
        .token("--ca-file ca.pem --proxy-file proxy --save-session p")
        .printed();
    assert!(told.recv_timeout(PATIENCE).unwrap().contains(basic));
    assert!(!server.folder.read("p").contains("CANARY"));
    let arguments = "call /sandbox/echo --session s --proxy-env HTTPS_PROXY";
    let variables = [("HTTPS_PROXY", url.as_str())];
    let ran = server.folder.run_with(arguments, BODY, &variables);
    assert_eq!(ran.text(), BODY);
    assert!(told.recv_timeout(PATIENCE).unwrap().contains(basic));
    // It is not used unless requested.
    let direct = Server::start("--tls");
    let arguments = format!(
        "token bankezy --base-url {} --api-key-file apiKey --sdk-api-key-file sdkApiKey \
         --secret-file payloadSecret --account-number 1 --ca-file ca.pem",
        direct.url()
    );
    direct.folder.run_with(&arguments, "", &variables).printed();
    assert!(told.try_recv().is_err());
}
