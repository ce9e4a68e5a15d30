//! The emulator's clock.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{DATE, HeaderName};
use jiff::Timestamp;

/// The last millisecond that `httpdate` writes, at the end of the year 9998.
pub(crate) const LAST_DATE: u64 = 253_370_764_799_999;

/// The system's time plus an offset.
#[derive(Default)]
pub(crate) struct Clock {
    /// In milliseconds. Any number of milliseconds fits, forward and back.
    ahead: Mutex<i128>,
}

impl Clock {
    /// Milliseconds since the epoch.
    pub(crate) fn now(&self) -> u64 {
        let now = i128::from(system_now()) + *self.ahead_mut();
        u64::try_from(now.max(0)).unwrap_or(u64::MAX)
    }

    /// How far it is ahead of the system clock, in milliseconds.
    pub(crate) fn ahead(&self) -> i64 {
        i64::try_from(*self.ahead_mut()).unwrap_or(i64::MAX)
    }

    /// As the header `Date`.
    pub(crate) fn date(&self) -> [(HeaderName, String); 1] {
        let now = Duration::from_millis(self.now().min(LAST_DATE));
        let date = UNIX_EPOCH.checked_add(now).unwrap_or(UNIX_EPOCH);
        [(DATE, httpdate::fmt_http_date(date))]
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut ahead = self.ahead_mut();
        *ahead = (*ahead + i128::from(millis(by))).min(u64::MAX.into());
    }

    /// Sets it to a time in milliseconds since the epoch.
    pub(crate) fn set(&self, now: u64) {
        *self.ahead_mut() = i128::from(now) - i128::from(system_now());
    }

    /// As if it had never been changed.
    pub(crate) fn reset(&self) {
        *self.ahead_mut() = 0;
    }

    fn ahead_mut(&self) -> MutexGuard<'_, i128> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn system_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339 with milliseconds.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    rfc3339_millis(time.duration_since(UNIX_EPOCH).map_or(0, millis))
}

/// RFC 3339 of milliseconds since the epoch.
pub(crate) fn rfc3339_millis(millis: u64) -> String {
    let millis = i64::try_from(millis.min(LAST_DATE)).unwrap_or_default();
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

/// Milliseconds since the epoch; the time must not be before it.
pub(crate) fn parse_rfc3339(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    let millis = u64::try_from(time.as_millisecond()).ok()?;
    (millis <= LAST_DATE).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2026-11-27T05:00:00.123Z", 1_795_755_600_123),
            ("9998-12-31T23:59:59.999Z", LAST_DATE),
        ] {
            assert_eq!(rfc3339_millis(millis), text);
            assert_eq!(parse_rfc3339(text), Some(millis));
        }
        assert_eq!(
            parse_rfc3339("2026-11-27T06:00:00+01:00"),
            Some(1_795_755_600_000)
        );
        for text in [
            "",
            "now",
            "2026-11-27",
            "2026-13-27T05:00:00Z",
            "1969-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
