//! What is tried again, how often and when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bankezy_client::{Client, ClientError, ConnectProblem, Delivery, ProviderError, RetryPolicy};
use bankezy_crypto::{Error, SecretBytes};
use bankezy_test_support::vacant;
use http::{Request, Response};

use crate::server::{Reply, Server};
use crate::{idempotent, post, text};

/// Far beyond what a busy machine needs.
const DEADLINE: Duration = Duration::from_secs(60);

fn busy(status: &'static str, headers: &'static str) -> Server {
    Server::start(move |number| match number {
        0 => Reply::status(status, headers, "busy"),
        _ => Reply::ok("answer"),
    })
}

/// Calls with the number of the attempt as body, and tells the attempts and how long they took.
fn call(server: &Server, retries: RetryPolicy) -> (Response<SecretBytes>, usize, Duration) {
    call_with(server, retries, post)
}

/// The same for a call that the server is known to execute once.
fn repeat(server: &Server, retries: RetryPolicy) -> (Response<SecretBytes>, usize, Duration) {
    call_with(server, retries, idempotent)
}

fn call_with(
    server: &Server,
    retries: RetryPolicy,
    request: fn(&str, &str) -> Request<SecretBytes>,
) -> (Response<SecretBytes>, usize, Duration) {
    let client = Client::builder()
        // Plain http to the loopback address needs no roots, and to read them takes long.
        .only_these_roots(true)
        .deadline(DEADLINE)
        .retries(retries)
        .build_blocking()
        .unwrap();
    let mut attempts = 0;
    let started = Instant::now();
    let make = || {
        attempts += 1;
        Ok::<_, ClientError>(request(&server.url("/"), &format!("attempt {attempts}")))
    };
    let response = client
        .run(async |client| client.execute(make).await)
        .unwrap();
    (response, attempts, started.elapsed())
}

