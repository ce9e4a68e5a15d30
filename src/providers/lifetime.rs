//! How long a token or a session may be used, by two clocks.

use std::time::{Duration, Instant, SystemTime};

/// A moment by two clocks: the time of day, which may be adjusted, and a monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day.
    pub time_of_day: SystemTime,
    /// The monotonic clock, which may stop while the machine sleeps.
    pub monotonic: Instant,
}

/// How long a token or a session may be used. Whichever clock ends it first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    due_at: SystemTime,
    useful_until: SystemTime,
    good_until: SystemTime,
    /// `None` if it comes from another process, whose monotonic clock is not ours.
    since: Option<Moment>,
}

/// Default for the lifetime that a returned token has left at least, unless a fifth is less.
const MIN_LEFT: Duration = Duration::from_secs(60);

impl Lifetime {
    /// From `since`, before the request was sent, until `good_until`. It is due for renewal when a fifth of that
    /// time is left, early enough for a few attempts, and useful as long as at least `min_left` is left: the
    /// smaller of 60 s and a fifth for `None`, and never more than a half: otherwise a new one would not be useful.
    #[must_use]
    pub fn new(since: Moment, good_until: SystemTime, min_left: Option<Duration>) -> Self {
        let lifetime = good_until.duration_since(since.time_of_day);
        let lifetime = lifetime.unwrap_or_default();
        let part = |of: u32| lifetime.checked_div(of).unwrap_or_default();
        let (half, fifth) = (part(2), part(5));
        let before = |left: Duration| good_until.checked_sub(left).unwrap_or(good_until);
        let min_left = min_left.unwrap_or(fifth.min(MIN_LEFT));
        let useful_until = before(min_left.min(half));
        Self {
            due_at: before(fifth).min(useful_until),
            useful_until,
            good_until,
            since: Some(since),
        }
    }

    pub(crate) fn stored(
        due_at: SystemTime,
        useful_until: SystemTime,
        good_until: SystemTime,
    ) -> Self {
        Self {
            due_at,
            useful_until,
            good_until,
            since: None,
        }
    }

    /// The same lifetime, moved so that `remaining` is left of it now: for one that another machine wrote, whose clock
    /// may be wrong, when the store says by its own clock how long it is still kept. From here on it ends by both
    /// clocks of this machine.
    #[must_use]
    pub fn ending_in(self, remaining: Duration, now: Moment) -> Self {
        let good_until = now.time_of_day.checked_add(remaining);
        let good_until = good_until.unwrap_or(self.good_until);
        let moved = |at: SystemTime| {
            let before = self.good_until.duration_since(at).unwrap_or_default();
            good_until.checked_sub(before).unwrap_or(good_until)
        };
        Self {
            due_at: moved(self.due_at),
            useful_until: moved(self.useful_until),
            good_until,
            since: Some(now),
        }
    }

    /// When it ends, by the time of day.
    #[must_use]
    pub fn good_until(&self) -> SystemTime {
        self.good_until
    }

    pub(crate) fn due_at(&self) -> SystemTime {
        self.due_at
    }

    pub(crate) fn useful_until(&self) -> SystemTime {
        self.useful_until
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_good(&self, now: Moment) -> bool {
        self.time(now) < self.good_until
    }

    /// Whether enough of it is left for a call.
    #[must_use]
    pub fn is_useful(&self, now: Moment) -> bool {
        self.is_good(now) && self.time(now) <= self.useful_until
    }

    /// Whether it is time to renew it.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        self.due_at <= self.time(now)
    }

    /// The later of both clocks, so that neither makes it longer: one may have been set back, the other may have
    /// slept.
    fn time(&self, now: Moment) -> SystemTime {
        let passed = |since: Moment| {
            let passed = now.monotonic.saturating_duration_since(since.monotonic);
            since.time_of_day.checked_add(passed)
        };
        let by_monotonic = self.since.and_then(passed);
        by_monotonic.map_or(now.time_of_day, |time| time.max(now.time_of_day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// The two clocks may drift apart.
    fn moment(start: Instant, time_of_day: u64, passed: u64) -> Moment {
        Moment {
            time_of_day: at(time_of_day),
            monotonic: start + Duration::from_secs(passed),
        }
    }

    #[test]
    fn whichever_clock_is_ahead_ends_it() {
        let start = Instant::now();
        let lifetime = Lifetime::new(moment(start, 1000, 0), at(2000), None);
        for (time_of_day, passed, is_good) in [
            (1999, 0, true),
            (2000, 0, false),
            (1000, 999, true),
            (1000, 1000, false),
            // Set back by an hour, or far ahead.
            (0, 999, true),
            (0, 1000, false),
            (9999, 0, false),
        ] {
            let now = moment(start, time_of_day, passed);
            assert_eq!(lifetime.is_good(now), is_good, "{time_of_day} {passed}");
        }
        let stored = Lifetime::stored(at(1800), at(1940), at(2000));
        assert!(stored.is_good(moment(start, 1000, 9999)));
    }

    /// The writer's clock is an hour ahead, and the store says that 500 of 1000 seconds are left.
    #[test]
    fn a_stored_lifetime_ends_by_what_the_store_says_is_left() {
        let start = Instant::now();
        let stored = Lifetime::stored(at(5400), at(5540), at(5600));
        let moved = stored.ending_in(Duration::from_secs(500), moment(start, 1000, 0));
        let first = |is: &dyn Fn(Moment) -> bool| {
            (0..)
                .find(|passed| is(moment(start, 1000, *passed)))
                .unwrap()
        };
        assert_eq!(moved.good_until(), at(1500));
        assert_eq!(first(&|now| moved.is_due(now)), 300);
        assert_eq!(first(&|now| !moved.is_useful(now)), 441);
        assert_eq!(first(&|now| !moved.is_good(now)), 500);
    }

    #[test]
    fn it_is_due_and_useful_as_long_as_enough_is_left() {
        let start = Instant::now();
        let of = |lifetime: u64, min_left| {
            let until = at(1000 + lifetime);
            let lifetime = Lifetime::new(moment(start, 1000, 0), until, min_left);
            let first = |is: &dyn Fn(Moment) -> bool| {
                (0..)
                    .find(|passed| is(moment(start, 1000 + passed, 0)))
                    .unwrap()
            };
            (
                first(&|now| lifetime.is_due(now)),
                first(&|now| !lifetime.is_useful(now)),
                first(&|now| !lifetime.is_good(now)),
            )
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(of(1000, None), (800, 941, 1000));
        assert_eq!(of(100, None), (80, 81, 100));
        assert_eq!(of(1000, seconds(300)), (700, 701, 1000));
        assert_eq!(of(1000, seconds(0)), (800, 1000, 1000));
        assert_eq!(of(10, seconds(60)), (5, 6, 10));
        assert_eq!(of(0, None), (0, 0, 0));
    }
}
