//! The settings that a session keeper and a token cache share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::Token;

use crate::backoff::{Backoff, MAX_DEADLINE};

/// How a [`SessionKeeper`](crate::SessionKeeper) or a [`TokenCache`](crate::TokenCache) requests tokens.
/// Clones can be shared by several of them.
#[derive(Clone)]
#[must_use]
pub struct RefreshSettings {
    pub(super) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    pub(super) backoff: Backoff,
    pub(super) deadline: Duration,
    lifetime_for_unstated: Option<Duration>,
}

impl RefreshSettings {
    /// The time of day, which decides when tokens expire. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Upper bounds of the random wait after failures: after the first failure, and after any number, at
    /// most 24 hours. A cache counts the failures of each token separately. Default: 1 s and 60 s.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.backoff = Backoff::new(first, max);
        self
    }

    /// Maximum time of a login, a renewal or a request for a token, at most 24 hours. Default: 60 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Lifetime of tokens whose lifetime the provider does not state. Take it from the provider's
    /// documentation. Default: none; a cache then does not store such a token, and a session keeper uses its
    /// session until the server refuses it.
    pub fn lifetime_for_unstated(mut self, lifetime: Duration) -> Self {
        self.lifetime_for_unstated = Some(lifetime);
        self
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// When a token received at `now` expires; `None` if that is unknown.
    pub(super) fn expiry(&self, token: &Token, now: SystemTime) -> Option<SystemTime> {
        let stated = token.expires_at();
        stated.or_else(|| now.checked_add(self.lifetime_for_unstated?))
    }
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemTime::now),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            deadline: Duration::from_secs(60),
            lifetime_for_unstated: None,
        }
    }
}
