//! What the emulator remembers.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bankezy_crypto::Error;

use super::channel::{Channel, ServerKeys, SessionKeys};
use super::clock::{Clock, millis};
use super::config::{AnswerForm, Config, OnExecuted};
use super::credentials::Credentials;
use super::custom::CustomRoute;
use super::endpoint::{Counts, EmulatedEndpoint};
use super::faults::{Faults, Known};
use super::log::{Journal, LogLimits, LoggedKey};
use super::random;
use super::ready::Ready;
use super::sessions::{Entry, Session, Sessions, TokenStatus};
use super::tokens::{Claims, TokenForm, TokenFormat, TokenId, TokenIssuer, strip_bearer};

/// Everything that requests share.
pub(super) struct State {
    pub(super) credentials: Credentials,
    pub(super) keys: ServerKeys,
    pub(super) faults: Faults,
    pub(super) clock: Clock,
    pub(super) max_body: usize,
    pub(super) on_echo: OnExecuted,
    /// By their paths, with the prefix.
    pub(super) custom: HashMap<String, Vec<CustomRoute>>,
    pub(super) answers: AnswerForm,
    pub(super) strict: bool,
    pub(super) token_format: Option<TokenFormat>,
    pub(super) ready: Ready,
    /// `None` while the log is off.
    pub(super) journal: Option<Arc<Journal>>,
    pub(super) executed: Counts,
    issuer: TokenIssuer,
    token_lifetime: Duration,
    sessions: Mutex<Sessions>,
    logins: AtomicU64,
}

/// Strict mode only: the reference had a token before.
pub(super) struct ReferenceUsed;

/// A token on its way to the client.
pub(super) struct Issued {
    /// Its number in the log and the API.
    pub(super) number: u64,
    pub(super) token: String,
    /// Milliseconds since the epoch.
    pub(super) expires_at: u64,
    /// Whether its reference had a token before.
    pub(super) is_repeated: bool,
}

impl State {
    pub(super) fn new(
        config: &Config,
        credentials: Credentials,
        ready: Ready,
        known: Known,
    ) -> Result<Self, Error> {
        Ok(Self {
            keys: ServerKeys::new(&credentials, config.max_body)?,
            credentials,
            faults: Faults::new(known),
            clock: Clock::default(),
            max_body: config.max_body,
            on_echo: Arc::clone(&config.on_echo),
            custom: config.custom(),
            ready,
            journal: journal(config),
            executed: Counts::default(),
            answers: config.answers,
            strict: config.strict,
            token_format: config.token_format,
            issuer: TokenIssuer::new()?,
            token_lifetime: config.token_lifetime,
            sessions: Mutex::new(Sessions::new(config.max_tokens)),
            logins: AtomicU64::new(1),
        })
    }

    /// In strict mode, of several requests at once for one reference, one succeeds.
    pub(super) fn issue(
        &self,
        call: EmulatedEndpoint,
        reference: &str,
        account: Option<String>,
        keys: SessionKeys,
        form: TokenForm,
    ) -> Result<Result<Issued, ReferenceUsed>, Error> {
        let session = Arc::new(Session {
            reference: reference.into(),
            account,
            login_id: self.logins.fetch_add(1, Ordering::Relaxed),
            keys: Arc::new(keys),
        });
        let (id, times, token) = self.new_token(reference, form)?;
        let entry = Entry::new(session, call.name(), times, form);
        let mut sessions = self.sessions();
        let is_repeated = sessions.has_reference(reference);
        if self.strict && is_repeated {
            return Ok(Err(ReferenceUsed));
        }
        let number = sessions.insert(id, entry);
        let issued = Issued::new(number, times, token);
        Ok(Ok(Issued {
            is_repeated,
            ..issued
        }))
    }

    /// The session that a token belongs to.
    pub(super) fn session(&self, token: &str) -> Result<(TokenId, Arc<Session>), TokenStatus> {
        let bare = strip_bearer(token);
        let id = self.issuer.read(bare).ok_or(TokenStatus::Unknown)?;
        let sessions = self.sessions();
        let entry = sessions.live(id, self.clock.now())?;
        if self.strict && token.strip_prefix(entry.form.prefix) != Some(bare) {
            let with_prefix = token != bare;
            return Err(TokenStatus::OtherForm { with_prefix });
        }
        Ok((id, Arc::clone(&entry.session)))
    }

