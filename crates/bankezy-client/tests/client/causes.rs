//! What a connection failed of: each cause in the situation that it is named for.

use std::time::Duration;
#[cfg(unix)]
use std::{fs::File, process::Command};

use bankezy_client::{
    Client, ClientBuilder, ClientError, ClientErrorKind, ConnectProblem, Delivery, RetryPolicy,
    TlsProblem,
};
use bankezy_crypto::ErrorCategory;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::post;
use crate::server::{Reply, Server};

fn builder() -> ClientBuilder {
    Client::builder()
        .only_these_roots(true)
        .retries(RetryPolicy::none())
        .deadline(Duration::from_secs(5))
}

async fn failure(builder: ClientBuilder, url: &str) -> ClientError {
    let client = builder.build().unwrap();
    let error = client.send(post(url, "CANARY")).await.unwrap_err();
    assert_ne!(error.category(), ErrorCategory::Misuse);
    assert!(!format!("{error} {error:?}").contains("CANARY"));
    error
}

/// What a proxy's answer to `CONNECT` leads to.
async fn behind(answer: &'static str) -> ClientError {
    let proxy = Server::start(move |_| Reply::Close(answer.to_owned()));
    let uri = format!("http://CANARY:pass@{}", proxy.address);
    let builder = builder().proxy(uri.parse().unwrap());
    let error = failure(builder, "https://bank.invalid/").await;
    assert_eq!(proxy.count(), 1);
    error
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_apart_from_the_server() {
    let unknown = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n";
    for (answer, problem) in [
        (unknown, ConnectProblem::ProxyAuthentication),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            ConnectProblem::ProxyRefused,
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            ConnectProblem::ProxyRefused,
        ),
        ("220 CANARY ESMTP\r\n\r\n", ConnectProblem::ProxyRefused),
    ] {
        assert_eq!(behind(answer).await, ClientError::from(problem));
    }
}

/// Behind its answer to `CONNECT` a proxy sends text in clear. What comes in one piece with the answer, the HTTP library
/// throws away, so a lost connection is all that is seen then.
#[tokio::test]
async fn text_in_clear_behind_a_proxy_is_no_tls() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\n\r\n";
    const TEXT: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\nCANARY";
    for (at_once, kind) in [
        (false, ClientErrorKind::Tls(TlsProblem::NotTls)),
        (true, ClientErrorKind::Connect(ConnectProblem::Other)),
    ] {
        let proxy = Server::accepting("127.0.0.1:0", move |mut stream, _| async move {
            let _ = stream.read(&mut [0; 4096]).await;
            if at_once {
                let _ = stream.write_all([ANSWER, TEXT].concat().as_bytes()).await;
            } else {
                let _ = stream.write_all(ANSWER.as_bytes()).await;
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(TEXT.as_bytes()).await;
            }
            let _ = stream.shutdown().await;
        });
        let uri = format!("http://{}", proxy.address).parse().unwrap();
        let error = failure(builder().proxy(uri), "https://bank.invalid/").await;
        assert_eq!((error.kind(), error.delivery()), (&kind, Delivery::NotSent));
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_proxy_that_refused_is_asked_once() {
    for status in ["407 Proxy Authentication Required", "403 Forbidden"] {
        let answer = format!("HTTP/1.1 {status}\r\n\r\n");
        let proxy = Server::start(move |_| Reply::Close(answer.clone()));
        let uri = format!("http://{}", proxy.address).parse().unwrap();
        let client = Client::builder().proxy(uri).build().unwrap();
        let make = || Ok::<_, ClientError>(post("https://bank.invalid/", "body"));
        let error = client.execute(make).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(proxy.count(), 1, "{status}");
    }
}

/// What an answer of these bytes leads to.
async fn answered(bytes: &'static [u8]) -> ClientError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read(&mut [0; 4096]).await;
    });
    failure(builder(), &url).await
}

#[tokio::test]
async fn an_answer_in_another_protocol_is_told_apart_from_a_lost_connection() {
    for (name, bytes) in [
        ("the settings of HTTP/2", &b"\0\0\0\x04\0\0\0\0\0"[..]),
        ("an alert of TLS", b"\x15\x03\x01\0\x02\x02\x0a"),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ] {
        let error = answered(bytes).await;
        assert!(
            error.kind() == &ClientErrorKind::NotHttp1,
            "{name}: {error:?}"
        );
        assert_eq!(error.code(), "client.not_http1");
        // What such a server makes of a request, nobody knows.
        assert_eq!(error.delivery(), Delivery::PossiblySent, "{name}");
        assert!(!error.is_retryable());
    }
    let cut = answered(b"HTTP/1.1 200 OK\r\ncontent-len").await;
    assert_eq!(cut.code(), "client.interrupted");
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_told_apart_from_a_lost_connection() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-many: 1\r\n".repeat(101));
    let large = format!(
        "HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    for (name, head) in [
        ("101 headers", many.as_str()),
        ("a large one", &large),
        ("folded", "HTTP/1.1 200 OK\r\nx-folded: a\r\n b\r\n\r\n"),
        ("a space", "HTTP/1.1 200 OK\r\nx space: a\r\n\r\n"),
        ("a length", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"),
    ] {
        let error = answered(head.to_owned().leak().as_bytes()).await;
        assert_eq!(error.code(), "client.unreadable_head", "{name}");
        assert_eq!(error.delivery(), Delivery::PossiblySent, "{name}");
        assert!(!error.is_retryable());
    }
}

/// The system connects nobody to a multicast address, so no router has a say in it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_no_route_leads_to_is_unreachable() {
    let error = failure(builder(), "https://224.0.0.1/").await;
    let expected = ClientError::from(ConnectProblem::Unreachable);
    assert_eq!(error, expected);
    assert!(error.is_retryable());
}

/// Set in the process that runs out of file descriptors.
#[cfg(unix)]
const CHILD: &str = "BANKEZY_TEST_WITHOUT_FILE_DESCRIPTORS";

/// In a process of its own, which may open only a few files.
#[cfg(unix)]
#[tokio::test]
async fn a_process_without_file_descriptors_says_so() {
    if std::env::var_os(CHILD).is_none() {
        let test = "causes::a_process_without_file_descriptors_says_so";
        let child = Command::new("sh")
            .args([
                "-c",
                "ulimit -n 64 && exec \"$0\" --exact \"$1\" --nocapture",
            ])
            .arg(std::env::current_exe().unwrap())
            .arg(test)
            .env(CHILD, "1")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{shown}");
        assert!(shown.contains("1 passed"), "{shown}");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let client = builder().build().unwrap();
    let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let error = client.send(post(&url, "")).await.unwrap_err();
    drop(files);
    let expected = ClientError::from(ConnectProblem::NoFileDescriptor);
    assert_eq!(error, expected);
    assert_eq!(error.code(), "connect.no_file_descriptor");
    assert!(error.is_retryable());
}
