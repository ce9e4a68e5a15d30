//! What the clones of a `KeyFiles` share: the ring, and what keeps it in step with the folder and the fleet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime};

use bankezy_crypto::{Error, KeyRing, PayloadCipher, PayloadSecret, Previous, Seal as _};
use tokio::time::sleep;
use tracing::{info, warn};

use super::files::{Folder, Reading, finish, read};
use super::newest::{Named, name, newest};
use super::reports::{Reported, heartbeat};
use super::settings::RotationSettings;
use crate::budget::FleetBudget;
use crate::connection::lock;
use crate::error::{FleetError, KeyFileProblem};
use crate::fleet::Fleet;
use crate::metrics;

/// Long enough to count as without end, and a time of day all the same.
const LONGEST_OVERLAP: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

pub(super) struct Shared {
    pub(super) fleet: Fleet,
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) settings: RotationSettings,
    pub(super) ring: Arc<KeyRing>,
    pub(super) budgets: Arc<Mutex<BTreeMap<String, FleetBudget>>>,
    /// The name that was followed last.
    pub(super) named: Mutex<Option<Named>>,
    /// Digests of the secrets, by which a file that changed is noticed.
    pub(super) digests: Mutex<BTreeMap<String, [u8; 32]>>,
    /// Held by the one who reads the files: two would add the same key. A folder can hang: at most one read is under way.
    pub(super) loading: tokio::sync::Mutex<Option<Reading>>,
    pub(super) reported: Reported,
}

/// Reports this member and follows the fleet whatever its folder does: one that hangs is no reason to count as gone.
pub(super) async fn beat(shared: Weak<Shared>) {
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let reported = heartbeat(&shared.fleet).await;
        // Why it could not follow is told by the task that reads the files.
        let _ = shared.follow().await;
        let config = shared.fleet.0.store.config();
        let pause = if reported.is_ok() {
            config.heartbeat
        } else {
            config.heartbeat.min(config.longest_rest())
        };
        drop(shared);
        sleep(pause).await;
    }
}

pub(super) async fn poll(shared: Weak<Shared>, every: Duration) {
    let mut told = None;
    loop {
        sleep(every).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let error = shared.refresh().await.err();
        // Of a store that is away an event tells where that was noticed.
        if error.as_ref().is_some_and(FleetError::is_away) {
            continue;
        }
        let ring = &shared.name;
        metrics::refreshed(ring, error.is_none());
        if error == told {
            continue;
        }
        match &error {
            Some(error) => {
                let code = error.code();
                warn!(target: "bankezy_fleet", { ring, error.code = code, %error }, "keys not refreshed");
            }
            None => info!(target: "bankezy_fleet", { ring }, "keys refreshed again"),
        }
        told = error;
    }
}

impl Shared {
    pub(super) async fn refresh(&self) -> Result<(), FleetError> {
        let loaded = self.load().await;
        let reported = heartbeat(&self.fleet).await;
        let mut followed = self.follow().await;
        if matches!(followed, Err(FleetError::NoNewestKey { .. })) {
            // One that was replaced and has expired, and which others seal with again.
            let _ = self.load().await;
            followed = self.follow().await;
        }
        self.ring.purge();
        let (gone, added) = loaded?;
        let is_told = reported.is_ok() && followed.is_ok();
        let heartbeat = self.fleet.0.store.config().heartbeat;
        // The end of one that was replaced a heartbeat ago.
        let earlier = SystemTime::now() + self.overlap().saturating_sub(heartbeat);
        for id in gone {
            let end = lock(&self.reported.replaced).get(&id).copied();
            // One that is reported could be promoted. Others seal for a heartbeat more with one that was replaced.
            if end.map_or(is_told, |end| end <= earlier) {
                self.retire(&id);
            }
        }
        reported.and(followed).and(added)
    }

    /// Adds the keys of new files, and has them reported. Returns the keys whose files are gone, and why one could not be
    /// added.
    async fn load(&self) -> Result<(Vec<String>, Result<(), FleetError>), FleetError> {
        let mut loading = self.loading.lock().await;
        self.ring.purge();
        let folder = match self.read(&mut loading).await {
            Ok(folder) => folder,
            Err(error) => {
                self.reported.set(self.ring.key_ids());
                return Err(error);
            }
        };
        let known = self.ring.key_ids();
        let is_known = |id: &String| known.contains(id);
        lock(&self.reported.replaced).retain(|id, _| folder.has(id) || is_known(id));
        lock(&self.digests).retain(|id, _| is_known(id));
        lock(&self.budgets).retain(|id, _| is_known(id));
        let mut added = folder.check();
        for (id, secret) in &folder.secrets {
            // A key that was replaced and has expired does not come back because its file is still there.
            if is_known(id) {
                added = added.and(self.check_unchanged(id, secret));
            } else if !lock(&self.reported.replaced).contains_key(id) {
                match self.add(id, secret) {
                    Ok(cipher) => self.reserve(id, cipher).await,
                    Err(error) => added = added.and(Err(error)),
                }
            }
        }
        let keys = self.ring.key_ids().into_iter();
        let (there, gone) = keys.partition(|id| folder.has(id));
        self.reported.set(there);
        Ok((gone, added))
    }

