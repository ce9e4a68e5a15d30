//! What is asked of the store: one operation each.

use std::time::Duration;

use bankezy_crypto::providers::{SealedStorage, Token, TokenEntry, TokenKey, TokenStore as _};
use redis::Value;
use redis::aio::ConnectionManager;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::claiming::Claiming;
use super::inner::Inner;
use super::record::{self, Record};
use super::times::{ending_in, left_of, millis, now};
use super::turns::Claim;
use crate::error::{FleetError, present};
use crate::metrics;
use crate::names::{MAX_RECORD, hex, unique};

/// How long the counter of fencing values outlives its last use.
const FENCE_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl<T> Inner<T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    /// Removes a token from memory and from the store. This process does not use it again, whatever the store does.
    pub(super) async fn remove(
        &self,
        key: &TokenKey,
        held: &TokenEntry<T>,
    ) -> Result<(), FleetError> {
        // The memory never fails.
        let _ = self.tier.remove(key, held).await;
        let tag = hex(&held.tag(key)?);
        self.turns.refuse(key, tag.clone());
        let names = self.names(key);
        let remove = async |connection: &mut _| {
            let mut call = self.scripts.remove.key(&names.record);
            call.arg(&tag).invoke_async::<u8>(connection).await
        };
        let store = &self.fleet.0.store;
        store.run("token_remove", remove).await.map(drop)
    }

    /// The token in the store and its tag, with what is left of its life by the store's clock.
    pub(super) async fn fetch(
        &self,
        key: &TokenKey,
    ) -> Result<Option<(TokenEntry<T>, String)>, FleetError> {
        let names = self.names(key);
        // By the connection itself: `query_async` would put the future in a box.
        let get = async |connection: &mut ConnectionManager| {
            let found = connection.send_packed_commands(&names.load, 0, 2).await?;
            redis::from_redis_value(Value::Array(found).extract_error()?).map_err(Into::into)
        };
        let found = self.fleet.0.store.run("token_load", get).await;
        let found: Option<(i64, Vec<u8>)> = present(found)?;
        let (left, text) = found.unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        let opened = String::from_utf8(text).map_err(|_| record::Unusable::Form);
        let opened = opened.and_then(|text| Record::parse(&text)?.open(key, &self.ring));
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

    /// Takes the lock if no other process has it, or in any case if `replaces` it.
    pub(super) async fn claim(
        &self,
        claiming: &mut Claiming<'_, T>,
        replaces: bool,
    ) -> Result<bool, FleetError> {
        let key = claiming.key;
        let (names, limit) = (self.names(key), self.settings.limit);
        let began = Instant::now();
        let mut claim = Claim {
            owner: unique(),
            lock: names.lock.clone(),
            fence: 0,
            until: began.checked_add(limit).unwrap_or(began),
        };
        claiming.begin(claim.clone());
        let ask = async |connection: &mut _| {
            let script = &self.scripts.claim;
            let mut call = script.key(&names.record);
            call.key(&names.lock).key(&names.fence);
            call.arg(&claim.owner).arg(millis(limit));
            call.arg(millis(FENCE_FOR)).arg(u8::from(replaces));
            call.invoke_async::<u64>(connection).await
        };
        let fence = self.fleet.0.store.run("token_claim", ask).await?;
        if fence > 0 {
            metrics::token("claimed");
            claim.fence = fence;
            self.turns.claim(key, claim);
        } else {
            claiming.keep();
        }
        Ok(fence > 0)
    }

    pub(super) async fn give_back(&self, key: &TokenKey) {
        self.release(self.turns.end(key).as_ref()).await;
    }

    pub(super) async fn release(&self, claim: Option<&Claim>) {
        let Some(claim) = claim else {
            return;
        };
        let release = async |connection: &mut _| {
            let mut call = self.scripts.release.key(&claim.lock);
            call.arg(&claim.owner).invoke_async::<u8>(connection).await
        };
        // Otherwise the lock expires.
        let _ = self.fleet.0.store.run("token_release", release).await;
    }

    /// Writes the token, unless there is a newer one, and gives the lock back. Without a claim it replaces
    /// one that ends sooner or that this process refused.
    pub(super) async fn save_now(
        &self,
        key: &TokenKey,
        entry: &TokenEntry<T>,
        claim: Option<&Claim>,
    ) -> Result<(), FleetError> {
        let left = left_of(entry, now());
        if left < Duration::from_millis(1) {
            self.release(claim).await;
            return Ok(());
        }
        let names = self.names(key);
        let fence = claim.map_or(0, |claim| claim.fence);
        let text = record::write(entry, key, &self.ring, fence)?;
        if text.len() > MAX_RECORD {
            warn!(target: "bankezy_fleet", { bytes = text.len() }, "token too long to share");
            self.release(claim).await;
            return Ok(());
        }
        let refused = self.turns.refused(key);
        let save = async |connection: &mut _| {
            let mut call = self.scripts.save.key(&names.record);
            call.key(claim.map_or(&names.lock, |claim| &claim.lock));
            call.arg(fence).arg(&text).arg(millis(left));
            call.arg(claim.map_or("", |claim| &claim.owner));
            call.arg(refused.as_deref().unwrap_or_default());
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
}
