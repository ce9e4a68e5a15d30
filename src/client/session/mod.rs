//! Keeps a session with BankEzy alive: one token and one agreed key for a whole process.

mod error;
mod held;

pub use error::{LoginError, SessionError};
pub use held::Session;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{BankEzyClient, BankEzyError};
use crate::providers::CallError;
use crate::providers::bankezy::Endpoint;

/// Makes a session: calls Get Token or Get App Token.
type Login = Box<dyn Fn(BankEzyClient) -> LoginFuture + Send + Sync>;
type LoginFuture = Pin<Box<dyn Future<Output = Result<Session, BankEzyError>> + Send>>;
type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;
type Landed = Result<Arc<Session>, Arc<LoginError>>;

/// Holds the token and the agreed key of a process, and renews them ahead of expiry. Cheap to clone.
///
/// However many callers wait, one login or renewal is under way, in a task of its own: a caller that
/// gives up does not end it. A token that is still good serves while its successor is fetched. When
/// the issuer fails, the next attempt waits for 1 s, then twice as long each time up to a minute.
///
/// A call that the server refuses with 401 is repeated once under a new session: by that
/// status the server has not executed it. After 400, which is how a server may say that it
/// no longer opens our messages, the session is replaced as well, but the call is not repeated.
/// [`with_repeat`](Self::with_repeat) turns repeating off.
///
/// Runs on tokio. A call takes at most twice the login deadline and the client's deadline.
#[derive(Clone)]
pub struct SessionKeeper {
    inner: Arc<Inner>,
}

struct Inner {
    client: BankEzyClient,
    login: Login,
    settings: Settings,
    /// What callers use, without a lock.
    current: ArcSwapOption<Session>,
    /// Held for moments, never across an `await`.
    state: Mutex<State>,
}

struct Settings {
    clock: Clock,
    first_backoff: Duration,
    max_backoff: Duration,
    login_deadline: Duration,
    repeat: bool,
}

#[derive(Default)]
struct State {
    /// The login or renewal under way.
    flight: Option<watch::Receiver<Option<Landed>>>,
    failures: u32,
    not_before: Option<Instant>,
    /// When a session was last replaced because the server refused it.
    replaced_at: Option<Instant>,
    shut_down: bool,
}

