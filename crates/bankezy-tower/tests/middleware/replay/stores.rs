//! Stores that are shared, full, slow or broken.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_tower::{Mark, MemoryMarks, Recorded, Refusal, ReplayGuard, ReplayStore, Unavailable};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, advance};
use tower::{Layer, ServiceExt, service_fn};

use super::{Clock, HOUR, SECOND, Server};
use crate::sealed_post;

/// A store that several processes could share. It drops marks as soon as it may.
#[derive(Default)]
pub(super) struct Shared(Mutex<HashMap<String, Instant>>);

impl ReplayStore for Shared {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        let mut marks = self.0.lock().unwrap();
        let now = Instant::now();
        marks.retain(|_, end| *end > now);
        let end = now + mark.keep_for();
        Ok(match marks.insert(mark.as_str().to_owned(), end) {
            None => Recorded::New,
            Some(end) => {
                marks.insert(mark.as_str().to_owned(), end);
                Recorded::Seen
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_store_refuses_and_forgets_nothing() {
    let clock = Clock::new();
    let guard = ReplayGuard::new(clock.rule()).with_store(MemoryMarks::new(2));
    let server = Server::running(guard.clone()).await;
    let messages: Vec<_> = (0..4).map(|_| server.stamped(clock.now())).collect();
    for message in &messages[..2] {
        assert_eq!(server.send(message.clone()).await.status, 200);
    }
    for count in 1..=3 {
        let outcome = server.send(messages[2].clone()).await;
        assert_eq!(outcome.refused(), (503, Refusal::ReplayMarksFull));
        assert_eq!(guard.times_full(), count);
    }
    for message in &messages[..2] {
        let outcome = server.send(message.clone()).await;
        assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    }
    assert_eq!(server.handled(), 2);
    // Once the first have expired there is room.
    advance(391 * SECOND).await;
    let outcome = server.send(server.stamped(clock.now())).await;
    assert_eq!(outcome.refused(), (503, Refusal::ReplayMarksFull));
    advance(Duration::from_millis(1)).await;
    assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
    assert_eq!(guard.times_full(), 4);
}

/// Handlers that run while the store fills up still get their answers out.
#[tokio::test]
async fn an_answer_has_room_where_its_request_had() {
    let guard = ReplayGuard::without_freshness(HOUR).with_store(MemoryMarks::new(8));
    let server = Server::new(guard.clone());
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let waiting = (0..10).map(|_| {
        let gate = Arc::clone(&gate);
        let service = server
            .layer
            .layer(service_fn(move |request: Request<Full<Bytes>>| {
                let gate = Arc::clone(&gate);
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, Infallible>(Response::new(request.into_body()))
                }
            }));
        let sealed = server.key.seal(b"{}").unwrap();
        tokio::spawn(service.oneshot(sealed_post(sealed)))
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::task::yield_now().await;
    gate.add_permits(10);
    let mut statuses = HashMap::new();
    for answer in waiting {
        let status = answer.await.unwrap().unwrap().status().as_u16();
        *statuses.entry(status).or_insert(0) += 1;
    }
    assert_eq!(statuses, HashMap::from([(200, 8), (503, 2)]));
    assert_eq!(guard.times_full(), 2);
}

/// Also where the marks of a request and of its answer expire far apart.
#[tokio::test(start_paused = true)]
async fn an_answer_has_room_after_one_that_took_long() {
    let guard = ReplayGuard::without_freshness(HOUR).with_store(MemoryMarks::new(1));
    let server = Server::new(guard);
    let slow = server
        .layer
        .layer(service_fn(async |_: Request<Full<Bytes>>| {
            tokio::time::sleep(HOUR / 2).await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }));
    let sealed = server.key.seal(b"{}").unwrap();
    let answer = slow.oneshot(sealed_post(sealed)).await.unwrap();
    assert_eq!(answer.status(), 200);
    advance(HOUR / 2 + 2 * SECOND).await;
    assert_eq!(
        server.send(server.key.seal(b"{}").unwrap()).await.status,
        200
    );
}

/// Nor do they take the room of requests.
#[tokio::test(start_paused = true)]
async fn answers_to_strangers_do_not_fill_the_memory() {
    let guard = ReplayGuard::without_freshness(HOUR).with_store(MemoryMarks::new(30));
    let mut server = Server::new(guard.clone());
    server.layer = server.layer.allow_empty();
    let mut statuses = HashMap::new();
    for _ in 0..50 {
        let mut empty = sealed_post("");
        *empty.method_mut() = Method::GET;
        let status = server.answer(empty).await.status().as_u16();
        *statuses.entry(status).or_insert(0) += 1;
        advance(SECOND).await;
    }
    assert_eq!(statuses, HashMap::from([(200, 30), (503, 20)]));
    for _ in 0..30 {
        let sealed = server.key.seal(b"{}").unwrap();
        assert_eq!(server.send(sealed).await.status, 200);
    }
}

/// Fails or hangs for requests or for answers.
#[derive(Clone, Copy)]
struct Broken {
    for_answers: bool,
    hangs: bool,
}

impl ReplayStore for Broken {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        if mark.is_answer() != self.for_answers {
            return Ok(Recorded::New);
        }
        if self.hangs {
            pending::<()>().await;
        }
        Err(std::io::Error::other("canary"))?
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_a_503() {
    for for_answers in [false, true] {
        for hangs in [false, true] {
            let store = Broken { for_answers, hangs };
            let server = Server::new(ReplayGuard::without_freshness(HOUR).with_store(store));
            let begun = Instant::now();
            let outcome = server.send(server.key.seal(b"{}").unwrap()).await;
            assert_eq!(outcome.refused(), (503, Refusal::ReplayStoreFailed));
            assert_eq!(begun.elapsed().as_secs(), u64::from(hangs));
            assert_eq!(server.handled(), usize::from(for_answers));
        }
    }
}

/// Takes this long for a request, and then looks at its marks.
struct Slow(Duration, Arc<Shared>);

impl ReplayStore for Slow {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        // Even a sleep of no time takes up to a millisecond.
        if !mark.is_answer() && !self.0.is_zero() {
            tokio::time::sleep(self.0).await;
        }
        self.1.record(mark).await
    }
}

/// A message is judged fresh before the store is asked.
#[tokio::test(start_paused = true)]
async fn a_slow_store_still_has_the_mark() {
    let clock = Clock::new();
    let marks = Arc::new(Shared::default());
    let [fast, slow] = [0, 990].map(|millis| {
        let store = Slow(Duration::from_millis(millis), Arc::clone(&marks));
        let rule = clock.rule().with_max_age(SECOND).with_skew(Duration::ZERO);
        Server::new(ReplayGuard::new(rule).with_store(store))
    });
    let message = fast.stamped(clock.now());
    assert_eq!(fast.send(message.clone()).await.status, 200);
    advance(SECOND).await;
    let outcome = slow.send(message).await;
    assert_eq!(outcome.refused(), (409, Refusal::Replayed));
}
