//! Lifetimes by the clocks of this process and of the store.

use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::{Lifetime, Moment, TokenEntry};

pub(crate) fn now() -> Moment {
    Moment {
        time_of_day: SystemTime::now(),
        monotonic: std::time::Instant::now(),
    }
}

/// As long as without end. The store takes no expiry beyond its range of times.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A time until something in the store expires.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.min(LONGEST).as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn left_of<T>(entry: &TokenEntry<T>, now: Moment) -> Duration {
    if !entry.lifetime().is_good(now) {
        return Duration::ZERO;
    }
    let left = entry.good_until().duration_since(now.time_of_day);
    left.unwrap_or_default()
}

/// By how much the clocks of machines differ at most.
const CLOCKS: Duration = Duration::from_secs(24 * 60 * 60);

/// The same token, of whose life this is left by the store's clock. Who writes to the store can set any expiry: one far
/// beyond that which is sealed does not count.
pub(super) fn ending_in<T>(entry: TokenEntry<T>, left: Duration) -> TokenEntry<T> {
    let now = now();
    let sealed = entry.good_until().checked_add(CLOCKS);
    let sealed = sealed.and_then(|until| until.duration_since(now.time_of_day).ok());
    let left = left.min(sealed.unwrap_or_default());
    let lifetime = entry.lifetime().ending_in(left, now);
    TokenEntry::new(entry.into_answer(), lifetime)
}

/// The same token, which a cache does not renew yet.
pub(super) fn not_due<T>(entry: TokenEntry<T>, now: Moment) -> TokenEntry<T> {
    let until = entry.good_until();
    let lifetime = Lifetime::new(now, until, Some(Duration::ZERO));
    TokenEntry::new(entry.into_answer(), lifetime)
}
