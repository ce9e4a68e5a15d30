//! What a process knows of messages that an earlier one received.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bankezy_tower::{Refusal, ReplayGuard};
use tokio::time::advance;

use super::stores::Shared;
use super::{Clock, SECOND, Server};

const MILLI: Duration = Duration::from_millis(1);

/// As a sender says it that counts in seconds.
fn in_seconds(time: SystemTime) -> SystemTime {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_handled_is_refused() {
    let clock = Clock::new();
    let earlier = Server::running(ReplayGuard::new(clock.rule())).await;
    advance(300 * MILLI).await;
    let stamps = [
        clock.now() - 200 * SECOND,
        clock.now(),
        // The second in which the next process starts.
        in_seconds(clock.now()),
    ];
    let messages = stamps.map(|stamp| earlier.stamped(stamp));
    for message in &messages {
        assert_eq!(earlier.send(message.clone()).await.status, 200);
    }
    advance(MILLI).await;
    let later = Server::new(ReplayGuard::new(clock.rule()));
    for _ in 0..4 {
        for message in &messages {
            let outcome = later.send(message.clone()).await;
            assert_eq!(outcome.refused(), (409, Refusal::Stale));
        }
        advance(SECOND).await;
    }
    assert_eq!(later.handled(), 0);
}

#[tokio::test(start_paused = true)]
async fn messages_are_accepted_from_the_start_on() {
    let clock = Clock::new();
    advance(300 * MILLI).await;
    let server = Server::new(ReplayGuard::new(clock.rule()));
    let outcome = server.send(server.stamped(clock.now())).await;
    assert_eq!(outcome.refused(), (409, Refusal::Stale));
    advance(MILLI).await;
    assert_eq!(server.send(server.stamped(clock.now())).await.status, 200);
    // In whole seconds: from the next one on.
    for (millis, status) in [(698, 409), (1, 200)] {
        advance(millis * MILLI).await;
        let message = server.stamped(in_seconds(clock.now()));
        assert_eq!(server.send(message).await.status, status);
    }
}

/// As on a machine whose clock is set once the network is there.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_behind_at_the_start_opens_no_window() {
    let clock = Clock::new();
    let earlier = Server::running(ReplayGuard::new(clock.rule())).await;
    let message = earlier.stamped(clock.now());
    assert_eq!(earlier.send(message.clone()).await.status, 200);
    advance(SECOND).await;
    clock.set_ahead(-3600);
    let later = Server::new(ReplayGuard::new(clock.rule()));
    advance(SECOND).await;
    clock.set_ahead(0);
    let outcome = later.send(message).await;
    assert_eq!(outcome.refused(), (409, Refusal::Stale));
    assert_eq!(later.send(later.stamped(clock.now())).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_shared_store_knows_what_an_earlier_process_received() {
    let clock = Clock::new();
    let store = Arc::new(Shared::default());
    let guard = || ReplayGuard::new(clock.rule()).with_store(Arc::clone(&store));
    let earlier = Server::new(guard());
    let messages = [100, 0].map(|age| earlier.stamped(clock.now() - age * SECOND));
    assert_eq!(earlier.send(messages[0].clone()).await.status, 200);
    let later = Server::new(guard());
    let outcome = later.send(messages[0].clone()).await;
    assert_eq!(outcome.refused(), (409, Refusal::Replayed));
    // What was in transit is accepted.
    assert_eq!(later.send(messages[1].clone()).await.status, 200);
    assert_eq!((earlier.handled(), later.handled()), (1, 1));
}
