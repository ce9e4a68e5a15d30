//! The token calls of any provider over the transport.

use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::providers::TokenApi;

use super::{ProviderError, Transport};

/// Makes the call of a [`TokenApi`]: builds the request, sends it and reads the answer. Cheap to clone.
///
/// The call is retried only if the transport's [`RetryPolicy`](super::RetryPolicy) allows it, with a new
/// request for each attempt. A [`TokenCache`](super::TokenCache) holds the tokens.
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
}

impl<A: TokenApi> TokenClient<A> {
    /// Calls this API over a [`Client`](crate::Client) or any other [`Transport`].
    #[must_use]
    pub fn new(transport: impl Into<Transport>, api: A) -> Self {
        Self {
            transport: transport.into(),
            api: Arc::new(api),
        }
    }

    /// Requests a token.
    ///
    /// # Errors
    /// [`ProviderError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn call(&self, request: &A::Request) -> Result<A::Answer, ProviderError> {
        self.call_by(request, &SystemTime::now).await
    }

    /// [`call`](Self::call) with the clock that a token's lifetime starts from.
    pub(super) async fn call_by(
        &self,
        request: &A::Request,
        clock: &(dyn Fn() -> SystemTime + Send + Sync),
    ) -> Result<A::Answer, ProviderError> {
        let make = || Ok::<_, ProviderError>(self.api.request(request)?);
        let response = self.transport.execute(make).await?;
        Ok(self.api.response(request, &response, clock())?)
    }
}

impl<A> Clone for TokenClient<A> {
    fn clone(&self) -> Self {
        Self {
            transport: self.transport.clone(),
            api: Arc::clone(&self.api),
        }
    }
}
