//! Holds tokens of any provider: requested once, and renewed before they expire.

mod shared;
mod store;

pub use store::{DEFAULT_TOKEN_CAPACITY, MemoryStore};

use std::sync::Arc;

use bankezy_crypto::providers::{
    CachedTokenApi, RequestError, StoreError, Token, TokenApi, TokenEntry, TokenKey, TokenStore,
};
use tracing::trace;

use super::{ProviderError, RefreshSettings, TokenClient};
use shared::Shared;

/// Holds the tokens of a [`TokenApi`], one for each [`TokenKey`], and renews them before they expire.
/// Cheap to clone.
///
/// All callers that wait for a token share one request, which runs in its own task: a caller that gives up
/// does not cancel it. When a fifth of a token's lifetime is left, the next caller still gets it at once and
/// its successor is fetched in the background. With less left than [`RefreshSettings::min_remaining`] callers wait
/// for the successor; if there is none, they get the old token until it expires. A lifetime counts from before the
/// request, and ends when the time of day or the clock that only runs says so, whichever is first; an expiry by the
/// provider's clock is corrected by the `Date` of its answer. After a failure the next request waits a random time
/// of up to 1 s, and up to twice as long after each further failure, plus what the provider asks for, at most a
/// minute ([`RefreshSettings::backoff`]): all requests if the provider could not be reached or answered 429 or 503,
/// and those for the same token otherwise. At most 64 requests are under way at once;
/// others wait for their turn, at most as long as [`RefreshSettings::deadline`], and are not sent if the provider is
/// found to be down meanwhile.
///
/// A token whose lifetime the provider does not state (ComplyCube's) is not stored: each call makes a
/// request, or waits for the one in progress. Set [`RefreshSettings::lifetime_for_unstated`] to store it.
///
/// Requests are shared within one process: processes that share a store each make their own.
///
/// A token read from a store outside of the process is bounded by the time of day alone. If that clock is set back, by
/// an hour for example, the token is used up to an hour after its expiry: the server then refuses it, and
/// [`TokenSlot::refuse`] drops it.
///
/// # Traces
/// Under the target `bankezy_client`: at `trace` each token looked up, with `hit`; at `debug` each token
/// obtained; at `warn` each failed request, with `error.code`, `failures` in a row and `retry_in_ms`, and
/// each failure of the store, with `error.code`.
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
/// let answer = slot.get().await?; // from Sardine
/// let again = slot.get().await?; // from memory
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TokenCache<A: CachedTokenApi, S = MemoryStore<<A as TokenApi>::Answer>>(
    Arc<Shared<A, S>>,
);

/// One token of a [`TokenCache`]: the request for it and its [`TokenKey`], which is computed once. Cheap to
/// clone.
pub struct TokenSlot<A: CachedTokenApi, S = MemoryStore<<A as TokenApi>::Answer>> {
    shared: Arc<Shared<A, S>>,
    key: TokenKey,
    request: Arc<A::Request>,
}

impl<A: CachedTokenApi> TokenCache<A> {
    /// A cache in memory, of about [`DEFAULT_TOKEN_CAPACITY`] tokens at most, with default settings.
    pub fn new(client: TokenClient<A>) -> Self {
        Self::with_settings(client, MemoryStore::default(), RefreshSettings::default())
    }
}

impl<A: CachedTokenApi, S: TokenStore<A::Answer>> TokenCache<A, S> {
    /// A cache with settings of its own, which holds tokens in `store`: a [`MemoryStore`] of another
    /// capacity, or one of the caller's own.
    pub fn with_settings(client: TokenClient<A>, store: S, settings: RefreshSettings) -> Self {
        Self(Arc::new(Shared::new(client, store, settings)))
    }

    /// The slot of the token that `request` asks for. Sends nothing yet.
    ///
    /// # Errors
    /// [`RequestError`] if the request cannot be written, as for [`CachedTokenApi::key`].
    pub fn slot(
        &self,
        request: impl Into<Arc<A::Request>>,
    ) -> Result<TokenSlot<A, S>, RequestError> {
        let request = request.into();
        Ok(TokenSlot {
            shared: Arc::clone(&self.0),
            key: self.0.client.api.key(&request)?,
            request,
        })
    }
}

impl<A: CachedTokenApi, S: TokenStore<A::Answer>> TokenSlot<A, S> {
    /// The provider's answer with the token, requested if needed. The token is wiped when the cache and all
    /// callers have dropped it.
    ///
    /// # Errors
    /// [`ProviderError`] if no token can be obtained.
    ///
    /// # Panics
    /// Outside of a tokio runtime, if a request is needed.
    pub async fn get(&self) -> Result<Arc<A::Answer>, ProviderError> {
        let (shared, now) = (&self.shared, self.shared.settings.now());
        let held = shared.held(&self.key).await;
        let useful = held.as_ref().filter(|it| it.lifetime().is_useful(now));
        trace!(target: "bankezy_client", { hit = useful.is_some() }, "token looked up");
        if let Some(entry) = useful {
            if entry.lifetime().is_due(now) {
                // Renews in the background. If that cannot start, this token is still valid.
                let _ = shared.fetch(self.key, &self.request).await;
            }
            return Ok(entry.clone().into_answer());
        }
        let fetching = shared.fetch(self.key, &self.request);
        let fetched = async { fetching.await?.outcome().await }.await;
        // What is left of the old one is better than nothing.
        let is_good = |it: &TokenEntry<_>| it.lifetime().is_good(shared.settings.now());
        let rest = held.filter(is_good).map(TokenEntry::into_answer);
        fetched.or_else(|error| rest.ok_or(error))
    }

    /// Drops the token if the cache still holds this one. Call it after a 401: if many callers do, the first
    /// drops the token and none drops its successor. At most one token of a slot is dropped so in 10 s; until
    /// then callers go on with its successor, however often that is refused.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed: it may still hold the token, which counts as dropped all the same.
    pub async fn refuse(&self, refused: &Token) -> Result<(), StoreError> {
        let held = self.shared.tiers.load(&self.key).await?;
        if let Some(entry) = held.filter(|it| it.holds(refused))
            && self.shared.may_drop(self.key)
        {
            self.shared.tiers.remove(&self.key, &entry).await?;
        }
        Ok(())
    }

    /// Drops the current token. The token of a request in progress is still stored.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed: it may still hold the token.
    pub async fn invalidate(&self) -> Result<(), StoreError> {
        match self.shared.tiers.load(&self.key).await? {
            Some(entry) => self.shared.tiers.remove(&self.key, &entry).await,
            None => Ok(()),
        }
    }
}

impl<A: CachedTokenApi, S> Clone for TokenCache<A, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: CachedTokenApi, S> Clone for TokenSlot<A, S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            key: self.key,
            request: Arc::clone(&self.request),
        }
    }
}
