//! Tokens that the processes of a fleet share.

mod claiming;
mod inner;
mod login_lock;
mod operations;
mod record;
mod saving;
mod times;
mod turns;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::KeyRing;
use bankezy_crypto::providers::{
    SealedStorage, StoreError, Token, TokenEntry, TokenKey, TokenStore,
};
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::metrics;
use crate::names::{hex, up_to};
use claiming::Claiming;
use inner::Inner;
pub use login_lock::LoginLock;
use saving::save_later;
use times::{left_of, not_due};
pub(crate) use times::{millis, now};

/// How often a process that waits for another's login looks for its result, on average.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Tokens in the fleet's store, sealed, with those in use in the memory of this process in front: for the token cache
/// of `bankezy-client`.
///
/// Normally one process logs in for all. When a token is due, each tries to take a lock, and the one that has it
/// requests the next token; until that is there, all go on with the old one. A process without any token waits for the
/// one that has the lock. If that process ends, the lock expires, and one of the others logs in.
///
/// A lost lock, a failover or a wrapping key that is new cost at most one extra login. While the store is away each
/// process logs in for itself when its token expires, and saves the token once the store is back, unless there is a
/// newer one.
///
/// Give each cache a clone of its own: it takes part as a process of its own would, with its own memory and its own turns.
///
/// A token that one process [refuses](bankezy_client::TokenSlot::refuse) is removed from the store, and stays in the
/// memory of the others until they refuse it too.
///
/// ```
/// use std::sync::Arc;
///
/// use bankezy_client::{Client, RefreshSettings, TokenCache, TokenClient};
/// use bankezy_crypto::KeyRing;
/// use bankezy_crypto::providers::faceki::Faceki;
/// use bankezy_fleet::Fleet;
///
/// # fn share(fleet: &Fleet, client: Client, ring: Arc<KeyRing>) -> Result<(), bankezy_crypto::providers::RequestError> {
/// let faceki = TokenClient::new(client, Faceki::new("client-id", "client-secret")?);
/// // `ring` holds the wrapping key, which is the same in all processes.
/// let cache = TokenCache::with_settings(faceki, fleet.tokens(ring), RefreshSettings::default());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct SharedTokens<T>(Arc<Inner<T>>);

impl Fleet {
    /// A store of tokens for the token cache of `bankezy-client`, sealed under the newest key of `ring`. All processes
    /// need the same wrapping keys. They should be secrets of their own, under which nothing else is sealed.
    pub fn tokens<T>(&self, ring: Arc<KeyRing>) -> SharedTokens<T>
    where
        T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
    {
        self.tokens_with(ring, LoginLock::default())
    }

    /// As [`tokens`](Self::tokens), with settings of its own for the lock that makes one process log in.
    pub fn tokens_with<T>(&self, ring: Arc<KeyRing>, settings: LoginLock) -> SharedTokens<T>
    where
        T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
    {
        SharedTokens::new(self, ring, settings)
    }
}

impl<T> SharedTokens<T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    pub(crate) fn new(fleet: &Fleet, ring: Arc<KeyRing>, settings: LoginLock) -> Self {
        Self(Arc::new(Inner::new(fleet, ring, settings)))
    }

    /// The entry in the store, without the memory of this process in front: what another process would get.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn stored(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, FleetError> {
        Ok(self.0.fetch(key).await?.map(|(entry, _)| entry))
    }

    /// For sessions: the next entry after the one with this tag, or the last one if it is this process's turn to log in.
    pub(crate) async fn next(
        &self,
        key: &TokenKey,
        after: Option<&str>,
    ) -> Option<(TokenEntry<T>, bool)> {
        let until = Instant::now().checked_add(self.0.settings.patience())?;
        let found = self.0.wait(key, None, after, false, until).await?;
        let tag = found.tag(key).map(|tag| hex(&tag)).ok();
        let is_next = tag.as_deref() != after && !found.lifetime().is_due(now());
        Some((found, is_next))
    }

    pub(crate) async fn remove_now(
        &self,
        key: &TokenKey,
        held: &TokenEntry<T>,
    ) -> Result<(), FleetError> {
        self.0.remove(key, held).await
    }
}

