//! Keeps a session with BankEzy alive: one token and one agreed key for a whole process.

mod obtaining;
mod shared;

use core::future::Future;
use core::mem;
use core::sync::atomic::Ordering;
use std::sync::Arc;

use bankezy_crypto::providers::bankezy::{Endpoint, Session, Verdict};
use bankezy_crypto::providers::{RequestError, ServerHeaders};
use bankezy_crypto::{Delivery, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::RwLockReadGuard;
use tracing::warn;

use super::sync::time::{sleep, timeout};
use super::transport::{timed_out, told};
use super::{BankEzyClient, ProviderError, RefreshSettings};
use shared::{IN_USE_EVERY, LoginFuture, Shared, revoke};

/// Holds the token and the agreed key of a process, and renews them ahead of expiry. Cheap to clone.
///
/// All callers share one login or renewal, which runs in its own task: a caller that gives up does not
/// cancel it. A token that is still valid remains in use while its successor is fetched. After a failure the
/// next attempt waits a random time of up to 1 s, and up to twice as long after each further failure, plus
/// what the server asks for, at most a minute ([`RefreshSettings::backoff`]).
///
/// ```no_run
/// use bankezy_client::*;
/// use bankezy_crypto::{KeyPair, providers::bankezy::{AppCredentials, Outcome}};
///
/// # async fn keep(bankezy: BankEzyClient) -> Result<(), Box<dyn std::error::Error>> {
/// let derivation = bankezy_crypto::Derivation::Sha256; // `bankezy diagnose` finds out which
/// let keeper = SessionKeeper::new(bankezy, move |bankezy: BankEzyClient| {
///     // Called for each login; the future must own what it uses.
///     async move {
///         let app = AppCredentials { api_key: "app-api-key", secret: "app-secret" };
///         let session = bankezy.app_token(&app, KeyPair::generate()?, &derivation).await?;
///         // With Get Token: `get_token`, `Channel::establish`, then `Session::new`.
///         Ok(session.into())
///     }
/// });
/// let answer: serde_json::Value = keeper.call("/payments", &"12.50").await?;
/// let outcome = Outcome::of(&answer); // `Ok` says only that the answer opened: its codes say what it means
/// # Ok(())
/// # }
/// ```
///
/// # Refused sessions
/// A session is replaced by a new login, at most once in 30 s, when
/// - the server refuses a call with 401: the call is repeated once under the new session if it is
///   [idempotent](Endpoint::idempotent), and not otherwise, since a 401 does not prove that the call was not
///   executed: something between client and server may have sent it;
/// - three calls, with none between them whose answer opened, were refused with 400, which may mean that the
///   server cannot open the request, or got an answer that does not open: they may have been executed and
///   are not repeated;
/// - the channel's nonce budget is spent: the call was not sent, and is made under the new session;
/// - the caller reports it: [`refuse`](Self::refuse).
///
/// A call that is not repeated returns its error at once; the login goes on in the background.
///
/// The token that a login replaced is invalidated in the background, once the calls under it have ended and
/// no [`session`](Self::session) with it is held any more, unless it expires first. No call waits for this, and
/// a failure is only traced. A token that was renewed is not invalidated: Renew replaces it under the same
/// reference, which is what Invalidate takes (inferred: the old token ends with it).
///
/// So a renewal waits until no [`call`](Self::call) is under way, and calls wait while it is made, at most 5 s. If there
/// are calls under way all the time, a login takes its place. Callers of [`session`](Self::session) that send requests
/// themselves are not waited for: use [`Renewal::NewLogin`](crate::Renewal::NewLogin) then. A renewal that was possibly
/// executed without an answer is not repeated, unless its [`Endpoint`] is idempotent: the next attempt logs in.
///
/// # Traces
/// Under the target `bankezy_client`: at `debug` each session obtained, with `renewed` and `elapsed_ms`, at
/// `warn` each failed login or renewal, with `error.code`, `failures` in a row and `retry_in_ms`.
///
/// A call waits for at most three logins and is sent at most twice: it takes at most three times
/// [`RefreshSettings::deadline`] and twice the client's deadline, plus 17 s (for each login half a second, and up to 5 s for
/// a renewal under way).
///
/// # Panics
/// Its methods panic outside of a tokio runtime.
/// [`Blocking`](crate::Blocking) needs none.
#[derive(Clone)]
#[must_use]
pub struct SessionKeeper(Arc<Shared>);

impl SessionKeeper {
    /// A keeper that logs in with `login` at the first call, with default settings.
    pub fn new<F: Future<Output = Result<Session, ProviderError>> + Send + 'static>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
    ) -> Self {
        Self::with_settings(client, login, RefreshSettings::default())
    }

    /// A keeper with settings of its own. `login` is called for each new session and must make a new key
    /// pair each time. Nothing is sent before the first call.
    pub fn with_settings<F: Future<Output = Result<Session, ProviderError>> + Send + 'static>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
        settings: RefreshSettings,
    ) -> Self {
        let login = Box::new(move |client| -> LoginFuture { Box::pin(login(client)) });
        Self(Arc::new(Shared::new(client, login, settings)))
    }

    /// Calls an endpoint with any JSON, under the session.
    ///
    /// `Ok` means that an answer came and opened, not that the call succeeded: read its codes with
    /// [`Outcome::of`](bankezy_crypto::providers::bankezy::Outcome::of), as for [`BankEzyClient::call`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
    ) -> Result<R, ProviderError> {
        Ok(self.call_with_headers(&endpoint.into(), body).await?.0)
    }

    /// As [`call`](Self::call), with headers of the answer: see [`BankEzyClient::call_with_headers`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn call_with_headers<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        body: &T,
    ) -> Result<(R, ServerHeaders), ProviderError> {
        let (shared, client) = (&self.0, &self.0.client);
        let calling = async {
            let waiting = async {
                let mut begun = self.begin(self.session().await?).await?;
                if begun.0.is_expired(shared.settings.now()) {
                    drop(begun);
                    begun = self.begin(self.session().await?).await?;
                }
                Ok::<_, ProviderError>(begun)
            };
            let (session, under_way) = traced(waiting, false).await?;
            let call = async |session: &Session| {
                let (token, channel) = (&session.answer().token, session.channel());
                let called = client.call_with_headers(endpoint, body, token, channel);
                let called = called.await;
                (verdict(session, &called), called)
            };
            let (verdict, result) = call(&session).await;
            drop(under_way);
            let again = match verdict {
                Verdict::Refused => false,
                Verdict::Unauthorized => endpoint.options.is_idempotent(),
                Verdict::Spent => true,
                _ => return result,
            };
            if !again {
                // In the background: this call has its answer. If it cannot start, the session stays.
                let _ = shared.next(Some(&session), verdict);
                return result;
            }
            let was_sent = verdict != Verdict::Spent;
            let waiting = async { self.begin(self.refuse(&session).await?).await };
            let Ok((next, _under_way)) = traced(waiting, was_sent).await else {
                return result;
            };
            match call(&next).await.1 {
                // The first attempt was sent, which this error would not say.
                Err(error) if was_sent && error.delivery() == Delivery::NotSent => result,
                repeated => repeated,
            }
        };
        let called = calling.await;
        called.map_err(|error| told(error, Some(client.server.host()), true))
    }

    /// The session, after a login or renewal if needed, for callers that send requests themselves. With less left of
    /// its lifetime than [`RefreshSettings::min_remaining`] it waits for the next, and returns the old one only if
    /// there is no other.
    ///
    /// # Errors
    /// [`ProviderError`] if none can be obtained.
    pub async fn session(&self) -> Result<Arc<Session>, ProviderError> {
        let (shared, now) = (&self.0, self.0.settings.now());
        match shared.current(now) {
            Some(session) if session.is_useful(now) => {
                if session.is_due(now) {
                    // Renews in the background. If that cannot start, this session is still valid.
                    let _ = shared.next(None, Verdict::Good);
                }
                Ok(session)
            }
            _ => {
                let next = async { shared.next(None, Verdict::Good)?.outcome().await }.await;
                shared.check_open()?;
                // What is left of the old one is better than nothing.
                next.or_else(|error| shared.current(shared.settings.now()).ok_or(error))
            }
        }
    }

    /// Reports, for callers that send requests themselves, that the server refused this session. Waits for
    /// the session that replaces it, which exists already if another caller has reported it. Other callers
    /// use the refused session until then, since the server may have refused just one call.
    ///
    /// # Errors
    /// [`ProviderError`] if no other session can be obtained; [`ProviderError::RefusedLately`] if one was
    /// replaced less than 30 s ago.
    pub async fn refuse(&self, session: &Arc<Session>) -> Result<Arc<Session>, ProviderError> {
        let current = self.0.current(self.0.settings.now());
        if !current.is_some_and(|current| Arc::ptr_eq(&current, session)) {
            // It has expired or was replaced.
            return self.session().await;
        }
        let next = self.0.next(Some(session), Verdict::Unauthorized)?;
        let next = next.outcome().await;
        self.0.check_open()?;
        next
    }

    /// Refuses all further calls, waits for those under way, and invalidates the token and those that logins
    /// replaced, if the server returned references for them. It ends within
    /// [`RefreshSettings::shutdown_deadline`], half of which the calls may take that are under way: after that the
    /// tokens are invalidated all the same. Callers of [`session`](Self::session) that send requests themselves are not
    /// waited for, nor is a login or renewal under way: its token is invalidated in the background. It can be called
    /// again if it fails.
    ///
    /// # Errors
    /// [`ProviderError`] if the server did not invalidate the token, and `client.timeout` if calls were still under way
    /// or the deadline passed.
    pub async fn shutdown(&self) -> Result<(), ProviderError> {
        let (shared, deadline) = (&self.0, self.0.settings.shutdown_deadline);
        shared.close();
        let timed_out = |_| ProviderError::from(timed_out(Delivery::PossiblySent));
        let ending = async {
            let _revocation = shared.revocation.lock().await;
            // A renewal under way holds the lock, and no call is under way then.
            let has_calls = shared.calls.try_read().is_ok();
            let calls = async { drop(shared.calls.write().await) };
            let drained = if has_calls {
                timeout(deadline / 2, calls).await.map_err(timed_out)
            } else {
                Ok(())
            };
            shared.drained.store(true, Ordering::Release);
            let now = shared.settings.now();
            let last = shared.current.load_full();
            if let Some(session) = last.filter(|it| !it.is_expired(now)) {
                let revoked = revoke(&shared.client, &session).await;
                // A token that the server does not accept is not valid any more.
                if verdict(&session, &revoked) != Verdict::Unauthorized {
                    revoked?;
                }
            }
            shared.current.store(None);
            // The tasks that invalidate replaced tokens hold it too.
            while Arc::strong_count(&shared.revoking) > 1 {
                sleep(IN_USE_EVERY).await;
            }
            drained
        };
        timeout(deadline, ending).await.map_err(timed_out)?
    }

    /// Waits for a renewal under way, and keeps the next from starting. The session may have been renewed meanwhile.
    async fn begin(
        &self,
        session: Arc<Session>,
    ) -> Result<(Arc<Session>, RwLockReadGuard<'_, ()>), ProviderError> {
        let under_way = self.0.calls.read().await;
        // From here to the end of its call a shutdown waits for it.
        self.0.check_open()?;
        let current = self.0.current(self.0.settings.now());
        Ok((current.unwrap_or(session), under_way))
    }
}

/// Waits, and leaves an event if the caller drops its call meanwhile.
async fn traced<T>(waiting: impl Future<Output = T>, possibly_sent: bool) -> T {
    struct Dropped(bool);
    impl Drop for Dropped {
        fn drop(&mut self) {
            warn!(target: "bankezy_client", { possibly_sent = self.0 }, "call dropped before its end");
        }
    }
    let dropped = Dropped(possibly_sent);
    let waited = waiting.await;
    mem::forget(dropped);
    waited
}

/// Whether a session is still good after a call under it.
fn verdict<T>(session: &Session, result: &Result<T, ProviderError>) -> Verdict {
    match result {
        Ok(_) => session.judge(None),
        Err(ProviderError::Answer(error, _)) => session.judge(Some(error)),
        Err(ProviderError::Request(RequestError::Envelope(Error::NonceBudgetSpent { .. }))) => {
            Verdict::Spent
        }
        Err(_) => Verdict::Good,
    }
}
