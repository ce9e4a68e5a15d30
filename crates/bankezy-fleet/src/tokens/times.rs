//! Lifetimes by the clocks of this process and of the store.

use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::{Lifetime, Moment, TokenEntry};

pub(crate) fn now() -> Moment {
    Moment {
        time_of_day: SystemTime::now(),
        monotonic: std::time::Instant::now(),
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn left_of<T>(entry: &TokenEntry<T>, now: Moment) -> Duration {
    if !entry.lifetime().is_good(now) {
        return Duration::ZERO;
    }
    let left = entry.good_until().duration_since(now.time_of_day);
    left.unwrap_or_default()
}

pub(super) fn ending_in<T>(entry: TokenEntry<T>, left: Duration) -> TokenEntry<T> {
    let lifetime = entry.lifetime().ending_in(left, now());
    TokenEntry::new(entry.into_answer(), lifetime)
}

/// The same token, which a cache does not renew yet.
pub(super) fn not_due<T>(entry: TokenEntry<T>, now: Moment) -> TokenEntry<T> {
    let until = entry.good_until();
    let lifetime = Lifetime::new(now, until, Some(Duration::ZERO));
    TokenEntry::new(entry.into_answer(), lifetime)
}
