//! A session as it is held: a token, its channel, and when it is due.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::providers::bankezy::{AccountNumber, Channel, TokenAnswer};

/// What a login gives: a token, and the channel that further calls travel under.
#[derive(Debug)]
pub struct Session {
    pub(super) answer: TokenAnswer,
    pub(super) channel: Arc<Channel>,
    /// With it a token is renewed; without it a new login takes its place.
    pub(super) account_number: Option<AccountNumber>,
    obtained_at: SystemTime,
}

impl Session {
    /// From the answer of Get Token or Get App Token, obtained at `now`. With an account number,
    /// which Renew needs, the token is renewed ahead of its expiry; without, a new login is made.
    #[must_use]
    pub fn new(
        answer: TokenAnswer,
        channel: impl Into<Arc<Channel>>,
        account_number: Option<AccountNumber>,
        now: SystemTime,
    ) -> Self {
        Self {
            answer,
            channel: channel.into(),
            account_number,
            obtained_at: now,
        }
    }

    /// The token and what came with it.
    #[must_use]
    pub fn answer(&self) -> &TokenAnswer {
        &self.answer
    }

    /// What calls travel under.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    fn remaining(&self, now: SystemTime) -> Option<Duration> {
        self.answer.token.remaining(now)
    }

    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        self.remaining(now) == Some(Duration::ZERO)
    }

    /// When a fifth of its life is left: early enough for a few attempts.
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        let life = self.remaining(self.obtained_at);
        match (life, self.remaining(now)) {
            (Some(life), Some(remaining)) => remaining <= life / 5,
            _ => false,
        }
    }
}