    async fn read(&self, loading: &mut Option<Reading>) -> Result<Folder, FleetError> {
        if let Some(earlier) = loading {
            // What it finds is old by now.
            let _ = finish(earlier, within(&self.fleet)).await?;
        }
        let reading = loading.insert(read(self.folder.clone()));
        let found = finish(reading, within(&self.fleet)).await?;
        *loading = None;
        found
    }

    fn retire(&self, id: &str) {
        let ids = self.ring.key_ids();
        if ids.first().is_some_and(|newest| newest == id) {
            return;
        }
        // It may have expired by itself.
        let _ = self.ring.retire(id);
        lock(&self.budgets).remove(id);
        // If its file is put back, it opens again.
        lock(&self.reported.replaced).remove(id);
        info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key retired");
    }

    /// The key stays: members that started before and after would otherwise have two of one name.
    fn check_unchanged(&self, id: &str, secret: &PayloadSecret) -> Result<(), FleetError> {
        let digest = PayloadCipher::new(secret)?.key_tag();
        if lock(&self.digests).get(id) == Some(&digest) {
            return Ok(());
        }
        Err(FleetError::KeyFile {
            name: id.to_owned(),
            problem: KeyFileProblem::Changed,
        })
    }

    pub(super) fn add(
        &self,
        id: &str,
        secret: &PayloadSecret,
    ) -> Result<Arc<PayloadCipher>, FleetError> {
        let cipher = unreserved(secret)?;
        let digest = cipher.key_tag();
        let added = self.ring.add_for_opening(id, Arc::clone(&cipher));
        added.map_err(|error| FleetError::KeyFile {
            name: id.to_owned(),
            problem: KeyFileProblem::Ring(error),
        })?;
        lock(&self.digests).insert(id.to_owned(), digest);
        Ok(cipher)
    }

    /// In a task of its own: a caller may leave, and the key would have no budget.
    pub(super) async fn reserve(&self, id: &str, cipher: Arc<PayloadCipher>) {
        let (fleet, budgets) = (self.fleet.clone(), Arc::clone(&self.budgets));
        let (name, settings) = (format!("{}/{id}", self.name), self.settings.budget);
        let id = id.to_owned();
        let reserving = tokio::spawn(async move {
            let budget = FleetBudget::begin(&fleet, name, &cipher, settings).await;
            lock(&budgets).insert(id, budget);
        });
        let _ = reserving.await;
    }

    pub(super) async fn promote(&self, key_id: &str, by_force: bool) -> Result<(), FleetError> {
        let loaded = self.load().await;
        let is_key = |id: &String| id == key_id;
        let is_gone = loaded
            .as_ref()
            .is_ok_and(|(gone, _)| gone.iter().any(is_key));
        // Another file that cannot be read is no reason to keep a key that leaked.
        if is_gone || !self.ring.key_ids().iter().any(is_key) {
            let unknown = Err(FleetError::Key(Error::UnknownKeyId));
            return loaded.and_then(|(_, added)| added).and(unknown);
        }
        let held = lock(&self.named).clone();
        name(&self.fleet, &self.name, key_id, by_force, held.as_ref()).await?;
        self.follow().await
    }

    /// Seals with the key that the store names, if this process has it.
    async fn follow(&self) -> Result<(), FleetError> {
        let held = lock(&self.named).clone();
        // Not one whose file is gone: under its name no process could start.
        let held = held.filter(|held| self.reported.has(&held.id));
        let Some(newest) = newest(&self.fleet, &self.name, held.as_ref()).await? else {
            return Ok(());
        };
        self.ring.purge();
        // Held to the end: a heartbeat and a promotion may follow at the same time.
        let mut named = lock(&self.named);
        if named.as_ref().is_some_and(|named| newest.at <= named.at) {
            return Ok(());
        }
        let until = SystemTime::now() + self.overlap();
        let id = &newest.id;
        let sealed = self.ring.key_ids().into_iter().next();
        let promoted = self.ring.promote(id, Previous::OpensUntil(until));
        let mut replaced = lock(&self.reported.replaced);
        if promoted.is_ok() {
            replaced.extend(sealed.map(|id| (id, until)));
        }
        // One that has expired comes back with the next reading of the files.
        replaced.remove(id);
        drop(replaced);
        match promoted {
            Err(Error::UnknownKeyId) => return Err(FleetError::NoNewestKey { key_id: newest.id }),
            promoted => promoted?,
        }
        info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key promoted");
        *named = Some(newest);
        Ok(())
    }

    /// How long a key that was replaced still opens.
    fn overlap(&self) -> Duration {
        let heartbeat = self.fleet.0.store.config().heartbeat;
        let overlap = self.settings.overlap.max(heartbeat * 3);
        overlap.min(LONGEST_OVERLAP)
    }
}

/// How long a folder may take to be read.
pub(super) fn within(fleet: &Fleet) -> Duration {
    fleet.0.store.config().heartbeat.max(Duration::from_secs(1))
}

/// It seals nothing before a share is reserved.
pub(super) fn unreserved(secret: &PayloadSecret) -> Result<Arc<PayloadCipher>, FleetError> {
    Ok(Arc::new(PayloadCipher::new(secret)?.with_nonce_budget(0)))
}