/// Whatever a server answers, it or something before it may have executed the call.
#[test]
fn a_call_that_was_answered_is_sent_once_by_default() {
    for status in [
        "401 Unauthorized",
        "408 Request Timeout",
        "421 Misdirected Request",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let server = busy(status, "Retry-After: 0\r\n");
        let (response, attempts, _) = call(&server, RetryPolicy::default());
        assert_eq!((text(&response), attempts), ("busy", 1), "{status}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

/// Only what the caller states of the call allows it to be repeated.
#[test]
fn an_idempotency_header_alone_changes_nothing() {
    let server = busy("503 Service Unavailable", "Retry-After: 0\r\n");
    let (response, attempts, _) = call_with(&server, RetryPolicy::default(), |url, body| {
        let mut request = post(url, body);
        let key = "8e03978e-40d5-43dd-bc93-6894a57f9324".parse().unwrap();
        request.headers_mut().insert("idempotency-key", key);
        request
    });
    assert_eq!((text(&response), attempts), ("busy", 1));
}

#[test]
fn a_busy_server_is_asked_again_when_it_says_so() {
    let wait = |status| {
        let server = busy(status, "Retry-After: 1\r\n");
        let (response, attempts, elapsed) = repeat(&server, RetryPolicy::default());
        assert_eq!(
            (response.status().as_u16(), text(&response), attempts),
            (200, "answer", 2)
        );
        assert!(elapsed >= Duration::from_secs(1), "{elapsed:?}");
        // Made anew for each attempt.
        for (number, request) in server.requests().iter().enumerate() {
            assert!(
                request.ends_with(&format!("attempt {}", number + 1)),
                "{request}"
            );
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| wait("429 Too Many Requests"));
        scope.spawn(|| wait("503 Service Unavailable"));
    });
}

#[test]
fn a_date_is_as_good_as_seconds() {
    let headers = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                   Retry-After: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    let server = busy("503 Service Unavailable", headers);
    let (response, attempts, elapsed) = repeat(&server, RetryPolicy::default());
    assert_eq!((response.status().as_u16(), attempts), (200, 2));
    assert!(elapsed >= Duration::from_secs(1), "{elapsed:?}");
}

#[test]
fn a_date_without_the_servers_clock_is_read_against_ours() {
    for (headers, status, expected) in [
        ("Retry-After: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 200, 2),
        ("Retry-After: Thu, 31 Dec 2099 23:59:59 GMT\r\n", 503, 1),
    ] {
        let server = busy("503 Service Unavailable", headers);
        let (response, attempts, elapsed) = repeat(&server, RetryPolicy::default());
        assert_eq!((response.status().as_u16(), attempts), (status, expected));
        assert!(elapsed < DEADLINE, "{elapsed:?}");
    }
}

#[test]
fn a_busy_server_that_names_no_time_is_not_asked_again() {
    for (status, headers) in [
        ("429 Too Many Requests", ""),
        ("503 Service Unavailable", ""),
        ("503 Service Unavailable", "Retry-After: soon\r\n"),
        ("500 Internal Server Error", "Retry-After: 0\r\n"),
        ("408 Request Timeout", "Retry-After: 0\r\n"),
        ("301 Moved", "Retry-After: 0\r\n"),
    ] {
        let server = busy(status, headers);
        let (response, attempts, _) = repeat(&server, RetryPolicy::default());
        assert_eq!(
            (text(&response), attempts),
            ("busy", 1),
            "{status} {headers}"
        );
    }
}

#[test]
fn a_time_beyond_the_deadline_gives_the_answer_at_once() {
    for headers in [
        "Retry-After: 60\r\n",
        "Retry-After: 61\r\n",
        "Retry-After: 99999999999999999999\r\n",
    ] {
        let server = busy("429 Too Many Requests", headers);
        let (response, attempts, elapsed) = repeat(&server, RetryPolicy::default());
        assert_eq!(
            (response.status().as_u16(), text(&response), attempts),
            (429, "busy", 1)
        );
        assert!(elapsed < DEADLINE, "{elapsed:?}");
    }
}

#[test]
fn attempts_are_counted() {
    for (policy, expected) in [
        (RetryPolicy::default(), 3),
        (RetryPolicy::default().with_max_attempts(5), 5),
        (RetryPolicy::default().with_max_attempts(0), 1),
        (RetryPolicy::none(), 1),
    ] {
        let server = Server::start(|_| Reply::status("503 Busy", "Retry-After: 0\r\n", "busy"));
        let (response, attempts, _) = repeat(&server, policy);
        assert_eq!(
            (response.status().as_u16(), attempts, server.count()),
            (503, expected, expected)
        );
    }
}

#[tokio::test]
async fn one_request_is_sent_once() {
    let server = busy("503 Service Unavailable", "Retry-After: 0\r\n");
    let client = Client::builder().build().unwrap();
    let response = client.send(post(&server.url("/"), "body")).await.unwrap();
    assert_eq!((response.status().as_u16(), server.count()), (503, 1));
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_until_the_server_is_there() {
    let address = vacant();
    let client = Client::builder()
        .retries(
            RetryPolicy::default()
                .with_max_attempts(200)
                .with_backoff(Duration::from_millis(20), Duration::from_millis(20)),
        )
        .build()
        .unwrap();
    let attempts = AtomicUsize::new(0);
    let mut server = None;
    let response = client
        .execute(|| {
            // Up from the third attempt on.
            if attempts.fetch_add(1, Ordering::SeqCst) == 2 {
                server = Some(Server::accepting(
                    &address.to_string(),
                    |stream, handle| async move {
                        handle.serve(stream, |_| Reply::ok("answer")).await;
                    },
                ));
            }
            Ok::<_, ClientError>(post(&format!("http://{address}/"), "body"))
        })
        .await
        .unwrap();
    assert_eq!(text(&response), "answer");
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    assert_eq!(server.unwrap().count(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_once_the_attempts_are_spent() {
    let url = format!("http://{}/", vacant());
    for (policy, expected) in [(RetryPolicy::default(), 3), (RetryPolicy::none(), 1)] {
        for body in ["body", ""] {
            let client = Client::builder().retries(policy).build().unwrap();
            let mut attempts = 0;
            let error = client
                .execute(|| {
                    attempts += 1;
                    Ok::<_, ClientError>(post(&url, body))
                })
                .await
                .unwrap_err();
            assert!(error == ClientError::from(ConnectProblem::Refused));
            assert_eq!((error.delivery(), attempts), (Delivery::NotSent, expected));
        }
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_apart() {
    let client = Client::builder()
        .retries(RetryPolicy::none())
        .build()
        .unwrap();
    let error = client
        .send(post("https://bank.invalid/", ""))
        .await
        .unwrap_err();
    assert!(error == ClientError::from(ConnectProblem::Dns), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_the_callers_error() {
    let client = Client::builder().build().unwrap();
    let mut attempts = 0;
    let error = client
        .execute(|| {
            attempts += 1;
            Err::<Request<SecretBytes>, ProviderError>(Error::Randomness.into())
        })
        .await
        .unwrap_err();
    assert!(matches!(error, ProviderError::Request(_)));
    assert_eq!(attempts, 1);
}
