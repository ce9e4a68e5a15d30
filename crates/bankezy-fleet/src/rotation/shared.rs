//! What the clones of a `KeyFiles` share: the ring, and what keeps it in step with the folder and the fleet.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant, SystemTime};

use bankezy_crypto::{Error, KeyRing, PayloadCipher, PayloadSecret, Previous, Seal as _};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::files::read;
use super::newest::{newest, set_newest};
use super::reports::{Reported, heartbeat};
use super::settings::RotationSettings;
use crate::budget::FleetBudget;
use crate::connection::lock;
use crate::error::{FleetError, KeyFileProblem};
use crate::fleet::Fleet;
use crate::metrics;
use crate::rings::Named;

/// Long enough to count as without end, and a time of day all the same.
const LONGEST_OVERLAP: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long a promotion waits for the folder.
const LONGEST_READ: Duration = Duration::from_secs(1);

pub(super) struct Shared {
    pub(super) fleet: Fleet,
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) settings: RotationSettings,
    pub(super) ring: Arc<KeyRing>,
    pub(super) budgets: Arc<Mutex<BTreeMap<String, FleetBudget>>>,
    /// Digests of the secrets, by which a file that changed is noticed.
    pub(super) digests: Mutex<BTreeMap<String, [u8; 32]>>,
    /// Since when keys have no file, and others seal.
    pub(super) gone: Mutex<BTreeMap<String, Instant>>,
    /// Held by the one who reads the files: two would add the same key.
    pub(super) loading: tokio::sync::Mutex<()>,
    pub(super) reported: Reported,
}

/// Reports this member and follows the fleet whatever its folder does: one that hangs is no reason to count as gone.
pub(super) async fn beat(shared: Weak<Shared>) {
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let reported = heartbeat(&shared.fleet).await;
        // Why it cannot is told once the files were looked at.
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
    let (mut told_newest, mut told_files) = (Told::default(), Told::default());
    let mut lacks_newest = false;
    loop {
        sleep(every).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let [followed, loaded] = shared.reload().await;
        match &followed {
            Ok(()) => lacks_newest = false,
            Err(FleetError::NoNewestKey { .. }) => lacks_newest = true,
            // The store did not say.
            Err(_) => {}
        }
        metrics::refreshed(&shared.name, loaded.is_ok() && !lacks_newest);
        told_newest.tell(&shared.name, followed.err());
        told_files.tell(&shared.name, loaded.err());
    }
}

/// What the last event said: nothing is said twice in a row.
#[derive(Default)]
struct Told(Option<FleetError>);

impl Told {
    fn tell(&mut self, ring: &str, error: Option<FleetError>) {
        // Of the store an event tells where that was noticed.
        let is_of_store = |error: &FleetError| {
            error.is_away() || matches!(error, FleetError::Refused { .. } | FleetError::Answer)
        };
        if error == self.0 || error.as_ref().is_some_and(is_of_store) {
            return;
        }
        match &error {
            Some(error) => {
                let code = error.code();
                warn!(target: "bankezy_fleet", { ring, error.code = code, %error }, "keys not refreshed");
            }
            None => info!(target: "bankezy_fleet", { ring }, "keys refreshed again"),
        }
        self.0 = error;
    }
}

impl Shared {
    pub(super) async fn refresh(&self) -> Result<(), FleetError> {
        let [followed, loaded] = self.reload().await;
        followed.and(loaded)
    }

    /// Reads the files, reports them and follows. Returns how it went with the store, and with the files.
    async fn reload(&self) -> [Result<(), FleetError>; 2] {
        let loaded = self.load().await;
        let reported = heartbeat(&self.fleet).await;
        let mut followed = self.follow().await;
        if matches!(followed, Err(FleetError::NoNewestKey { .. })) {
            // One that was replaced and has expired, and which others seal with again.
            let _ = self.load().await;
            followed = self.follow().await;
        }
        self.ring.purge();
        [reported.and(followed), loaded]
    }

    /// Adds the keys of new files, has those that have files reported, and retires others.
    async fn load(&self) -> Result<(), FleetError> {
        let _loading = self.loading.lock().await;
        self.ring.purge();
        let folder = read(&self.folder, within(&self.fleet)).await?;
        let known = self.ring.key_ids();
        let is_known = |id: &String| known.contains(id);
        let is_there = |id: &String| folder.has(id) || is_known(id);
        lock(&self.reported.followed)
            .replaced
            .retain(|id, _| is_there(id));
        lock(&self.digests).retain(|id, _| is_known(id));
        lock(&self.budgets).retain(|id, _| is_known(id));
        let (mut added, mut changed) = (folder.check(), Vec::new());
        for (id, secret) in &folder.secrets {
            // A key that was replaced and has expired does not come back because its file is still there.
            if is_known(id) {
                if let Err(error) = self.check_unchanged(id, secret) {
                    changed.push(id);
                    added = added.and(Err(error));
                }
            } else if !lock(&self.reported.followed).replaced.contains_key(id) {
                match self.add(id, secret) {
                    Ok(cipher) => self.reserve(id, cipher).await,
                    Err(error) => added = added.and(Err(error)),
                }
            }
        }
        let keys = self.ring.key_ids().into_iter();
        let (mut there, without_file): (Vec<_>, Vec<_>) = keys.partition(|id| folder.has(id));
        // Others may have what the file holds now.
        there.retain(|id| !changed.contains(&id));
        self.reported.set(there);
        self.retire(&without_file);
        added
    }

