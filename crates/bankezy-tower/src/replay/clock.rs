//! A clock that never goes back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The time since the start of 1970. It never goes back, and is never slower than the monotonic clock by which
/// marks are kept: so a mark outlives the time in which its message is fresh, even if the system's clock is set
/// back. Clones share the latest time.
#[derive(Clone)]
pub(super) struct SteadyClock {
    source: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    latest: Arc<Mutex<Reading>>,
}

struct Reading {
    time: Duration,
    taken: Instant,
}

impl SteadyClock {
    pub(super) fn new(source: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let latest = Reading {
            time: since_1970(source()),
            taken: Instant::now(),
        };
        Self {
            source: Arc::new(source),
            latest: Arc::new(Mutex::new(latest)),
        }
    }

    pub(super) fn now(&self) -> Duration {
        let time = since_1970((self.source)());
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = Instant::now();
        let at_least = latest
            .time
            .saturating_add(taken.duration_since(latest.taken));
        let time = time.max(at_least);
        *latest = Reading { time, taken };
        time
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
