//! How long messages are fresh, and marks are kept, by clocks that are right, jump or differ.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bankezy_tower::{MemoryMarks, Refusal, ReplayGuard};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::advance;
use tower::{Layer, ServiceExt, service_fn};

use super::stores::Shared;
use super::{Clock, HOUR, SECOND, Server, stamp};
use crate::{bytes, sealed_post};

/// Accepts enough other messages that all expired marks are dropped.
async fn drop_marks(server: &Server, clock: &Clock) {
    for _ in 0..20 {
        assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
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
        let server = Server::running(ReplayGuard::new(rule)).await;
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

#[tokio::test(start_paused = true)]
async fn a_mark_is_there_for_as_long_as_its_message_is_fresh() {
    let clock = Clock::new();
    let shared = Arc::new(Shared::default());
    for guard in [
        ReplayGuard::new(clock.rule()),
        ReplayGuard::new(clock.rule()).with_store(shared),
    ] {
        let server = Server::running(guard).await;
        // From as old to as much ahead as can be.
        let oldest = clock.now() - 330 * SECOND;
        let messages = [0, 330, 360].map(|seconds| {
            let stamp = oldest + seconds * SECOND;
            (seconds, server.stamped(stamp))
        });
        for (_, message) in &messages {
            assert_eq!(server.send(message.clone()).await.status, 200);
        }
        for seconds in (0..=400).step_by(10) {
            for (fresh_for, message) in &messages {
                let refusal = if seconds <= *fresh_for {
                    Refusal::Replayed
                } else {
                    Refusal::Stale
                };
                let outcome = server.send(message.clone()).await.refused();
                assert_eq!(outcome, (409, refusal), "after {seconds} s");
            }
            drop_marks(&server, &clock).await;
            advance(10 * SECOND).await;
        }
    }
}

/// The guard's time goes on as if the clock had not been set back.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_opens_no_window() {
    let clock = Clock::new();
    let shared = Arc::new(Shared::default());
    for guard in [
        ReplayGuard::new(clock.rule()),
        ReplayGuard::new(clock.rule()).with_store(shared),
    ] {
        clock.set_ahead(0);
        let server = Server::running(guard).await;
        let message = server.stamped(clock.now());
        let answer = server.send(message.clone()).await;
        assert_eq!(answer.status, 200);
        advance(HOUR).await;
        drop_marks(&server, &clock).await;

        let right = clock.now();
        clock.set_ahead(-3600);
        for replayed in [message.into(), answer.body] {
            let outcome = server.send(replayed).await;
            assert_eq!(outcome.refused(), (409, Refusal::Stale));
        }
        // Nobody whose clock is right is shut out.
        assert_eq!(server.send(server.stamped(right)).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_opens_no_window() {
    let clock = Clock::new();
    let server = Server::running(ReplayGuard::new(clock.rule())).await;
    let message = server.stamped(clock.now());
    let answer = server.send(message.clone()).await;
    assert_eq!(answer.status, 200);
    clock.set_ahead(24 * 3600);
    drop_marks(&server, &clock).await;
    let ahead = server.stamped(clock.now());
    assert_eq!(server.send(ahead.clone()).await.status, 200);
    clock.set_ahead(0);
    for _ in 0..100 {
        advance(10 * SECOND).await;
        for replayed in [message.clone().into(), answer.body.clone()] {
            let outcome = server.send(replayed).await;
            assert_eq!(outcome.refused(), (409, Refusal::Stale));
        }
    }
    // Nor later, when its time has come and its mark has expired.
    advance(24 * HOUR - 1000 * SECOND).await;
    assert_eq!(server.send(ahead).await.refused(), (409, Refusal::Stale));
    // A new process is right again.
    let server = Server::new(ReplayGuard::new(clock.rule()));
    advance(SECOND).await;
    assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
}

/// All that others send meanwhile is refused as too old.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_for_a_moment_shuts_nobody_out() {
    let clock = Clock::new();
    let server = Server::running(ReplayGuard::new(clock.rule())).await;
    for _ in 0..3 {
        let message = server.stamped(clock.now());
        clock.set_ahead(24 * 3600);
        let outcome = server.send(message.clone()).await;
        assert_eq!(outcome.refused(), (409, Refusal::Stale));
        clock.set_ahead(0);
        assert_eq!(server.send(message).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn without_freshness_a_message_is_remembered_for_the_window() {
    let server = Server::new(ReplayGuard::without_freshness(HOUR));
    let sealed = server.key.seal(b"no timestamp").unwrap();
    assert_eq!(server.send(sealed.clone()).await.status, 200);
    advance(HOUR).await;
    let outcome = server.send(sealed.clone()).await;
    assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    // And for the deadline of the store.
    advance(2 * SECOND).await;
    assert_eq!(server.send(sealed).await.status, 200);
}

/// A store has one clock, whatever the guards go by and whenever they were made.
#[tokio::test(start_paused = true)]
async fn guards_that_were_made_separately_keep_each_others_marks() {
    let clock = Clock::new();
    let store = Arc::new(MemoryMarks::new(1000));
    let by_window = || ReplayGuard::without_freshness(HOUR).with_store(Arc::clone(&store));
    let early = Server::running(by_window()).await;
    let fresh = ReplayGuard::new(clock.rule()).with_store(Arc::clone(&store));
    let (late, fresh) = (Server::new(by_window()), Server::new(fresh));
    let messages = [&early, &late].map(|server| (server, server.stamped(clock.now())));
    for (server, message) in &messages {
        assert_eq!(server.send(message.clone()).await.status, 200);
    }
    advance(HOUR / 2).await;
    drop_marks(&fresh, &clock).await;
    for (_, message) in messages {
        for server in [&early, &late] {
            let outcome = server.send(message.clone()).await;
            assert_eq!(outcome.refused(), (409, Refusal::Replayed));
        }
    }
}

/// Such as the end of an order's validity, under the name that requests have their time under.
#[tokio::test(start_paused = true)]
async fn an_answer_with_a_timestamp_ahead_is_no_request_then() {
    let clock = Clock::new();
    let server = Server::running(ReplayGuard::new(clock.rule())).await;
    let ahead = clock.now() + HOUR;
    let handler = service_fn(move |_: Request<Full<Bytes>>| async move {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(stamp(ahead))))
    });
    let request = sealed_post(server.stamped(clock.now()));
    let answer = server.layer.layer(handler).oneshot(request).await.unwrap();
    let answer = bytes(answer.into_body()).await;
    for seconds in [3580, 300, 49] {
        advance(seconds * SECOND).await;
        drop_marks(&server, &clock).await;
        let outcome = server.send(answer.clone()).await;
        assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    }
}
