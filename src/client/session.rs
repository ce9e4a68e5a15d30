//! Keeps a session with BankEzy alive: one token and one agreed key for a whole process.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::{BankEzyClient, BankEzyError};
use crate::error::Error;
use crate::providers::CallError;
use crate::providers::bankezy::{AccountNumber, Channel, TokenAnswer};

/// What a login gives: a token, and the channel that further calls travel under.
#[derive(Debug)]
pub struct Session {
    answer: TokenAnswer,
    channel: Arc<Channel>,
    /// With it a token is renewed; without it a new login takes its place.
    account_number: Option<AccountNumber>,
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

    fn is_expired(&self, now: SystemTime) -> bool {
        self.remaining(now) == Some(Duration::ZERO)
    }

    /// When a fifth of its life is left: early enough for a few attempts.
    fn is_due(&self, now: SystemTime) -> bool {
        let life = self.remaining(self.obtained_at);
        match (life, self.remaining(now)) {
            (Some(life), Some(remaining)) => remaining <= life / 5,
            _ => false,
        }
    }
}

/// Why a call through a [`SessionKeeper`] failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The call, or the login before it, failed.
    Call(BankEzyError),
    /// The issuer failed lately, and is not asked again before this has passed. Nothing was sent.
    BackingOff {
        /// How long to wait.
        retry_in: Duration,
    },
    /// The keeper was shut down. Nothing was sent.
    ShutDown,
}

/// Makes a session: calls Get Token or Get App Token.
type Login = Box<dyn Fn(BankEzyClient) -> LoginFuture + Send + Sync>;
type LoginFuture = Pin<Box<dyn Future<Output = Result<Session, BankEzyError>> + Send>>;
type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// Holds the token and the agreed key of a process, and renews them ahead of expiry.
///
/// However many callers wait, one login or renewal is under way. A token that is still good serves
/// while its successor is fetched. When the server refuses the token or no longer opens our messages
/// (401 or 400 in clear), one new login is made and the call repeated once: the server has not
/// executed what it could not open. When the issuer fails, the next attempt waits for 1 s, then
/// twice as long each time up to a minute.
pub struct SessionKeeper {
    client: BankEzyClient,
    login: Login,
    clock: Clock,
    /// What callers use, without a lock.
    current: ArcSwapOption<Session>,
    /// Held by whoever changes the session.
    changing: Mutex<Changing>,
}

#[derive(Default)]
struct Changing {
    failures: u32,
    not_before: Option<SystemTime>,
    /// When a session was last replaced because the server refused it.
    replaced_at: Option<SystemTime>,
    shut_down: bool,
}

/// Refused sessions are replaced at most this often: a server that refuses every message would
/// otherwise get a login with each.
const REPLACE_EVERY: Duration = Duration::from_secs(10);
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);

impl SessionKeeper {
    /// A keeper that logs in with this at the first call. `login` is called for each new session,
    /// and makes a new key pair each time.
    #[must_use]
    pub fn new<F>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Session, BankEzyError>> + Send + 'static,
    {
        Self {
            client,
            login: Box::new(move |client| Box::pin(login(client))),
            clock: Box::new(SystemTime::now),
            current: ArcSwapOption::empty(),
            changing: Mutex::default(),
        }
    }

