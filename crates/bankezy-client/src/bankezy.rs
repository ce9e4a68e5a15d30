//! BankEzy's calls over the transport.

use std::sync::Arc;

use bankezy_crypto::providers::bankezy::{
    self, AccountNumber, AppCredentials, AppSession, AppTokenHandshake, BankEzy, Call, Endpoint,
    Outcome, TokenAnswer, TokenRequest,
};
use bankezy_crypto::providers::{CallOptions, RequestError, ServerHeaders, Token};
use bankezy_crypto::{Channel, Derivation, KeyPair, SecretBytes};
use http::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::transport::Answered;
use super::{ProviderError, Transport};

/// Makes BankEzy's calls: builds the request, sends it and reads the answer. Cheap to clone.
///
/// A call is sent once, unless nothing of it was sent or its [`Endpoint`] is [idempotent](Endpoint::idempotent):
/// see [`RetryPolicy`](super::RetryPolicy). Each attempt is sealed anew, with the caller's body; a request of
/// Get Token has a fresh reference in each attempt after the first. [`BankEzy::with_endpoint`] sets the options of the
/// calls of the token service.
///
/// ```no_run
/// use bankezy_client::{BankEzyClient, Client};
/// use bankezy_crypto::providers::BaseUrl;
/// use bankezy_crypto::providers::bankezy::{AppCredentials, BankEzy, Outcome, Version};
/// use bankezy_crypto::{Derivation, KeyPair};
///
/// # async fn pay() -> Result<(), Box<dyn std::error::Error>> {
/// let server = BankEzy::new(BaseUrl::parse("https://api.example.com")?, "api-key", Version::V2)?;
/// let bankezy = BankEzyClient::new(Client::builder().build()?, server);
/// let app = AppCredentials { api_key: "app-api-key", secret: "app-secret" };
/// let session = bankezy.app_token(&app, KeyPair::generate()?, &Derivation::Sha256).await?;
/// let (token, channel) = (&session.answer.token, &session.channel);
/// let answer: serde_json::Value = bankezy.call("/payments", &"12.50", token, channel).await?;
/// println!("{}", Outcome::of(&answer)); // `Ok` says only that the answer opened
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BankEzyClient {
    pub(super) transport: Transport,
    pub(super) server: Arc<BankEzy>,
    options: CallOptions,
}

impl BankEzyClient {
    /// Calls this server over a [`Client`](crate::Client) or any other [`Transport`].
    #[must_use]
    pub fn new(transport: impl Into<Transport>, server: BankEzy) -> Self {
        Self {
            transport: transport.into(),
            server: Arc::new(server),
            options: CallOptions::new(),
        }
    }

    /// What the caller says of each call, in addition to the options of its [`Endpoint`], such as a `traceparent`:
    /// `client.clone().with_options(options)` is for one call. `allow_empty` is taken from the endpoint alone, and a
    /// header that both have is an error.
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
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
        let mut is_repeat = false;
        let make = || {
            if !core::mem::replace(&mut is_repeat, true) {
                return self.server.get_token_request(request, channel);
            }
            let fresh = request.with_fresh_reference()?;
            self.server.get_token_request(&fresh, channel)
        };
        self.ask_token(Call::GetToken, make, channel).await
    }

    /// Onboarding user token. Its reference is kept if it is repeated, which it is only if its endpoint is
    /// [idempotent](Endpoint::idempotent).
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn onboarding_token(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        let make = || self.server.onboarding_token_request(request, channel);
        self.ask_token(Call::OnboardingToken, make, channel).await
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
        let ours = key_pair.into();
        let server = &self.server;
        let make = || Ok(server.app_token_request(credentials, Arc::clone(&ours))?.0);
        let handshake = AppTokenHandshake::new(Arc::clone(&ours));
        let read = |answer: &Answered| handshake.finish(answer, derivation);
        let (session, headers) = self.transport.ask(&self.options, make, read).await?;
        session.answer.token.keep_server_headers(headers);
        Ok(session)
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
        self.ask_token(Call::Renew, make, channel).await
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
        let make = || server.invalidate_request(token_reference_id, token, channel);
        let read = |answer: &Answered| bankezy::read_invalidated(answer, channel);
        Ok(self.transport.ask(&self.options, make, read).await?.0)
    }

    /// Any other call: `POST` to a path, or an [`Endpoint`]. Request and answer can be any JSON and are
    /// sealed.
    ///
    /// `Ok` means that an answer came and opened, not that the call succeeded: servers state failures in codes, with
    /// status 200 too. Read them with [`Outcome::of`] and compare them with those that the call's page lists.
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
        let endpoint = endpoint.into();
        let answering = self.call_with_headers(&endpoint, body, token, channel);
        Ok(answering.await?.0)
    }

    /// As [`call`](Self::call), with the answer's headers that [`Transport::kept_headers`] names, such as the
    /// server's request id. An error has them too: [`ProviderError::server_headers`].
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn call_with_headers<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        body: &T,
        token: &Token,
        channel: &Channel,
    ) -> Result<(R, ServerHeaders), ProviderError> {
        let server = &self.server;
        let make = || server.call_request(endpoint.clone(), body, token, channel);
        let read = |answer: &Answered| bankezy::read_from(endpoint, answer, channel);
        self.transport.ask(&self.options, make, read).await
    }

    /// Whether the caller says that a call of the token service may be repeated.
    pub(super) fn is_idempotent(&self, call: Call) -> bool {
        self.options.is_idempotent() || self.server.endpoint(call).options.is_idempotent()
    }

    async fn ask_token(
        &self,
        call: Call,
        make: impl FnMut() -> Result<Request<SecretBytes>, RequestError>,
        channel: &Channel,
    ) -> Result<TokenAnswer, ProviderError> {
        let read = |answer: &Answered| bankezy::read_token(call, answer, channel);
        let (answer, headers) = self.transport.ask(&self.options, make, read).await?;
        answer.token.keep_server_headers(headers);
        Ok(answer)
    }
}
