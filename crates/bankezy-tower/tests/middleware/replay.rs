//! Messages that were received before.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Channel, PayloadCipher, PayloadSecret};
use bankezy_tower::{
    FoundKeys, Freshness, KeyLookup, LookedUpKeys, Mark, MemoryMarks, Recorded, Refusal,
    ReplayGuard, ReplayStore, SealedServerLayer, Unavailable, only_header,
};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

use super::{bytes, each_backend, header, sealed_post, shared, with_another_key};
use crate::common::shown;

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
        let content_type = header(&parts.headers, "content-type");
        assert_eq!(content_type, Some("text/plain"));
        Outcome {
            status: parts.status.as_u16(),
            refusal: parts.extensions.get().cloned(),
            opened: self.key.open(&body).ok().map(|opened| {
                let text = String::from_utf8(opened.to_vec());
                text.unwrap()
            }),
            body,
        }
    }

    fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }

    /// A message that says when it was sealed.
    fn stamped(&self, at: SystemTime) -> String {
        let millis = at.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let json = format!(r#"{{"sentAt":{millis}}}"#);
        self.key.seal(json.as_bytes()).unwrap()
    }
}

struct Outcome {
    status: u16,
    refusal: Option<Refusal>,
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
        (self.status, refusal)
    }
}

fn sent_at(payload: &[u8]) -> Option<SystemTime> {
    let payload: Value = serde_json::from_slice(payload).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(payload["sentAt"].as_u64()?))
}

/// A clock that the test sets, ahead of the system's: what was stamped before a store began is not known to it.
#[derive(Clone)]
struct Clock {
    begun: SystemTime,
    seconds: Arc<AtomicU64>,
}

impl Clock {
    fn new() -> Self {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let begun = UNIX_EPOCH + Duration::from_secs(millis.as_secs()) + 24 * HOUR;
        Self {
            begun,
            seconds: Arc::default(),
        }
    }

    fn now(&self) -> SystemTime {
        self.begun + Duration::from_secs(self.seconds.load(Ordering::SeqCst))
    }

