//! The settings that a session keeper and a token cache share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::{Lifetime, Moment, Token};
use tokio::time::Instant;

use crate::backoff::{Backoff, MAX_DEADLINE};

/// How a [`SessionKeeper`](crate::SessionKeeper) or a [`TokenCache`](crate::TokenCache) requests tokens.
/// Clones can be shared by several of them.
#[derive(Clone)]
#[must_use]
pub struct RefreshSettings {
    pub(super) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    pub(super) backoff: Backoff,
    pub(super) deadline: Duration,
    pub(super) shutdown_deadline: Duration,
    min_left: Option<Duration>,
    lifetime_for_unstated: Option<Duration>,
}

impl RefreshSettings {
    /// The time of day, which decides when tokens expire. Default: the system clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Upper bounds of the random wait after failures: after the first failure, and after any number, at
    /// most 24 hours. A cache counts failures to reach the provider, 429 and 503 for all tokens together, and others
    /// for each token. Default: 1 s and 60 s.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.backoff = Backoff::new(first, max);
        self
    }

    /// Maximum time of a login, a renewal or a request for a token, at most 24 hours. Default: 60 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Maximum time of [`SessionKeeper::shutdown`](crate::SessionKeeper::shutdown), at most 24 hours, half of which it
    /// waits for calls under way. These may take the [deadline of the client](crate::Transport::deadline), 30 s by
    /// default: set more than twice as long here to wait for all of them. Default: 10 s.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Lifetime of tokens whose lifetime the provider does not state. Take it from the provider's
    /// documentation. Default: none; a cache then does not store such a token, and a session keeper uses its
    /// session until the server refuses it.
    pub fn lifetime_for_unstated(mut self, lifetime: Duration) -> Self {
        self.lifetime_for_unstated = Some(lifetime);
        self
    }

    /// What is left at least of the lifetime of a token or a session that is returned: with less, the cache or keeper
    /// waits for the next, and returns the old one only if there is no other. At most a half of the lifetime counts.
    /// Default: the smaller of 60 s and a fifth of the lifetime.
    pub fn min_remaining(mut self, min: Duration) -> Self {
        self.min_left = Some(min);
        self
    }

    pub(super) fn now(&self) -> Moment {
        Moment {
            time_of_day: (self.clock)(),
            monotonic: Instant::now().into_std(),
        }
    }

    /// How long a token may be used that was asked for at `since`; `None` if that is unknown.
    pub(super) fn lifetime(&self, token: &Token, since: Moment) -> Option<Lifetime> {
        let stated = token.expires_by(since.time_of_day);
        let unstated = || since.time_of_day.checked_add(self.lifetime_for_unstated?);
        Some(Lifetime::new(
            since,
            stated.or_else(unstated)?,
            self.min_left,
        ))
    }
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemTime::now),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            deadline: Duration::from_secs(60),
            lifetime_for_unstated: None,
            shutdown_deadline: Duration::from_secs(10),
            min_left: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unstated_lifetime_is_unknown_or_what_the_settings_say() {
        let hour = Duration::from_secs(3600);
        let settings = RefreshSettings::default();
        let now = settings.now();
        let until = |settings: &RefreshSettings, expires_at| {
            let token = Token::new("token".to_owned().into(), expires_at);
            settings.lifetime(&token, now).map(|it| it.good_until())
        };
        assert_eq!(until(&settings, None), None);
        let settings = settings.lifetime_for_unstated(hour);
        assert_eq!(until(&settings, None), Some(now.time_of_day + hour));
        let stated = Some(now.time_of_day + 2 * hour);
        assert_eq!(until(&settings, stated), stated);
    }
}
