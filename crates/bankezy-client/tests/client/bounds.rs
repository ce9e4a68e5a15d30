//! Time and length: nothing outlives the deadline, no answer outgrows the cap.

use std::time::{Duration, Instant};

use bankezy_client::{
    Client, ClientError, ClientErrorKind, ConnectProblem, Delivery, RetryPolicy, Transport,
};

use crate::server::{Reply, Server};
use crate::{idempotent, post, text};

const SHORT: Duration = Duration::from_millis(300);
/// Far beyond what a busy machine needs: what waits for one of these servers, which never end, hangs.
const SOON: Duration = Duration::from_secs(60);

/// Accepts connections and never says a word, so that no TLS handshake ends.
fn mute() -> Server {
    Server::accepting("127.0.0.1:0", |stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_in_time_is_tried_again() {
    let server = mute();
    let client = Client::builder()
        .connect_timeout(SHORT)
        .retries(RetryPolicy::default().with_max_attempts(2))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = client
        .execute(|| Ok::<_, ClientError>(post(&server.https("/"), "body")))
        .await
        .unwrap_err();
    assert!(error == ClientError::from(ConnectProblem::TimedOut));
    assert_eq!(
        (error.code(), error.delivery()),
        ("connect.timed_out", Delivery::NotSent)
    );
    assert!(error.is_retryable());
    assert!(started.elapsed() >= 2 * SHORT && started.elapsed() < SOON);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_deadline_that_passes_while_connecting_says_that_nothing_was_sent() {
    let server = mute();
    let client = Client::builder().deadline(SHORT).build().unwrap();
    let started = Instant::now();
    let error = client
        .send(post(&server.https("/"), "body"))
        .await
        .unwrap_err();
    assert!(
        error == ClientError::new(ClientErrorKind::Timeout, Delivery::NotSent),
        "{error:?}"
    );
    assert!(error.is_retryable() && started.elapsed() < SOON);
}

#[tokio::test]
async fn a_server_that_does_not_answer_meets_the_deadline_and_is_asked_once() {
    let server = Server::start(|_| Reply::Silence);
    let client = Client::builder().deadline(SHORT).build().unwrap();
    for (calls, body) in ["body", ""].into_iter().enumerate() {
        let started = Instant::now();
        let error = client
            .execute(|| Ok::<_, ClientError>(post(&server.url("/"), body)))
            .await
            .unwrap_err();
        assert!(
            error == ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent),
            "{error:?}"
        );
        assert_eq!(error.code(), "client.timeout");
        assert!(!error.is_retryable());
        assert!(started.elapsed() >= SHORT && started.elapsed() < SOON);
        assert_eq!(server.count(), calls + 1);
    }
}

/// The settings of a transport replace those of its client, also if they are larger.
#[tokio::test]
async fn a_transport_has_limits_of_its_own() {
    let slow = || {
        Server::accepting("127.0.0.1:0", |stream, handle| async move {
            let script = |_| {
                std::thread::sleep(2 * SHORT);
                Reply::ok("answer")
            };
            handle.serve(stream, script).await;
        })
    };
    let strict = || {
        let client = Client::builder().only_these_roots(true).deadline(SHORT);
        client.max_response_len(3).build().unwrap()
    };
    let server = slow();
    let transport = Transport::from(strict()).deadline(SOON);
    let transport = transport.max_response_len(6);
    let answer = transport.send(post(&server.url("/"), "body")).await;
    assert_eq!(text(&answer.unwrap()), "answer");
    // So is another client in its place.
    transport.replace(strict());
    let answer = transport.send(post(&server.url("/"), "body")).await;
    assert_eq!(text(&answer.unwrap()), "answer");
    let shorter = transport.clone().max_response_len(5);
    let error = shorter.send(post(&server.url("/"), "body")).await;
    assert_eq!(error.unwrap_err().code(), "client.response_too_long");
    let shorter = transport.deadline(SHORT);
    let error = shorter.send(post(&server.url("/"), "body")).await;
    assert_eq!(error.unwrap_err().code(), "client.timeout");
}

#[tokio::test]
async fn an_answer_that_trickles_meets_the_deadline() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".to_owned();
    let pause = Duration::from_millis(20);
    let server = Server::start(move |_| Reply::Endless(head.clone(), b"x".to_vec(), pause));
    let client = Client::builder().deadline(SHORT).build().unwrap();
    let started = Instant::now();
    let error = client
        .send(post(&server.url("/"), "body"))
        .await
        .unwrap_err();
    assert!(
        error == ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent),
        "{error:?}"
    );
    assert!(started.elapsed() < SOON);
}

