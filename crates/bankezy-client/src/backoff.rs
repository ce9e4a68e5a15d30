//! Waits after failures in a row.

use core::time::Duration;
use std::sync::Arc;

use tokio::time::Instant;

use super::retry::MAX_DEADLINE;

/// How long to wait after failures: twice as long each time, between two bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
}

/// Failures in a row.
pub(super) struct Failed<E> {
    times: u32,
    wait: Duration,
    retry_at: Instant,
    cause: Arc<E>,
}

impl Backoff {
    /// The first wait and the longest, which is at most 24 hours.
    pub(super) fn new(first: Duration, max: Duration) -> Self {
        let max = max.min(MAX_DEADLINE);
        Self { first, max }
    }

    /// One more failure, after those before it in a row. `asked` is how long the server asks to
    /// wait, which counts up to the longest wait.
    pub(super) fn after<E>(
        &self,
        before: Option<&Failed<E>>,
        cause: Arc<E>,
        asked: Option<Duration>,
    ) -> Failed<E> {
        let before = before.map_or(0, |failed| failed.times);
        let doubling = 2_u32.saturating_pow(before.min(16));
        let wait = self
            .first
            .saturating_mul(doubling)
            .max(asked.unwrap_or_default())
            .min(self.max);
        Failed {
            times: before.saturating_add(1),
            wait,
            retry_at: Instant::now() + wait,
            cause,
        }
    }
}

impl<E> Failed<E> {
    /// How often, in a row.
    pub(super) fn times(&self) -> u32 {
        self.times
    }

    /// How long to wait from the last failure.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// How it failed the last time.
    pub(super) fn cause(&self) -> &Arc<E> {
        &self.cause
    }

    /// How much of the wait is left; `None` where it is over.
    pub(super) fn retry_in(&self) -> Option<Duration> {
        let left = self.retry_at.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}