    /// Whether a token has the prefix with which it was issued, if any.
    pub(super) fn is_in_its_form(&self, token: &str, id: TokenId) -> bool {
        let prefix = self.sessions().get(id).map(|entry| entry.form.prefix);
        token.strip_prefix(prefix.unwrap_or_default()) == Some(strip_bearer(token))
    }

    /// The number and the session of a token that is remembered, whether it works or not.
    pub(super) fn remembered(&self, token: &str) -> Option<(u64, Arc<Session>)> {
        let id = self.issuer.read(strip_bearer(token))?;
        let sessions = self.sessions();
        let entry = sessions.get(id)?;
        Some((entry.number, Arc::clone(&entry.session)))
    }

    /// The key of a channel, for the log and the API.
    pub(super) fn key_of(&self, channel: &Channel, session: Option<&Arc<Session>>) -> LoggedKey {
        let name = || session.map_or_else(String::new, |session| session.key_name());
        self.keys.described(channel, name)
    }

    /// A session with a derivation of its two keys that is not the emulator's, whose key opens a text: the name of
    /// its key, and that of the derivation.
    pub(super) fn other_derivation(
        &self,
        sealed: &[u8],
        sessions: &[Arc<Session>],
    ) -> Option<(String, &'static str)> {
        sessions.iter().find_map(|session| {
            let derivation = self.keys.other_derivation(sealed, &session.keys)?;
            Some((session.key_name(), derivation))
        })
    }

    /// Replaces a token with a new one; of several requests at once, one succeeds.
    pub(super) fn renew(
        &self,
        old: TokenId,
        session: &Session,
        form: TokenForm,
    ) -> Result<Result<Issued, TokenStatus>, Error> {
        let (id, times, token) = self.new_token(&session.reference, form)?;
        let mut sessions = self.sessions();
        Ok(sessions.end_renewed(old, self.clock.now()).map(|session| {
            let entry = Entry::new(session, EmulatedEndpoint::Renew.name(), times, form);
            let number = sessions.insert(id, entry);
            Issued::new(number, times, token)
        }))
    }

    /// Ends the tokens of a reference. Returns when the last of them would have expired, if there was one.
    pub(super) fn invalidate(&self, reference: &str) -> Option<u64> {
        self.sessions().invalidate(reference)
    }

    /// As after the start, apart from the credentials; numbers go on.
    pub(super) fn reset(&self) {
        self.sessions().clear();
        self.faults.clear();
        self.clock.reset();
        self.executed.reset();
        if let Some(journal) = &self.journal {
            journal.clear();
        }
    }

    /// The token, and when it was issued and expires.
    fn new_token(
        &self,
        subject: &str,
        form: TokenForm,
    ) -> Result<(TokenId, [u64; 2], String), Error> {
        let now = self.clock.now();
        let expires_at = now.saturating_add(millis(self.token_lifetime));
        let id = random::id()?;
        let claims = Claims {
            id,
            subject,
            issued_at: now / 1000,
            expires_at: expires_at.div_ceil(1000),
        };
        let token = self.issuer.issue(form.format, &claims)?;
        Ok((id, [now, expires_at], format!("{}{token}", form.prefix)))
    }

    /// Held for a moment only.
    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issued {
    fn new(number: u64, [_, expires_at]: [u64; 2], token: String) -> Self {
        Self {
            number,
            token,
            expires_at,
            is_repeated: false,
        }
    }
}

fn journal(config: &Config) -> Option<Arc<Journal>> {
    let on_exchange = config.on_exchange.clone();
    // A caller that only listens needs nothing kept.
    let nothing = on_exchange.as_ref().map(|_| LogLimits::new(0, 0));
    let limits = config.log.or(nothing)?;
    Some(Arc::new(Journal::new(limits, on_exchange)))
}