#[tokio::test]
async fn the_deadline_spans_all_attempts() {
    let server = Server::start(|number| match number {
        0 => Reply::status("503 Busy", "Retry-After: 1\r\n", ""),
        _ => Reply::Silence,
    });
    let client = Client::builder()
        .deadline(Duration::from_secs(2))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = client
        .execute(|| Ok::<_, ClientError>(idempotent(&server.url("/"), "body")))
        .await
        .unwrap_err();
    assert!(
        error == ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent),
        "{error:?}"
    );
    assert!(started.elapsed() < SOON);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn the_longest_deadline_does_not_overflow() {
    let server = Server::start(|_| Reply::ok("answer"));
    let client = Client::builder()
        .deadline(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .build()
        .unwrap();
    client.send(post(&server.url("/"), "body")).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_once_the_deadline_has_passed() {
    let server = Server::start(|_| Reply::ok("answer"));
    for (deadline, slow) in [(Duration::ZERO, Duration::ZERO), (SHORT, SHORT)] {
        let client = Client::builder().deadline(deadline).build().unwrap();
        let error = client
            .execute(|| {
                std::thread::sleep(slow);
                Ok::<_, ClientError>(post(&server.url("/"), "body"))
            })
            .await
            .unwrap_err();
        assert!(
            error == ClientError::new(ClientErrorKind::Timeout, Delivery::NotSent),
            "{error:?}"
        );
    }
    assert_eq!(server.connections(), 0);
}

fn capped() -> Client {
    Client::builder().max_response_len(1000).build().unwrap()
}

fn assert_too_long(error: &ClientError) {
    assert!(
        matches!(error.kind(), ClientErrorKind::ResponseTooLong { max: 1000 }),
        "{error:?}"
    );
    assert_eq!(
        (error.code(), error.delivery()),
        ("client.response_too_long", Delivery::PossiblySent)
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn the_cap_is_the_last_length_that_is_taken() {
    let server = Server::start(|number| Reply::ok(&"x".repeat(1000 + number)));
    let client = capped();
    let response = client.send(post(&server.url("/"), "")).await.unwrap();
    assert_eq!(response.body().as_bytes().len(), 1000);
    assert_too_long(&client.send(post(&server.url("/"), "")).await.unwrap_err());
}

#[tokio::test]
async fn an_announced_length_beyond_the_cap_is_refused_at_once() {
    for len in ["1001", "18446744073709551615"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
        let server = Server::start(move |_| Reply::Keep(head.clone()));
        let started = Instant::now();
        let error = capped().send(post(&server.url("/"), "")).await.unwrap_err();
        if len == "1001" {
            assert_too_long(&error);
        }
        assert!(started.elapsed() < SOON);
    }
}

#[tokio::test]
async fn an_endless_answer_is_refused_as_soon_as_it_exceeds_the_cap() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let until_close = "HTTP/1.1 200 OK\r\n\r\n";
    for (head, part) in [
        (chunked, "40\r\n".to_owned() + &"x".repeat(64) + "\r\n"),
        (until_close, "x".repeat(64)),
    ] {
        let server = Server::start(move |_| {
            Reply::Endless(
                head.to_owned(),
                part.clone().into_bytes(),
                Duration::from_millis(1),
            )
        });
        let started = Instant::now();
        let error = capped().send(post(&server.url("/"), "")).await.unwrap_err();
        assert_too_long(&error);
        assert!(started.elapsed() < SOON);
    }
}

#[tokio::test]
async fn a_large_answer_within_the_cap_comes_whole() {
    let body: String = (0..400_000)
        .map(|n| char::from(b'a' + (n % 26) as u8))
        .collect();
    let expected = body.clone();
    let server = Server::start(move |_| Reply::ok(&body));
    let client = Client::builder().build().unwrap();
    let response = client.send(post(&server.url("/"), "")).await.unwrap();
    assert!(response.body().as_bytes() == expected.as_bytes());
}

/// The task that closes idle connections would panic.
#[tokio::test]
async fn the_longest_idle_timeout_still_keeps_connections() {
    let server = Server::start(|_| Reply::ok("answer"));
    let client = Client::builder().idle_timeout(Duration::MAX);
    let client = client.only_these_roots(true).build().unwrap();
    for _ in 0..3 {
        client.send(post(&server.url("/"), "body")).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}
