//! What a session keeper and a token cache are set up with alike.

use std::time::{Duration, SystemTime};

use crate::backoff::Backoff;

/// Settings that a session keeper and a token cache share.
pub(super) struct Settings {
    pub(super) clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    pub(super) backoff: Backoff,
    /// Of a login, a renewal, or a request for a token.
    pub(super) deadline: Duration,
}

impl Settings {
    pub(super) fn now(&self) -> SystemTime {
        (self.clock)()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemTime::now),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            deadline: Duration::from_secs(60),
        }
    }
}
