//! Where tokens are held: in the caller's store or in memory, which also serves while that store fails.

use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use std::time::Duration;

use bankezy_crypto::providers::{StoreError, Token, TokenEntry, TokenKey, TokenStore};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use tracing::warn;

use crate::sync::time::{Instant, timeout};
use crate::sync::{Mutex, lock};

/// Default capacity of a [`MemoryStore`], in tokens.
pub const DEFAULT_TOKEN_CAPACITY: usize = 10_000;

/// The share of the capacity for tokens that were requested more than once. With the default of `quick_cache`
/// (97 %) old tokens, which may have expired, would displace new ones.
const HOT: f64 = 0.5;

/// The default store: a limited number of tokens in memory, with the crate `quick_cache`.
///
/// When it is full it drops the tokens that are requested least. A token that is dropped or replaced is wiped
/// at once, unless a caller still holds it. An expired token stays until it is replaced or dropped.
pub struct MemoryStore<T> {
    entries: Cache<TokenKey, TokenEntry<T>>,
}

impl<T> MemoryStore<T> {
    /// Holds about this many tokens at most: the capacity is split evenly into parts with separate locks, so
    /// one part can be full, or hold one token more than its share, while others are not.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .hot_allocation(HOT)
            // Does not remember the keys of dropped tokens, which could double the memory used.
            .ghost_allocation(0.0)
            .build();
        let tuned = |options| {
            let hashing = DefaultHashBuilder::default();
            Cache::with_options(options, UnitWeighter, hashing, DefaultLifecycle::default())
        };
        // Only options that are not set above can be invalid.
        let entries = options.map_or_else(|_| Cache::new(capacity), tuned);
        Self { entries }
    }

    /// How many tokens it holds, including expired ones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for MemoryStore<T> {
    /// With [`DEFAULT_TOKEN_CAPACITY`].
    fn default() -> Self {
        Self::new(DEFAULT_TOKEN_CAPACITY)
    }
}

impl<T: AsRef<Token> + Send + Sync + 'static> TokenStore<T> for MemoryStore<T> {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        Ok(self.entries.get(key))
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) -> Result<(), StoreError> {
        self.entries.insert(*key, entry.clone());
        Ok(())
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<T>) -> Result<(), StoreError> {
        let is_held = |entry: &TokenEntry<T>| entry.holds(held.answer().as_ref());
        self.entries.remove_if(key, is_held);
        Ok(())
    }
}

impl<T> fmt::Debug for MemoryStore<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} entries)", self.len())
    }
}

/// How long a store that failed is left alone.
const REST: Duration = Duration::from_secs(5);

/// The caller's store, and memory that serves while that fails.
pub(super) struct Tiers<T, S> {
    pub(super) store: S,
    /// What the store did not take.
    pub(super) memory: MemoryStore<T>,
    /// Until when the store is left alone.
    pub(super) rests: Mutex<Option<Instant>>,
}

impl<T: AsRef<Token> + Send + Sync + 'static, S: TokenStore<T>> Tiers<T, S> {
    pub(super) async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        // Newer than what is in the store, which did not take it.
        match self.memory.entries.get(key) {
            None => self.ask(self.store.load(key), "loaded from").await,
            kept => Ok(kept),
        }
    }

    pub(super) async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) {
        let saved = self.ask(self.store.save(key, entry), "saved in").await;
        // What is in the store needs no second copy.
        self.memory.entries.remove(key);
        if saved.is_err() {
            self.memory.entries.insert(*key, entry.clone());
        }
    }

    /// Removes an entry, but not its successor.
    pub(super) async fn remove(
        &self,
        key: &TokenKey,
        held: &TokenEntry<T>,
    ) -> Result<(), StoreError> {
        let _ = self.memory.remove(key, held).await;
        self.ask(self.store.remove(key, held), "removed from").await
    }

    pub(super) async fn give_up(&self, key: &TokenKey) {
        let given_up = async {
            self.store.give_up(key).await;
            Ok(())
        };
        let _ = self.ask(given_up, "given up in").await;
    }

    async fn ask<R>(
        &self,
        working: impl Future<Output = Result<R, StoreError>>,
        what: &'static str,
    ) -> Result<R, StoreError> {
        if lock(&self.rests).is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Resting);
        }
        let mut working = pin!(working);
        // Memory answers at once, without a timer or a runtime.
        let at_once = poll_fn(|context| Poll::Ready(working.as_mut().poll(context))).await;
        let result = match at_once {
            Poll::Ready(result) => result,
            // So that a store that hangs does not block callers for long.
            Poll::Pending => timeout(self.store.deadline(), working)
                .await
                .unwrap_or(Err(StoreError::TimedOut)),
        };
        if let Err(error) = &result {
            warn!(target: "bankezy_client", { error.code = error.code() }, "token not {what} its store");
            // An entry that does not open says nothing of the store.
            let fails = !matches!(error, StoreError::Entry(_));
            *lock(&self.rests) = fails.then(|| Instant::now() + REST);
        }
        result
    }
}
