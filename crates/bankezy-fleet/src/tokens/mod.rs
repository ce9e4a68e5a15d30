//! Tokens that the processes of a fleet share.

mod record;
mod turns;

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_client::MemoryStore;
use bankezy_crypto::KeyRing;
use bankezy_crypto::providers::{
    Lifetime, Moment, SealedStorage, StoreError, Token, TokenEntry, TokenKey, TokenStore,
};
use redis::Script;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::metrics;
use crate::names::{hex, unique, up_to};
use record::Record;
use turns::{Claim, Turns};

/// How long the counter of fencing values outlives its last use.
const FENCE_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often a process that waits for another's login looks for its result, on average.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Attempts to save a token that the store did not take.
const SAVES: u32 = 6;

/// The lock that makes one process of a fleet log in.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct LoginLock {
    limit: Duration,
    jitter: Duration,
}

impl LoginLock {
    /// The time limit of the lock: more than a login takes. If the process that has it ends, another one logs in after
    /// this time. Default: 10 s.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit.max(Duration::from_millis(100));
        self
    }

    /// How long a process waits at most, a random part of it, before it tries to replace a token that is due. Default:
    /// 500 ms.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long a process without a token waits for another's login: until the lock of one that ended has expired, and
    /// the next login is done.
    fn patience(self) -> Duration {
        self.limit.saturating_mul(2)
    }
}

impl Default for LoginLock {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(10),
            jitter: Duration::from_millis(500),
        }
    }
}

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
/// A token that one process [refuses](bankezy_client::TokenSlot::refuse) is removed from the store, and stays in the
/// memory of the others until they refuse it too.
#[must_use]
pub struct SharedTokens<T>(Arc<Inner<T>>);

pub(crate) struct Inner<T> {
    fleet: Fleet,
    ring: Arc<KeyRing>,
    tier: MemoryStore<T>,
    turns: Turns,
    settings: LoginLock,
    scripts: Scripts,
}

