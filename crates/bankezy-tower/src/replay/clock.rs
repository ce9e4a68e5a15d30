//! A clock that does not go back behind what was accepted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The time since the start of 1970. It does not go back behind a time that was [reached](Self::reached), and from
/// then on is never slower than the monotonic clock by which marks are kept: so a mark outlives the time in which its
/// message is fresh, even if the system clock is set back. Clones share what was reached.
#[derive(Clone)]
pub(super) struct SteadyClock {
    source: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    latest: Arc<Mutex<Option<Reading>>>,
}

#[derive(Clone, Copy)]
struct Reading {
    time: Duration,
    taken: Instant,
}

impl SteadyClock {
    pub(super) fn new(source: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            source: Arc::new(source),
            latest: Arc::default(),
        }
    }

    pub(super) fn now(&self) -> Duration {
        let time = (self.source)().duration_since(UNIX_EPOCH);
        let time = time.unwrap_or_default();
        let latest = *self.latest();
        latest.map_or(time, |latest| time.max(latest.now()))
    }

    /// A message was accepted, or an answer sealed, at this time. A time at which nothing was may have been wrong: it
    /// is not held on to.
    pub(super) fn reached(&self, time: Duration) {
        let mut latest = self.latest();
        if latest.is_none_or(|latest| latest.now() < time) {
            *latest = Some(Reading {
                time,
                taken: Instant::now(),
            });
        }
    }

    fn latest(&self) -> MutexGuard<'_, Option<Reading>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn now(self) -> Duration {
        self.time.saturating_add(self.taken.elapsed())
    }
}
