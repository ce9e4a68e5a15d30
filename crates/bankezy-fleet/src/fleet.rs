//! One process's membership in a fleet.

use core::fmt;
use std::sync::{Arc, Mutex};

use crate::config::FleetConfig;
use crate::connection::{Health, Store};
use crate::error::FleetError;
use crate::names::{Names, unique};
use crate::rings::Rings;

/// One process's membership in a fleet: the connection to the store, under the fleet's name. Cheap to clone.
///
/// ```no_run
/// use bankezy_fleet::{Fleet, FleetConfig};
///
/// # async fn run() -> Result<(), bankezy_fleet::FleetError> {
/// let fleet = Fleet::connect(FleetConfig::new("rediss://redis.internal:6379", "payments"))?;
/// if let Err(error) = fleet.ping().await {
///     eprintln!("{}: {error}", error.code()); // sealing and opening work all the same
/// }
/// for member in fleet.members().await? {
///     println!("{} {:?}", member.id, member.rings);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Fleet(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) names: Names,
    /// New with each start.
    pub(crate) member: String,
    pub(crate) rings: Mutex<Rings>,
    /// How many reports were made. Held while one is made and sent.
    pub(crate) reports: tokio::sync::Mutex<u64>,
}

impl Fleet {
    /// Checks the configuration and begins to connect. It waits for nothing: a backend starts without the store, and
    /// [`ping`](Self::ping) says whether it is there.
    ///
    /// # Errors
    /// [`FleetError::Name`], [`FleetError::Url`], [`FleetError::NoTls`], [`FleetError::Certificates`] and [`FleetError::Identity`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect(config: FleetConfig) -> Result<Self, FleetError> {
        if !config.has_names() {
            return Err(FleetError::Name);
        }
        let names = Names::new(&config.name);
        Ok(Self(Arc::new(Shared {
            store: Store::new(config)?,
            names,
            member: unique(),
            rings: Mutex::default(),
            reports: tokio::sync::Mutex::default(),
        })))
    }

    /// Checks that the store answers, for a readiness probe.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn ping(&self) -> Result<(), FleetError> {
        let ping = async |connection: &mut _| redis::cmd("PING").query_async(connection).await;
        self.0.store.run("ping", ping).await
    }

    /// The state of the store, by the last operations of this process. Asks nothing, so it does not change without them.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.store.health()
    }

    /// This process's identifier among the members, new with each start.
    #[must_use]
    pub fn member_id(&self) -> &str {
        &self.0.member
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
