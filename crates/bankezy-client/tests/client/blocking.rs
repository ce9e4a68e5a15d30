//! The blocking wrapper: without a runtime, and from within one.

use std::thread;
use std::time::Duration;

use bankezy_client::{Client, ClientError, ClientErrorKind, Delivery, ProviderError};
use bankezy_crypto::{Error, SecretBytes};
use bankezy_test_support::eventually_blocking;
use http::Response;

use crate::server::{Reply, Server};
use crate::{post, text};

fn ask(server: &Server) -> Result<Response<SecretBytes>, ClientError> {
    let client = Client::builder().build_blocking().unwrap();
    client.run(async |client| client.send(post(&server.url("/"), "body")).await)
}

#[test]
fn it_needs_no_runtime() {
    let server = Server::start(|_| Reply::ok("answer"));
    assert_eq!(text(&ask(&server).unwrap()), "answer");
    assert!(server.requests()[0].ends_with("body"));
}

#[tokio::test]
async fn it_works_within_a_runtime_of_one_thread() {
    let server = Server::start(|_| Reply::ok("answer"));
    assert_eq!(text(&ask(&server).unwrap()), "answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_within_a_runtime_of_many_threads() {
    let server = Server::start(|_| Reply::ok("answer"));
    assert_eq!(text(&ask(&server).unwrap()), "answer");
    let answer = tokio::task::spawn_blocking(move || ask(&server).unwrap())
        .await
        .unwrap();
    assert_eq!(text(&answer), "answer");
}

#[test]
fn threads_share_one_client_and_its_connections() {
    let server = Server::start(|_| Reply::ok("answer"));
    let client = Client::builder().build_blocking().unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let send =
                        async |client: &Client| client.send(post(&server.url("/"), "body")).await;
                    let response = client.clone().run(send).unwrap();
                    assert_eq!(text(&response), "answer");
                }
            });
        }
    });
    assert_eq!(server.count(), 80);
    assert!(server.connections() < 40, "{}", server.connections());
}

#[test]
fn it_meets_the_deadline() {
    let server = Server::start(|_| Reply::Silence);
    let client = Client::builder()
        .deadline(Duration::from_millis(300))
        .build_blocking()
        .unwrap();
    let send = async |client: &Client| client.send(post(&server.url("/"), "body")).await;
    let error = client.run(send).unwrap_err();
    assert!(
        error == ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent),
        "{error:?}"
    );
    assert_eq!(server.count(), 1);
}

#[test]
fn what_the_closure_fails_with_comes_back() {
    let client = Client::builder().build_blocking().unwrap();
    let failing = async |client: &Client| {
        let make = || Err(ProviderError::from(Error::Randomness));
        client.execute(make).await
    };
    let error = client.run(failing).unwrap_err();
    assert!(matches!(error, ProviderError::Request(_)));
}

#[test]
fn its_thread_ends_with_it() {
    let named = || {
        let tasks = std::fs::read_dir("/proc/self/task").ok()?;
        let names =
            tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        Some(names.filter(|name| name.trim() == "bankezy-client").count())
    };
    // Other tests run beside this one: with these many more, the count has to come down again.
    let clients: Vec<_> = (0..64)
        .map(|_| {
            Client::builder()
                .only_these_roots(true)
                .build_blocking()
                .unwrap()
        })
        .collect();
    if named().is_none() {
        return;
    }
    // A thread gives itself its name once it runs.
    eventually_blocking("the start of the threads", || named().unwrap() >= 64);
    drop(clients);
    eventually_blocking("the end of the threads", || named().unwrap() < 64);
}