    fn set(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::SeqCst);
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
            serde_json::from_str(include_str!("../../../../test-vectors/nimbus.json")).unwrap();
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

#[tokio::test]
async fn an_answer_that_is_sent_back_is_no_request() {
    let clock = Clock::new();
    for guard in [
        ReplayGuard::without_freshness(HOUR),
        ReplayGuard::new(clock.rule()),
    ] {
        let server = Server::new(guard);
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

#[tokio::test]
async fn only_fresh_messages_are_accepted() {
    let clock = Clock::new();
    let rules = [
        (clock.rule(), 300, 30),
        (
            clock.rule().with_max_age(10 * SECOND).with_skew(SECOND),
            10,
            1,
        ),
        (clock.rule().with_skew(Duration::ZERO), 300, 0),
    ];
    for (rule, max_age, skew) in rules {
        let server = Server::new(ReplayGuard::new(rule));
        let milli = Duration::from_millis(1);
        let (oldest, newest) = (
            clock.now() - (max_age + skew) * SECOND,
            clock.now() + skew * SECOND,
        );
        for stamp in [oldest, clock.now(), newest] {
            assert_eq!(server.send(server.stamped(stamp)).await.status, 200);
        }
        for stamp in [oldest - milli, newest + milli, UNIX_EPOCH] {
            let outcome = server.send(server.stamped(stamp)).await;
            assert_eq!(outcome.refused(), (409, Refusal::Stale));
        }
        for payload in ["{}", "", r#"{"sentAt":18446744073709551615}"#] {
            let sealed = server.key.seal(payload.as_bytes()).unwrap();
            let outcome = server.send(sealed).await;
            assert_eq!(outcome.refused(), (409, Refusal::Stale));
        }
        assert_eq!(server.handled(), 3);
    }
}

/// As long as a message is fresh its mark is there.
#[tokio::test]
async fn no_message_outlives_its_mark() {
    let clock = Clock::new();
    let server = Server::new(ReplayGuard::new(clock.rule()));
    let messages = [0, 29].map(|ahead| server.stamped(clock.now() + ahead * SECOND));
    for message in &messages {
        assert_eq!(server.send(message.clone()).await.status, 200);
    }
    for seconds in (0..=400).step_by(10) {
        clock.set(seconds);
        for message in &messages {
            let response = server.answer(sealed_post(message.clone())).await;
            assert_ne!(response.status(), 200, "after {seconds} s");
        }
        // What drops marks.
        let other = server.stamped(clock.now());
        assert_eq!(server.answer(sealed_post(other)).await.status(), 200);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_opens_no_window() {
    let clock = Clock::new();
    let mut server = Server::new(ReplayGuard::new(clock.rule()));
    server.layer = server.layer.with_unauthenticated_rate(1000);
    let message = server.stamped(clock.now());
    let answer = server.send(message.clone()).await;
    assert_eq!(answer.status, 200);

    // A day ahead: all marks have expired and are dropped, a few with each message.
    clock.set(24 * 3600);
    for _ in 0..20 {
        assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
    }
    clock.set(0);
    for replayed in [message.into(), answer.body] {
        assert_eq!(server.send(replayed).await.refused(), (409, Refusal::Stale));
    }
    // What comes later is accepted: the jump does not shut anyone out for a day.
    clock.set(31);
    assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
}

/// A store that several processes could share.
#[derive(Default)]
struct Shared(Mutex<HashSet<String>>);

impl ReplayStore for Shared {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        let mut marks = self.0.lock().unwrap();
        Ok(if marks.insert(mark.as_str().to_owned()) {
            Recorded::New
        } else {
            Recorded::Seen
        })
    }
}

#[tokio::test]
async fn after_a_start_older_messages_are_refused_unless_a_store_is_shared() {
    let rule = || Freshness::by_timestamp(sent_at);
    let server = Server::new(ReplayGuard::new(rule()));
    let now = SystemTime::now();
    let old = server.stamped(now - 10 * SECOND);
    let outcome = server.send(old.clone()).await;
    assert_eq!(outcome.refused(), (409, Refusal::Stale));
    // In whole seconds, so that it may look older than the store.
    let seconds = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let stamp = UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(server.send(server.stamped(stamp)).await.status, 200);

    let store = Arc::new(Shared::default());
    let [one, two] = [(); 2].map(|()| {
        let guard = ReplayGuard::new(rule()).with_store(Arc::clone(&store));
        Server::new(guard)
    });
    assert_eq!(one.send(old.clone()).await.status, 200);
    assert_eq!(two.send(old).await.refused(), (409, Refusal::Replayed));
    assert_eq!((one.handled(), two.handled()), (1, 0));
}

#[tokio::test]
async fn a_full_store_refuses_and_forgets_nothing() {
    let clock = Clock::new();
    let guard = ReplayGuard::new(clock.rule()).with_store(MemoryMarks::new(2));
    let server = Server::new(guard.clone());
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
    clock.set(400);
    assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
    assert_eq!(guard.times_full(), 3);
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
            let begun = tokio::time::Instant::now();
            let outcome = server.send(server.key.seal(b"{}").unwrap()).await;
            assert_eq!(outcome.refused(), (503, Refusal::ReplayStoreFailed));
            assert_eq!(begun.elapsed().as_secs(), u64::from(hangs));
            assert_eq!(server.handled(), usize::from(for_answers));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replayer_cannot_spend_the_nonces() {
    let server = Server::new(ReplayGuard::without_freshness(HOUR));
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    let before = server.key.nonce_budget().used();
    let mut statuses = Vec::new();
    for _ in 0..100 {
        let outcome = server.send(sealed.clone()).await;
        statuses.push(outcome.refused().0);
    }
    assert_eq!(server.key.nonce_budget().used(), before + 10);
    assert_eq!(statuses[..10], [409; 10]);
    assert_eq!(statuses[10..], [429; 90]);
    assert_eq!(server.handled(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_freshness_a_message_is_remembered_for_the_window() {
    let server = Server::new(ReplayGuard::without_freshness(HOUR));
    let sealed = server.key.seal(b"no timestamp").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    tokio::time::advance(HOUR).await;
    let outcome = server.send(sealed.clone()).await;
    assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    tokio::time::advance(SECOND).await;
    assert_eq!(server.send(sealed).await.status, 200);
}

/// Recorded when the tag was verified, and not when the handler is done.
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
    let (guard, count) = (
        ReplayGuard::without_freshness(HOUR).with_store(MemoryMarks::new(1)),
        3,
    );
    let server = Server::new(guard.clone());
    let foreign = with_another_key(&AVAILABLE[0]).seal(b"{}").unwrap();
    for _ in 0..count {
        assert_eq!(server.send(foreign.clone()).await.status, 400);
    }
    let sealed = server.key.seal(b"{}").unwrap();
    assert_eq!(server.send(sealed).await.status, 200);
    assert_eq!(guard.times_full(), 0);
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
    let (parts, body) = server.answer(sealed_post(sealed)).await.into_parts();
    assert_eq!(parts.status, 409);
    let content_type = header(&parts.headers, "content-type");
    assert_eq!(content_type, Some("application/json"));
    assert_eq!(bytes(body).await, r#"{"code":"replayed"}"#);
}

/// Every identifier has the same keys, whose identifier is what follows the dash.
struct SameKeys(Channel);

impl KeyLookup for SameKeys {
    type Principal = ();

    fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str> {
        only_header(request, "x-api-key")
    }

    async fn find(&self, identifier: &str) -> Result<Option<FoundKeys<()>>, Unavailable> {
        let (_, key_id) = identifier.split_once('-').unwrap();
        Ok(Some(FoundKeys::new(key_id, self.0.clone(), ())))
    }
}

#[tokio::test]
async fn messages_are_told_apart_by_their_key() {
    let key = shared(&AVAILABLE[0]);
    let keys = SameKeys(Channel::from(Arc::clone(&key)));
    let keys = LookedUpKeys::with_decoy(keys, with_another_key(&AVAILABLE[0]));
    let guard = ReplayGuard::without_freshness(HOUR);
    let server = Server {
        layer: SealedServerLayer::from_lookup(keys).with_replay_guard(guard),
        key,
        handled: Arc::default(),
    };
    let sealed = server.key.seal(b"{}").unwrap();
    for (identifier, status) in [
        ("session1-a", 200),
        // Another session of the same key is no way around.
        ("session2-a", 409),
        // And nobody can use up another's messages.
        ("session1-b", 200),
        ("session1-b", 409),
    ] {
        let mut request = sealed_post(sealed.clone());
        let value = identifier.parse().unwrap();
        request.headers_mut().insert("x-api-key", value);
        assert_eq!(
            server.answer(request).await.status(),
            status,
            "{identifier}"
        );
    }
}

/// Keeps the marks that it is given.
#[derive(Default)]
struct Keeping(Mutex<Vec<Mark>>);

impl ReplayStore for Keeping {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        self.0.lock().unwrap().push(mark.clone());
        Ok(Recorded::New)
    }
}

#[tokio::test]
async fn a_mark_is_key_nonce_and_tag_and_shows_nothing() {
    let clock = Clock::new();
    let store = Arc::new(Keeping::default());
    let guard = ReplayGuard::new(clock.rule()).with_store(Arc::clone(&store));
    let server = Server::new(guard);
    let request = server.stamped(clock.now() - 60 * SECOND);
    let answer = server.send(request.clone()).await.body;
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    let marks = store.0.lock().unwrap();
    assert_eq!(marks.len(), 2);
    for (mark, sealed, is_answer, keep_for) in [
        // 5 minutes and three times 30 s.
        (&marks[0], request, false, 390),
        (&marks[1], answer, true, 390),
    ] {
        let parts: Vec<&str> = sealed.split('.').collect();
        assert_eq!(mark.as_str(), format!(".{}.{}", parts[2], parts[4]));
        assert_eq!(mark.is_answer(), is_answer);
        assert_eq!(mark.keep_for(), keep_for * SECOND);
        for part in [parts[2], parts[4]] {
            assert!(!shown(mark).contains(part));
        }
    }
}
