//! What the emulator remembers.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bankezy_crypto::Error;
use http::header::{DATE, HeaderName};

use super::channel::{ServerKeys, SessionKeys};
use super::config::{AnswerForm, Answering, Config, OnExecuted};
use super::credentials::Credentials;
use super::faults::Faults;
use super::random;
use super::tokens::{Claims, TokenForm, TokenFormat, TokenId, TokenIssuer, strip_bearer};

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmulatedEndpoint {
    /// BankEzy's Get Token.
    GetToken,
    /// Onboarding user token.
    OnboardingUserToken,
    /// Get App Token, the key exchange.
    GetAppToken,
    /// Renew.
    Renew,
    /// Invalidate.
    Invalidate,
    /// The API that answers with what it was sent.
    Echo,
    /// Faceki's access token.
    FacekiToken,
    /// ComplyCube's SDK token.
    ComplyCubeToken,
    /// Sardine's token for identity documents.
    SardineToken,
}

const ENDPOINTS: usize = 9;

/// How many calls of each endpoint were executed, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed([u64; ENDPOINTS]);

impl Executed {
    /// Calls of one endpoint, both versions.
    #[must_use]
    pub fn of(&self, endpoint: EmulatedEndpoint) -> u64 {
        self.0.get(endpoint as usize).copied().unwrap_or_default()
    }

    /// Calls of all endpoints.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Everything that requests share.
pub(super) struct State {
    pub(super) credentials: Credentials,
    pub(super) keys: ServerKeys,
    pub(super) faults: Faults,
    pub(super) clock: Clock,
    pub(super) max_body: usize,
    pub(super) on_echo: OnExecuted,
    pub(super) own_paths: HashMap<String, Answering>,
    pub(super) answers: AnswerForm,
    pub(super) strict: bool,
    pub(super) token_format: Option<TokenFormat>,
    issuer: TokenIssuer,
    token_lifetime: Duration,
    tokens: Mutex<Tokens>,
    logins: AtomicU64,
    executed: [AtomicU64; ENDPOINTS],
}

/// A token on its way to the client.
pub(super) struct Issued {
    pub(super) token: String,
    /// Milliseconds since the epoch.
    pub(super) expires_at: u64,
}

impl State {
    pub(super) fn new(config: &Config, credentials: Credentials) -> Result<Self, Error> {
        Ok(Self {
            keys: ServerKeys::new(&credentials, config.max_body)?,
            credentials,
            faults: Faults::new(config.prefix.clone()),
            clock: Clock::default(),
            max_body: config.max_body,
            on_echo: Arc::clone(&config.on_echo),
            own_paths: config.own_paths(),
            answers: config.answers,
            strict: config.strict,
            token_format: config.token_format,
            issuer: TokenIssuer::new()?,
            token_lifetime: config.token_lifetime,
            tokens: Mutex::new(Tokens::new(config.max_tokens)),
            logins: AtomicU64::new(1),
            executed: Default::default(),
        })
    }

    /// How calls of a path are answered, if it is the user's own.
    pub(super) fn own_path(&self, path: &str) -> Option<&Answering> {
        self.own_paths.get(path)
    }

    pub(super) fn executed(&self) -> Executed {
        Executed(self.executed.each_ref().map(|n| n.load(Ordering::SeqCst)))
    }

