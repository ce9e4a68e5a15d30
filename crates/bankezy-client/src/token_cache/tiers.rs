//! The caller's store, and memory that serves while that fails.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use std::time::Duration;

use bankezy_crypto::providers::{StoreError, Token, TokenEntry, TokenKey, TokenStore};
use tracing::warn;

use super::MemoryStore;
use crate::sync::time::{Instant, timeout};
use crate::sync::{Mutex, lock};

/// How long a store may take, so that one that hangs does not block callers for long.
pub(super) const STORE_DEADLINE: Duration = Duration::from_secs(1);

/// How long a store that failed is left alone.
const REST: Duration = Duration::from_secs(5);

pub(super) struct Tiers<T, S> {
    store: S,
    /// What the store did not take.
    memory: MemoryStore<T>,
    /// Until when the store is left alone.
    rests: Mutex<Option<Instant>>,
}

impl<T: AsRef<Token> + Send + Sync + 'static, S: TokenStore<T>> Tiers<T, S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            store,
            memory: MemoryStore::default(),
            rests: Mutex::default(),
        }
    }

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

    async fn ask<R>(
        &self,
        working: impl Future<Output = Result<R, StoreError>>,
        what: &'static str,
    ) -> Result<R, StoreError> {
        if lock(&self.rests).is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Resting);
        }
        let result = in_time(working).await;
        if let Err(error) = &result {
            warn!(target: "bankezy_client", { error.code = error.code() }, "token not {what} its store");
            // An entry that does not open says nothing of the store.
            let fails = !matches!(error, StoreError::Entry(_));
            *lock(&self.rests) = fails.then(|| Instant::now() + REST);
        }
        result
    }
}

/// Gives a store a deadline.
async fn in_time<T>(working: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let mut working = pin!(working);
    // Memory answers at once, without a timer or a runtime.
    let at_once = poll_fn(|context| Poll::Ready(working.as_mut().poll(context))).await;
    if let Poll::Ready(result) = at_once {
        return result;
    }
    timeout(STORE_DEADLINE, working)
        .await
        .unwrap_or(Err(StoreError::TimedOut))
}
