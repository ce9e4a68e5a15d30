//! The settings of a token cache.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::TokenApi;

use super::shared::Shared;
use super::{MemoryStore, TokenCache, TokenStore};
use crate::TokenClient;
use crate::backoff::{Backoff, MAX_DEADLINE};
use crate::settings::Settings;

/// Settings of a [`TokenCache`]; finish with [`build`](Self::build).
#[must_use]
pub struct TokenCacheBuilder<A: TokenApi, S = MemoryStore<<A as TokenApi>::Answer>> {
    client: TokenClient<A>,
    store: S,
    settings: Settings,
    unstated: Option<Duration>,
}

impl<A: TokenApi> TokenCache<A> {
    /// A cache in memory, of at most about [`DEFAULT_TOKEN_CAPACITY`](super::DEFAULT_TOKEN_CAPACITY)
    /// tokens, with all settings at their defaults.
    #[must_use]
    pub fn new(client: TokenClient<A>) -> Self {
        Self::builder(client).build()
    }

    /// Starts a cache in memory.
    pub fn builder(client: TokenClient<A>) -> TokenCacheBuilder<A> {
        TokenCacheBuilder {
            client,
            store: MemoryStore::default(),
            settings: Settings::default(),
            unstated: None,
        }
    }
}

impl<A: TokenApi, S: TokenStore<A::Answer>> TokenCacheBuilder<A, S> {
    /// Holds tokens in this store: a [`MemoryStore`] of another capacity, or one of the caller's own.
    pub fn store<T: TokenStore<A::Answer>>(self, store: T) -> TokenCacheBuilder<A, T> {
        TokenCacheBuilder {
            client: self.client,
            store,
            settings: self.settings,
            unstated: self.unstated,
        }
    }

    /// The time of day, against which tokens expire. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings.clock = Box::new(clock);
        self
    }

    /// Bounds of the random wait after failures, for each token: after the first one, and after any,
    /// which is at most 24 hours. Default: 1 s and 60 s.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.settings.backoff = Backoff::new(first, max);
        self
    }

    /// Maximum time of a request for a token, at most 24 hours. Default: 60 s.
    pub fn fetch_deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Holds a token whose lifetime the provider does not state for this long. How long it is really
    /// good for is the caller's to know. Default: such a token is not held.
    pub fn lifetime_for_unstated(mut self, lifetime: Duration) -> Self {
        self.unstated = Some(lifetime);
        self
    }

    /// The cache. Nothing is sent before a token is asked for.
    #[must_use]
    pub fn build(self) -> TokenCache<A, S> {
        let shared = Shared::new(self.client, self.store, self.settings, self.unstated);
        TokenCache {
            shared: Arc::new(shared),
        }
    }
}
