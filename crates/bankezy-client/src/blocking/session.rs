//! The session keeper for code without a runtime.

use core::fmt;
use core::future::{Future, pending};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::bankezy::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use super::driver::Driver;
use super::{BlockingBankEzyClient, GRACE};
use crate::{ClientError, Delivery, ProviderError, Session, SessionError, SessionKeeper};

/// The same as [`SessionKeeper`], for code without a runtime: each call blocks its thread.
///
/// Renewals run between calls, on the thread of its [`BlockingBankEzyClient`], which ends with the
/// last clone of keeper and client, and with the login or renewal that is then under way. Cheap to
/// clone and to share between threads.
///
/// ```no_run
/// use bankezy_client::{ProviderError, BlockingBankEzyClient, BlockingSessionKeeper};
/// use bankezy_client::{Renewal, Session, SessionError};
/// use bankezy_crypto::providers::bankezy::AppCredentials;
/// use bankezy_crypto::{Derivation, KeyPair};
///
/// fn pay(client: BlockingBankEzyClient) -> Result<(), SessionError> {
///     let keeper = BlockingSessionKeeper::new(client, |client| {
///         let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
///         let pair = KeyPair::generate().map_err(ProviderError::Request)?;
///         let session = client.app_token(&credentials, pair, &Derivation::Sha256)?;
///         Ok(Session::new(session.answer, session.channel, Renewal::WithoutAccount))
///     });
///     let paid: bool = keeper.call("/wallet/pay", &100)?;
///     println!("{paid}");
///     keeper.shutdown()
/// }
/// ```
#[derive(Clone)]
pub struct BlockingSessionKeeper {
    keeper: SessionKeeper,
    driver: Driver,
}

impl BlockingSessionKeeper {
    /// A keeper that logs in with this at the first call; see [`SessionKeeper::new`].
    ///
    /// `login` runs on a thread of its own. It is not interrupted when the login deadline passes,
    /// only no longer waited for: bound whatever else it waits for.
    #[must_use]
    pub fn new(
        client: BlockingBankEzyClient,
        login: impl Fn(&BlockingBankEzyClient) -> Result<Session, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        let login = Arc::new(login);
        // A login that outlasts its deadline runs on: the next one waits for its end.
        let alone = Arc::new(tokio::sync::Mutex::new(()));
        let (inner, driver) = (client.client.clone(), client.driver.clone());
        let keeper = SessionKeeper::new(inner, move |_| {
            let (login, client) = (Arc::clone(&login), client.clone());
            let alone = Arc::clone(&alone).lock_owned();
            async move {
                let alone = alone.await;
                let ended = spawn_blocking(move || {
                    let _alone = alone;
                    login(&client)
                });
                let ended = ended.await;
                match ended.map_err(tokio::task::JoinError::try_into_panic) {
                    Ok(result) => result,
                    Err(Ok(panic)) => resume_unwind(panic),
                    // The runtime ends, and this with it.
                    Err(Err(_)) => pending().await,
                }
            }
        });
        Self { keeper, driver }
    }

    /// See [`SessionKeeper::with_clock`].
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.with(|keeper| keeper.with_clock(clock))
    }

    /// See [`SessionKeeper::with_backoff`].
    #[must_use]
    pub fn with_backoff(self, first: Duration, max: Duration) -> Self {
        self.with(|keeper| keeper.with_backoff(first, max))
    }

    /// See [`SessionKeeper::with_login_deadline`].
    #[must_use]
    pub fn with_login_deadline(self, deadline: Duration) -> Self {
        self.with(|keeper| keeper.with_login_deadline(deadline))
    }

    /// See [`SessionKeeper::with_repeat`].
    #[must_use]
    pub fn with_repeat(self, repeat: bool) -> Self {
        self.with(|keeper| keeper.with_repeat(repeat))
    }

    /// Calls an endpoint with any JSON, under the session; see [`SessionKeeper::call`].
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
    ) -> Result<R, SessionError> {
        self.wait(self.keeper.call(endpoint, body))
    }

    /// The session, logged in or renewed if need be; see [`SessionKeeper::session`].
    ///
    /// # Errors
    /// [`SessionError`] if there is none to be had.
    pub fn session(&self) -> Result<Arc<Session>, SessionError> {
        self.wait(self.keeper.session())
    }

    /// The server refused this session; see [`SessionKeeper::refuse`].
    ///
    /// # Errors
    /// [`SessionError`] if there is no other to be had.
    pub fn refuse(&self, session: &Arc<Session>) -> Result<Arc<Session>, SessionError> {
        self.wait(self.keeper.refuse(session))
    }

    /// Invalidates the token and refuses all further calls; see [`SessionKeeper::shutdown`].
    ///
    /// # Errors
    /// [`SessionError`] if the server did not take it back.
    pub fn shutdown(&self) -> Result<(), SessionError> {
        self.wait(self.keeper.shutdown())
    }

    fn with(self, set: impl FnOnce(SessionKeeper) -> SessionKeeper) -> Self {
        Self {
            keeper: set(self.keeper),
            driver: self.driver,
        }
    }

    fn wait<T>(
        &self,
        call: impl Future<Output = Result<T, SessionError>>,
    ) -> Result<T, SessionError> {
        let limit = self.keeper.longest() + GRACE;
        let late = ClientError::Timeout {
            delivery: Delivery::PossiblySent,
        };
        let late = SessionError::Call(ProviderError::Transport(late));
        self.driver.wait(call, limit).unwrap_or(Err(late))
    }
}

impl fmt::Debug for BlockingSessionKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingSessionKeeper([redacted])")
    }
}
