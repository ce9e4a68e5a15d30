//! Keeps a session with BankEzy alive: one token and one agreed key for a whole process.

mod builder;
mod held;
mod obtaining;
mod revocation;
mod shared;

pub use builder::SessionKeeperBuilder;
pub use held::{Renewal, Session};

use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::providers::bankezy::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ProviderError;
use held::Verdict;
use obtaining::Need;
use revocation::revoke;
use shared::Shared;

/// Holds the token and the agreed key of a process, and renews them ahead of expiry. Cheap to clone.
///
/// However many callers wait, one login or renewal is under way, in a task of its own: a caller that
/// gives up does not end it. A token that is still good serves while its successor is fetched. When
/// the issuer fails, the next attempt waits: at random up to 1 s, then up to twice as long each time, on
/// top of what the issuer asks for, a minute at most.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use bankezy_client::*;
/// use bankezy_crypto::{KeyPair, providers::bankezy::AppCredentials};
///
/// # async fn keep(bankezy: BankEzyClient) -> Result<(), Box<dyn std::error::Error>> {
/// let derivation = bankezy_crypto::Derivation::Sha256; // `bankezy diagnose` finds out which
/// let keeper = SessionKeeper::builder(bankezy, move |bankezy: BankEzyClient| {
///     // Called for each login; its future owns what it uses.
///     async move {
///         let app = AppCredentials { api_key: "app-api-key", secret: "app-secret" };
///         let ours = Arc::new(KeyPair::generate()?);
///         let session = bankezy.app_token(&app, ours, &derivation).await?;
///         // With Get Token: `get_token`, then `Channel::establish`, and `Renewal::WithAccount`.
///         Ok(Session::new(session.answer, session.channel, Renewal::WithoutAccount))
///     }
/// })
/// .build();
/// let paid: serde_json::Value = keeper.call("/payments", &"12.50").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Refused sessions
/// A session is replaced by a new login, at most once in 10 s, when
/// - the server refuses a call with 401: the call is not repeated, unless
///   [`repeat`](SessionKeeperBuilder::repeat) allows it;
/// - the server refuses a call with 400, which is how it may say that it no longer opens our
///   messages, or three answers in a row do not open: the call may have been executed and is not
///   repeated;
/// - the channel's nonce budget is spent: the call was not sent, and is made under the new session;
/// - the caller says so: [`refuse`](Self::refuse).
///
/// The token that a login replaced is invalidated in the background, once the calls under it have
/// ended or had the client's deadline to do so; nobody waits for it, and its failure is only traced.
/// A token that was renewed is not: Renew puts another in its place under the same reference, which
/// is what Invalidate takes (that the old one ends with it is inferred).
///
/// # Traces
/// Under the target `bankezy_client`: at `debug` each session obtained, at `warn` each login
/// or renewal that fails, with `error.code`, `failures` in a row and `retry_in_ms`.
///
/// A call takes at most twice the login deadline and the client's deadline.
///
/// # Panics
/// Its methods panic outside of a tokio runtime.
/// [`Blocking`](crate::Blocking) needs none.
#[derive(Clone)]
pub struct SessionKeeper {
    shared: Arc<Shared>,
    repeat: bool,
}

impl SessionKeeper {
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
        let error = match self.call_under(&session, &endpoint, body).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let again = match session.verdict(&error) {
            Verdict::Good => return Err(error),
            Verdict::Refused => false,
            Verdict::Unauthorized => self.repeat,
            Verdict::Spent => true,
        };
        match self.refuse(&session).await {
            Ok(next) if again => self.call_under(&next, &endpoint, body).await,
            _ => Err(error),
        }
    }

    /// The session, logged in or renewed if need be; for those who send requests themselves.
    ///
    /// # Errors
    /// [`ProviderError`] if there is none to be had.
    pub async fn session(&self) -> Result<Arc<Session>, ProviderError> {
        if self.shared.is_shut_down() {
            return Err(ProviderError::ShutDown);
        }
        let now = self.shared.settings.now();
        let need = Need::Fresh(now);
        match self.shared.current(now) {
            Some(session) => {
                if session.is_due(now) {
                    // In the background; whether it can start is of no concern while this one is
                    // good.
                    let _ = self.shared.next(&need);
                }
                Ok(session)
            }
            None => self.shared.next(&need)?.outcome().await,
        }
    }

    /// For those who send requests themselves: the server refused this session. Waits for the one
    /// that takes its place, which is there already if another caller was refused before. The
    /// refused one serves others until then, for it may have been one call alone that was refused.
    ///
    /// # Errors
    /// [`ProviderError`] if there is no other to be had; [`ProviderError::RefusedLately`] if one was
    /// replaced less than 10 s ago.
    pub async fn refuse(&self, session: &Arc<Session>) -> Result<Arc<Session>, ProviderError> {
        let current = self.shared.current(self.shared.settings.now());
        if !current.is_some_and(|current| Arc::ptr_eq(&current, session)) {
            // It has expired, or another one has taken its place.
            return self.session().await;
        }
        let need = Need::OtherThan(session);
        self.shared.next(&need)?.outcome().await
    }

    /// Invalidates the token, if there is one and it came with a reference, and refuses all further
    /// calls. Where the server does not take it back, this can be called again.
    ///
    /// # Errors
    /// [`ProviderError`] if the server did not take it back.
    pub async fn shutdown(&self) -> Result<(), ProviderError> {
        let login = self.shared.close();
        let _revocation = self.shared.revocation.lock().await;
        if let Some(login) = login {
            // What it brings is revoked below.
            let _ = login.outcome().await;
        }
        if let Some(session) = self.shared.current(self.shared.settings.now()) {
            match revoke(&self.shared.client, &session).await {
                // It is not valid any more: what was asked for.
                Err(error) if session.verdict(&error) == Verdict::Unauthorized => {}
                result => result?,
            }
        }
        self.shared.forget();
        Ok(())
    }

    /// The longest that a call takes.
    pub(super) fn longest(&self) -> Duration {
        2 * (self.shared.settings.deadline + self.shared.client.transport.settings.deadline)
    }

    async fn call_under<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        session: &Session,
        endpoint: &Endpoint,
        body: &T,
    ) -> Result<R, ProviderError> {
        let (token, client) = (&session.answer.token, &self.shared.client);
        let result = client
            .call(endpoint.clone(), body, token, &session.channel)
            .await;
        session.note(&result);
        result
    }
}