    /// Takes the time from here, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Calls a path with any JSON, under the session.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        path: &str,
        body: &T,
    ) -> Result<R, SessionError> {
        let session = self.session().await?;
        let first = self.call_under(&session, path, body).await;
        match first {
            Err(error) if is_refused(&error) => match self.replace(&session).await? {
                Some(session) => Ok(self.call_under(&session, path, body).await?),
                None => Err(error.into()),
            },
            other => Ok(other?),
        }
    }

    /// The session, logged in or renewed if need be.
    ///
    /// # Errors
    /// [`SessionError`] if there is none to be had.
    pub async fn session(&self) -> Result<Arc<Session>, SessionError> {
        let now = (self.clock)();
        let current = self.current.load_full();
        match &current {
            Some(session) if !session.is_due(now) => return Ok(Arc::clone(session)),
            // Still good: whoever comes first fetches its successor, the others go on with it.
            Some(session) if !session.is_expired(now) => {
                let Ok(changing) = self.changing.try_lock() else {
                    return Ok(Arc::clone(session));
                };
                let successor = self.change(changing, current.as_ref()).await;
                return Ok(successor.unwrap_or_else(|_| Arc::clone(session)));
            }
            _ => {}
        }
        self.change(self.changing.lock().await, current.as_ref())
            .await
    }

    /// Invalidates the token, if there is one, and refuses all further calls.
    ///
    /// # Errors
    /// [`SessionError`] if the server did not take it back; the keeper is shut down all the same.
    pub async fn shutdown(&self) -> Result<(), SessionError> {
        let mut changing = self.changing.lock().await;
        changing.shut_down = true;
        let Some(session) = self.current.swap(None) else {
            return Ok(());
        };
        if session.is_expired((self.clock)()) {
            return Ok(());
        }
        if let Some(reference) = &session.answer.token_reference_id {
            let token = Some(&session.answer.token);
            self.client
                .invalidate(reference, token, &session.channel)
                .await?;
        }
        Ok(())
    }

    async fn call_under<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        session: &Session,
        path: &str,
        body: &T,
    ) -> Result<R, BankEzyError> {
        let token = &session.answer.token;
        self.client.call(path, body, token, &session.channel).await
    }

    /// A new login in place of a session that the server refuses; `None` if that was tried lately.
    async fn replace(&self, refused: &Arc<Session>) -> Result<Option<Arc<Session>>, SessionError> {
        let mut changing = self.changing.lock().await;
        if let Some(current) = self.current.load_full()
            && !Arc::ptr_eq(&current, refused)
        {
            return Ok(Some(current));
        }
        let now = (self.clock)();
        let lately = changing
            .replaced_at
            .is_some_and(|at| now.duration_since(at).unwrap_or_default() < REPLACE_EVERY);
        if lately {
            return Ok(None);
        }
        changing.replaced_at = Some(now);
        self.current.store(None);
        self.change(changing, None).await.map(Some)
    }

    /// Renews or logs in, unless somebody did while this waited for its turn.
    async fn change(
        &self,
        mut changing: tokio::sync::MutexGuard<'_, Changing>,
        seen: Option<&Arc<Session>>,
    ) -> Result<Arc<Session>, SessionError> {
        if changing.shut_down {
            return Err(SessionError::ShutDown);
        }
        let now = (self.clock)();
        let current = self.current.load_full();
        if let Some(current) = &current {
            let same = seen.is_some_and(|seen| Arc::ptr_eq(seen, current));
            if !same && !current.is_expired(now) {
                return Ok(Arc::clone(current));
            }
        }
        if let Some(retry_in) = changing
            .not_before
            .and_then(|at| at.duration_since(now).ok())
            && !retry_in.is_zero()
        {
            return Err(SessionError::BackingOff { retry_in });
        }
        match self.obtain(current.as_deref(), now).await {
            Ok(session) => {
                changing.failures = 0;
                changing.not_before = None;
                let session = Arc::new(session);
                self.current.store(Some(Arc::clone(&session)));
                Ok(session)
            }
            Err(error) => {
                let doubled = FIRST_BACKOFF * 2_u32.saturating_pow(changing.failures.min(16));
                changing.failures = changing.failures.saturating_add(1);
                changing.not_before = now.checked_add(doubled.min(MAX_BACKOFF));
                Err(error.into())
            }
        }
    }

    /// Renews what can be renewed; where that fails for good, and in all other cases, logs in.
    async fn obtain(
        &self,
        current: Option<&Session>,
        now: SystemTime,
    ) -> Result<Session, BankEzyError> {
        if let Some(session) = current.filter(|session| !session.is_expired(now))
            && let Some(account_number) = session.account_number
        {
            let token = &session.answer.token;
            match self
                .client
                .renew(token, account_number, &session.channel)
                .await
            {
                Ok(mut answer) => {
                    // Renew need not repeat the reference, which Invalidate takes.
                    if answer.token_reference_id.is_none() {
                        answer.token_reference_id = session.answer.token_reference_id.clone();
                    }
                    let channel = Arc::clone(&session.channel);
                    return Ok(Session::new(answer, channel, Some(account_number), now));
                }
                // Without an answer a login would fare no better.
                Err(error @ BankEzyError::Transport(_)) => return Err(error),
                Err(_) => {}
            }
        }
        (self.login)(self.client.clone()).await
    }
}

impl fmt::Debug for SessionKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeeper([redacted])")
    }
}

/// Whether the server refused the token, or could not open the message: it executed nothing.
fn is_refused(error: &BankEzyError) -> bool {
    let BankEzyError::Answer(CallError::Plain(plain)) = error else {
        return false;
    };
    [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED].contains(&plain.status())
}

impl core::error::Error for SessionError {}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::BackingOff { retry_in } => write!(
                f,
                "the issuer failed lately: try again in {} ms",
                retry_in.as_millis()
            ),
            Self::ShutDown => f.write_str("the session was shut down"),
        }
    }
}

impl From<BankEzyError> for SessionError {
    fn from(error: BankEzyError) -> Self {
        Self::Call(error)
    }
}

impl From<Error> for SessionError {
    fn from(error: Error) -> Self {
        Self::Call(BankEzyError::Request(error))
    }
}
