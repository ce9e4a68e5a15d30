//! When a message is fresh, and for how long its mark is kept.

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::clock::SteadyClock;

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
    clock: SteadyClock,
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
            clock: SteadyClock::new(SystemTime::now),
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

    /// Reads the time from another clock than the system's, such as one of a test. A clock that is set back behind a
    /// time at which a message was accepted is not followed: the time goes on from there.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = SteadyClock::new(clock);
        self
    }

    /// When a message was sealed, as its payload says.
    fn stamp(&self, payload: &[u8]) -> Option<Duration> {
        let stamped = (self.timestamp)(payload)?;
        stamped.duration_since(UNIX_EPOCH).ok()
    }

    fn is_fresh(&self, stamped: Duration, now: Duration) -> bool {
        let last = stamped
            .saturating_add(self.max_age)
            .saturating_add(self.skew);
        now <= last && stamped <= now.saturating_add(self.skew)
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
    /// No timestamp, so a mark is kept for so long after the message arrived.
    Window(Duration),
}

/// How long a mark is kept, and what its message says of its time.
#[derive(Clone)]
pub(super) struct Times {
    /// Of a request alone.
    pub(super) stamp: Option<Stamp>,
    pub(super) keep_for: Duration,
}

/// When a message was sealed, as it says, and when it arrived: both since 1970, the latter by the guard's clock.
#[derive(Clone)]
pub(super) struct Stamp {
    pub(super) stamped: Duration,
    pub(super) now: Duration,
}

impl Rule {
    pub(super) fn stamp(&self, payload: &[u8]) -> Option<Duration> {
        match self {
            Self::Fresh(rule) => rule.stamp(payload),
            Self::Window(_) => None,
        }
    }

    /// `None` if the message is not fresh.
    pub(super) fn of_request(&self, stamped: Option<Duration>) -> Option<Times> {
        let rule = match self {
            Self::Fresh(rule) => rule,
            Self::Window(window) => return Some(Times::without_stamp(*window)),
        };
        let (stamped, now) = (stamped?, rule.clock.now());
        if !rule.is_fresh(stamped, now) {
            return None;
        }
        rule.clock.reached(now);
        Some(Times {
            stamp: Some(Stamp { stamped, now }),
            keep_for: rule.keep_for(),
        })
    }

    /// An answer may have a timestamp too, and one that is ahead: sent back, it would be fresh for longer.
    pub(super) fn of_answer(&self, stamped: Option<Duration>) -> Times {
        Times::without_stamp(match (self, stamped) {
            (Self::Fresh(rule), Some(stamped)) => {
                let now = rule.clock.now();
                rule.clock.reached(now);
                let ahead = stamped.saturating_sub(now);
                rule.keep_for().saturating_add(ahead)
            }
            // Sent back, it would not be fresh: it has no timestamp.
            (Self::Fresh(rule), None) => rule.keep_for(),
            (Self::Window(window), _) => *window,
        })
    }
}

impl Times {
    fn without_stamp(keep_for: Duration) -> Self {
        Self {
            stamp: None,
            keep_for,
        }
    }
}
