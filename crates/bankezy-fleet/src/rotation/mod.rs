//! Keys from files, which all processes of a fleet load before one of them seals with a new one.

mod files;
mod reports;
mod settings;

use core::fmt;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bankezy_crypto::{Error, KeyRing, PayloadCipher, PayloadSecret, Previous, Seal as _};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::budget::FleetBudget;
use crate::connection::lock;
use crate::error::{FleetError, KeyFileProblem};
use crate::fleet::Fleet;
use crate::scripts::script;
use files::read;
pub(crate) use reports::Report;
use reports::{Reported, heartbeat, lives, newest};
pub use settings::RotationSettings;

/// Long enough to count as without end, and a time of day all the same.
const LONGEST_OVERLAP: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A [`KeyRing`] whose keys come from the files of a folder: the name of a file is the key's identifier, its text a
/// payload secret in base64url. Files whose names begin with a dot are ignored. The secrets are never in the store.
///
/// The folder is read by its path with each heartbeat, so it may be swapped as a whole, as Kubernetes does with a
/// symbolic link. A new file opens messages at once. It seals after [`promote`](Self::promote), in all processes, at most
/// a heartbeat later. A key whose file is gone is retired, unless it is the one to seal with; a folder without any file
/// changes nothing, and neither does a file that now holds another key.
///
/// Without the store, all goes on with the keys there are, and no other key is promoted.
///
/// ```
/// use std::time::Duration;
///
/// use bankezy_crypto::Channel;
/// use bankezy_fleet::{Fleet, FleetError, RotationSettings};
///
/// # async fn run(fleet: &Fleet) -> Result<(), FleetError> {
/// let settings = RotationSettings::default().overlap(Duration::from_secs(600));
/// let keys = fleet.key_files("callbacks", "/run/secrets/callbacks", "2026-10", settings).await?;
/// let channel = Channel::from(keys.ring());
/// // Later, in one process, once all have the file `2026-11`:
/// keys.promote("2026-11", Duration::from_secs(60)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct KeyFiles(Arc<Shared>);

struct Shared {
    fleet: Fleet,
    name: String,
    folder: PathBuf,
    settings: RotationSettings,
    ring: Arc<KeyRing>,
    budgets: Mutex<BTreeMap<String, FleetBudget>>,
    /// When the key that is the newest was named, by the store's clock: an older name, such as after a failover, is not
    /// followed.
    named_at: Mutex<u64>,
    /// Digests of the secrets, by which a file that changed is noticed.
    digests: Mutex<BTreeMap<String, [u8; 32]>>,
    /// Keys that another took the place of, and whose files are still there, with the end of their overlap.
    replaced: Mutex<BTreeMap<String, SystemTime>>,
    /// Held by the one who reads the files: two would add the same key.
    loading: tokio::sync::Mutex<()>,
    reported: Reported,
}

impl Fleet {
    /// A ring of keys from the files of a folder, which rotates in step with the other processes. `ring` is its name in
    /// the store, and `first` the key to seal with while the store names no other.
    ///
    /// Await it before the process serves: it loads the files, reports them, and asks which key the fleet seals with.
    /// `first` is the name of a file. Without the store it begins with that key and emits an event at `warn`, `keys not
    /// reported`; call [`Fleet::ping`] before if a start without the store is to fail. Until a heartbeat reaches
    /// the store, a promotion in another process does not wait for this one.
    ///
    /// # Errors
    /// [`FleetError::KeyFolder`], [`FleetError::KeyFile`] and [`FleetError::NoKeys`]; [`FleetError::NoNewestKey`] if the key
    /// that the fleet seals with is not among the files yet, [`FleetError::NoFirstKey`] if it names none and `first` is not.
    pub async fn key_files(
        &self,
        ring: impl Into<String>,
        folder: impl Into<PathBuf>,
        first: &str,
        settings: RotationSettings,
    ) -> Result<KeyFiles, FleetError> {
        KeyFiles::open(self, ring.into(), folder.into(), first, settings).await
    }
}

impl KeyFiles {
    pub(crate) async fn open(
        fleet: &Fleet,
        name: String,
        folder: PathBuf,
        first: &str,
        settings: RotationSettings,
    ) -> Result<Self, FleetError> {
        let found = read(folder.clone()).await?;
        found.check()?;
        let mut secrets = found.secrets;
        // Reported before the fleet is asked which key to seal with: whoever promotes one later waits for this process.
        let reported = Reported::new(fleet, &name);
        reported.set(secrets.keys().cloned().collect());
        if let Err(error) = heartbeat(fleet).await {
            let code = error.code();
            warn!(target: "bankezy_fleet", { ring = name, error.code = code }, "keys not reported");
        }
        let named = newest(fleet, &name).await.unwrap_or_else(|error| {
            let code = error.code();
            warn!(target: "bankezy_fleet", { ring = name, error.code = code }, "newest key not known");
            None
        });
        let lacking = match named {
            Some(_) => FleetError::NoNewestKey,
            None => FleetError::NoFirstKey,
        };
        let (named_at, id) = named.unwrap_or_else(|| (0, first.to_owned()));
        let Some(secret) = secrets.remove(&id) else {
            return Err(withdrawn(fleet, reported, lacking).await);
        };
        let cipher = unreserved(&secret)?;
        let digests = BTreeMap::from([(id.clone(), cipher.key_tag())]);
        let ring = KeyRing::new(id.as_str(), Arc::clone(&cipher));
        let ring = Arc::new(ring.with_max_opening_keys(settings.max_opening_keys));
        let shared = Arc::new(Shared {
            fleet: fleet.clone(),
            name,
            folder,
            settings,
            ring,
            budgets: Mutex::default(),
            named_at: Mutex::new(named_at),
            digests: Mutex::new(digests),
            replaced: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            reported,
        });
        let mut added = vec![(id, cipher)];
        for (id, secret) in &secrets {
            match shared.add(id, secret) {
                Ok(cipher) => added.push((id.clone(), cipher)),
                Err(error) => return Err(withdrawn(fleet, shared, error).await),
            }
        }
        // Once the ring has taken all of them: a start that fails is often repeated, and would reserve each time.
        for (id, cipher) in added {
            shared.reserve(&id, cipher).await;
        }
        tokio::spawn(poll(
            Arc::downgrade(&shared),
            fleet.0.store.config().heartbeat,
        ));
        Ok(Self(shared))
    }

