//! A login that blocks its thread.

use core::future::{Future, pending};
use core::pin::Pin;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::Blocking;
use crate::{BankEzyClient, ProviderError, Session};

type LoggingIn = Pin<Box<dyn Future<Output = Result<Session, ProviderError>> + Send>>;

impl Blocking<BankEzyClient> {
    /// For [`SessionKeeper::builder`](crate::SessionKeeper::builder): a login that blocks its thread.
    ///
    /// It runs on a thread of its own. It is not interrupted when the login deadline passes, only no
    /// longer waited for: bound whatever else it waits for.
    ///
    /// ```no_run
    /// use bankezy_client::{BankEzyClient, Blocking, ProviderError};
    /// use bankezy_client::{Renewal, Session, SessionKeeper};
    /// use bankezy_crypto::providers::bankezy::AppCredentials;
    /// use bankezy_crypto::{Derivation, KeyPair};
    ///
    /// fn pay(client: Blocking<BankEzyClient>) -> Result<bool, ProviderError> {
    ///     let login = client.blocking_login(|client| {
    ///         let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
    ///         let pair = KeyPair::generate()?;
    ///         let session = client
    ///             .run(async |it| it.app_token(&credentials, pair, &Derivation::Sha256).await)?;
    ///         Ok(Session::new(session.answer, session.channel, Renewal::WithoutAccount))
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
    ) -> impl Fn(BankEzyClient) -> LoggingIn + Send + Sync + 'static {
        let (login, client) = (Arc::new(login), self.clone());
        // A login that outlasts its deadline runs on: the next one waits for its end.
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
                    // The runtime ends, and this with it.
                    Err(Err(_)) => pending().await,
                }
            })
        }
    }
}
