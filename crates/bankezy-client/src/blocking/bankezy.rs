//! BankEzy's calls for code without a runtime.

use core::fmt;
use core::future::Future;
use std::sync::Arc;

use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, AppSession, BankEzy, Channel, Endpoint, Outcome, TokenAnswer,
    TokenRequest,
};
use bankezy_crypto::{Derivation, KeyPair};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::driver::Driver;
use super::{BlockingClient, GRACE};
use crate::{BankEzyClient, ClientError, Delivery, ProviderError};

/// The same as [`BankEzyClient`], for code without a runtime: each call blocks its thread.
///
/// Works over a [`BlockingClient`] and on its thread: what is said there of runtimes and of `fork`
/// holds here. Cheap to clone.
///
/// ```no_run
/// use bankezy_client::{BlockingBankEzyClient, BlockingClient};
/// use bankezy_crypto::providers::{BaseUrl, bankezy::*};
/// use bankezy_crypto::{Derivation, KeyPair};
///
/// let base = BaseUrl::parse("https://api.example.com/kong")?;
/// let client = BlockingClient::builder().build_blocking()?;
/// let bankezy = BlockingBankEzyClient::new(client, BankEzy::new(base, "api-key", Version::V2)?);
/// let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
/// let session = bankezy.app_token(&credentials, KeyPair::generate()?, &Derivation::Sha256)?;
/// println!("{:?}", session.answer.token.expires_at());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BlockingBankEzyClient {
    pub(super) client: BankEzyClient,
    pub(super) driver: Driver,
}

impl BlockingBankEzyClient {
    /// Calls this server over this client.
    #[must_use]
    pub fn new(client: BlockingClient, server: BankEzy) -> Self {
        Self {
            client: BankEzyClient::new(client.client, server),
            driver: client.driver,
        }
    }

    /// Get Token; see [`BankEzyClient::get_token`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn get_token(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        self.wait(self.client.get_token(request, channel))
    }

    /// Onboarding user token; see [`BankEzyClient::onboarding_token`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn onboarding_token(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        self.wait(self.client.onboarding_token(request, channel))
    }

    /// Get App Token; see [`BankEzyClient::app_token`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn app_token(
        &self,
        credentials: &AppCredentials<'_>,
        key_pair: impl Into<Arc<KeyPair>>,
        derivation: &Derivation<'_>,
    ) -> Result<AppSession, ProviderError> {
        self.wait(self.client.app_token(credentials, key_pair, derivation))
    }

    /// Renew a token; see [`BankEzyClient::renew`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn renew(
        &self,
        token: &Token,
        account_number: impl Into<Option<AccountNumber>>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        self.wait(self.client.renew(token, account_number, channel))
    }

    /// Invalidate a token by its reference; see [`BankEzyClient::invalidate`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn invalidate(
        &self,
        token_reference_id: &str,
        token: Option<&Token>,
        channel: &Channel,
    ) -> Result<Outcome, ProviderError> {
        self.wait(self.client.invalidate(token_reference_id, token, channel))
    }

    /// Any other call; see [`BankEzyClient::call`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
        token: &Token,
        channel: &Channel,
    ) -> Result<R, ProviderError> {
        self.wait(self.client.call(endpoint, body, token, channel))
    }

    fn wait<T>(
        &self,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let limit = self.client.deadline() + GRACE;
        let late = ProviderError::Transport(ClientError::Timeout {
            delivery: Delivery::PossiblySent,
        });
        self.driver.wait(call, limit).unwrap_or(Err(late))
    }
}

impl fmt::Debug for BlockingBankEzyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockingBankEzyClient({:?})", self.client)
    }
}
