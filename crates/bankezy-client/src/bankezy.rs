//! BankEzy's calls over the transport.

use std::sync::Arc;

use bankezy_crypto::providers::bankezy::{
    self, AccountNumber, AppCredentials, AppSession, BankEzy, Call, Endpoint, Outcome, TokenAnswer,
    TokenRequest,
};
use bankezy_crypto::providers::{RequestError, Token};
use bankezy_crypto::{Channel, Derivation, KeyPair, SecretBytes};
use http::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ProviderError, Transport};

/// Makes BankEzy's calls: builds the request, sends it and reads the answer. Cheap to clone.
///
/// A call is retried only if the transport's [`RetryPolicy`](super::RetryPolicy) allows it, and sealed again
/// for each attempt.
#[derive(Debug, Clone)]
pub struct BankEzyClient {
    pub(super) transport: Transport,
    server: Arc<BankEzy>,
}

impl BankEzyClient {
    /// Calls this server over a [`Client`](crate::Client) or any other [`Transport`].
    #[must_use]
    pub fn new(transport: impl Into<Transport>, server: BankEzy) -> Self {
        Self {
            transport: transport.into(),
            server: Arc::new(server),
        }
    }

    /// Get Token.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn get_token(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        let make = || self.server.get_token_request(request, channel);
        self.token(Call::GetToken, make, channel).await
    }

    /// Onboarding user token.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn onboarding_token(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        let make = || self.server.onboarding_token_request(request, channel);
        self.token(Call::OnboardingToken, make, channel).await
    }

    /// Get App Token: exchanges keys, and returns a token and a channel that is ready for use.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn app_token(
        &self,
        credentials: &AppCredentials<'_>,
        key_pair: impl Into<Arc<KeyPair>>,
        derivation: &Derivation<'_>,
    ) -> Result<AppSession, ProviderError> {
        let key_pair = key_pair.into();
        let make = || {
            let key_pair = Arc::clone(&key_pair);
            self.server.app_token_request(credentials, key_pair)
        };
        let (_, handshake) = make()?;
        let response = self.send(|| Ok(make()?.0)).await?;
        Ok(handshake.finish(&response, derivation)?)
    }

    /// Renew. For a token of Get App Token, pass no account number (inferred, see
    /// [`BankEzy::renew_request`]).
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn renew(
        &self,
        token: &Token,
        account_number: impl Into<Option<AccountNumber>>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        let account_number = account_number.into();
        let make = || self.server.renew_request(token, account_number, channel);
        self.token(Call::Renew, make, channel).await
    }

    /// Invalidate: ends a token, named by its reference. With the channel of a session, pass its token too.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn invalidate(
        &self,
        token_reference_id: &str,
        token: Option<&Token>,
        channel: &Channel,
    ) -> Result<Outcome, ProviderError> {
        let server = &self.server;
        let request = || server.invalidate_request(token_reference_id, token, channel);
        let response = self.send(request).await?;
        Ok(bankezy::read_invalidated(&response, channel)?)
    }

    /// Any other call: `POST` to a path, or an [`Endpoint`]. Request and answer can be any JSON and are
    /// sealed.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn call<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
        token: &Token,
        channel: &Channel,
    ) -> Result<R, ProviderError> {
        let (server, endpoint) = (&self.server, endpoint.into());
        let request = || server.call_request(endpoint.clone(), body, token, channel);
        let response = self.send(request).await?;
        Ok(bankezy::read(&response, channel)?)
    }

    async fn token(
        &self,
        call: Call,
        make: impl FnMut() -> Result<Request<SecretBytes>, RequestError>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        let response = self.send(make).await?;
        Ok(bankezy::read_token(call, &response, channel)?)
    }

    async fn send(
        &self,
        mut make: impl FnMut() -> Result<Request<SecretBytes>, RequestError>,
    ) -> Result<Response<SecretBytes>, ProviderError> {
        self.transport.execute(|| Ok(make()?)).await
    }
}
