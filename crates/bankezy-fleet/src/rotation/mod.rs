//! Keys from files, which all processes of a fleet load before one of them seals with a new one.

mod files;
mod reports;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bankezy_crypto::{Error, KeyRing, PayloadCipher, PayloadSecret, Previous, Seal as _};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::budget::{BudgetSettings, FleetBudget};
use crate::connection::lock;
use crate::error::{FleetError, KeyFileProblem};
use crate::fleet::Fleet;
use crate::scripts::script;
use files::read;
pub(crate) use reports::Report;
use reports::{heartbeat, newest};

/// Long enough to count as without end, and a time of day all the same.
const LONGEST_OVERLAP: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How keys of files are used.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct RotationSettings {
    overlap: Duration,
    budget: BudgetSettings,
    max_opening_keys: usize,
}

impl RotationSettings {
    /// How long a key that was replaced still opens. Default: 1 hour.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// How the fleet divides the nonce budget of each key.
    pub fn budget(mut self, budget: BudgetSettings) -> Self {
        self.budget = budget;
        self
    }

    /// Files beside the one to seal with that the ring takes at most. Default: 8.
    pub fn max_opening_keys(mut self, max: usize) -> Self {
        self.max_opening_keys = max;
        self
    }
}

impl Default for RotationSettings {
    fn default() -> Self {
        Self {
            overlap: Duration::from_secs(60 * 60),
            budget: BudgetSettings::default(),
            max_opening_keys: 8,
        }
    }
}

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
    /// Keys that another took the place of, and whose files are still there.
    replaced: Mutex<BTreeSet<String>>,
    /// Held by the one who reads the files: two would add the same key.
    loading: tokio::sync::Mutex<()>,
    _reported: Reported,
}

/// That this member reports the ring. A promotion would wait for a member that still did, and no longer reads its files.
struct Reported {
    fleet: Fleet,
    ring: String,
}

