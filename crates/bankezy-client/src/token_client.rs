//! The token calls of any provider over the transport.

use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::providers::{CallOptions, TokenApi};

use super::transport::Answered;
use super::{ProviderError, Transport};

/// Makes the call of a [`TokenApi`]: builds the request, sends it and reads the answer. Cheap to clone.
///
/// A request is sent once, unless nothing of it was sent or its [options](Self::with_options) say that it is
/// idempotent: see [`RetryPolicy`](super::RetryPolicy). Each attempt has a new request. A [`TokenCache`](super::TokenCache) holds the tokens.
///
/// ```no_run
/// use bankezy_client::{Client, TokenClient};
/// use bankezy_crypto::providers::faceki::Faceki;
///
/// # async fn token() -> Result<(), Box<dyn std::error::Error>> {
/// let faceki = Faceki::new("client-id", "client-secret")?;
/// let tokens = TokenClient::new(Client::builder().build()?, faceki);
/// let token = tokens.call(&()).await?;
/// println!("until {:?}", token.expires_at());
/// # Ok(())
/// # }
/// ```
pub struct TokenClient<A> {
    pub(super) transport: Transport,
    pub(super) api: Arc<A>,
    options: CallOptions,
}

impl<A: TokenApi> TokenClient<A> {
    /// Calls this API over a [`Client`](crate::Client) or any other [`Transport`].
    #[must_use]
    pub fn new(transport: impl Into<Transport>, api: A) -> Self {
        Self {
            transport: transport.into(),
            api: Arc::new(api),
            options: CallOptions::new(),
        }
    }

    /// What the caller says of each request; `client.clone().with_options(options)` is for one. Default: it is sent once.
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Requests a token.
    ///
    /// # Errors
    /// [`ProviderError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn call(&self, request: &A::Request) -> Result<A::Answer, ProviderError> {
        self.call_at(request, SystemTime::now()).await
    }

    /// [`call`](Self::call) at the time from which a token's lifetime counts.
    pub(super) async fn call_at(
        &self,
        request: &A::Request,
        asked_at: SystemTime,
    ) -> Result<A::Answer, ProviderError> {
        let make = || self.api.request(request);
        let read = |answer: &Answered| self.api.response(request, answer, asked_at);
        let (answer, headers) = self.transport.ask(&self.options, make, read).await?;
        answer.as_ref().keep_server_headers(headers);
        Ok(answer)
    }
}

impl<A> Clone for TokenClient<A> {
    fn clone(&self) -> Self {
        Self {
            transport: self.transport.clone(),
            api: Arc::clone(&self.api),
            options: self.options.clone(),
        }
    }
}
