//! When a call is retried, and after how long.

use core::time::Duration;
use std::time::SystemTime;

use bankezy_crypto::SecretBytes;
use bankezy_crypto::providers::asked_to_wait;
use http::Response;

use super::ClientError;
use super::backoff::Backoff;

/// How many attempts a call has, and how long to wait between them.
///
/// A call is retried only if nothing of it was sent: a server that answers with any status, including 429 or
/// 503, may have executed the call. A request with the extension [`Idempotent`](bankezy_crypto::providers::Idempotent), as
/// [`Endpoint::idempotent`](bankezy_crypto::providers::bankezy::Endpoint::idempotent) adds it, is also retried
/// after 429 or 503 with `Retry-After` (RFC 9110 section 10.2.3). No attempt starts after the client's deadline:
/// if a `Retry-After` is longer than the time left, the answer is returned at once.
///
/// A TLS handshake that fails is retried like a connection, unless a certificate was refused, ours or the server's, or
/// the server offers no HTTP/1.1: that would not pass.
///
/// The wait is random between zero and a bound that doubles with each attempt, plus what the server asked
/// for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    max_attempts: u32,
    backoff: Backoff,
}

impl RetryPolicy {
    /// No retries.
    pub fn none() -> Self {
        Self::default().with_max_attempts(1)
    }

    /// Maximum number of attempts, including the first; 0 counts as 1.
    pub const fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Upper bounds of the wait: after the first attempt, and after any.
    pub const fn with_backoff(mut self, first: Duration, max: Duration) -> Self {
        self.backoff = Backoff::new(first, max);
        self
    }

    /// How long to wait before the next attempt, or `None` if the result is final.
    pub(super) fn wait(
        &self,
        attempt: u32,
        left: Duration,
        is_idempotent: bool,
        result: &Result<Response<SecretBytes>, ClientError>,
    ) -> Option<Duration> {
        if attempt >= self.max_attempts {
            return None;
        }
        let asked = match result {
            Ok(response) if is_idempotent => asked_to_wait(response, SystemTime::now())?,
            Ok(_) => return None,
            Err(error) if error.is_retryable() => Duration::ZERO,
            Err(_) => return None,
        };
        let spare = left.checked_sub(asked).filter(|spare| !spare.is_zero())?;
        // Half of the time left is kept for the attempt itself.
        Some(asked + self.backoff.wait(attempt).min(spare / 2))
    }
}

impl Default for RetryPolicy {
    /// At most three attempts, only if the earlier ones sent nothing; waits of up to 100 ms at first and 5 s
    /// later.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientErrorKind, ConnectProblem, Delivery};

    #[test]
    fn waits_are_bounded_by_attempts_and_deadline() {
        let policy = RetryPolicy::default();
        let left = Duration::from_secs(30);
        let refused = Err(ClientError::from(ConnectProblem::Refused));
        assert!(policy.wait(1, left, false, &refused).unwrap() <= Duration::from_millis(100));
        assert!(policy.wait(2, left, false, &refused).unwrap() <= Duration::from_millis(200));
        assert_eq!(policy.wait(3, left, false, &refused), None);
        assert_eq!(policy.wait(1, Duration::ZERO, false, &refused), None);
        assert_eq!(RetryPolicy::none().wait(1, left, false, &refused), None);
        let zero = RetryPolicy::default().with_max_attempts(0);
        assert_eq!(zero.wait(1, left, false, &refused), None);

        let busy = |wait: &str| {
            let response = Response::builder().status(503).header("retry-after", wait);
            Ok(response.body(SecretBytes::new()).unwrap())
        };
        assert_eq!(policy.wait(1, left, false, &busy("0")), None, "it was sent");
        let wait = policy.wait(1, left, true, &busy("29")).unwrap();
        assert!(wait >= Duration::from_secs(29) && wait < left, "{wait:?}");
        assert_eq!(policy.wait(1, left, true, &busy("30")), None);
        assert_eq!(
            policy.wait(1, left, true, &busy("99999999999999999999")),
            None
        );

        let many = policy.with_max_attempts(u32::MAX);
        assert!(many.wait(1_000_000, left, false, &refused).unwrap() <= Duration::from_secs(5));
        let long = many.with_backoff(Duration::MAX, Duration::MAX);
        assert!(long.wait(1, left, false, &refused).unwrap() <= left / 2);
    }

    #[test]
    fn what_may_have_been_executed_is_not_tried_again() {
        let left = Duration::from_secs(30);
        let delivery = Delivery::PossiblySent;
        for error in [
            ClientError::new(ClientErrorKind::Timeout, delivery),
            ClientError::new(ClientErrorKind::Interrupted, delivery),
        ] {
            assert_eq!(
                RetryPolicy::default().wait(1, left, false, &Err(error)),
                None
            );
        }
    }
}
