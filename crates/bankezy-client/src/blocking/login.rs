//! A login that blocks its thread.

use core::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::Blocking;
use crate::session::LoginFuture;
use crate::{BankEzyClient, ProviderError, Session};

impl Blocking<BankEzyClient> {
    /// A blocking login for [`SessionKeeper::new`](crate::SessionKeeper::new).
    ///
    /// It runs on its own thread. When the login deadline passes, the keeper stops waiting for it but cannot
    /// interrupt it: set a timeout on anything else that it waits for.
    ///
    /// ```no_run
    /// use bankezy_client::{BankEzyClient, Blocking, ProviderError, SessionKeeper};
    /// use bankezy_crypto::providers::bankezy::AppCredentials;
    /// use bankezy_crypto::{Derivation, KeyPair};
    ///
    /// fn pay(client: Blocking<BankEzyClient>) -> Result<bool, ProviderError> {
    ///     let login = client.blocking_login(|client| {
    ///         let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
    ///         let pair = KeyPair::generate()?;
    ///         let session = client
    ///             .run(async |it| it.app_token(&credentials, pair, &Derivation::Sha256).await)?;
    ///         Ok(session.into())
    ///     });
    ///     let keeper = client.map(|client| SessionKeeper::new(client, login));
    ///     let paid = keeper.run(async |keeper| keeper.call("/wallet/pay", &100).await)?;
    ///     keeper.run(async |keeper| keeper.shutdown().await)?;
    ///     Ok(paid)
    /// }
    /// ```
    pub fn blocking_login(
        &self,
        login: impl Fn(&Self) -> Result<Session, ProviderError> + Send + Sync + 'static,
    ) -> impl Fn(BankEzyClient) -> LoginFuture + Send + Sync + 'static {
        let (login, client) = (Arc::new(login), self.clone());
        // A login that exceeds its deadline continues to run: the next one waits until it ends.
        let alone = Arc::new(tokio::sync::Mutex::new(()));
        move |_| {
            let (login, client) = (Arc::clone(&login), client.clone());
            let alone = Arc::clone(&alone).lock_owned();
            Box::pin(async move {
                let alone = alone.await;
                let ended = spawn_blocking(move || {
                    let _alone = alone;
                    login(&client)
                });
                match ended.await.map_err(tokio::task::JoinError::try_into_panic) {
                    Ok(result) => result,
                    Err(Ok(panic)) => resume_unwind(panic),
                    // The runtime is shutting down, which drops this future too.
                    Err(Err(_)) => pending().await,
                }
            })
        }
    }
}
