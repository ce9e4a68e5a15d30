//! What the clones of a `KeyFiles` share: the ring, and what keeps it in step with the folder and the fleet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime};

use bankezy_crypto::{Error, KeyRing, PayloadCipher, PayloadSecret, Previous, Seal as _};
use tokio::time::sleep;
use tracing::{info, warn};

use super::files::{Folder, Reading, finish, read};
use super::reports::{Reported, heartbeat, lives, newest};
use super::settings::RotationSettings;
use crate::budget::FleetBudget;
use crate::connection::lock;
use crate::error::{FleetError, KeyFileProblem};
use crate::fleet::Fleet;
use crate::scripts::script;

/// Long enough to count as without end, and a time of day all the same.
const LONGEST_OVERLAP: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

pub(super) struct Shared {
    pub(super) fleet: Fleet,
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) settings: RotationSettings,
    pub(super) ring: Arc<KeyRing>,
    pub(super) budgets: Arc<Mutex<BTreeMap<String, FleetBudget>>>,
    /// When the key that is the newest was named, by the store's clock: an older name, such as after a failover, is not
    /// followed.
    pub(super) named_at: Mutex<u64>,
    /// Digests of the secrets, by which a file that changed is noticed.
    pub(super) digests: Mutex<BTreeMap<String, [u8; 32]>>,
    /// Keys that another took the place of, and whose files are still there, with the end of their overlap.
    pub(super) replaced: Mutex<BTreeMap<String, SystemTime>>,
    /// Held by the one who reads the files: two would add the same key. A folder can hang: at most one read is under way.
    pub(super) loading: tokio::sync::Mutex<Option<Reading>>,
    pub(super) reported: Reported,
}

/// Reports this member whatever its folder does: one that hangs is no reason to count as gone.
pub(super) async fn beat(shared: Weak<Shared>) {
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let reported = heartbeat(&shared.fleet).await;
        let config = shared.fleet.0.store.config();
        let pause = if reported.is_ok() {
            config.heartbeat
        } else {
            config.heartbeat.min(config.rest)
        };
        drop(shared);
        sleep(pause).await;
    }
}

pub(super) async fn poll(shared: Weak<Shared>, every: Duration) {
    loop {
        sleep(every).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if let Err(error) = shared.refresh().await
            && !error.is_away()
        {
            let (ring, code) = (&shared.name, error.code());
            warn!(target: "bankezy_fleet", { ring, error.code = code }, "keys not refreshed");
        }
    }
}

impl Shared {
    pub(super) async fn refresh(&self) -> Result<(), FleetError> {
        let loaded = self.load().await;
        let newest = self.ring.key_ids().into_iter().next();
        let reported = heartbeat(&self.fleet).await;
        let followed = self.follow().await;
        self.ring.purge();
        let (gone, added) = loaded?;
        // Until the report without them arrived, one of them could be promoted. Others may seal for a heartbeat more with the
        // one that was replaced just now.
        let is_told = reported.is_ok() && followed.is_ok();
        for id in gone {
            let was_replaced = lock(&self.replaced).contains_key(&id);
            if (is_told || was_replaced) && Some(&id) != newest.as_ref() {
                self.retire(&id);
            }
        }
        reported.and(followed).and(added)
    }

    /// Adds the keys of new files, and reports all that will still open when others seal with them. Returns those whose
    /// files are gone, and why one could not be added.
    async fn load(&self) -> Result<(Vec<String>, Result<(), FleetError>), FleetError> {
        let mut loading = self.loading.lock().await;
        self.ring.purge();
        let folder = match self.read(&mut loading).await {
            Ok(folder) => folder,
            Err(error) => {
                self.report(|_| true);
                return Err(error);
            }
        };
        let known = self.ring.key_ids();
        lock(&self.replaced).retain(|id, _| folder.has(id) || known.contains(id));
        let mut added = folder.check();
        for (id, secret) in &folder.secrets {
            // A key that was replaced and has expired does not come back because its file is still there.
            if known.contains(id) {
                added = added.and(self.check_unchanged(id, secret));
            } else if !lock(&self.replaced).contains_key(id) {
                match self.add(id, secret) {
                    Ok(cipher) => self.reserve(id, cipher).await,
                    Err(error) => added = added.and(Err(error)),
                }
            }
        }
        self.report(|id| folder.has(id));
        let mut gone = self.ring.key_ids();
        gone.retain(|id| !folder.has(id));
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

    /// Has the next heartbeat report the keys that are there and will still open when others seal with them.
    fn report(&self, is_there: impl Fn(&str) -> bool) {
        // A report is believed for three heartbeats, and who believes it seals a heartbeat later.
        let heartbeat = self.fleet.0.store.config().heartbeat;
        let long_enough = SystemTime::now() + heartbeat.saturating_mul(5);
        let mut ids = self.ring.key_ids();
        let replaced = lock(&self.replaced);
        let opens = |id: &String| replaced.get(id).is_none_or(|until| *until > long_enough);
        ids.retain(|id| is_there(id) && opens(id));
        self.reported.set(ids);
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
        lock(&self.replaced).remove(id);
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
        self.ring.add_for_opening(id, Arc::clone(&cipher))?;
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
        self.name_newest(key_id, by_force).await?;
        self.follow().await
    }

    async fn name_newest(&self, key_id: &str, by_force: bool) -> Result<(), FleetError> {
        let (names, member) = (&self.fleet.0.names, &self.fleet.0.member);
        let lives = lives(&self.fleet);
        let (members, reports, newest) = (names.members(), names.reports(), names.newest());
        let named_at = *lock(&self.named_at);
        let promote = async |connection: &mut _| {
            let script = script(concat!(
                include_str!("../scripts/since.lua"),
                include_str!("../scripts/promote.lua")
            ));
            let mut call = script.key(&members);
            call.key(&reports).key(&newest);
            call.arg(&self.name).arg(key_id).arg(u8::from(by_force));
            call.arg(named_at).arg(member).arg(lives);
            call.invoke_async::<isize>(connection).await
        };
        let missing = self.fleet.0.store.run("promote", promote).await?;
        match usize::try_from(missing) {
            Ok(0) => Ok(()),
            Ok(missing) => Err(FleetError::NotReported { missing }),
            Err(_) => Err(FleetError::MembersForgotten),
        }
    }

    /// Seals with the key that the store names, if this process has it.
    async fn follow(&self) -> Result<(), FleetError> {
        let Some((at, id)) = newest(&self.fleet, &self.name).await? else {
            return Ok(());
        };
        self.ring.purge();
        if at > *lock(&self.named_at) && !self.ring.key_ids().contains(&id) {
            // One that was replaced and has expired, and which others seal with again.
            lock(&self.replaced).remove(&id);
            let _ = self.load().await;
        }
        // Held to the end: a heartbeat and a promotion may follow at the same time.
        let mut named_at = lock(&self.named_at);
        if at <= *named_at {
            return Ok(());
        }
        let heartbeat = self.fleet.0.store.config().heartbeat;
        let overlap = self.settings.overlap.max(heartbeat * 3);
        let overlap = overlap.min(LONGEST_OVERLAP);
        let until = SystemTime::now() + overlap;
        let replaced = self.ring.key_ids().into_iter().next();
        self.ring.promote(&id, Previous::OpensUntil(until))?;
        let mut all_replaced = lock(&self.replaced);
        all_replaced.extend(replaced.map(|id| (id, until)));
        all_replaced.remove(&id);
        drop(all_replaced);
        *named_at = at;
        info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key promoted");
        Ok(())
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
