//! When a call is tried again, and after how long.

use core::time::Duration;
use std::time::SystemTime;

use bankezy_crypto::SecretBytes;
use http::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{Response, StatusCode};
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::ClientError;

/// A deadline beyond it is meant as none, and would overflow some clocks.
pub(super) const MAX_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a call is tried, and how long it waits in between.
///
/// A call is tried again only where nothing of it was sent, and where the server answered 429 or 503
/// with `Retry-After` (RFC 9110 section 10.2.3). Never where the server may have executed it, and
/// never beyond the client's deadline: a `Retry-After` that reaches beyond is handed to the caller
/// with its answer at once.
///
/// The wait is random between zero and a bound that doubles with each attempt, on top of what the
/// server asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    first: Duration,
    max: Duration,
}

impl RetryPolicy {
    /// One attempt and no more.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            max_attempts: 1,
            first: Duration::ZERO,
            max: Duration::ZERO,
        }
    }

    /// At most this many attempts, the first one included; 0 counts as 1.
    #[must_use]
    pub const fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Bounds of the wait: after the first attempt, and after any.
    #[must_use]
    pub const fn with_backoff(mut self, first: Duration, max: Duration) -> Self {
        self.first = first;
        self.max = max;
        self
    }

    /// How long to wait before the next attempt, or `None` if this result stands.
    pub(super) fn wait(
        &self,
        attempt: u32,
        left: Duration,
        result: &Result<Response<SecretBytes>, ClientError>,
    ) -> Option<Duration> {
        if attempt >= self.max_attempts {
            return None;
        }
        let asked = match result {
            Ok(response) => asked_to_wait(response, SystemTime::now())?,
            Err(error) if error.is_retryable() => Duration::ZERO,
            Err(_) => return None,
        };
        let spare = left.checked_sub(asked).filter(|spare| !spare.is_zero())?;
        // Half of what is left stays for the attempt itself.
        Some(asked + self.jitter(attempt).min(spare / 2))
    }

    /// Full jitter: uniform from zero to the bound.
    fn jitter(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let bound = self
            .first
            .saturating_mul(doubled)
            .min(self.max)
            .min(MAX_DEADLINE);
        // Without randomness all wait as long as they may.
        let random = SysRng.try_next_u32().unwrap_or(u32::MAX);
        bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

impl Default for RetryPolicy {
    /// Three attempts; waits bounded by 100 ms at first and 5 s at most.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            first: Duration::from_millis(100),
            max: Duration::from_secs(5),
        }
    }
}

/// What the server asks for with 429 or 503 and `Retry-After`, in seconds or as a date. A date is
/// read against the server's own clock where it tells that.
fn asked_to_wait(response: &Response<SecretBytes>, now: SystemTime) -> Option<Duration> {
    if !matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let value = text(response.headers(), &RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let now = text(response.headers(), &DATE)
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(now);
    Some(date.duration_since(now).unwrap_or_default())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectProblem, Delivery};

    const NOON: &str = "Sun, 06 Nov 1994 12:00:00 GMT";

    fn answer(status: u16, headers: &[(HeaderName, &'static str)]) -> Response<SecretBytes> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, *value);
        }
        response.body(SecretBytes::new()).unwrap()
    }

    fn asked(status: u16, headers: &[(HeaderName, &'static str)]) -> Option<u64> {
        let now = httpdate::parse_http_date(NOON).unwrap();
        asked_to_wait(&answer(status, headers), now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        for status in [429, 503] {
            assert_eq!(asked(status, &[(RETRY_AFTER, "7")]), Some(7));
            for date in [
                "Sun, 06 Nov 1994 12:00:09 GMT",
                "Sunday, 06-Nov-94 12:00:09 GMT",
                "Sun Nov  6 12:00:09 1994",
            ] {
                assert_eq!(asked(status, &[(RETRY_AFTER, date)]), Some(9), "{date}");
            }
            let past = "Sun, 06 Nov 1994 11:00:00 GMT";
            assert_eq!(asked(status, &[(RETRY_AFTER, past)]), Some(0));
            let huge = "99999999999999999999999999";
            assert_eq!(asked(status, &[(RETRY_AFTER, huge)]), Some(u64::MAX));
            for none in ["", "-1", "soon", "1.5", "+3"] {
                assert_eq!(asked(status, &[(RETRY_AFTER, none)]), None, "{none:?}");
            }
            assert_eq!(asked(status, &[]), None);
        }
        assert_eq!(asked(500, &[(RETRY_AFTER, "7")]), None);
        assert_eq!(asked(200, &[(RETRY_AFTER, "7")]), None);
    }

    #[test]
    fn a_date_is_read_against_the_servers_clock() {
        let headers = [
            (DATE, "Sun, 06 Nov 1994 15:00:00 GMT"),
            (RETRY_AFTER, "Sun, 06 Nov 1994 15:00:03 GMT"),
        ];
        assert_eq!(asked(503, &headers), Some(3));
    }

    #[test]
    fn waits_are_bounded_by_attempts_and_deadline() {
        let policy = RetryPolicy::default();
        let left = Duration::from_secs(30);
        let refused = Err(ClientError::Connect {
            problem: ConnectProblem::Refused,
        });
        assert!(policy.wait(1, left, &refused).unwrap() <= Duration::from_millis(100));
        assert!(policy.wait(2, left, &refused).unwrap() <= Duration::from_millis(200));
        assert_eq!(policy.wait(3, left, &refused), None);
        assert_eq!(policy.wait(1, Duration::ZERO, &refused), None);
        assert_eq!(RetryPolicy::none().wait(1, left, &refused), None);
        let zero = RetryPolicy::default().with_max_attempts(0);
        assert_eq!(zero.wait(1, left, &refused), None);

        let busy = |wait| Ok(answer(503, &[(RETRY_AFTER, wait)]));
        let wait = policy.wait(1, left, &busy("29")).unwrap();
        assert!(wait >= Duration::from_secs(29) && wait < left, "{wait:?}");
        assert_eq!(policy.wait(1, left, &busy("30")), None);
        assert_eq!(policy.wait(1, left, &busy("99999999999999999999")), None);

        let many = policy.with_max_attempts(u32::MAX);
        assert!(many.wait(1_000_000, left, &refused).unwrap() <= Duration::from_secs(5));
        let long = many.with_backoff(Duration::MAX, Duration::MAX);
        assert!(long.wait(1, left, &refused).unwrap() <= left / 2);
    }

    #[test]
    fn what_may_have_been_executed_is_not_tried_again() {
        let left = Duration::from_secs(30);
        let delivery = Delivery::PossiblySent;
        for error in [
            ClientError::Timeout { delivery },
            ClientError::Interrupted { delivery },
        ] {
            assert_eq!(RetryPolicy::default().wait(1, left, &Err(error)), None);
        }
    }

    #[test]
    fn jitter_spreads() {
        let policy = RetryPolicy::default();
        let first = policy.jitter(1);
        assert!((0..64).any(|_| policy.jitter(1) != first));
    }
}