/// Refused sessions are replaced at most this often: a server that refuses every message would
/// otherwise get a login with each.
const REPLACE_EVERY: Duration = Duration::from_secs(10);

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
        let inner = Inner {
            client,
            login: Box::new(move |client| Box::pin(login(client))),
            settings: Settings {
                clock: Box::new(SystemTime::now),
                first_backoff: Duration::from_secs(1),
                max_backoff: Duration::from_secs(60),
                login_deadline: Duration::from_secs(60),
                repeat: true,
            },
            current: ArcSwapOption::empty(),
            state: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Takes the time of day, against which tokens expire, from here.
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Box::new(clock))
    }

    /// Waits of these lengths after failures of the issuer: the first, and the longest.
    #[must_use]
    pub fn with_backoff(self, first: Duration, max: Duration) -> Self {
        self.with(|settings| (settings.first_backoff, settings.max_backoff) = (first, max))
    }

    /// Gives a login or renewal up after this; a minute where this is not called.
    #[must_use]
    pub fn with_login_deadline(self, deadline: Duration) -> Self {
        self.with(|settings| settings.login_deadline = deadline)
    }

    /// Whether a call that is refused with 401 is repeated under a new session; it is where this is
    /// not called.
    #[must_use]
    pub fn with_repeat(self, repeat: bool) -> Self {
        self.with(|settings| settings.repeat = repeat)
    }

    /// Calls an endpoint with any JSON, under the session.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
    ) -> Result<R, SessionError> {
        let endpoint = endpoint.into();
        let session = self.session().await?;
        let first = self.call_under(&session, &endpoint, body).await;
        let Err(error) = first else {
            return Ok(first?);
        };
        let status = refusal(&error);
        if !matches!(
            status,
            Some(StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST)
        ) {
            return Err(error.into());
        }
        match self.successor(&session).await {
            Some(next)
                if self.inner.settings.repeat && status == Some(StatusCode::UNAUTHORIZED) =>
            {
                Ok(self.call_under(&next, &endpoint, body).await?)
            }
            _ => Err(error.into()),
        }
    }

    /// The session, logged in or renewed if need be.
    ///
    /// # Errors
    /// [`SessionError`] if there is none to be had.
    pub async fn session(&self) -> Result<Arc<Session>, SessionError> {
        let now = (self.inner.settings.clock)();
        if let Some(session) = self
            .inner
            .current
            .load_full()
            .filter(|it| !it.is_expired(now))
        {
            if session.is_due(now) {
                // In the background; whether it can start is of no concern while this one is good.
                let _ = self.start(true);
            } else if self.inner.state().shut_down {
                return Err(SessionError::ShutDown);
            }
            return Ok(session);
        }
        let flight = self.start(true)?;
        landed(flight).await.map_err(SessionError::Login)
    }

    /// Invalidates the token, if there is one, and refuses all further calls. Where the server does
    /// not take it back, this can be called again.
    ///
    /// # Errors
    /// [`SessionError`] if the server did not take it back.
    pub async fn shutdown(&self) -> Result<(), SessionError> {
        let flight = {
            let mut state = self.inner.state();
            state.shut_down = true;
            state.flight.clone()
        };
        if let Some(flight) = flight {
            // What it brings is invalidated below.
            let _ = landed(flight).await;
        }
        let now = (self.inner.settings.clock)();
        if let Some(session) = self.inner.current.load_full()
            && !session.is_expired(now)
            && let Some(reference) = &session.answer.token_reference_id
        {
            let token = Some(&session.answer.token);
            let client = &self.inner.client;
            client
                .invalidate(reference, token, &session.channel)
                .await?;
        }
        self.inner.current.store(None);
        Ok(())
    }

    async fn call_under<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        session: &Session,
        endpoint: &Endpoint,
        body: &T,
    ) -> Result<R, BankEzyError> {
        let token = &session.answer.token;
        let client = &self.inner.client;
        client
            .call(endpoint.clone(), body, token, &session.channel)
            .await
    }

    /// What comes after a session that the server refuses: the one that is there by now, or a new
    /// login; `None` if that was tried lately or fails. The refused one stays until then, for it
    /// may have been one call alone that was refused.
    async fn successor(&self, refused: &Arc<Session>) -> Option<Arc<Session>> {
        let other = |session: &Arc<Session>| !Arc::ptr_eq(session, refused);
        if let Some(current) = self.inner.current.load_full().filter(other) {
            return Some(current);
        }
        {
            let mut state = self.inner.state();
            let lately = state
                .replaced_at
                .is_some_and(|at| at.elapsed() < REPLACE_EVERY);
            if lately && state.flight.is_none() {
                return None;
            }
            state.replaced_at = Some(Instant::now());
        }
        let flight = self.start(false).ok()?;
        landed(flight).await.ok().filter(other)
    }

    /// Joins the login or renewal under way, or starts one in a task of its own.
    fn start(&self, may_renew: bool) -> Result<watch::Receiver<Option<Landed>>, SessionError> {
        let mut state = self.inner.state();
        if state.shut_down {
            return Err(SessionError::ShutDown);
        }
        if let Some(flight) = &state.flight {
            return Ok(flight.clone());
        }
        let retry_in = state
            .not_before
            .map(|at| at.saturating_duration_since(Instant::now()))
            .unwrap_or_default();
        if !retry_in.is_zero() {
            return Err(SessionError::BackingOff { retry_in });
        }
        let (sender, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            // A task of its own again, so that a panic of the closure is seen here.
            let obtaining = tokio::spawn({
                let inner = Arc::clone(&inner);
                async move { inner.obtain(may_renew).await }
            });
            let result = obtaining.await.unwrap_or(Err(LoginError::Panicked));
            sender.send_replace(Some(inner.land(result)));
        });
        Ok(flight)
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        // Settings come before the first use, so nobody else holds it yet.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            set(&mut inner.settings);
        }
        self
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what a login or renewal brought.
    fn land(&self, result: Result<Session, LoginError>) -> Landed {
        let mut state = self.state();
        state.flight = None;
        match result {
            Ok(session) => {
                state.failures = 0;
                state.not_before = None;
                let session = Arc::new(session);
                self.current.store(Some(Arc::clone(&session)));
                Ok(session)
            }
            Err(error) => {
                let doubling = 2_u32.saturating_pow(state.failures.min(16));
                let wait = self.settings.first_backoff.saturating_mul(doubling);
                state.failures = state.failures.saturating_add(1);
                state.not_before = Some(Instant::now() + wait.min(self.settings.max_backoff));
                Err(Arc::new(error))
            }
        }
    }

    /// Renews what can be renewed; where that fails for good, and in all other cases, logs in.
    async fn obtain(&self, may_renew: bool) -> Result<Session, LoginError> {
        let obtaining = async {
            if may_renew && let Some(renewed) = self.renew().await {
                return renewed;
            }
            (self.login)(self.client.clone()).await
        };
        let session = tokio::time::timeout(self.settings.login_deadline, obtaining)
            .await
            .map_err(|_| LoginError::TimedOut)?
            .map_err(LoginError::Call)?;
        match session.is_expired((self.settings.clock)()) {
            true => Err(LoginError::ExpiredOnArrival),
            false => Ok(session),
        }
    }

    /// `None` where there is nothing to renew, or the server does not renew it.
    async fn renew(&self) -> Option<Result<Session, BankEzyError>> {
        let now = (self.settings.clock)();
        let session = self.current.load_full().filter(|it| !it.is_expired(now))?;
        let (token, channel) = (&session.answer.token, Arc::clone(&session.channel));
        let account_number = session.account_number?;
        match self.client.renew(token, account_number, &channel).await {
            Ok(mut answer) => {
                // Renew need not repeat the reference, which Invalidate takes.
                if answer.token_reference_id.is_none() {
                    answer.token_reference_id = session.answer.token_reference_id.clone();
                }
                Some(Ok(Session::new(answer, channel, Some(account_number), now)))
            }
            // Without an answer a login would fare no better.
            Err(error @ BankEzyError::Transport(_)) => Some(Err(error)),
            Err(_) => None,
        }
    }
}

/// Waits for a login or renewal that is under way.
async fn landed(mut flight: watch::Receiver<Option<Landed>>) -> Landed {
    match flight.wait_for(Option::is_some).await {
        Ok(landed) => landed
            .clone()
            .unwrap_or_else(|| Err(Arc::new(LoginError::Panicked))),
        // The runtime is shutting down.
        Err(_) => Err(Arc::new(LoginError::Panicked)),
    }
}

/// The status with which the server refused, in clear or sealed.
fn refusal(error: &BankEzyError) -> Option<StatusCode> {
    match error {
        BankEzyError::Answer(CallError::Plain(plain)) => Some(plain.status()),
        BankEzyError::Answer(CallError::Failed { status, .. }) => Some(*status),
        _ => None,
    }
}

impl fmt::Debug for SessionKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeeper([redacted])")
    }
}
