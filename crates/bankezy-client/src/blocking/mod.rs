//! Wraps the clients for code without an async runtime.

mod driver;

use core::time::Duration;

use self::driver::Driver;
use super::ClientError;

/// How long the thread may be blocked while a call waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of this crate for code without an async runtime: each call blocks the calling thread.
///
/// A background thread does the I/O and ends when the last clone is dropped. Clones are as cheap as those of
/// `T`. It also works inside a runtime, where it blocks the calling thread like any blocking call. The child
/// of a `fork` does not have the background thread, and each call in it fails: build the client after the
/// fork.
///
/// ```no_run
/// use bankezy_client::{BankEzyClient, Client, SessionKeeper};
/// use bankezy_crypto::providers::{BaseUrl, bankezy::*};
/// use bankezy_crypto::{Derivation, KeyPair};
///
/// let base = BaseUrl::parse("https://api.example.com/kong")?;
/// let server = BankEzy::new(base, "api-key", Version::V2)?;
/// let client = Client::builder().build_blocking()?;
/// let bankezy = client.map(|client| BankEzyClient::new(client, server));
/// let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
/// let pair = KeyPair::generate()?;
/// let session = bankezy
///     .run(async |bankezy| bankezy.app_token(&credentials, pair, &Derivation::Sha256).await)?;
/// println!("{:?}", session.answer.token.expires_at());
///
/// // A keeper's login is an async closure here too. It runs on the background thread, so what blocks
/// // belongs into `tokio::task::spawn_blocking`.
/// let keeper = bankezy.map(|client| {
///     SessionKeeper::new(client, |client| async move {
///         let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
///         let pair = KeyPair::generate()?;
///         Ok(client.app_token(&credentials, pair, &Derivation::Sha256).await?.into())
///     })
/// });
/// let answer: serde_json::Value = keeper.run(async |keeper| keeper.call("/pay", &100).await)?;
/// println!("{}", Outcome::of(&answer)); // its codes: `Ok` says only that the answer opened
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Blocking<T> {
    inner: T,
    driver: Driver,
}

impl<T> Blocking<T> {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`ClientErrorKind::Configuration`](crate::ClientErrorKind::Configuration) if the thread could not be started.
    pub fn new(inner: T) -> Result<Self, ClientError> {
        let driver = Driver::start()?;
        Ok(Self { inner, driver })
    }

    /// Turns the client into another one, which uses the same thread.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Blocking<U> {
        Blocking {
            inner: make(self.inner),
            driver: self.driver,
        }
    }

    /// Makes one call and waits for it. The closure runs on the calling thread.
    ///
    /// # Errors
    /// The error of the call; [`ClientErrorKind::ThreadEnded`](crate::ClientErrorKind::ThreadEnded) if the
    /// background thread has ended, and [`ClientErrorKind::Timeout`](crate::ClientErrorKind::Timeout) if it
    /// is blocked for 10 s.
    pub fn run<R, E: From<ClientError>>(
        &self,
        call: impl AsyncFnOnce(&T) -> Result<R, E>,
    ) -> Result<R, E> {
        self.driver.wait(call(&self.inner), PATIENCE)?
    }
}
