//! A message is executed once by all processes together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_fleet::Fleet;
use bankezy_tower::{ReplayGuard, SealedServerLayer};
use http::{Request, StatusCode};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::children::{Process, pause, say, setting};
use crate::server::Redis;
use crate::stage::{fleet, ms};

pub(crate) struct Backend {
    router: Router,
    pub(crate) executed: Arc<AtomicU32>,
}

fn cipher() -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&[5; 32]).unwrap();
    PayloadCipher::new(&secret).unwrap()
}

pub(crate) fn message() -> String {
    cipher().seal(b"{\"pay\":1}").unwrap()
}

impl Backend {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        Self::with(fleet.replay_marks())
    }

    fn with(marks: bankezy_fleet::SharedMarks) -> Self {
        let window = Duration::from_secs(300);
        Self::guarded(ReplayGuard::without_freshness(window).with_store(marks))
    }

    fn guarded(guard: ReplayGuard) -> Self {
        let executed = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&executed);
        let handler = move || {
            let count = Arc::clone(&count);
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                "{}"
            }
        };
        let layer = SealedServerLayer::new(cipher()).with_replay_guard(guard);
        let router = Router::new().route("/pay", post(handler)).layer(layer);
        Self { router, executed }
    }

    pub(crate) async fn receive(&self, message: &str) -> StatusCode {
        let request = Request::post("/pay")
            .header("content-type", "text/plain")
            .body(Body::from(message.to_owned()))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_sent_to_all_processes_at_once_is_executed_once() {
    let Some(redis) = Redis::start() else { return };
    let backends: Vec<_> = (0..4)
        .map(|_| Arc::new(Backend::new(&fleet(&redis.url()))))
        .collect();
    for _ in 0..50 {
        let message: Arc<str> = message().into();
        let sent: Vec<_> = (0..16)
            .map(|number| {
                let (backend, message) = (Arc::clone(&backends[number % 4]), Arc::clone(&message));
                tokio::spawn(async move { backend.receive(&message).await })
            })
            .collect();
        let mut accepted = 0;
        for status in sent {
            match status.await.unwrap() {
                StatusCode::OK => accepted += 1,
                status => assert_eq!(status, StatusCode::CONFLICT),
            }
        }
        assert_eq!(accepted, 1);
    }
    let executed = |backend: &Arc<Backend>| backend.executed.load(Ordering::SeqCst);
    assert_eq!(backends.iter().map(executed).sum::<u32>(), 50);
}

/// A process of the fleet: receives each message when it is told to, and says with which status.
pub(crate) async fn receives() {
    let backend = Backend::new(&fleet(&setting("STORE")));
    say("ready");
    for message in setting("RECEIVED").split(' ') {
        tokio::task::block_in_place(pause);
        let status = backend.receive(message).await;
        let executed = backend.executed.load(Ordering::SeqCst);
        say(format!("{} {executed}", status.as_u16()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_sent_to_two_processes_at_once_is_executed_by_one() {
    let Some(redis) = Redis::start() else { return };
    let messages: Vec<String> = (0..100).map(|_| message()).collect();
    let (url, received) = (redis.url(), messages.join(" "));
    let settings = [("STORE", url.as_str()), ("RECEIVED", received.as_str())];
    let mut processes = [0, 1].map(|_| Process::start("receives", &settings));
    for process in &mut processes {
        assert_eq!(process.says(), "ready");
    }
    let mut executed = [0, 0];
    for number in 0..messages.len() {
        // The first to be told is not always the same.
        processes[number % 2].go();
        processes[1 - number % 2].go();
        let mut statuses = Vec::new();
        for (process, executed) in processes.iter_mut().zip(&mut executed) {
            let said = process.says();
            let (status, count) = said.split_once(' ').unwrap();
            statuses.push(status.to_owned());
            *executed = count.parse::<usize>().unwrap();
        }
        statuses.sort_unstable();
        assert_eq!(statuses, ["200", "409"]);
        assert_eq!(executed.iter().sum::<usize>(), number + 1);
    }
    // Each won at least once: they ran at the same time.
    assert!(executed.iter().all(|count| *count > 0), "{executed:?}");
}

#[tokio::test]
async fn without_the_store_messages_are_refused_and_accepted_again_once_it_is_back() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let fleet = fleet(&redis.url());
    let backend = Backend::new(&fleet);
    assert_eq!(backend.receive(&message()).await, StatusCode::OK);
    for hangs in [false, true] {
        if hangs {
            redis.freeze();
        } else {
            redis.kill();
        }
        for _ in 0..3 {
            let begun = Instant::now();
            assert_eq!(
                backend.receive(&message()).await,
                StatusCode::SERVICE_UNAVAILABLE
            );
            assert!(begun.elapsed() < ms(1_500), "{:?}", begun.elapsed());
        }
        if hangs {
            redis.thaw();
        } else {
            redis.restart();
        }
        let back = Instant::now();
        while backend.receive(&message()).await != StatusCode::OK {
            assert!(back.elapsed() < ms(4_000));
            sleep(ms(20)).await;
        }
    }
    assert_eq!(backend.executed.load(Ordering::SeqCst), 3);
    // Only who asks for it gets the other answer.
    redis.kill();
    let lenient = Backend::with(fleet.replay_marks().accept_without_store());
    assert_eq!(lenient.receive(&message()).await, StatusCode::OK);
}

/// A mark outlives the process that recorded it, and a server that writes to disk.
#[tokio::test]
async fn after_a_power_cut_a_server_that_writes_each_mark_to_disk_still_knows_it() {
    let Some(mut redis) = Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    else {
        return;
    };
    let message = message();
    assert_eq!(
        Backend::new(&fleet(&redis.url())).receive(&message).await,
        StatusCode::OK
    );
    redis.kill();
    redis.restart();
    let backend = Backend::new(&fleet(&redis.url()));
    assert_eq!(backend.receive(&message).await, StatusCode::CONFLICT);
    assert_eq!(backend.executed.load(Ordering::SeqCst), 0);
}

/// A full memory refuses marks, and drops none.
#[tokio::test]
async fn a_server_without_memory_refuses_messages() {
    let Some(redis) = Redis::start() else { return };
    let backend = Backend::new(&fleet(&redis.url()));
    let seen = message();
    assert_eq!(backend.receive(&seen).await, StatusCode::OK);
    redis.text(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(
        backend.receive(&message()).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    redis.text(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(backend.receive(&seen).await, StatusCode::CONFLICT);
}

/// The store takes no expiry beyond its times.
#[tokio::test]
async fn a_mark_that_is_kept_for_ever_is_accepted_once() {
    let Some(redis) = Redis::start() else { return };
    let guard = |store| ReplayGuard::without_freshness(Duration::MAX).with_store(store);
    let backend = Backend::guarded(guard(fleet(&redis.url()).replay_marks()));
    let message = message();
    assert_eq!(backend.receive(&message).await, StatusCode::OK);
    assert_eq!(backend.receive(&message).await, StatusCode::CONFLICT);
}
