//! Limits on how many there may be at once, or in a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Up to as many permits as there can be.
pub(super) fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

/// So many a second on average, and a second's worth of them at once after a pause, so up to twice as many in that second.
/// Clones share what was taken.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    per_second: u32,
    /// When all that was taken is paid for, at one each `1 / per_second`.
    paid_at: Arc<Mutex<Option<Instant>>>,
}

impl Rate {
    pub(super) fn per_second(per_second: u32) -> Self {
        Self {
            per_second,
            paid_at: Arc::default(),
        }
    }

    /// Whether there may be one more now, which is counted if so.
    pub(super) fn take(&self) -> bool {
        let Some(price) = SECOND.checked_div(self.per_second) else {
            return false;
        };
        let now = Instant::now();
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = paid_at.map_or(now, |paid_at| paid_at.max(now)) + price;
        let may_be = paid <= now + SECOND;
        if may_be {
            *paid_at = Some(paid);
        }
        may_be
    }
}
