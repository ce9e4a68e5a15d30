//! Keeps a session with BankEzy alive: one token and one agreed key for a whole process.

mod held;
mod obtaining;
mod revocation;
mod shared;

pub use held::{Renewal, Session};
pub(super) use shared::LoginFuture;

use core::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::providers::bankezy::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BankEzyClient, ProviderError, RefreshSettings};
use held::Verdict;
use obtaining::Need;
use revocation::revoke;
use shared::Shared;

/// Holds the token and the agreed key of a process, and renews them ahead of expiry. Cheap to clone.
///
/// All callers share one login or renewal, which runs in its own task: a caller that gives up does not
/// cancel it. A token that is still valid remains in use while its successor is fetched. After a failure the
/// next attempt waits a random time of up to 1 s, and up to twice as long after each further failure, plus
/// what the server asks for, at most a minute ([`RefreshSettings::backoff`]).
///
/// ```no_run
/// use bankezy_client::*;
/// use bankezy_crypto::{KeyPair, providers::bankezy::AppCredentials};
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
/// let paid: serde_json::Value = keeper.call("/payments", &"12.50").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Refused sessions
/// A session is replaced by a new login, at most once in 30 s, when
/// - the server refuses a call with 401: the call is not repeated, unless [`repeat`](Self::repeat) allows
///   it;
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
/// # Traces
/// Under the target `bankezy_client`: at `debug` each session obtained, with `renewed` and `elapsed_ms`, at
/// `warn` each failed login or renewal, with `error.code`, `failures` in a row and `retry_in_ms`.
///
/// A call takes at most twice the sum of [`RefreshSettings::deadline`] and the client's deadline.
///
/// # Panics
/// Its methods panic outside of a tokio runtime.
/// [`Blocking`](crate::Blocking) needs none.
#[derive(Clone)]
#[must_use]
pub struct SessionKeeper {
    shared: Arc<Shared>,
    repeat: bool,
}

impl SessionKeeper {
    /// A keeper that logs in with `login` at the first call, with default settings.
    pub fn new<F>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Session, ProviderError>> + Send + 'static,
    {
        Self::with_settings(client, login, RefreshSettings::default())
    }

    /// A keeper with settings of its own. `login` is called for each new session and must make a new key
    /// pair each time. Nothing is sent before the first call.
    pub fn with_settings<F>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
        settings: RefreshSettings,
    ) -> Self
    where
        F: Future<Output = Result<Session, ProviderError>> + Send + 'static,
    {
        let login = Box::new(move |client| -> LoginFuture { Box::pin(login(client)) });
        Self {
            shared: Arc::new(Shared::new(client, login, settings)),
            repeat: false,
        }
    }

    /// Whether calls of this keeper that are refused with 401 are repeated once under a new session. A clone
    /// with another value shares the session. Default: `false`, since a 401 does not prove that the call was
    /// not executed: something between client and server may have sent it. Set it only for calls that the
    /// server executes once however often they arrive.
    pub fn repeat(mut self, repeat: bool) -> Self {
        self.repeat = repeat;
        self
    }

    /// Calls an endpoint with any JSON, under the session.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
    ) -> Result<R, ProviderError> {
        let endpoint = endpoint.into();
        let session = self.session().await?;
        let (error, verdict) = match self.call_under(&session, &endpoint, body).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let again = match verdict {
            Verdict::Good => return Err(error),
            Verdict::Refused => false,
            Verdict::Unauthorized => self.repeat,
            Verdict::Spent => true,
        };
        if !again {
            // In the background: this call has its answer. If it cannot start, the session stays.
            let _ = self.shared.next(&Need::OtherThan(&session));
            return Err(error);
        }
        let Ok(next) = self.refuse(&session).await else {
            return Err(error);
        };
        let repeated = self.call_under(&next, &endpoint, body).await;
        repeated.map_err(|(error, _)| error)
    }

    /// The session, after a login or renewal if needed, for callers that send requests themselves.
    ///
    /// # Errors
    /// [`ProviderError`] if none can be obtained.
    pub async fn session(&self) -> Result<Arc<Session>, ProviderError> {
        if self.shared.is_shut_down() {
            return Err(ProviderError::ShutDown);
        }
        let now = self.shared.settings.now();
        let need = Need::Fresh(now);
        match self.shared.current(now) {
            Some(session) => {
                if session.is_due(now) {
                    // Renews in the background. If that cannot start, this session is still valid.
                    let _ = self.shared.next(&need);
                }
                Ok(session)
            }
            None => self.shared.next(&need)?.outcome().await,
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
        let current = self.shared.current(self.shared.settings.now());
        if !current.is_some_and(|current| Arc::ptr_eq(&current, session)) {
            // It has expired or was replaced.
            return self.session().await;
        }
        let need = Need::OtherThan(session);
        self.shared.next(&need)?.outcome().await
    }

    /// Invalidates the token, if there is one and the server returned a reference for it, and refuses all
    /// further calls. It can be called again if it fails.
    ///
    /// # Errors
    /// [`ProviderError`] if the server did not invalidate the token.
    pub async fn shutdown(&self) -> Result<(), ProviderError> {
        let login = self.shared.close();
        let _revocation = self.shared.revocation.lock().await;
        if let Some(login) = login {
            // Its session is revoked below.
            let _ = login.outcome().await;
        }
        if let Some(session) = self.shared.current(self.shared.settings.now()) {
            let revoked = revoke(&self.shared.client, &session).await;
            // A token that the server does not accept is not valid any more.
            if session.verdict(&revoked) != Verdict::Unauthorized {
                revoked?;
            }
        }
        self.shared.forget();
        Ok(())
    }

    /// The maximum time of a call.
    pub(super) fn longest(&self) -> Duration {
        2 * (self.shared.settings.deadline + self.shared.client.transport.settings.deadline)
    }

    async fn call_under<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        session: &Session,
        endpoint: &Endpoint,
        body: &T,
    ) -> Result<R, (ProviderError, Verdict)> {
        let (token, channel) = (&session.answer.token, &session.channel);
        let call = self
            .shared
            .client
            .call(endpoint.clone(), body, token, channel);
        let result = call.await;
        let verdict = session.verdict(&result);
        result.map_err(|error| (error, verdict))
    }
}