impl<T> TokenStore<T> for SharedTokens<T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        let (inner, now) = (&self.0, now());
        let held = inner.tier.load(key).await?;
        let held = held.filter(|entry| entry.lifetime().is_good(now));
        let Some(entry) = held else {
            return Ok(inner.wait_for_token(key, None).await);
        };
        if !entry.lifetime().is_due(now) || inner.turns.is_ours(key) {
            return Ok(Some(entry));
        }
        // The caller that asks for the turn is one that can use it.
        if !entry.lifetime().is_useful(now) || inner.turns.take_looked(key) {
            return Ok(inner.wait_for_token(key, Some(entry)).await);
        }
        if inner.turns.begin_look(key) {
            let (inner, key, left) = (Arc::clone(inner), *key, left_of(&entry, now));
            tokio::spawn(async move { inner.look(key, left).await });
        }
        // Another process may be requesting the next one: this one need not.
        Ok(Some(not_due(entry, now)))
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) -> Result<(), StoreError> {
        let inner = &self.0;
        inner.tier.save(key, entry).await?;
        let claim = inner.turns.end(key);
        if inner.save_now(key, entry, claim.as_ref()).await.is_ok() {
            inner.turns.end_saving(key);
        } else if inner.turns.begin_saving(key, claim) {
            tokio::spawn(save_later(Arc::downgrade(inner), *key));
        }
        Ok(())
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<T>) -> Result<(), StoreError> {
        // What the store does not remove it forgets when the token expires.
        let _ = self.0.remove(key, held).await;
        Ok(())
    }

    /// Lets another process log in, since this one could not.
    async fn give_up(&self, key: &TokenKey) {
        self.0.give_back(key).await;
    }

    fn deadline(&self) -> Duration {
        // Each operation has its own; this is for the wait for another process's login.
        let patience = self.0.settings.patience();
        patience.saturating_add(Duration::from_secs(5))
    }
}

impl<T> Inner<T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    /// Looks for the next token in the background.
    async fn look(&self, key: TokenKey, left: Duration) {
        sleep(up_to(self.settings.jitter.min(left / 10))).await;
        let refused = self.turns.refused(&key);
        if let Ok(found) = self.fetch(&key).await {
            let found = found.filter(|(_, tag)| Some(tag) != refused.as_ref());
            match found.filter(|(entry, _)| !entry.lifetime().is_due(now())) {
                Some((entry, _)) => {
                    self.share(&key, &entry).await;
                }
                None => self.turns.looked(&key),
            }
        }
        self.turns.end_look(&key, LOOK_EVERY.saturating_mul(4));
    }

    /// Takes a token of the store into memory.
    async fn share(&self, key: &TokenKey, entry: &TokenEntry<T>) {
        metrics::token("shared");
        // There is nothing of this process left to save.
        self.turns.end_saving(key);
        // The memory never fails.
        let _ = self.tier.save(key, entry).await;
    }

    async fn wait_for_token(
        self: &Arc<Self>,
        key: &TokenKey,
        rest: Option<TokenEntry<T>>,
    ) -> Option<TokenEntry<T>> {
        let until = Instant::now().checked_add(self.settings.patience())?;
        let turn = self.turns.of(key);
        // One caller of this process asks the store for all.
        let Ok(_turn) = timeout_at(until, turn.lock()).await else {
            return rest;
        };
        let held = self.tier.load(key).await.ok().flatten();
        let held = held.filter(|entry| !entry.lifetime().is_due(now()));
        if held.is_some() {
            return held;
        }
        let refused = self.turns.refused(key);
        self.wait(key, rest, refused.as_deref(), true, until).await
    }

    /// Waits for a token that is not due and not `refused`, or a useful one if that may be used. Returns `rest`, or what
    /// the store has, if it is this process's turn to request one, and if the store is away.
    async fn wait(
        self: &Arc<Self>,
        key: &TokenKey,
        mut rest: Option<TokenEntry<T>>,
        refused: Option<&str>,
        may_use_rest: bool,
        until: Instant,
    ) -> Option<TokenEntry<T>> {
        if self.turns.is_ours(key) {
            return rest;
        }
        let is_useful = |entry: &mut TokenEntry<T>| entry.lifetime().is_useful(now());
        // Gives back what this wait claims, unless it returns with the turn.
        let mut claiming = Claiming::new(self, key);
        loop {
            let found = match self.fetch(key).await {
                Ok(found) => found,
                Err(_) => break,
            };
            if let Some((entry, _)) = found.filter(|(_, tag)| Some(tag.as_str()) != refused) {
                if !entry.lifetime().is_due(now()) {
                    self.share(key, &entry).await;
                    return Some(entry);
                }
                rest = Some(entry);
            }
            if self.turns.is_ours(key) {
                claiming.keep();
                return rest;
            }
            let is_late = Instant::now() >= until;
            match self.claim(&mut claiming, is_late).await {
                // Once more: it may have been saved since the look above.
                Ok(true) if !is_late => continue,
                Ok(true) => {
                    claiming.keep();
                    return rest;
                }
                // Another process requests the next one. What is left of this one is enough until then.
                Ok(false) if may_use_rest => {
                    if let Some(entry) = rest.take_if(is_useful) {
                        let _ = self.tier.save(key, &entry).await;
                        return Some(not_due(entry, now()));
                    }
                }
                Ok(false) => {}
                Err(_) => break,
            }
            sleep(LOOK_EVERY / 2 + up_to(LOOK_EVERY)).await;
        }
        if may_use_rest && let Some(entry) = rest.take_if(is_useful) {
            // Enough of it is left to wait for the store.
            return Some(not_due(entry, now()));
        }
        metrics::token("alone");
        rest
    }
}

impl<T> Clone for SharedTokens<T> {
    /// For another cache: it takes part as another process would.
    fn clone(&self) -> Self {
        Self(Arc::new(self.0.another()))
    }
}

impl<T> fmt::Debug for SharedTokens<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTokens")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
