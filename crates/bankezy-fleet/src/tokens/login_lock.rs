//! The settings of the lock.

use std::time::Duration;

/// The lock that makes one process of a fleet log in.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bankezy_crypto::KeyRing;
/// use bankezy_crypto::providers::Token;
/// use bankezy_fleet::{Fleet, LoginLock, SharedTokens};
///
/// fn tokens(fleet: &Fleet, ring: Arc<KeyRing>) -> SharedTokens<Token> {
///     let lock = LoginLock::default().limit(Duration::from_secs(20)); // for a provider that answers slowly
///     fleet.tokens_with(ring, lock)
/// }
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct LoginLock {
    pub(super) limit: Duration,
    pub(super) jitter: Duration,
}

impl LoginLock {
    /// The time limit of the lock, from 100 ms to a day: more than a login takes, and the same in all processes. If the
    /// process that has it ends, another one logs in after this time. While a login takes longer, one more begins for each
    /// limit, and after four of them each process that waits logs in for itself. Default: 10 s.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit.clamp(
            Duration::from_millis(100),
            Duration::from_secs(24 * 60 * 60),
        );
        self
    }

    /// How long a process waits at most, a random part of it, before it tries to replace a token that is due. Default:
    /// 500 ms.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long a process without a token waits for another's login. Each time the lock expires, another one that waits
    /// logs in: the first may have ended, or take long.
    pub(super) fn patience(self) -> Duration {
        self.limit.saturating_mul(4)
    }
}

impl Default for LoginLock {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(10),
            jitter: Duration::from_millis(500),
        }
    }
}
