//! Messages that were received before.

mod clocks;
mod marks;
mod routes;
mod start;
mod stores;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_tower::{Freshness, MemoryMarks, Refusal, ReplayGuard, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tokio::time::{Instant, advance, timeout};
use tower::{Layer, ServiceExt, service_fn};

use super::{NeverReady, bytes, each_backend, header, sealed_post, shared, with_another_key};

type Answer = Response<Full<Bytes>>;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A server whose handler answers with what it gets, and counts.
#[derive(Clone)]
struct Server {
    layer: SealedServerLayer,
    key: Arc<PayloadCipher>,
    handled: Arc<AtomicUsize>,
}

impl Server {
    fn new(guard: ReplayGuard) -> Self {
        let key = shared(&AVAILABLE[0]);
        Self {
            layer: SealedServerLayer::new(Arc::clone(&key)).with_replay_guard(guard),
            key,
            handled: Arc::default(),
        }
    }

    /// A server that was started an hour ago, so that its start plays no part.
    async fn running(guard: ReplayGuard) -> Self {
        let server = Self::new(guard);
        advance(HOUR).await;
        server
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Answer {
        let handled = Arc::clone(&self.handled);
        let service = self
            .layer
            .layer(service_fn(move |request: Request<Full<Bytes>>| {
                handled.fetch_add(1, Ordering::SeqCst);
                async { Ok::<_, Infallible>(Response::new(request.into_body())) }
            }));
        service.oneshot(request).await.unwrap()
    }

    async fn send(&self, sealed: impl Into<Bytes>) -> Outcome {
        let (parts, body) = self.answer(sealed_post(sealed)).await.into_parts();
        let body = bytes(body).await;
        let opened = self.key.open(&body).ok().map(|opened| {
            let text = String::from_utf8(opened.to_vec());
            text.unwrap()
        });
        Outcome {
            status: parts.status.as_u16(),
            refusal: parts.extensions.get().cloned(),
            content_type: header(&parts.headers, "content-type").map(str::to_owned),
            retry_after: header(&parts.headers, "retry-after").map(str::to_owned),
            opened,
            body,
        }
    }

    fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }

    /// A message that says when it was sealed.
    fn stamped(&self, at: SystemTime) -> String {
        self.key.seal(stamp(at).as_bytes()).unwrap()
    }
}

fn stamp(at: SystemTime) -> String {
    let millis = at.duration_since(UNIX_EPOCH).unwrap().as_millis();
    format!(r#"{{"sentAt":{millis}}}"#)
}

fn sent_at(payload: &[u8]) -> Option<SystemTime> {
    let payload: Value = serde_json::from_slice(payload).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(payload["sentAt"].as_u64()?))
}

struct Outcome {
    status: u16,
    refusal: Option<Refusal>,
    content_type: Option<String>,
    retry_after: Option<String>,
    opened: Option<String>,
    body: Bytes,
}

impl Outcome {
    /// Status and refusal, having looked that the reason is sealed where it has to be.
    fn refused(self) -> (u16, Refusal) {
        let refusal = self.refusal.unwrap();
        let reason = match refusal {
            Refusal::Replayed => Some(r#"{"code":"replayed"}"#),
            Refusal::Stale => Some(r#"{"code":"stale"}"#),
            _ => None,
        };
        assert_eq!(self.opened.as_deref(), reason);
        assert_eq!(self.content_type.as_deref(), Some("text/plain"));
        (self.status, refusal)
    }

    /// That the message was received before, in clear.
    fn refused_unsealed(self) {
        assert_eq!((self.status, self.refusal), (409, Some(Refusal::Replayed)));
        assert_eq!(self.content_type.as_deref(), Some("application/json"));
        assert_eq!(self.retry_after, None);
        assert_eq!(self.body, r#"{"code":"replayed"}"#);
    }
}

/// A wall clock that runs with tokio's, which tests advance, unless a test sets it ahead or back.
#[derive(Clone)]
struct Clock {
    made: Instant,
    ahead: Arc<AtomicI64>,
}

impl Clock {
    fn new() -> Self {
        Self {
            made: Instant::now(),
            ahead: Arc::default(),
        }
    }

    fn now(&self) -> SystemTime {
        let seconds = 2_000_000_000 + self.ahead.load(Ordering::SeqCst);
        let begun = Duration::from_secs(seconds.try_into().unwrap());
        UNIX_EPOCH + begun + self.made.elapsed()
    }

    /// By how many seconds it is wrong.
    fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }

    fn rule(&self) -> Freshness {
        let clock = self.clone();
        Freshness::by_timestamp(sent_at).with_clock(move || clock.now())
    }
}

/// Messages of other libraries.
#[test]
fn a_message_is_accepted_once() {
    each_backend(async |backend| {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../../../test-vectors/nimbus.json")).unwrap();
        let mut tried = 0;
        for case in vectors["cases"].as_array().unwrap() {
            if case["kind"] != "dir" || case["result"] != "valid" {
                continue;
            }
            let text = |member: &str| case[member].as_str().unwrap().to_owned();
            let secret = PayloadSecret::from_base64url(&text("key_b64u")).unwrap();
            let key = Arc::new(PayloadCipher::with_backend(&secret, backend).unwrap());
            let guard = ReplayGuard::without_freshness(HOUR);
            let server = Server {
                layer: SealedServerLayer::new(Arc::clone(&key)).with_replay_guard(guard),
                key,
                handled: Arc::default(),
            };
            assert_eq!(server.send(text("jwe")).await.status, 200);
            for end in ["", "\n"] {
                let outcome = server.send(text("jwe") + end).await;
                assert_eq!(outcome.refused(), (409, Refusal::Replayed));
            }
            assert_eq!(server.handled(), 1);
            // The same content, sealed anew, is another message.
            let payload = server.key.open(text("jwe").as_bytes()).unwrap();
            let anew = server.key.seal(&payload).unwrap();
            assert_eq!(server.send(anew).await.status, 200);
            tried += 1;
        }
        assert!(tried > 5, "{tried}");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_accepted() {
    let server = Server::new(ReplayGuard::without_freshness(HOUR));
    for _ in 0..20 {
        let before = server.handled();
        let sealed = server.key.seal(b"{}").unwrap();
        let many = (0..20).map(|_| {
            let (server, sealed) = (server.clone(), sealed.clone());
            tokio::spawn(async move { server.answer(sealed_post(sealed)).await.status() })
        });
        for answer in many.collect::<Vec<_>>() {
            answer.await.unwrap();
        }
        assert_eq!(server.handled(), before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_sent_back_is_no_request() {
    let clock = Clock::new();
    for guard in [
        ReplayGuard::without_freshness(HOUR),
        ReplayGuard::new(clock.rule()),
    ] {
        let server = Server::running(guard).await;
        let sealed = server.stamped(clock.now());
        let answer = server.send(sealed.clone()).await;
        assert_eq!(answer.status, 200);
        let reflected = server.send(answer.body).await;
        // Its own refusal neither.
        let body = reflected.body.clone();
        assert_eq!(reflected.refused(), (409, Refusal::Replayed));
        let again = server.send(body).await.refused();
        assert!(matches!(again, (409, Refusal::Replayed | Refusal::Stale)));
        assert_eq!(server.handled(), 1);
    }
    // Nor that to a request that was not sealed.
    let mut server = Server::new(ReplayGuard::without_freshness(HOUR));
    server.layer = server.layer.allow_empty();
    let mut empty = sealed_post("");
    *empty.method_mut() = http::Method::GET;
    let answer = server.answer(empty).await;
    let reflected = server.send(bytes(answer.into_body()).await).await;
    assert_eq!(reflected.refused(), (409, Refusal::Replayed));
}

/// Recorded when the handler is called, and not when it is done.
#[tokio::test]
async fn a_message_counts_from_before_the_handler_runs() {
    let server = Server::new(ReplayGuard::without_freshness(HOUR));
    let sealed = server.key.seal(b"{}").unwrap();
    let never = service_fn(|_: Request<Full<Bytes>>| pending::<Result<Answer, Infallible>>());
    let service = server.layer.layer(never);
    let first = tokio::spawn(service.oneshot(sealed_post(sealed.clone())));
    tokio::task::yield_now().await;
    let outcome = server.send(sealed).await;
    assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    first.abort();

    // What does not open is not recorded.
    let guard = ReplayGuard::without_freshness(HOUR).with_store(MemoryMarks::new(1));
    let server = Server::new(guard.clone());
    let foreign = with_another_key(&AVAILABLE[0]).seal(b"{}").unwrap();
    for _ in 0..3 {
        assert_eq!(server.send(foreign.clone()).await.status, 400);
    }
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed).await.status, 200);
    assert_eq!(guard.times_full(), 0);
}

/// A caller who gives up while the service is busy can send the same message again.
#[tokio::test(start_paused = true)]
async fn a_message_that_the_service_did_not_take_is_not_recorded() {
    let clock = Clock::new();
    for guard in [
        ReplayGuard::without_freshness(HOUR),
        ReplayGuard::new(clock.rule()),
    ] {
        let server = Server::running(guard).await;
        let sealed = server.stamped(clock.now());
        for _ in 0..3 {
            let busy = server.layer.layer(NeverReady);
            let waiting = busy.oneshot(sealed_post(sealed.clone()));
            assert!(timeout(SECOND, waiting).await.is_err());
        }
        assert_eq!(server.send(sealed.clone()).await.status, 200);
        let outcome = server.send(sealed).await;
        assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    }
}

/// Requests without a body and replays do not take each other's rate.
#[tokio::test(start_paused = true)]
async fn strangers_do_not_hide_why_a_message_was_refused() {
    let mut server = Server::new(ReplayGuard::without_freshness(HOUR));
    server.layer = server.layer.allow_empty();
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    let empty = || {
        let mut empty = sealed_post("");
        *empty.method_mut() = http::Method::GET;
        empty
    };
    for status in [[200_u16; 10], [429; 10]].concat() {
        assert_eq!(server.answer(empty()).await.status(), status);
    }
    for _ in 0..10 {
        let outcome = server.send(sealed.clone()).await;
        assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    }
    server.send(sealed).await.refused_unsealed();
    advance(SECOND).await;
    assert_eq!(server.answer(empty()).await.status(), 200);
}

/// Nor does a full store, or a key whose nonces are used up.
#[tokio::test(start_paused = true)]
async fn a_reason_that_cannot_be_sealed_is_given_all_the_same() {
    let guard = ReplayGuard::without_freshness(HOUR).with_store(MemoryMarks::new(1));
    let server = Server::new(guard);
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    let outcome = server.send(sealed.clone()).await;
    assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    server.send(sealed).await.refused_unsealed();
}

#[tokio::test(start_paused = true)]
async fn a_replayer_cannot_spend_the_nonces() {
    let server = Server::new(ReplayGuard::without_freshness(HOUR));
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    let before = server.key.nonce_budget().used();
    for _ in 0..10 {
        let outcome = server.send(sealed.clone()).await;
        assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    }
    // The reason stays the same for others: it is only not sealed any more.
    for _ in 0..90 {
        let outcome = server.send(sealed.clone()).await;
        outcome.refused_unsealed();
    }
    assert_eq!(server.key.nonce_budget().used(), before + 10);
    assert_eq!(server.handled(), 1);
}

/// A sealed text is bound to no route.
#[tokio::test]
async fn a_message_to_one_route_is_not_accepted_at_another() {
    let guard = ReplayGuard::without_freshness(HOUR);
    let [one, other] = [(); 2].map(|()| Server::new(guard.clone()));
    let sealed = one.key.seal(b"{}").unwrap();
    assert_eq!(one.send(sealed.clone()).await.status, 200);
    assert_eq!(other.send(sealed).await.refused(), (409, Refusal::Replayed));
}

#[tokio::test]
async fn where_errors_are_not_sealed_the_reason_is_json() {
    let mut server = Server::new(ReplayGuard::without_freshness(HOUR));
    server.layer = server.layer.seal_errors(false);
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    server.send(sealed).await.refused_unsealed();
}