    /// The ring, to seal and open with: a [`Channel`](bankezy_crypto::Channel) is made from it. Keep this `KeyFiles`, or a
    /// clone, for as long as the ring is in use: once the last is dropped, the ring stays as it is, and promotions in
    /// other processes no longer wait for this one.
    #[must_use]
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.ring)
    }

    /// The fleet's budget of a key.
    #[must_use]
    pub fn budget(&self, key_id: &str) -> Option<FleetBudget> {
        lock(&self.0.budgets).get(key_id).cloned()
    }

    /// Makes a key the one that all processes seal with, once all live members report that they can open with it. A
    /// member that ended counts for up to three heartbeats more.
    ///
    /// # Errors
    /// That of the last attempt within this time: [`FleetError::NotReported`] if some do not report it,
    /// [`FleetError::MembersForgotten`] if the store may have lost members within the last three heartbeats,
    /// [`Error::UnknownKeyId`] if this process does not have it. Nothing has changed then, unless the store was
    /// away.
    pub async fn promote(&self, key_id: &str, within: Duration) -> Result<(), FleetError> {
        let until = Instant::now().checked_add(within);
        loop {
            let promoted = self.0.promote(key_id, false).await;
            if promoted.is_ok() || until.is_some_and(|until| Instant::now() >= until) {
                return promoted;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Like [`promote`](Self::promote), but does not wait for the members' reports. For use after a leak. Members without the key fail to open what is
    /// sealed with it until they have its file.
    ///
    /// # Errors
    /// [`Error::UnknownKeyId`] if this process does not have it: under a name without a file no process could start.
    pub async fn promote_by_force(&self, key_id: &str) -> Result<(), FleetError> {
        self.0.promote(key_id, true).await
    }

    /// Reads the files and asks for the key to seal with now, instead of with the next heartbeat.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn refresh(&self) -> Result<(), FleetError> {
        self.0.refresh().await
    }
}

async fn poll(shared: std::sync::Weak<Shared>, every: Duration) {
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
    async fn refresh(&self) -> Result<(), FleetError> {
        let loaded = self.load().await;
        let reported = heartbeat(&self.fleet).await;
        let followed = self.follow().await;
        self.ring.purge();
        let (gone, added) = loaded?;
        // Not before: until the report without them arrived, one of them could be promoted.
        for id in gone {
            self.retire(&id);
        }
        reported.and(followed).and(added)
    }

    /// Adds the keys of new files, and reports all that will still open when others seal with them. Returns those whose
    /// files are gone, and why one could not be added.
    async fn load(&self) -> Result<(Vec<String>, Result<(), FleetError>), FleetError> {
        let _loading = self.loading.lock().await;
        let folder = match read(self.folder.clone()).await {
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

    fn add(&self, id: &str, secret: &PayloadSecret) -> Result<Arc<PayloadCipher>, FleetError> {
        let cipher = unreserved(secret)?;
        let digest = cipher.key_tag();
        self.ring.add_for_opening(id, Arc::clone(&cipher))?;
        lock(&self.digests).insert(id.to_owned(), digest);
        Ok(cipher)
    }

    async fn reserve(&self, id: &str, cipher: Arc<PayloadCipher>) {
        let name = format!("{}/{id}", self.name);
        let budget = FleetBudget::begin(&self.fleet, name, &cipher, self.settings.budget).await;
        lock(&self.budgets).insert(id.to_owned(), budget);
    }

    async fn promote(&self, key_id: &str, by_force: bool) -> Result<(), FleetError> {
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

/// No longer reports a ring that could not be opened: promotions would wait for this process until it counts as gone.
async fn withdrawn(fleet: &Fleet, reported: impl Sized, error: FleetError) -> FleetError {
    drop(reported);
    let _ = heartbeat(fleet).await;
    error
}

/// It seals nothing before a share is reserved.
fn unreserved(secret: &PayloadSecret) -> Result<Arc<PayloadCipher>, FleetError> {
    Ok(Arc::new(PayloadCipher::new(secret)?.with_nonce_budget(0)))
}

impl fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFiles")
            .field("ring", &self.0.name)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
