//! A session as it is held: a token, its channel, and when it is due.

use core::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::bankezy::{AccountNumber, TokenAnswer};
use bankezy_crypto::providers::{CallError, RequestError};
use bankezy_crypto::{Channel, Error};
use http::StatusCode;

use crate::ProviderError;

/// What a login gives: a token, and the channel that further calls travel under.
#[derive(Debug)]
pub struct Session {
    pub(super) answer: TokenAnswer,
    pub(super) channel: Channel,
    pub(super) renewal: Renewal,
    /// Whether it is the one before it under a new token.
    pub(super) is_renewal: bool,
    /// `None` where the token's expiry is not known, and before a keeper holds it.
    due_at: Option<SystemTime>,
    /// How many answers in a row did not open.
    unopened: AtomicU32,
}

/// What follows a [`Session`] ahead of its token's expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// Renew, with this number as `X-ACCOUNT-NUMBER`: what the documentation has for Renew.
    WithAccount(AccountNumber),
    /// Renew, without `X-ACCOUNT-NUMBER`: for tokens of Get App Token, which belong to no account
    /// (inferred).
    WithoutAccount,
    /// A new login; the token is not renewed.
    NewLogin,
}

/// What the error of a call says of the session it was made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Good,
    /// It is no longer good, and the server may have executed the call.
    Refused,
    /// It is no longer good, and a status says that the server has not executed the call.
    Unauthorized,
    /// It seals nothing any more, and the call was not sent.
    Spent,
}

impl Verdict {
    fn refused_if(refused: bool) -> Self {
        if refused { Self::Refused } else { Self::Good }
    }
}

/// From this many answers in a row that do not open, the key is not the server's any more. One alone
/// may have been spoiled on its way.
const UNOPENED_ANSWERS: u32 = 3;

impl Session {
    /// From the answer of Get Token or Get App Token.
    #[must_use]
    pub fn new(answer: TokenAnswer, channel: impl Into<Channel>, renewal: Renewal) -> Self {
        Self {
            answer,
            channel: channel.into(),
            renewal,
            is_renewal: false,
            due_at: None,
            unopened: AtomicU32::new(0),
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

    /// The same session under a renewed token. Renew need not repeat the reference, which
    /// Invalidate takes.
    pub(super) fn renewed(&self, mut answer: TokenAnswer) -> Self {
        if answer.token_reference_id.is_none() {
            answer.token_reference_id = self.answer.token_reference_id.clone();
        }
        Self {
            is_renewal: true,
            ..Self::new(answer, self.channel.clone(), self.renewal)
        }
    }

    /// Held from now on: due when a fifth of the life that is left is left, early enough for a few
    /// attempts.
    pub(super) fn held_from(mut self, now: SystemTime) -> Self {
        let expires_at = self.answer.token.expires_at();
        let life = self.answer.token.remaining(now).unwrap_or_default();
        self.due_at = expires_at.and_then(|at| at.checked_sub(life / 5));
        self
    }

    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        self.answer.token.remaining(now) == Some(Duration::ZERO)
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.due_at.is_some_and(|at| at <= now)
    }

    /// Whether invalidating this one would end that one as well.
    pub(super) fn shares_its_token(&self, other: &Self) -> bool {
        self.answer.token_reference_id == other.answer.token_reference_id
            || self.answer.token.as_str() == other.answer.token.as_str()
    }

    /// Counts answers that do not open; `result` is that of a call under this session.
    pub(super) fn note<T>(&self, result: &Result<T, ProviderError>) {
        match result {
            Err(ProviderError::Answer(CallError::Envelope(Error::OpenFailed))) => {
                self.unopened.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_)
            | Err(ProviderError::Answer(
                CallError::Failed { .. } | CallError::Envelope(Error::Json { .. }),
            )) => self.unopened.store(0, Ordering::Relaxed),
            Err(_) => {}
        }
    }

    pub(super) fn verdict(&self, error: &ProviderError) -> Verdict {
        let status = match error {
            ProviderError::Request(RequestError::Envelope(Error::NonceBudgetSpent { .. })) => {
                return Verdict::Spent;
            }
            ProviderError::Answer(CallError::Envelope(Error::OpenFailed)) => {
                let in_a_row = self.unopened.load(Ordering::Relaxed);
                return Verdict::refused_if(in_a_row >= UNOPENED_ANSWERS);
            }
            ProviderError::Answer(CallError::Plain(plain)) => plain.status(),
            // It opened: the key is the server's still, and the server may have executed the call.
            ProviderError::Answer(CallError::Failed { status, .. }) => {
                return Verdict::refused_if(*status == StatusCode::UNAUTHORIZED);
            }
            _ => return Verdict::Good,
        };
        match status {
            StatusCode::UNAUTHORIZED => Verdict::Unauthorized,
            // How a server may say that it no longer opens our messages.
            StatusCode::BAD_REQUEST => Verdict::Refused,
            _ => Verdict::Good,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use bankezy_crypto::PayloadSecret;
    use bankezy_crypto::backend::AWS_LC_RS;
    use bankezy_crypto::providers::Token;

    /// A session whose token expires so many seconds after the epoch.
    pub(crate) fn session(token: &str, reference: Option<&str>, expires: u64) -> Session {
        let secret = PayloadSecret::generate().unwrap();
        let channel = Channel::from_secret(&secret, &AWS_LC_RS).unwrap();
        Session::new(
            answer(token, reference, expires),
            channel,
            Renewal::WithoutAccount,
        )
    }

    fn answer(token: &str, reference: Option<&str>, expires: u64) -> TokenAnswer {
        let token = Token::new(token.to_owned().into(), Some(at(expires)));
        let mut answer = TokenAnswer::new(token);
        answer.token_reference_id = reference.map(str::to_owned);
        answer
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_renewed_session_keeps_its_key_and_the_reference_unless_it_gets_another() {
        let old = session("old", Some("reference"), 100);
        let renewed = old.renewed(answer("new", None, 200));
        assert_eq!(renewed.answer.token.as_str(), "new");
        assert_eq!(renewed.renewal, Renewal::WithoutAccount);
        let sealed = old.channel.seal(b"x").unwrap();
        assert_eq!(&*renewed.channel.open(sealed).unwrap(), b"x");
        let reference = |session: &Session| session.answer.token_reference_id.clone();
        assert_eq!(reference(&renewed), reference(&old));
        let renewed = renewed.renewed(answer("newer", Some("another"), 300));
        assert_eq!(reference(&renewed).as_deref(), Some("another"));
    }

    #[test]
    fn it_is_due_when_a_fifth_of_what_it_had_is_left() {
        let held = session("token", None, 1100).held_from(at(100));
        assert!(!held.is_due(at(0)), "a clock that was set back");
        assert!(!held.is_due(at(899)) && held.is_due(at(900)) && held.is_due(at(5000)));
        assert!(!held.is_expired(at(1099)) && held.is_expired(at(1100)));
        let kept_from_before = session("token", None, 1100).held_from(at(1000));
        assert!(!kept_from_before.is_due(at(1079)) && kept_from_before.is_due(at(1080)));
    }
}
