//! Keys from files, which all processes of a fleet load before one of them seals with a new one.

mod files;
mod newest;
mod reports;
mod settings;
mod shared;

use core::fmt;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_crypto::{KeyRing, Seal as _};
use tokio::time::{Instant, sleep};
use tracing::warn;

use self::newest::newest;
use crate::budget::FleetBudget;
use crate::connection::lock;
use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::names::is_name;
use files::read;
use reports::{Reported, heartbeat};
pub use settings::RotationSettings;
use shared::{Shared, beat, poll, unreserved, within};

/// A [`KeyRing`] whose keys come from the files of a folder: the name of a file is the key's identifier, its text a
/// payload secret in base64url. Files whose names begin with a dot are ignored. The secrets are never in the store.
///
/// The folder is read by its path with each heartbeat, so it may be swapped as a whole, as Kubernetes does with a
/// symbolic link. A new file opens messages from the next heartbeat on. It seals after [`promote`](Self::promote), in all
/// processes, at most a heartbeat later. A key whose file is gone is retired four heartbeats later, unless it is the one to
/// seal with; a folder without any file changes nothing, and neither does a file that now holds another key.
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

impl Fleet {
    /// A ring of keys from the files of a folder, which rotates in step with the other processes. `ring` is its name in
    /// the store, and `first` the key to seal with while the store names no other: a change of it seals at once, so promote
    /// another key instead.
    ///
    /// Await it before the process serves: it loads the files, reports them, and asks which key the fleet seals with.
    /// `first` is the name of a file. Without the store it begins with that key and emits an event at `warn`, `keys not
    /// reported`; call [`Fleet::ping`] before if a start without the store is to fail. Until a heartbeat reaches
    /// the store, a promotion in another process does not wait for this one.
    ///
    /// # Errors
    /// [`FleetError::Name`] of the ring, [`FleetError::KeyFolder`], [`FleetError::KeyFile`] and [`FleetError::NoKeys`];
    /// [`FleetError::NoNewestKey`] if the key that the fleet seals with is not among the files yet,
    /// [`FleetError::NoFirstKey`] if it names none and `first` is not.
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
        if !is_name(&name) {
            return Err(FleetError::Name);
        }
        let found = read(&folder, within(fleet)).await?;
        found.check()?;
        let mut secrets = found.secrets;
        // Reported before the fleet is asked which key to seal with: whoever promotes one later waits for this process.
        let reported = Reported::new(fleet, &name);
        reported.set(secrets.keys().cloned().collect());
        if let Err(error) = heartbeat(fleet).await {
            let code = error.code();
            warn!(target: "bankezy_fleet", { ring = name, error.code = code }, "keys not reported");
        }
        let named = newest(fleet, &name, None).await.unwrap_or_else(|error| {
            let code = error.code();
            warn!(target: "bankezy_fleet", { ring = name, error.code = code }, "newest key not known");
            None
        });
        let id = named.as_ref().map_or(first, |named| &named.id).to_owned();
        let Some(secret) = secrets.remove(&id) else {
            let lacking = named.map_or(FleetError::NoFirstKey, |named| FleetError::NoNewestKey {
                key_id: named.id,
            });
            return Err(withdrawn(fleet, reported, lacking).await);
        };
        lock(&reported.followed).named = named;
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
            budgets: Arc::default(),
            digests: Mutex::new(digests),
            gone: Mutex::default(),
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
        // From here on, since a store can be slow: who no longer reports counts as gone.
        tokio::spawn(beat(Arc::downgrade(&shared)));
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

    /// The ring, to seal and open with: a [`Channel`](bankezy_crypto::Channel) is made from it. Leave its keys to the files:
    /// one that is retired here comes back with the next heartbeat while its file is there. Keep this `KeyFiles`, or a
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
    /// The last reason why it was not promoted within this time: [`FleetError::NotReported`] if some do not report it,
    /// [`FleetError::MembersForgotten`] if the store may have lost members within the last three heartbeats,
    /// [`UnknownKeyId`](bankezy_crypto::Error::UnknownKeyId) if its file did not arrive in this process, or its overlap is
    /// over. Nothing has changed then, unless the store was away. [`FleetError::Superseded`] at once, if another key is
    /// promoted meanwhile. Errors of the folder and of the store.
    pub async fn promote(&self, key_id: &str, within: Duration) -> Result<(), FleetError> {
        let until = Instant::now().checked_add(within);
        let (mut reason, mut seen) = (FleetError::Resting, None);
        loop {
            match self.0.promote(key_id, false, &mut seen).await {
                Ok(()) => return Ok(()),
                // That one was promoted later than this call was made.
                Err(FleetError::Superseded) => return Err(FleetError::Superseded),
                // It says less than what went before.
                Err(FleetError::Resting) => {}
                Err(error) => reason = error,
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(reason);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Like [`promote`](Self::promote), but does not wait for the members' reports. For use after a leak. Members without
    /// the key fail to open what is sealed with it until they have its file.
    ///
    /// # Errors
    /// [`UnknownKeyId`](bankezy_crypto::Error::UnknownKeyId) if this process does not have it, or its file is gone: under
    /// a name without a file no process could start. [`FleetError::Superseded`] if another process promotes at the same
    /// time, and is faster twice.
    pub async fn promote_by_force(&self, key_id: &str) -> Result<(), FleetError> {
        match self.0.promote(key_id, true, &mut None).await {
            Err(FleetError::Superseded) => self.0.promote(key_id, true, &mut None).await,
            promoted => promoted,
        }
    }

    /// Reads the files and asks for the key to seal with now, instead of with the next heartbeat.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn refresh(&self) -> Result<(), FleetError> {
        self.0.refresh().await
    }
}

/// No longer reports a ring that could not be opened: promotions would wait for this process until it counts as gone.
async fn withdrawn(fleet: &Fleet, reported: impl Sized, error: FleetError) -> FleetError {
    drop(reported);
    let _ = heartbeat(fleet).await;
    error
}

impl fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFiles")
            .field("ring", &self.0.name)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
