//! Waiting for what happens elsewhere. No test depends on how long that takes: the limit is far beyond what a busy
//! machine needs, so that a test that hangs says what it waits for.

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// Waits for what happens in the background.
///
/// # Panics
/// If it does not happen.
pub async fn eventually(what: &str, happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    in_time(what, waiting).await;
}

/// The same on a thread without a runtime.
///
/// # Panics
/// If it does not happen.
pub fn eventually_blocking(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < LIMIT, "{what} did not come in time");
        thread::sleep(PAUSE);
    }
}

/// Moves the clock of a single-threaded runtime, which measures waits, and lets it run on.
pub async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// For what must not hang.
///
/// # Panics
/// If it does.
pub async fn in_time<T>(what: &str, working: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, working)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come in time"))
}
