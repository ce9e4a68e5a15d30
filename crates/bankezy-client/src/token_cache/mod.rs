//! Keeps tokens of any provider at hand: asked for once, and again ahead of their expiry.

mod builder;
mod shared;
mod store;

pub use builder::TokenCacheBuilder;
pub use store::{DEFAULT_TOKEN_CAPACITY, MemoryStore, TokenStore};

use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::providers::{RequestError, Token, TokenApi, TokenKey};
use subtle::ConstantTimeEq as _;

use super::{ProviderError, StoreError};
use shared::{Shared, in_time};

/// Holds the tokens of a [`TokenApi`], one for each [`TokenKey`], and asks for them again ahead of
/// expiry. Cheap to clone.
///
/// However many callers wait for a token, one request for it is under way, in a task of its own: a
/// caller that gives up does not end it. When a fifth of a token's life is left, the next caller gets
/// it at once and its successor is fetched in the background; while that fails, the token serves until
/// it expires. After a failure the next request for that token waits: at random up to 1 s, then up to
/// twice as long each time, on top of what the provider asks for, a minute at most. Other tokens do not
/// wait.
///
/// A token whose lifetime nobody states (ComplyCube's) is not held: each call makes a request, or
/// waits for the one under way. [`lifetime_for_unstated`](TokenCacheBuilder::lifetime_for_unstated)
/// holds it.
///
/// One request is under way in this process: several that share a store ask each for itself.
///
/// # Traces
/// Under the target `bankezy_client`: at `debug` each token obtained; at `warn` each request
/// that fails, with `error.code`, `failures` in a row and `retry_in_ms`, and each failure of the store,
/// with `error.code`.
///
/// ```no_run
/// use bankezy_client::{Client, TokenCache, TokenClient};
/// use bankezy_crypto::providers::{BaseUrl, sardine::*};
///
/// # async fn token() -> Result<(), Box<dyn std::error::Error>> {
/// let sardine = Sardine::new(BaseUrl::parse(SANDBOX_BASE_URL)?, "client-id", "client-secret")?;
/// let cache = TokenCache::new(TokenClient::new(Client::builder().build()?, sardine));
///
/// let slot = cache.slot(TokenRequest::new("session-key")?)?;
/// let answer = slot.get().await?; // asks Sardine
/// let again = slot.get().await?; // from memory
/// # Ok(())
/// # }
/// ```
pub struct TokenCache<A: TokenApi, S = MemoryStore<<A as TokenApi>::Answer>> {
    shared: Arc<Shared<A, S>>,
}

/// The place of one token in a [`TokenCache`]: what is asked for, and its [`TokenKey`], which is worked
/// out once. Cheap to clone.
pub struct TokenSlot<A: TokenApi, S = MemoryStore<<A as TokenApi>::Answer>> {
    shared: Arc<Shared<A, S>>,
    key: TokenKey,
    request: Arc<A::Request>,
}

impl<A: TokenApi, S: TokenStore<A::Answer>> TokenCache<A, S> {
    /// The place of the token that `request` asks for. Asks for nothing yet.
    ///
    /// # Errors
    /// [`RequestError`] if the request cannot be written, as for [`TokenApi::key`].
    pub fn slot(
        &self,
        request: impl Into<Arc<A::Request>>,
    ) -> Result<TokenSlot<A, S>, RequestError> {
        let request = request.into();
        Ok(TokenSlot {
            shared: Arc::clone(&self.shared),
            key: self.shared.client.api.key(&request)?,
            request,
        })
    }
}

impl<A: TokenApi, S: TokenStore<A::Answer>> TokenSlot<A, S> {
    /// What the provider answered, asked for if need be. The token is wiped when the cache has dropped
    /// it and so have all callers.
    ///
    /// # Errors
    /// [`ProviderError`] if there is no token to be had.
    ///
    /// # Panics
    /// Outside of a tokio runtime, where a request has to be made.
    pub async fn get(&self) -> Result<Arc<A::Answer>, ProviderError> {
        if let Some(held) = self.shared.held(&self.key).await {
            if held.is_due {
                // In the background; whether it can start is of no concern while this one is good.
                let _ = self.shared.fetch(self.key, &self.request);
            }
            return Ok(held.answer);
        }
        let fetch = self.shared.fetch(self.key, &self.request)?;
        fetch.outcome().await
    }

    /// The longest that a call takes.
    pub(super) fn longest(&self) -> Duration {
        self.shared.longest()
    }

    /// Drops the token if it is still this one, for a 401 seen where it was used: of many callers who
    /// see it, one drops the token, and none drops its successor.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed: it may hold the token still.
    pub async fn refuse(&self, refused: &Token) -> Result<(), StoreError> {
        let Some(entry) = in_time(self.shared.store.load(&self.key)).await? else {
            return Ok(());
        };
        let held = entry.answer().as_ref().as_str().as_bytes();
        if held.ct_eq(refused.as_str().as_bytes()).into() {
            self.invalidate().await?;
        }
        Ok(())
    }

    /// Drops the token, whichever it is. What a request under way brings is held all the same.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed: it may hold the token still.
    pub async fn invalidate(&self) -> Result<(), StoreError> {
        in_time(self.shared.store.remove(&self.key)).await
    }
}

impl<A: TokenApi, S> Clone for TokenCache<A, S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<A: TokenApi, S> Clone for TokenSlot<A, S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            key: self.key,
            request: Arc::clone(&self.request),
        }
    }
}
