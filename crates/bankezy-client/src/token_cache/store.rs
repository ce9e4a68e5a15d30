//! Where tokens are held: in memory, or in a store of the caller's own.

use core::fmt;
use core::future::Future;
use std::sync::Arc;

use bankezy_crypto::providers::{TokenEntry, TokenKey};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

use crate::StoreError;

/// How many tokens a [`MemoryStore`] holds where nothing else is said.
pub const DEFAULT_TOKEN_CAPACITY: usize = 10_000;

/// The share of the tokens that have been asked for again and are kept for that. The crate's own 97 %
/// would leave new tokens next to no room beside old ones, which expire.
const HOT: f64 = 0.5;

/// Where a [`TokenCache`](super::TokenCache) holds what providers answered.
///
/// A store gives back what it was given last for a key, or nothing: it may forget at any time. What
/// fails, or takes longer than a second, counts as nothing, and the provider is asked. Expiry is the
/// cache's affair; [`TokenEntry::good_until`] says from when on an entry can be thrown away.
///
/// A store outside of this process keeps sealed texts alone. An entry that was sealed under another
/// cipher or for another key does not open, and counts as nothing:
///
/// ```no_run
/// use bankezy_crypto::PayloadCipher;
/// use bankezy_client::{StoreError, TokenStore};
/// use bankezy_crypto::providers::{SealedStorage, TokenEntry, TokenKey};
///
/// # struct Remote;
/// # impl Remote {
/// #     async fn load(&self, _: &[u8]) -> Result<Option<String>, std::io::Error> { Ok(None) }
/// #     async fn save(&self, _: &[u8], _: String, _: std::time::SystemTime) -> Result<(), std::io::Error> { Ok(()) }
/// #     async fn remove(&self, _: &[u8]) -> Result<(), std::io::Error> { Ok(()) }
/// # }
/// struct SealedStore {
///     remote: Remote, // a client of a key-value server
///     cipher: PayloadCipher,
/// }
///
/// impl<T: SealedStorage + Send + Sync + 'static> TokenStore<T> for SealedStore {
///     async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
///         let sealed = self.remote.load(key.as_bytes()).await;
///         let sealed = sealed.map_err(StoreError::unavailable)?;
///         Ok(match sealed {
///             Some(sealed) => Some(TokenEntry::open(sealed, key, &self.cipher)?),
///             None => None,
///         })
///     }
///
///     async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) -> Result<(), StoreError> {
///         let sealed = entry.seal(key, &self.cipher)?;
///         let saved = self.remote.save(key.as_bytes(), sealed, entry.good_until()).await;
///         saved.map_err(StoreError::unavailable)
///     }
///
///     async fn remove(&self, key: &TokenKey) -> Result<(), StoreError> {
///         let removed = self.remote.remove(key.as_bytes()).await;
///         removed.map_err(StoreError::unavailable)
///     }
/// }
/// ```
pub trait TokenStore<T>: Send + Sync + 'static {
    /// What is held for a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn load(
        &self,
        key: &TokenKey,
    ) -> impl Future<Output = Result<Option<TokenEntry<T>>, StoreError>> + Send;

    /// Holds this for a key, in place of what was held.
    ///
    /// # Errors
    /// [`StoreError`].
    fn save(
        &self,
        key: &TokenKey,
        entry: &TokenEntry<T>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Holds nothing for a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove(&self, key: &TokenKey) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The default store: a bounded number of tokens in memory, on the crate `quick_cache`.
///
/// Beyond the bound it drops those that are asked for least. What it drops, for that or for a
/// successor, is wiped at once, unless a caller still holds it. An expired token stays until it is
/// asked for again or its room is needed.
pub struct MemoryStore<T> {
    entries: Cache<TokenKey, TokenEntry<T>>,
}

impl<T> MemoryStore<T> {
    /// Holds at most about this many tokens: the bound is split evenly over parts that are locked
    /// apart, so a part may be full, or hold one more than its share, before the whole is.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .hot_allocation(HOT)
            // No room for the keys of tokens that are gone: it could double what the store takes.
            .ghost_allocation(0.0)
            .build();
        let entries = match options {
            Ok(options) => Cache::with_options(
                options,
                UnitWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Only what is left out above is an error.
            Err(_) => Cache::new(capacity),
        };
        Self { entries }
    }

    /// How many tokens it holds, expired ones among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for MemoryStore<T> {
    /// Of [`DEFAULT_TOKEN_CAPACITY`].
    fn default() -> Self {
        Self::new(DEFAULT_TOKEN_CAPACITY)
    }
}

impl<T: Send + Sync + 'static> TokenStore<T> for MemoryStore<T> {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        Ok(self.entries.get(key))
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) -> Result<(), StoreError> {
        self.entries.insert(*key, entry.clone());
        Ok(())
    }

    async fn remove(&self, key: &TokenKey) -> Result<(), StoreError> {
        self.entries.remove(key);
        Ok(())
    }
}

/// Several caches in one store: a [`TokenKey`] tells their tokens apart.
impl<T: Send + Sync, S: TokenStore<T>> TokenStore<T> for Arc<S> {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        S::load(self, key).await
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) -> Result<(), StoreError> {
        S::save(self, key, entry).await
    }

    async fn remove(&self, key: &TokenKey) -> Result<(), StoreError> {
        S::remove(self, key).await
    }
}

impl<T> fmt::Debug for MemoryStore<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} entries)", self.len())
    }
}
