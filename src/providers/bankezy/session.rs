//! A session: a token, its channel, and what calls under it say of it.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use http::StatusCode;

use super::{AccountNumber, AppSession, TokenAnswer};
use crate::envelope::Channel;
use crate::error::Error;
use crate::providers::{CallError, Lifetime, Moment};

/// The result of a login: a token, and the channel that seals further calls.
///
/// It holds no clock and sends nothing: whoever keeps it, such as the session keeper of `bankezy-client`, says what
/// time it is and what the calls under it led to.
#[derive(Debug)]
pub struct Session {
    answer: TokenAnswer,
    channel: Channel,
    renewal: Renewal,
    /// Whether Renew was possibly executed without an answer that can be used.
    renewal_sent: AtomicBool,
    /// Whether it is the previous session under a renewed token.
    is_renewal: bool,
    /// `None` if it is unknown.
    lifetime: Option<Lifetime>,
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
#[non_exhaustive]
pub enum Verdict {
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
            answer,
            channel: channel.into(),
            renewal,
            renewal_sent: AtomicBool::new(false),
            is_renewal: false,
            lifetime: None,
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

    /// How it is replaced before its token expires.
    #[must_use]
    pub fn renewal(&self) -> Renewal {
        self.renewal
    }

    /// How it is replaced now: by [`renewal`](Self::renewal), but by a new login once a renewal was possibly
    /// executed, which may have ended the token and must not be executed twice.
    #[must_use]
    pub fn next_renewal(&self) -> Renewal {
        if self.renewal_sent.load(Ordering::Relaxed) {
            Renewal::NewLogin
        } else {
            self.renewal
        }
    }

    /// Says whether a renewal was possibly executed, before it is sent and once its end is known.
    pub fn set_renewal_sent(&self, sent: bool) {
        self.renewal_sent.store(sent, Ordering::Relaxed);
    }

    /// Whether it is an earlier session under a renewed token.
    #[must_use]
    pub fn is_renewal(&self) -> bool {
        self.is_renewal
    }

    /// The same session under a renewed token. Keeps the reference, which Invalidate takes, if Renew does
    /// not return one.
    #[must_use]
    pub fn renewed(&self, mut answer: TokenAnswer) -> Self {
        if answer.token_reference_id.is_none() {
            answer.token_reference_id = self.answer.token_reference_id.clone();
        }
        Self {
            is_renewal: true,
            ..Self::new(answer, self.channel.clone(), self.renewal)
        }
    }

    /// How long its token may be used, as far as that is known.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Option<Lifetime>) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Whether its token has expired.
    #[must_use]
    pub fn is_expired(&self, now: Moment) -> bool {
        self.lifetime.is_some_and(|it| !it.is_good(now))
    }

    /// Whether enough of its token's lifetime is left for a call.
    #[must_use]
    pub fn is_useful(&self, now: Moment) -> bool {
        self.lifetime.is_none_or(|it| it.is_useful(now))
    }

    /// Whether it is time to renew its token.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        self.lifetime.is_some_and(|it| it.is_due(now))
    }

    /// Whether its token is still valid and must be invalidated, now that another session takes its place: not
    /// if it has expired or was renewed (which replaces it), nor if Invalidate, which takes a reference, would
    /// end the new one too.
    #[must_use]
    pub fn needs_revocation(&self, by: &Self, now: Moment) -> bool {
        let shares_its_token = self.answer.token_reference_id == by.answer.token_reference_id
            || self.answer.token.as_str() == by.answer.token.as_str();
        !by.is_renewal && !self.is_expired(now) && !shares_its_token
    }

    /// Whether the session is still good after the answer to a call under it: `None` if the call succeeded.
    #[must_use]
    pub fn judge(&self, answer: Option<&CallError>) -> Verdict {
        match answer {
            Some(CallError::Envelope(Error::OpenFailed)) => self.doubted(),
            Some(CallError::Plain(plain)) => match plain.status() {
                StatusCode::UNAUTHORIZED => Verdict::Unauthorized,
                StatusCode::BAD_REQUEST => self.doubted(),
                _ => Verdict::Good,
            },
            // It opened: the server still has the key, and it may have executed the call.
            Some(CallError::Failed { status, .. }) => {
                self.doubts.store(0, Ordering::Relaxed);
                Verdict::refused_if(*status == StatusCode::UNAUTHORIZED)
            }
            None | Some(CallError::Envelope(Error::Json { .. })) => {
                self.doubts.store(0, Ordering::Relaxed);
                Verdict::Good
            }
            Some(_) => Verdict::Good,
        }
    }

    fn doubted(&self) -> Verdict {
        let before = self.doubts.fetch_add(1, Ordering::Relaxed);
        Verdict::refused_if(before >= DOUBTS.saturating_sub(1))
    }
}

/// A session of Get App Token, renewed [without an account](Renewal::WithoutAccount).
impl From<AppSession> for Session {
    fn from(session: AppSession) -> Self {
        Self::new(session.answer, session.channel, Renewal::WithoutAccount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;
    use std::time::{Duration, Instant, SystemTime};

    use crate::backend::AVAILABLE;
    use crate::providers::Token;
    use crate::secret::PayloadSecret;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    /// A session whose token expires so many seconds after the epoch.
    fn session(token: &str, reference: Option<&str>, expires: u64) -> Session {
        let secret = PayloadSecret::generate().unwrap();
        let channel = Channel::from_secret(&secret, &AVAILABLE[0]).unwrap();
        let answer = answer(token, reference, expires);
        let lifetime = Lifetime::new(moment(0), at(expires), None);
        Session::new(answer, channel, Renewal::WithoutAccount).with_lifetime(Some(lifetime))
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

    /// By the time of day, while the other clock stands still.
    fn moment(seconds: u64) -> Moment {
        Moment {
            time_of_day: at(seconds),
            monotonic: *START,
        }
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
    fn it_is_due_when_a_fifth_is_left_and_never_if_its_lifetime_is_unknown() {
        let held = session("token", None, 1000);
        assert!(!held.is_due(moment(799)) && held.is_due(moment(800)));
        assert!(!held.is_expired(moment(999)) && held.is_expired(moment(1000)));
        let unknown = held.with_lifetime(None);
        assert!(!unknown.is_due(moment(1_000_000)) && !unknown.is_expired(moment(1_000_000)));
    }

    #[test]
    fn what_ends_by_itself_or_with_another_needs_no_revocation() {
        let replaced = session("token", Some("reference"), 100);
        let by = |token, reference| session(token, reference, 200);
        let mut fresh = by("other", Some("another"));
        assert!(replaced.needs_revocation(&fresh, moment(0)));
        assert!(!replaced.needs_revocation(&fresh, moment(100)));
        fresh.is_renewal = true;
        assert!(!replaced.needs_revocation(&fresh, moment(0)));
        for by in [by("other", Some("reference")), by("token", Some("another"))] {
            assert!(!replaced.needs_revocation(&by, moment(0)));
        }
    }
}
