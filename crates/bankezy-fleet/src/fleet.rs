//! One process's membership in a fleet.

use core::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bankezy_crypto::providers::{SealedStorage, Token};
use bankezy_crypto::{Error, KeyRing, PayloadCipher};

use crate::budget::{BudgetSettings, FleetBudget};
use crate::config::FleetConfig;
use crate::connection::{Health, Store};
use crate::error::FleetError;
use crate::names::{Names, unique};
use crate::replay::SharedMarks;
use crate::rotation::{KeyFiles, Rings, RotationSettings};
use crate::sessions::{SessionSettings, SharedSessions};
use crate::tokens::{LoginLock, SharedTokens};

/// One process's membership in a fleet: the connection to the store, under the fleet's name. Cheap to clone.
#[derive(Clone)]
#[must_use]
pub struct Fleet(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) names: Names,
    /// New with each start.
    pub(crate) member: String,
    /// What this member reports.
    pub(crate) rings: Rings,
}

impl Fleet {
    /// Checks the configuration and begins to connect. It waits for nothing: a backend starts without the store, and
    /// [`ping`](Self::ping) says whether it is there.
    ///
    /// # Errors
    /// [`FleetError::Url`] and [`FleetError::Certificates`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect(config: FleetConfig) -> Result<Self, FleetError> {
        let names = Names::new(&config.name);
        Ok(Self(Arc::new(Shared {
            store: Store::new(config)?,
            names,
            member: unique(),
            rings: Rings::default(),
        })))
    }

    /// Asks the store for a sign of life.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn ping(&self) -> Result<(), FleetError> {
        let ping = async |connection: &mut _| redis::cmd("PING").query_async(connection).await;
        self.0.store.run("ping", ping).await
    }

    /// How the store does, by the last operations of this process. Asks nothing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.store.health()
    }

    /// This process's identifier among the members, new with each start.
    #[must_use]
    pub fn member_id(&self) -> &str {
        &self.0.member
    }

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

    /// Makes a cipher seal within the fleet's budget of its key. `key_id` is the key's name in the store, the same in
    /// all processes: an identifier, nothing secret.
    pub fn budget(
        &self,
        key_id: impl Into<String>,
        cipher: PayloadCipher,
        settings: BudgetSettings,
    ) -> (Arc<PayloadCipher>, FleetBudget) {
        FleetBudget::start(self, key_id.into(), cipher, settings)
    }

    /// A session that the processes of the fleet share, token and agreed key together. `name` is that of the login, the
    /// same in all processes. [`SharedSessions`] says what it costs.
    ///
    /// # Errors
    /// As for [`TokenKey::of`](bankezy_crypto::providers::TokenKey::of).
    pub fn sessions(
        &self,
        name: &str,
        ring: Arc<KeyRing>,
        settings: SessionSettings,
    ) -> Result<SharedSessions, Error> {
        SharedSessions::new(self, name, ring, settings)
    }

    /// A ring of keys from the files of a folder, which rotates in step with the other processes. `ring` is its name in
    /// the store, and `first` the key to seal with while the store names no other.
    ///
    /// Await it before the process serves: it loads the files, reports them, and asks which key the fleet seals with.
    ///
    /// # Errors
    /// [`FleetError::KeyFile`]; [`FleetError::NoKeys`] if the key that the fleet seals with is not among the files yet.
    pub async fn key_files(
        &self,
        ring: impl Into<String>,
        folder: impl Into<PathBuf>,
        first: &str,
        settings: RotationSettings,
    ) -> Result<KeyFiles, FleetError> {
        KeyFiles::open(self, ring.into(), folder.into(), first, settings).await
    }

    /// A store of marks for the replay guard of `bankezy-tower`. All guards on it need the same rule.
    pub fn replay_marks(&self) -> SharedMarks {
        SharedMarks::new(self)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("store", &self.0.store)
            .field("member", &self.0.member)
            .finish()
    }
}
