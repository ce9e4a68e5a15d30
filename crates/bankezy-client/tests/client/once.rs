//! Nothing is executed twice: what may have reached the server is never sent again.

use std::time::Duration;

use bankezy_client::{Client, ClientError, ClientErrorKind, Delivery, RetryPolicy};
use bankezy_crypto::SecretBytes;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::post;
use crate::server::{Reply, Server};

const PAUSE: Duration = Duration::from_millis(1);

/// As eager to retry as can be.
fn eager() -> Client {
    Client::builder()
        // Plain http to the loopback address needs no roots, and to read them takes long.
        .only_these_roots(true)
        .deadline(Duration::from_secs(5))
        .retries(
            RetryPolicy::default()
                .with_max_attempts(10)
                .with_backoff(PAUSE, PAUSE),
        )
        .build()
        .unwrap()
}

async fn interrupted(server: &Server) {
    once(server, "client.interrupted").await;
}

/// Each request fails with this error, and none is repeated.
async fn once(server: &Server, code: &str) {
    let url = server.url("/");
    let requests: [fn(&str) -> Request<SecretBytes>; 2] = [
        |url| post(url, "body"),
        |url| Request::get(url).body(SecretBytes::new()).unwrap(),
    ];
    for (calls, request) in requests.into_iter().enumerate() {
        let error = eager()
            .execute(|| Ok::<_, ClientError>(request(&url)))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.delivery()),
            (code, Delivery::PossiblySent)
        );
        assert!(!error.is_retryable());
        assert_eq!(server.count(), calls + 1);
    }
}

#[tokio::test]
async fn a_connection_dropped_after_the_request_was_read() {
    interrupted(&Server::start(|_| Reply::Close(String::new()))).await;
}

#[tokio::test]
async fn an_answer_cut_short_in_its_head() {
    interrupted(&Server::start(|_| {
        Reply::Close("HTTP/1.1 200 OK\r\nX-".to_owned())
    }))
    .await;
}

#[tokio::test]
async fn an_answer_cut_short_in_its_body() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    interrupted(&Server::start(move |_| Reply::Close(cut.to_owned()))).await;
}

#[tokio::test]
async fn an_answer_cut_short_between_chunks() {
    let cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    interrupted(&Server::start(move |_| Reply::Close(cut.to_owned()))).await;
}

#[tokio::test]
async fn a_503_that_is_cut_short() {
    let cut = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 100\r\n\r\nhalf";
    interrupted(&Server::start(move |_| Reply::Close(cut.to_owned()))).await;
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    let server = Server::start(|_| Reply::Close("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()));
    once(&server, "client.not_http1").await;
}

#[tokio::test]
async fn a_connection_reset_while_the_request_is_sent() {
    for _ in 0..50 {
        let (tell, read) = std::sync::mpsc::channel();
        let server = Server::accepting("127.0.0.1:0", move |stream: TcpStream, _| {
            let tell = tell.clone();
            async move {
                // Data that was seen and not read turns the close into a reset.
                tell.send(stream.peek(&mut [0; 64]).await.unwrap_or(0))
                    .unwrap();
            }
        });
        let error = eager()
            .execute(|| Ok::<_, ClientError>(post(&server.url("/"), "body")))
            .await
            .unwrap_err();
        assert!(
            error == ClientError::new(ClientErrorKind::Interrupted, Delivery::PossiblySent),
            "{error:?}"
        );
        let connections = server.connections();
        drop(server);
        assert_eq!(
            (connections, read.iter().collect::<Vec<_>>()),
            (1, vec![64])
        );
    }
}

#[tokio::test]
async fn a_connection_closed_before_the_request_was_read() {
    for _ in 0..50 {
        let (tell, read) = std::sync::mpsc::channel();
        let server = Server::accepting("127.0.0.1:0", move |mut stream: TcpStream, _| {
            let tell = tell.clone();
            async move {
                let mut bytes = Vec::new();
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut bytes).await;
                let _ = tell.send(bytes.len());
            }
        });
        let mut calls = 0;
        let error = eager()
            .execute(|| {
                calls += 1;
                Ok::<_, ClientError>(post(&server.url("/"), "body"))
            })
            .await
            .unwrap_err();
        // Whichever side was faster: another attempt only where the last one sent nothing.
        let read: Vec<usize> = read.iter().take(calls).collect();
        let (last, before) = read.split_last().unwrap();
        assert!(before.iter().all(|len| *len == 0), "{read:?}");
        match error.delivery() {
            Delivery::NotSent => assert_eq!((calls, *last), (10, 0)),
            Delivery::PossiblySent => assert!(matches!(error.kind(), ClientErrorKind::Interrupted)),
        }
    }
}

#[tokio::test]
async fn a_pooled_connection_that_the_server_closed_is_replaced() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(move |_| Reply::Close(ok.to_owned()));
    let client = Client::builder().build().unwrap();
    for _ in 0..3 {
        client.send(post(&server.url("/"), "body")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((server.connections(), server.count()), (3, 3));
}

#[tokio::test]
async fn a_pooled_connection_that_dies_with_the_request_is_not_tried_again() {
    let server = Server::start(|number| match number {
        0 => Reply::ok(""),
        _ => Reply::Close(String::new()),
    });
    let client = eager();
    client.send(post(&server.url("/"), "body")).await.unwrap();
    let error = client
        .execute(|| Ok::<_, ClientError>(post(&server.url("/"), "body")))
        .await
        .unwrap_err();
    assert!(
        error == ClientError::new(ClientErrorKind::Interrupted, Delivery::PossiblySent),
        "{error:?}"
    );
    assert_eq!(server.count(), 2);
}
