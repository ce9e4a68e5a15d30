//! A session: a token, its channel, and when to renew it.

use core::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use bankezy_crypto::providers::bankezy::{AccountNumber, AppSession, TokenAnswer};
use bankezy_crypto::providers::{CallError, RequestError};
use bankezy_crypto::{Channel, Error};
use http::StatusCode;

use crate::{ProviderError, RefreshSettings};

/// The result of a login: a token, and the channel that seals further calls.
#[derive(Debug)]
pub struct Session {
    pub(super) answer: TokenAnswer,
    pub(super) channel: Channel,
    pub(super) renewal: Renewal,
    /// Whether it is the previous session under a renewed token.
    pub(super) is_renewal: bool,
    /// `None` if unknown.
    expires_at: Option<SystemTime>,
    /// When to renew it. `None` if its expiry is unknown, and before a keeper holds it.
    due_at: Option<SystemTime>,
    /// How many calls in a row say that the server no longer has the key: its answer did not open, or it
    /// answered 400, as a server may that cannot open a request.
    doubts: AtomicU32,
}

/// How a [`Session`] is replaced before its token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// Renew, with this number as `X-ACCOUNT-NUMBER`, as BankEzy documents it.
    WithAccount(AccountNumber),
    /// Renew, without `X-ACCOUNT-NUMBER`: for tokens of Get App Token, which belong to no account
    /// (inferred).
    WithoutAccount,
    /// A new login; the token is not renewed.
    NewLogin,
}

/// What the result of a call says about its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Good,
    /// The server refuses it, and may have executed the call.
    Refused,
    /// The server answered 401 in clear. By itself that does not prove that it has not executed the call.
    Unauthorized,
    /// Its nonce budget is spent, and the call was not sent.
    Spent,
}

impl Verdict {
    fn refused_if(refused: bool) -> Self {
        if refused { Self::Refused } else { Self::Good }
    }
}

/// After this many such calls in a row the session is given up. A single one may have been damaged on its
/// way, or be refused for what it says.
const DOUBTS: u32 = 3;

impl Session {
    /// From the answer of Get Token and the channel agreed with it. An [`AppSession`] of Get App Token converts
    /// with `Session::from`.
    #[must_use]
    pub fn new(answer: TokenAnswer, channel: impl Into<Channel>, renewal: Renewal) -> Self {
        Self {
            expires_at: answer.token.expires_at(),
            answer,
            channel: channel.into(),
            renewal,
            is_renewal: false,
            due_at: None,
            doubts: AtomicU32::new(0),
        }
    }

    /// The token, and what the server returned with it.
    #[must_use]
    pub fn answer(&self) -> &TokenAnswer {
        &self.answer
    }

    /// Seals the calls and opens their answers.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The same session under a renewed token. Keeps the reference, which Invalidate takes, if Renew does
    /// not return one.
    pub(super) fn renewed(&self, mut answer: TokenAnswer) -> Self {
        if answer.token_reference_id.is_none() {
            answer.token_reference_id = self.answer.token_reference_id.clone();
        }
        Self {
            is_renewal: true,
            ..Self::new(answer, self.channel.clone(), self.renewal)
        }
    }

    /// The session as a keeper holds it from `now` on: due when a fifth of its remaining lifetime is left,
    /// early enough for a few attempts.
    pub(super) fn held_from(mut self, now: SystemTime, settings: &RefreshSettings) -> Self {
        self.expires_at = settings.expiry(&self.answer.token, now);
        self.due_at = self.expires_at.and_then(|at| {
            let lifetime = at.duration_since(now).unwrap_or_default();
            at.checked_sub(lifetime / 5)
        });
        self
    }

    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.due_at.is_some_and(|at| at <= now)
    }

    /// Whether invalidating this session's token would end `other` as well.
    pub(super) fn shares_its_token(&self, other: &Self) -> bool {
        self.answer.token_reference_id == other.answer.token_reference_id
            || self.answer.token.as_str() == other.answer.token.as_str()
    }

    fn doubted(&self) -> Verdict {
        let before = self.doubts.fetch_add(1, Ordering::Relaxed);
        Verdict::refused_if(before >= DOUBTS - 1)
    }

    /// Whether the session is still good after a call under it.
    pub(super) fn verdict<T>(&self, result: &Result<T, ProviderError>) -> Verdict {
        match result {
            Err(ProviderError::Request(RequestError::Envelope(Error::NonceBudgetSpent {
                ..
            }))) => Verdict::Spent,
            Err(ProviderError::Answer(CallError::Envelope(Error::OpenFailed), _)) => self.doubted(),
            Err(ProviderError::Answer(CallError::Plain(plain), _)) => match plain.status() {
                StatusCode::UNAUTHORIZED => Verdict::Unauthorized,
                StatusCode::BAD_REQUEST => self.doubted(),
                _ => Verdict::Good,
            },
            // It opened: the server still has the key, and it may have executed the call.
            Err(ProviderError::Answer(CallError::Failed { status, .. }, _)) => {
                self.doubts.store(0, Ordering::Relaxed);
                Verdict::refused_if(*status == StatusCode::UNAUTHORIZED)
            }
            Ok(_) | Err(ProviderError::Answer(CallError::Envelope(Error::Json { .. }), _)) => {
                self.doubts.store(0, Ordering::Relaxed);
                Verdict::Good
            }
            Err(_) => Verdict::Good,
        }
    }
}

/// A session of Get App Token, renewed [without an account](Renewal::WithoutAccount).
impl From<AppSession> for Session {
    fn from(session: AppSession) -> Self {
        Self::new(session.answer, session.channel, Renewal::WithoutAccount)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::time::Duration;

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
        let settings = RefreshSettings::default();
        let held = session("token", None, 1100).held_from(at(100), &settings);
        assert!(!held.is_due(at(0)), "a clock that was set back");
        assert!(!held.is_due(at(899)) && held.is_due(at(900)) && held.is_due(at(5000)));
        assert!(!held.is_expired(at(1099)) && held.is_expired(at(1100)));
        let kept_from_before = session("token", None, 1100).held_from(at(1000), &settings);
        assert!(!kept_from_before.is_due(at(1079)) && kept_from_before.is_due(at(1080)));
    }

    #[test]
    fn an_unstated_lifetime_is_unknown_or_what_the_settings_say() {
        let unstated = || {
            let mut session = session("token", None, 0);
            session.answer.token = Token::new("token".to_owned().into(), None);
            session
        };
        let settings = RefreshSettings::default();
        let held = unstated().held_from(at(100), &settings);
        assert!(!held.is_due(at(1_000_000)) && !held.is_expired(at(1_000_000)));
        let settings = settings.lifetime_for_unstated(Duration::from_secs(1000));
        let held = unstated().held_from(at(100), &settings);
        assert!(!held.is_due(at(899)) && held.is_due(at(900)));
        assert!(!held.is_expired(at(1099)) && held.is_expired(at(1100)));
        let stated = session("token", None, 200).held_from(at(100), &settings);
        assert!(stated.is_due(at(180)) && stated.is_expired(at(200)));
    }
}