    pub(super) fn count(&self, endpoint: EmulatedEndpoint) {
        if let Some(count) = self.executed.get(endpoint as usize) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(super) fn issue(
        &self,
        reference: &str,
        account: Option<String>,
        keys: SessionKeys,
        form: TokenForm,
    ) -> Result<Issued, Error> {
        let session = Arc::new(Session {
            reference: reference.to_owned(),
            account,
            login_id: self.logins.fetch_add(1, Ordering::Relaxed),
            keys: Arc::new(keys),
        });
        let (id, issued) = self.new_token(reference, form)?;
        let entry = Entry::new(session, issued.expires_at, form);
        self.tokens().insert(id, entry);
        Ok(issued)
    }

    /// The session that a token belongs to.
    pub(super) fn session(&self, token: &str) -> Result<(TokenId, Arc<Session>), TokenStatus> {
        let bare = strip_bearer(token);
        let id = self.issuer.read(bare).ok_or(TokenStatus::Unknown)?;
        let tokens = self.tokens();
        let entry = tokens.live(id, self.clock.now())?;
        if self.strict && token.strip_prefix(entry.prefix) != Some(bare) {
            return Err(TokenStatus::OtherForm);
        }
        Ok((id, Arc::clone(&entry.session)))
    }

    /// Whether a token was issued for this reference, and is not forgotten yet.
    pub(super) fn has_reference(&self, reference: &str) -> bool {
        let tokens = self.tokens();
        let mut entries = tokens.by_id.values();
        entries.any(|entry| entry.session.reference == reference)
    }

    /// Puts a new token in the place of one; of several at once, one succeeds.
    pub(super) fn renew(
        &self,
        old: TokenId,
        session: &Session,
        form: TokenForm,
    ) -> Result<Result<Issued, TokenStatus>, Error> {
        let (id, issued) = self.new_token(&session.reference, form)?;
        let renewed = self
            .tokens()
            .renew(old, id, issued.expires_at, form, self.clock.now());
        Ok(renewed.map(|()| issued))
    }

    /// Ends the tokens of a reference. Returns when the last of them would have expired, if there was one.
    pub(super) fn invalidate(&self, reference: &str) -> Option<u64> {
        self.tokens().invalidate(reference)
    }

    fn new_token(&self, subject: &str, form: TokenForm) -> Result<(TokenId, Issued), Error> {
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
        let token = format!("{}{token}", form.prefix);
        Ok((id, Issued { token, expires_at }))
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a token stands for; a renewed one stands for the same.
pub(super) struct Session {
    pub(super) reference: String,
    /// `None` for a session of Get App Token.
    pub(super) account: Option<String>,
    pub(super) login_id: u64,
    pub(super) keys: Arc<SessionKeys>,
}

/// Why a token does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenStatus {
    Unknown,
    Expired,
    Renewed,
    Invalidated,
    /// Strict only.
    OtherForm,
}

impl TokenStatus {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "X-API-TOKEN is not valid",
            Self::Expired => "X-API-TOKEN has expired",
            Self::Renewed => "X-API-TOKEN has been renewed",
            Self::Invalidated => "X-API-TOKEN has been invalidated",
            Self::OtherForm => {
                "X-API-TOKEN is not in the form in which it was issued, with or without Bearer"
            }
        }
    }
}

struct Tokens {
    by_id: HashMap<TokenId, Entry>,
    /// Oldest first.
    order: VecDeque<TokenId>,
    max: usize,
}

struct Entry {
    session: Arc<Session>,
    expires_at: u64,
    /// What stood before the token.
    prefix: &'static str,
    /// `None` while it works, apart from its expiry.
    ended: Option<TokenStatus>,
}

impl Entry {
    fn new(session: Arc<Session>, expires_at: u64, form: TokenForm) -> Self {
        Self {
            session,
            expires_at,
            prefix: form.prefix,
            ended: None,
        }
    }
}

impl Tokens {
    fn new(max: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            order: VecDeque::new(),
            max,
        }
    }

    fn insert(&mut self, id: TokenId, entry: Entry) {
        while self.order.len() >= self.max {
            if let Some(oldest) = self.order.pop_front() {
                self.by_id.remove(&oldest);
            }
        }
        self.order.push_back(id);
        self.by_id.insert(id, entry);
    }

    fn live(&self, id: TokenId, now: u64) -> Result<&Entry, TokenStatus> {
        let entry = self.by_id.get(&id).ok_or(TokenStatus::Unknown)?;
        match entry.ended {
            Some(status) => Err(status),
            None if entry.expires_at <= now => Err(TokenStatus::Expired),
            None => Ok(entry),
        }
    }

    fn renew(
        &mut self,
        old: TokenId,
        new: TokenId,
        expires_at: u64,
        form: TokenForm,
        now: u64,
    ) -> Result<(), TokenStatus> {
        let session = Arc::clone(&self.live(old, now)?.session);
        if let Some(entry) = self.by_id.get_mut(&old) {
            entry.ended = Some(TokenStatus::Renewed);
        }
        self.insert(new, Entry::new(session, expires_at, form));
        Ok(())
    }

    fn invalidate(&mut self, reference: &str) -> Option<u64> {
        let mut found = None;
        for entry in self.by_id.values_mut() {
            if entry.ended.is_none() && entry.session.reference == reference {
                entry.ended = Some(TokenStatus::Invalidated);
                found = found.max(Some(entry.expires_at));
            }
        }
        found
    }
}

/// The last millisecond that `httpdate` writes, at the end of the year 9998.
const LAST_DATE: u64 = 253_370_764_799_999;

/// The system's time and what was added to it.
#[derive(Default)]
pub(super) struct Clock {
    ahead: AtomicU64,
}

impl Clock {
    /// Milliseconds since the epoch.
    pub(super) fn now(&self) -> u64 {
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, millis);
        system.saturating_add(self.ahead.load(Ordering::SeqCst))
    }

    /// As the header `Date`.
    pub(super) fn date(&self) -> [(HeaderName, String); 1] {
        let now = Duration::from_millis(self.now().min(LAST_DATE));
        let date = UNIX_EPOCH.checked_add(now).unwrap_or(UNIX_EPOCH);
        [(DATE, httpdate::fmt_http_date(date))]
    }

    pub(super) fn advance(&self, by: Duration) {
        let add = |ahead: u64| Some(ahead.saturating_add(millis(by)));
        // The closure never refuses.
        let _ = self
            .ahead
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