struct Scripts {
    claim: Script,
    save: Script,
    remove: Script,
    release: Script,
}

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
        Self(Arc::new(Inner {
            fleet: fleet.clone(),
            ring,
            tier: MemoryStore::default(),
            turns: Turns::default(),
            settings,
            scripts: Scripts {
                claim: Script::new(include_str!("../scripts/claim.lua")),
                save: Script::new(include_str!("../scripts/save.lua")),
                remove: Script::new(include_str!("../scripts/remove.lua")),
                release: Script::new(include_str!("../scripts/release.lua")),
            },
        }))
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

    /// Removes a token from memory and from the store. This process does not use it again, whatever the store does.
    pub(crate) async fn remove_now(
        &self,
        key: &TokenKey,
        held: &TokenEntry<T>,
    ) -> Result<(), FleetError> {
        let inner = &self.0;
        // The memory never fails.
        let _ = inner.tier.remove(key, held).await;
        let tag = hex(&held.tag(key)?);
        inner.turns.refuse(key, tag.clone());
        let names = inner.fleet.0.names.token(&inner.ring, key);
        let remove = async |connection: &mut _| {
            let script = &inner.scripts.remove;
            let mut call = script.key(&names.record);
            call.arg(&tag).invoke_async::<u8>(connection).await
        };
        inner
            .fleet
            .0
            .store
            .run("token_remove", remove)
            .await
            .map(drop)
    }

    /// Lets another process log in, since this one could not.
    pub(crate) async fn give_back(&self, key: &TokenKey) {
        self.0.give_back(key).await;
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
        if !entry.lifetime().is_useful(now) {
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
        if inner.save_now(key, entry, claim.as_ref()).await.is_err() {
            let (inner, key, entry) = (Arc::clone(inner), *key, entry.clone());
            tokio::spawn(async move { inner.save_later(key, entry, claim).await });
        }
        Ok(())
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<T>) -> Result<(), StoreError> {
        // What the store does not remove it forgets when the token expires.
        let _ = self.remove_now(key, held).await;
        Ok(())
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
    /// Looks for the next token in the background, and for the turn to request it.
    async fn look(&self, key: TokenKey, left: Duration) {
        sleep(up_to(self.settings.jitter.min(left / 10))).await;
        let refused = self.turns.refused(&key);
        if let Ok(found) = self.fetch(&key).await {
            let found = found.filter(|(_, tag)| Some(tag) != refused.as_ref());
            match found.filter(|(entry, _)| !entry.lifetime().is_due(now())) {
                Some((entry, _)) => {
                    metrics::token("shared");
                    let _ = self.tier.save(&key, &entry).await;
                }
                None => {
                    let _ = self.claim(&key, false).await;
                }
            }
        }
        // Then the caller that finds it due looks again.
        self.turns.end_look(&key, LOOK_EVERY.saturating_mul(4));
    }

    async fn wait_for_token(
        &self,
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

    /// Waits for a token that is not due and not `refused`, or a useful one if that may be used. Returns `rest`, or what the store has, if it is this
    /// process's turn to request one, and if the store is away.
    async fn wait(
        &self,
        key: &TokenKey,
        mut rest: Option<TokenEntry<T>>,
        refused: Option<&str>,
        may_use_rest: bool,
        until: Instant,
    ) -> Option<TokenEntry<T>> {
        if self.turns.is_ours(key) {
            return rest;
        }
        loop {
            match self.fetch(key).await {
                Ok(Some((entry, tag))) if Some(tag.as_str()) != refused => {
                    if !entry.lifetime().is_due(now()) {
                        metrics::token("shared");
                        let _ = self.tier.save(key, &entry).await;
                        // It may have come after this process took the lock.
                        self.give_back(key).await;
                        return Some(entry);
                    }
                    rest = Some(entry);
                }
                Ok(_) => {}
                Err(_) => {
                    metrics::token("alone");
                    return rest;
                }
            }
            if self.turns.is_ours(key) {
                return rest;
            }
            let is_late = Instant::now() >= until;
            match self.claim(key, is_late).await {
                // Once more: it may have been saved since the look above.
                Ok(true) if !is_late => continue,
                Ok(true) => return rest,
                // Another process requests the next one. What is left of this one is enough until then.
                Ok(false) if may_use_rest => {
                    if let Some(entry) = rest.take_if(|entry| entry.lifetime().is_useful(now())) {
                        let _ = self.tier.save(key, &entry).await;
                        return Some(not_due(entry, now()));
                    }
                }
                Ok(false) => {}
                Err(_) => {
                    metrics::token("alone");
                    return rest;
                }
            }
            sleep(LOOK_EVERY / 2 + up_to(LOOK_EVERY)).await;
        }
    }

    /// The token in the store and its tag, with what is left of its life by the store's clock.
    async fn fetch(&self, key: &TokenKey) -> Result<Option<(TokenEntry<T>, String)>, FleetError> {
        let names = self.fleet.0.names.token(&self.ring, key);
        let get = async |connection: &mut _| {
            let mut both = redis::pipe();
            // In this order: if another record is written in between, its life is not taken for longer than it is.
            both.cmd("PTTL").arg(&names.record);
            both.cmd("GET").arg(&names.record);
            both.query_async::<(i64, Option<Vec<u8>>)>(connection).await
        };
        let (left, text) = self.fleet.0.store.run("token_load", get).await?;
        let Some(text) = text else { return Ok(None) };
        let opened = String::from_utf8(text).map_err(|_| record::Unusable::Form);
        let opened = opened.and_then(|text| {
            let record = Record::parse(&text)?;
            Ok((record.open(key, &self.ring)?, record.tag.to_owned()))
        });
        match (opened, u64::try_from(left)) {
            (Ok((entry, tag)), Ok(left)) => {
                Ok(Some((ending_in(entry, Duration::from_millis(left)), tag)))
            }
            // It came after the first answer, or somebody took its expiry away.
            (Ok(found), Err(_)) => Ok(Some(found)),
            (Err(problem), _) => {
                debug!(target: "bankezy_fleet", { reason = problem.reason() }, "record not usable");
                Ok(None)
            }
        }
    }

    /// Takes the lock, or goes without it if that was awaited for too long.
    async fn claim(&self, key: &TokenKey, without_lock: bool) -> Result<bool, FleetError> {
        let names = self.fleet.0.names.token(&self.ring, key);
        let (owner, began) = (unique(), Instant::now());
        let claim = async |connection: &mut _| {
            let script = &self.scripts.claim;
            let mut call = script.key(&names.record);
            call.key(&names.lock).key(&names.fence);
            call.arg(&owner).arg(millis(self.settings.limit));
            call.arg(millis(FENCE_FOR)).arg(u8::from(without_lock));
            call.invoke_async::<u64>(connection).await
        };
        let fence = self.fleet.0.store.run("token_claim", claim).await?;
        if fence > 0 {
            metrics::token("claimed");
            let until = began.checked_add(self.settings.limit);
            let until = until.unwrap_or(began);
            self.turns.claim(
                key,
                Claim {
                    owner,
                    fence,
                    until,
                },
            );
        }
        Ok(fence > 0)
    }

    async fn give_back(&self, key: &TokenKey) {
        let Some(claim) = self.turns.end(key) else {
            return;
        };
        let names = self.fleet.0.names.token(&self.ring, key);
        let release = async |connection: &mut _| {
            let mut call = self.scripts.release.key(&names.lock);
            call.arg(&claim.owner).invoke_async::<u8>(connection).await
        };
        // Otherwise the lock expires.
        let _ = self.fleet.0.store.run("token_release", release).await;
    }

    /// Writes the token, unless there is a newer one, and gives the lock back. Without a claim it is written only
    /// where there is none.
    async fn save_now(
        &self,
        key: &TokenKey,
        entry: &TokenEntry<T>,
        claim: Option<&Claim>,
    ) -> Result<(), FleetError> {
        let left = left_of(entry, now());
        if left < Duration::from_millis(1) {
            return Ok(());
        }
        let names = self.fleet.0.names.token(&self.ring, key);
        let fence = claim.map_or(0, |claim| claim.fence);
        let text = record::write(entry, key, &self.ring, fence)?;
        let save = async |connection: &mut _| {
            let mut call = self.scripts.save.key(&names.record);
            call.key(&names.lock);
            call.arg(fence).arg(&text).arg(millis(left));
            call.arg(claim.map_or("", |claim| &claim.owner));
            call.invoke_async::<u8>(connection).await
        };
        let written = self.fleet.0.store.run("token_save", save).await?;
        if written == 0 {
            metrics::token("superseded");
            // The newer one is loaded with the next look.
            let _ = self.tier.remove(key, entry).await;
        }
        Ok(())
    }

    async fn save_later(&self, key: TokenKey, entry: TokenEntry<T>, claim: Option<Claim>) {
        let mut pause = Duration::from_millis(500);
        for _ in 0..SAVES {
            sleep(pause / 2 + up_to(pause)).await;
            pause = pause.saturating_mul(2);
            // The provider may have refused it meanwhile.
            let tag = entry.tag(&key).map(|tag| hex(&tag)).ok();
            if tag.is_some() && tag == self.turns.refused(&key) {
                return;
            }
            if self.save_now(&key, &entry, claim.as_ref()).await.is_ok() {
                return;
            }
        }
    }
}

pub(crate) fn now() -> Moment {
    Moment {
        time_of_day: SystemTime::now(),
        monotonic: std::time::Instant::now(),
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn left_of<T>(entry: &TokenEntry<T>, now: Moment) -> Duration {
    if !entry.lifetime().is_good(now) {
        return Duration::ZERO;
    }
    let left = entry.good_until().duration_since(now.time_of_day);
    left.unwrap_or_default()
}

fn ending_in<T>(entry: TokenEntry<T>, left: Duration) -> TokenEntry<T> {
    let lifetime = entry.lifetime().ending_in(left, now());
    TokenEntry::new(entry.into_answer(), lifetime)
}

/// The same token, which a cache does not renew yet.
fn not_due<T>(entry: TokenEntry<T>, now: Moment) -> TokenEntry<T> {
    let until = entry.good_until();
    let lifetime = Lifetime::new(now, until, Some(Duration::ZERO));
    TokenEntry::new(entry.into_answer(), lifetime)
}

impl<T> Clone for SharedTokens<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for SharedTokens<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTokens")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