impl Drop for Reported {
    fn drop(&mut self) {
        lock(&self.fleet.0.rings).remove(&self.ring);
    }
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
        let mut secrets = read(folder.clone()).await?;
        // Reported before the fleet is asked which key to seal with: whoever promotes one later waits for this process.
        let ids = secrets.keys().cloned().collect();
        lock(&fleet.0.rings).insert(name.clone(), ids);
        let reported = Reported {
            fleet: fleet.clone(),
            ring: name.clone(),
        };
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
            // Otherwise promotions would wait for this process until it counts as gone.
            drop(reported);
            let _ = heartbeat(fleet).await;
            return Err(lacking);
        };
        let (cipher, budget) = cipher(fleet, &name, &id, &secret, settings).await?;
        let digests = BTreeMap::from([(id.clone(), cipher.key_tag())]);
        let ring = KeyRing::new(id.as_str(), cipher);
        let ring = Arc::new(ring.with_max_opening_keys(settings.max_opening_keys));
        let shared = Arc::new(Shared {
            fleet: fleet.clone(),
            name,
            folder,
            settings,
            ring,
            budgets: Mutex::new(BTreeMap::from([(id, budget)])),
            named_at: Mutex::new(named_at),
            digests: Mutex::new(digests),
            replaced: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            _reported: reported,
        });
        for (id, secret) in &secrets {
            shared.add(id, secret).await?;
        }
        tokio::spawn(poll(
            Arc::downgrade(&shared),
            fleet.0.store.config().heartbeat,
        ));
        Ok(Self(shared))
    }

    /// The ring, to seal and open with: a [`Channel`](bankezy_crypto::Channel) is made from it.
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
    /// [`FleetError::NotReported`] if some do not within this time, and [`Error::UnknownKeyId`] if this process does not have
    /// it by then; nothing has changed then.
    pub async fn promote(&self, key_id: &str, within: Duration) -> Result<(), FleetError> {
        let until = Instant::now().checked_add(within);
        loop {
            let refused = match self.0.loaded(key_id).await {
                Ok(()) => match self.0.name_newest(key_id, false).await? {
                    0 => return self.0.follow().await,
                    missing => FleetError::NotReported { missing },
                },
                Err(error) => error,
            };
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(refused);
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
        self.0.loaded(key_id).await?;
        self.0.name_newest(key_id, true).await?;
        self.0.follow().await
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
        heartbeat(&self.fleet).await?;
        self.follow().await?;
        loaded
    }

    /// Adds the keys of new files, and retires those whose files are gone.
    async fn load(&self) -> Result<(), FleetError> {
        let _loading = self.loading.lock().await;
        let secrets = read(self.folder.clone()).await?;
        lock(&self.replaced).retain(|id| secrets.contains_key(id));
        let known = self.ring.key_ids();
        let mut added = Ok(());
        for (id, secret) in &secrets {
            // A key that was replaced and has expired does not come back because its file is still there.
            if known.contains(id) {
                added = added.and(self.check_unchanged(id, secret));
            } else if !lock(&self.replaced).contains(id) {
                added = added.and(self.add(id, secret).await);
            }
        }
        let newest = known.first();
        for id in known
            .iter()
            .filter(|id| !secrets.contains_key(*id) && Some(*id) != newest)
        {
            // It may have expired by itself.
            let _ = self.ring.retire(id);
            lock(&self.budgets).remove(id);
            info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key retired");
        }
        self.ring.purge();
        lock(&self.fleet.0.rings).insert(self.name.clone(), self.ring.key_ids());
        added
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

    async fn add(&self, id: &str, secret: &PayloadSecret) -> Result<(), FleetError> {
        let (cipher, budget) = cipher(&self.fleet, &self.name, id, secret, self.settings).await?;
        let digest = cipher.key_tag();
        self.ring.add_for_opening(id, cipher)?;
        lock(&self.digests).insert(id.to_owned(), digest);
        lock(&self.budgets).insert(id.to_owned(), budget);
        Ok(())
    }

    /// Reads the files, and says whether the ring has the key.
    async fn loaded(&self, key_id: &str) -> Result<(), FleetError> {
        let loaded = self.load().await;
        if self.ring.key_ids().iter().any(|id| id == key_id) {
            return Ok(());
        }
        loaded.and(Err(FleetError::Key(Error::UnknownKeyId)))
    }

    async fn name_newest(&self, key_id: &str, by_force: bool) -> Result<usize, FleetError> {
        let names = &self.fleet.0.names;
        let (members, reports, newest) = (names.members(), names.reports(), names.newest());
        let named_at = *lock(&self.named_at);
        let promote = async |connection: &mut _| {
            let script = script(include_str!("../scripts/promote.lua"));
            let mut call = script.key(&members);
            call.key(&reports).key(&newest);
            call.arg(&self.name).arg(key_id).arg(u8::from(by_force));
            call.arg(named_at);
            call.invoke_async::<usize>(connection).await
        };
        self.fleet.0.store.run("promote", promote).await
    }

    /// Seals with the key that the store names, if this process has it.
    async fn follow(&self) -> Result<(), FleetError> {
        let Some((at, id)) = newest(&self.fleet, &self.name).await? else {
            return Ok(());
        };
        // Held to the end: a heartbeat and a promotion may follow at the same time.
        let mut named_at = lock(&self.named_at);
        if at <= *named_at {
            return Ok(());
        }
        let overlap = self.settings.overlap.min(LONGEST_OVERLAP);
        let until = SystemTime::now() + overlap;
        let replaced = self.ring.key_ids().into_iter().next();
        self.ring.promote(&id, Previous::OpensUntil(until))?;
        let mut all_replaced = lock(&self.replaced);
        all_replaced.extend(replaced);
        all_replaced.remove(&id);
        drop(all_replaced);
        *named_at = at;
        info!(target: "bankezy_fleet", { ring = self.name, key_id = id }, "key promoted");
        Ok(())
    }
}

async fn cipher(
    fleet: &Fleet,
    ring: &str,
    id: &str,
    secret: &PayloadSecret,
    settings: RotationSettings,
) -> Result<(Arc<PayloadCipher>, FleetBudget), FleetError> {
    let cipher = PayloadCipher::new(secret)?;
    let name = format!("{ring}/{id}");
    Ok(fleet.budget(name, cipher, settings.budget).await)
}

impl fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFiles")
            .field("ring", &self.0.name)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
