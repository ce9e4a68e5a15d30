//! Waits after consecutive failures (full jitter), for retries, logins and token requests.

use core::time::Duration;
use std::sync::Arc;

use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::time::Instant;
use tracing::warn;

use super::ProviderError;

/// Longest wait or deadline. Anything longer would overflow some clocks.
pub(super) const MAX_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// Random waits up to a bound that doubles with each consecutive failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
}

/// Consecutive failures to obtain a token.
pub(super) struct Failed {
    times: u32,
    retry_at: Instant,
    cause: Arc<ProviderError>,
}

impl Backoff {
    /// The upper bounds of the wait: after the first failure, and after any.
    pub(super) const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max }
    }

    /// How long to wait after this many failures: full jitter, uniform from zero to the bound.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let bound = self.first.saturating_mul(doubled).min(self.max());
        // Without randomness, wait for the whole bound.
        let random = SysRng.try_next_u32().unwrap_or(u32::MAX);
        bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    fn max(&self) -> Duration {
        self.max.min(MAX_DEADLINE)
    }
}

impl Failed {
    /// Counts one more failure in `failed`, or forgets them after a success. The wait includes what the server
    /// asks for, up to the longest wait. Failures during a wait do not make the next one longer, and a success during
    /// a wait does not end it: its request began before the failure.
    pub(super) fn count<T>(
        failed: &mut Option<Self>,
        result: &Result<T, Arc<ProviderError>>,
        backoff: &Backoff,
        what: &'static str,
    ) {
        let Err(cause) = result else {
            failed.take_if(|failed| failed.check().is_ok());
            return;
        };
        let now = Instant::now();
        let (before, until) = failed
            .as_ref()
            .map_or((0, now), |it| (it.times, it.retry_at));
        // Requests that were under way together fail together: they count once in each wait.
        let is_counted = now < until;
        let times = before.saturating_add(u32::from(!is_counted));
        let random = if is_counted {
            Duration::ZERO
        } else {
            backoff.wait(times)
        };
        let asked = cause.retry_after().unwrap_or_default();
        let wait = asked.saturating_add(random).min(backoff.max());
        warn!(
            target: "bankezy_client",
            { error.code = cause.code(), failures = times, retry_in_ms = millis(wait) },
            "{what}",
        );
        *failed = Some(Self {
            times,
            retry_at: until.max(now + wait),
            cause: Arc::clone(cause),
        });
    }

    /// Fails until the wait has passed.
    pub(super) fn check(&self) -> Result<(), ProviderError> {
        let retry_in = self.retry_at.saturating_duration_since(Instant::now());
        if retry_in.is_zero() {
            return Ok(());
        }
        let cause = Arc::clone(&self.cause);
        Err(ProviderError::no_token(cause, Some(retry_in)))
    }
}

/// A time as traces show it.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenProblem;

    /// The longest of many waits after so many failures, and whether they differ.
    fn longest(backoff: Backoff, failures: u32) -> (Duration, bool) {
        let waits: Vec<_> = (0..200).map(|_| backoff.wait(failures)).collect();
        let spread = waits.iter().any(|wait| *wait != waits[0]);
        (waits.into_iter().max().unwrap(), spread)
    }

    #[test]
    fn waits_are_spread_below_a_bound_that_doubles() {
        let second = Duration::from_secs(1);
        let backoff = Backoff::new(second, 5 * second);
        for (failures, bound) in [(1, 1), (2, 2), (3, 4), (4, 5), (u32::MAX, 5)] {
            let (longest, spread) = longest(backoff, failures);
            // All of 200 below three quarters: less likely than 10^-24.
            assert!(longest <= second * bound && longest > second * bound * 3 / 4);
            assert!(spread);
        }
        let endless = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(longest(endless, 1).0 <= MAX_DEADLINE);
        assert_eq!(
            longest(Backoff::new(second, Duration::ZERO), 9).0,
            Duration::ZERO
        );
    }

    #[test]
    fn failures_in_a_row_are_counted_and_refuse_for_a_time() {
        let hour = Duration::from_secs(3600);
        let at_once = Backoff::new(Duration::ZERO, hour);
        let cause = Arc::new(ProviderError::Token(TokenProblem::TimedOut));
        let failure = Err::<(), _>(Arc::clone(&cause));
        let mut failed = None;
        for times in 1..4 {
            Failed::count(&mut failed, &failure, &at_once, "test");
            assert_eq!(failed.as_ref().unwrap().times, times);
        }
        assert!(failed.as_ref().unwrap().check().is_ok());
        Failed::count(&mut failed, &Ok(()), &at_once, "test");
        assert!(failed.is_none());
        // Many fail while they wait for the same.
        let mut failed = Some(Failed {
            times: 2,
            retry_at: Instant::now() + hour,
            cause: Arc::clone(&cause),
        });
        for _ in 0..64 {
            Failed::count(&mut failed, &failure, &Backoff::new(hour, 9 * hour), "test");
        }
        Failed::count(&mut failed, &Ok(()), &at_once, "test");
        let counted = failed.unwrap();
        assert_eq!(counted.times, 2);
        assert!(counted.retry_at <= Instant::now() + hour);
        let failed = Failed {
            times: 1,
            retry_at: Instant::now() + hour,
            cause: Arc::clone(&cause),
        };
        assert!(matches!(
            failed.check(),
            Err(ProviderError::NoToken { retry_in: Some(wait), .. }) if wait <= hour
        ));
    }
}
