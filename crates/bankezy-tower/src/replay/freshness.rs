//! When a message is fresh, and for how long its mark is kept.

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Reads a time out of a payload.
type Timestamp = dyn Fn(&[u8]) -> Option<SystemTime> + Send + Sync;

const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5 * 60);
const DEFAULT_SKEW: Duration = Duration::from_secs(30);

/// When a message is fresh: its payload has a timestamp that is neither too old nor ahead.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// use bankezy_tower::Freshness;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Stamp {
///     sent_at: u64, // milliseconds
/// }
///
/// fn sent_at(payload: &[u8]) -> Option<SystemTime> {
///     let stamp: Stamp = serde_json::from_slice(payload).ok()?;
///     UNIX_EPOCH.checked_add(Duration::from_millis(stamp.sent_at))
/// }
///
/// let rule = Freshness::by_timestamp(sent_at).with_max_age(Duration::from_secs(60));
/// ```
#[derive(Clone)]
pub struct Freshness {
    timestamp: Arc<Timestamp>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    max_age: Duration,
    skew: Duration,
}

impl Freshness {
    /// Reads the time at which a message was sealed out of its payload. A message without one is refused.
    #[must_use]
    pub fn by_timestamp(
        timestamp: impl Fn(&[u8]) -> Option<SystemTime> + Send + Sync + 'static,
    ) -> Self {
        Self {
            timestamp: Arc::new(timestamp),
            clock: Arc::new(SystemTime::now),
            max_age: DEFAULT_MAX_AGE,
            skew: DEFAULT_SKEW,
        }
    }

    /// Accepts messages that are at most this old. Default: 5 minutes.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// How far the clocks of sender and receiver, and those of processes that share a store, may be apart: a
    /// timestamp may be this much ahead, and this much older than the maximum age. Default: 30 s.
    #[must_use]
    pub fn with_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Tells the time by another clock than the system's, such as one of a test.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// When the message was sealed, if it is fresh.
    fn of(&self, payload: &[u8], now: Duration) -> Option<Duration> {
        let stamped = (self.timestamp)(payload)?;
        let stamped = stamped.duration_since(UNIX_EPOCH).ok()?;
        let last = stamped
            .saturating_add(self.max_age)
            .saturating_add(self.skew);
        let is_fresh = now <= last && stamped <= self.newest(now);
        is_fresh.then_some(stamped)
    }

    /// The newest timestamp that a message may have.
    fn newest(&self, now: Duration) -> Duration {
        now.saturating_add(self.skew)
    }

    /// How long a mark is kept. A message can be stamped as much ahead as the skew, and accepted until it is as
    /// old as the maximum age and the skew; another process may do so for longer, by a clock that is behind.
    fn keep_for(&self) -> Duration {
        self.max_age.saturating_add(self.skew.saturating_mul(3))
    }
}

impl fmt::Debug for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Freshness")
            .field("max_age", &self.max_age)
            .field("skew", &self.skew)
            .finish_non_exhaustive()
    }
}

/// What a guard goes by.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Fresh(Freshness),
    /// No timestamp, so a mark is kept for so long after the message arrived. The time is that of a clock which
    /// never jumps.
    Window {
        window: Duration,
        started: Instant,
    },
}

/// The times of a message, since the start of 1970 or of the guard.
#[derive(Clone)]
pub(super) struct Times {
    /// When it arrived, or was sealed here.
    pub(super) now: Duration,
    /// What a request says.
    pub(super) stamped: Option<Duration>,
    /// The newest timestamp that it can have.
    pub(super) newest: Duration,
    pub(super) keep_for: Duration,
}

impl Rule {
    /// `None` if the message is not fresh.
    pub(super) fn of_request(&self, payload: &[u8]) -> Option<Times> {
        let times = self.of_answer();
        let Self::Fresh(rule) = self else {
            return Some(times);
        };
        let stamped = rule.of(payload, times.now)?;
        Some(Times {
            stamped: Some(stamped),
            ..times
        })
    }

    pub(super) fn of_answer(&self) -> Times {
        let (now, newest, keep_for) = match self {
            Self::Fresh(rule) => {
                let now = (rule.clock)()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                (now, rule.newest(now), rule.keep_for())
            }
            Self::Window { window, started } => {
                let now = started.elapsed();
                (now, now, *window)
            }
        };
        Times {
            now,
            stamped: None,
            newest,
            keep_for,
        }
    }
}