    /// Retires keys without files, once no report lists them any more, and a name of one that the store lost was written back.
    fn retire(&self, without_file: &[String]) {
        let heartbeat = self.fleet.0.store.config().heartbeat;
        let newest = self.ring.key_ids().into_iter().next();
        let is_due = |id: &String| without_file.contains(id) && newest.as_ref() != Some(id);
        let mut gone = lock(&self.gone);
        gone.retain(|id, _| is_due(id));
        for id in without_file.iter().filter(|id| is_due(id)) {
            let since = gone.entry(id.clone()).or_insert_with(Instant::now);
            if since.elapsed() < heartbeat.saturating_mul(4) {
                continue;
            }
            // It may have become the newest just now, or have expired by itself.
            if self.ring.retire(id) == Err(Error::KeyIsNewest) {
                continue;
            }
            gone.remove(id);
            lock(&self.budgets).remove(id);
            // If its file is put back, it opens again.
            lock(&self.reported.followed).replaced.remove(id);
            info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key retired");
        }
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

    /// `seen`: when the key was named that this one is to take the place of, for a promotion that is tried again.
    pub(super) async fn promote(
        &self,
        key_id: &str,
        by_force: bool,
        seen: &mut Option<u64>,
    ) -> Result<(), FleetError> {
        // First of all: another promotion may be earlier than the file, or than the store's next answer.
        let newest = self.newest().await;
        let known = newest
            .clone()
            .unwrap_or_else(|_| lock(&self.reported.followed).named.clone());
        let seen = *seen.get_or_insert_with(|| known.map_or(0, |named| named.at));
        newest?;
        let is_here = || self.ring.key_ids().iter().any(|id| id == key_id);
        if by_force && !is_here() {
            // One that was replaced and has expired comes back.
            lock(&self.reported.followed).replaced.remove(key_id);
        }
        // What is known of a folder that hangs is what was read before.
        let late = FleetError::KeyFolder(ErrorKind::TimedOut);
        let loaded = timeout(LONGEST_READ, self.load()).await;
        let loaded = loaded.unwrap_or(Err(late));
        // Another file that cannot be read is no reason to keep a key that leaked.
        if !self.reported.has(key_id) || !is_here() {
            let unknown = Err(FleetError::Key(Error::UnknownKeyId));
            return loaded.and(unknown);
        }
        set_newest(&self.fleet, &self.name, key_id, by_force, seen).await?;
        self.follow().await
    }

    /// The name that the store has. It is told of the one that is followed here, if it has lost that.
    async fn newest(&self) -> Result<Option<Named>, FleetError> {
        let held = self.reported.held();
        newest(&self.fleet, &self.name, held.as_ref()).await
    }

    /// Seals with the key that the store names, if this process has it.
    async fn follow(&self) -> Result<(), FleetError> {
        let Some(newest) = self.newest().await? else {
            return Ok(());
        };
        self.ring.purge();
        let id = newest.id.as_str();
        // It is being added, and could not seal yet.
        let is_known = self.ring.key_ids().contains(&newest.id);
        if is_known && !lock(&self.budgets).contains_key(id) {
            return Ok(());
        }
        let with_files = self.reported.keys();
        // Held to the end: a heartbeat and a promotion may follow at the same time.
        let mut followed = lock(&self.reported.followed);
        // An older one is followed if the one here has no file: nobody writes that back. Of the same time is one that was
        // named after the store had lost the other.
        let is_older = |named: &Named| newest.at < named.at && with_files.contains(&named.id);
        let named = followed.named.as_ref();
        if named.is_some_and(|named| *named == newest || is_older(named)) {
            return Ok(());
        }
        let sealed = self.ring.key_ids().into_iter().next();
        let until = SystemTime::now() + self.overlap();
        let promoted = self.ring.promote(id, Previous::OpensUntil(until));
        if promoted.is_ok() {
            followed.replaced.extend(sealed.map(|id| (id, until)));
        }
        // One that has expired comes back with the next reading of the files.
        followed.replaced.remove(id);
        match promoted {
            Err(Error::UnknownKeyId) => Err(FleetError::NoNewestKey { key_id: newest.id }),
            Err(error) => Err(error.into()),
            Ok(()) => {
                info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key promoted");
                followed.named = Some(newest);
                Ok(())
            }
        }
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
    let heartbeat = fleet.0.store.config().heartbeat;
    heartbeat.clamp(Duration::from_secs(1), Duration::from_secs(5))
}

/// It seals nothing before a share is reserved.
pub(super) fn unreserved(secret: &PayloadSecret) -> Result<Arc<PayloadCipher>, FleetError> {
    Ok(Arc::new(PayloadCipher::new(secret)?.with_nonce_budget(0)))
}
