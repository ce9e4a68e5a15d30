//! Where tokens are held: what a cache asks of a store, and why a store fails.

use core::error::Error as StdError;
use core::fmt;
use core::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorCategory};
use crate::providers::service_error::ServiceError;
use crate::providers::{TokenEntry, TokenKey};

/// Where a token cache, such as that of `bankezy-client`, holds the answers of providers.
///
/// A store returns the last entry saved for a key, or `None`: it may drop entries at any time. If it fails or
/// takes longer than its [deadline](Self::deadline), the cache leaves it alone for 5 s, requests a token from the
/// provider, and holds it in memory. The cache checks expiry;
/// [`TokenEntry::good_until`] says when a store can drop an entry.
///
/// A store outside of this process should hold only sealed texts. An entry that was sealed under another
/// cipher or for another key does not open, and the cache requests a new token:
///
/// ```no_run
/// use bankezy_crypto::PayloadCipher;
/// use bankezy_crypto::providers::{
///     SealedStorage, StoreError, Token, TokenEntry, TokenKey, TokenStore,
/// };
///
/// # struct Remote;
/// # impl Remote {
/// #     async fn load(&self, _: &[u8]) -> Result<Option<String>, std::io::Error> { Ok(None) }
/// #     async fn save(&self, _: &[u8], _: [u8; 32], _: String, _: std::time::SystemTime) -> Result<(), std::io::Error> { Ok(()) }
/// #     async fn remove_if(&self, _: &[u8], _: [u8; 32]) -> Result<(), std::io::Error> { Ok(()) }
/// # }
/// struct SealedStore {
///     remote: Remote, // a client of a key-value server
///     cipher: PayloadCipher,
/// }
///
/// impl<T: SealedStorage + AsRef<Token> + Send + Sync + 'static> TokenStore<T> for SealedStore {
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
///         let (sealed, tag) = (entry.seal(key, &self.cipher)?, entry.tag(key)?);
///         let saved = self.remote.save(key.as_bytes(), tag, sealed, entry.good_until()).await;
///         saved.map_err(StoreError::unavailable)
///     }
///
///     async fn remove(&self, key: &TokenKey, held: &TokenEntry<T>) -> Result<(), StoreError> {
///         // Compares the tag and removes the entry in one step, such as in a script of Redis.
///         let removed = self.remote.remove_if(key.as_bytes(), held.tag(key)?).await;
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

    /// Removes the entry of a key if it still holds this token, in one step: never its successor, which another
    /// caller or process may have saved since.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove(
        &self,
        key: &TokenKey,
        held: &TokenEntry<T>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Says that no entry of this key will be saved now: its request failed or was not made, or its answer is not kept.
    /// For a store in which other processes wait for it. Default: nothing.
    fn give_up(&self, key: &TokenKey) -> impl Future<Output = ()> + Send {
        let _ = key;
        async {}
    }

    /// How long an operation may take before it counts as failed. Default: 1 s. Longer is for a store that waits in
    /// [`load`](Self::load) for a token that another process is requesting; it has to bound all else itself.
    fn deadline(&self) -> Duration {
        Duration::from_secs(1)
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

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<T>) -> Result<(), StoreError> {
        S::remove(self, key, held).await
    }

    async fn give_up(&self, key: &TokenKey) {
        S::give_up(self, key).await;
    }

    fn deadline(&self) -> Duration {
        S::deadline(self)
    }
}

/// Why a [`TokenStore`] failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The entry could not be sealed or opened.
    Entry(Error),
    /// The store could not be reached, or returned an error; made by [`unavailable`](Self::unavailable).
    #[non_exhaustive]
    Unavailable {
        /// Its error, whose text is never shown.
        cause: ServiceError,
    },
    /// It took longer than its [deadline](TokenStore::deadline).
    TimedOut,
    /// It failed less than 5 s ago, and is left alone.
    Resting,
}

impl StoreError {
    /// The store could not be reached, or returned an error. The text of the cause is never shown, since it
    /// may contain a URL.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable {
            cause: ServiceError::new(cause),
        }
    }

    /// A stable identifier, such as `token_store.unavailable`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.code(),
            Self::Unavailable { .. } => "token_store.unavailable",
            Self::TimedOut => "token_store.timed_out",
            Self::Resting => "token_store.resting",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Entry(error) => error.category(),
            _ => ErrorCategory::Transport,
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Entry(error)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Entry(error) => Some(error),
            Self::Unavailable { .. } | Self::TimedOut | Self::Resting => None,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entry(error) => return write!(f, "the stored token: {error}"),
            Self::Unavailable { .. } => "the token store could not be reached",
            Self::TimedOut => "the token store did not answer in time",
            Self::Resting => "the token store failed a moment ago and is left alone for 5 s",
        })
    }
}
