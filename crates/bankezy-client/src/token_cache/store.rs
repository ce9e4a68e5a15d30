//! Where tokens are held: in memory, or in a store that the caller implements.

use core::fmt;
use core::future::Future;
use std::sync::Arc;

use bankezy_crypto::providers::{TokenEntry, TokenKey};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

use crate::StoreError;

/// Default capacity of a [`MemoryStore`], in tokens.
pub const DEFAULT_TOKEN_CAPACITY: usize = 10_000;

/// The share of the capacity for tokens that were requested more than once. With the default of `quick_cache`
/// (97 %) old tokens, which may have expired, would displace new ones.
const HOT: f64 = 0.5;

/// Where a [`TokenCache`](super::TokenCache) holds the answers of providers.
///
/// A store returns the last entry saved for a key, or `None`: it may drop entries at any time. If it fails or
/// takes longer than a second, the cache requests a token from the provider. The cache checks expiry;
/// [`TokenEntry::good_until`] says when a store can drop an entry.
///
/// A store outside of this process should hold only sealed texts. An entry that was sealed under another
/// cipher or for another key does not open, and the cache requests a new token:
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
    /// The entry of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn load(
        &self,
        key: &TokenKey,
    ) -> impl Future<Output = Result<Option<TokenEntry<T>>, StoreError>> + Send;

    /// Saves the entry of a key, and replaces an earlier one.
    ///
    /// # Errors
    /// [`StoreError`].
    fn save(
        &self,
        key: &TokenKey,
        entry: &TokenEntry<T>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes the entry of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove(&self, key: &TokenKey) -> impl Future<Output = Result<(), StoreError>> + Send;
}

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
        let entries = match options {
            Ok(options) => Cache::with_options(
                options,
                UnitWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Only options that are not set above can be invalid.
            Err(_) => Cache::new(capacity),
        };
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

/// For several caches with one store: their tokens have different [`TokenKey`]s.
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
