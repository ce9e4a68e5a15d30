//! The connection to the store: every wait has an end, and a store that is away is left alone for a moment.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, RedisConnectionInfo, RedisError, RedisResult,
};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::client;
use crate::config::{FIRST_REST, FleetConfig};
use crate::error::FleetError;
use crate::metrics;
use crate::names::up_to;

/// One multiplexed connection, so no command that blocks it (`WAIT`, `BLPOP`) may be sent over it.
pub(crate) struct Store {
    client: Client,
    config: FleetConfig,
    connection: ArcSwap<Connection>,
    state: Mutex<State>,
    successes: AtomicU64,
    failures: AtomicU64,
}

struct Connection {
    manager: ConnectionManager,
    /// Whether it ever answered. If not, it may still be connecting, which has a deadline of its own.
    answered: AtomicBool,
    made: Instant,
}

/// An operation under way. If its caller gives up before the deadline, nobody else would notice that the store is silent.
struct Asking<'a> {
    store: &'a Store,
    operation: &'static str,
    connection: &'a Arc<Connection>,
    began: Instant,
    has_ended: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.store.given_up(self);
        }
    }
}

#[derive(Default)]
struct State {
    failures_in_a_row: u32,
    rests_until: Option<Instant>,
    last_failure: Option<Instant>,
    /// For how long callers that gave up waited since the last answer, and until when.
    unanswered: Duration,
    last_given_up: Option<Instant>,
    /// Whether the last operation was refused, or answered as by something else.
    was_refused: bool,
    /// What an event told of since the last success.
    told: Vec<FleetError>,
    /// When it last connected anew because the server takes no writes.
    last_reconnect: Option<Instant>,
    last_success: Option<Instant>,
}

impl State {
    /// Whether no event told of the error since the last success.
    fn is_new(&mut self, error: &FleetError) -> bool {
        let is_new = !self.told.contains(error);
        if is_new {
            self.told.push(error.clone());
        }
        is_new
    }
}

/// How the store does, as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether the last operation succeeded.
    pub is_reachable: bool,
    /// How long ago the last operation succeeded; `None` if none did.
    pub last_success: Option<Duration>,
    /// Operations that succeeded.
    pub successes: u64,
    /// Operations that failed: the store was away, or refused them.
    pub failures: u64,
}

impl Store {
    pub(crate) fn new(config: FleetConfig) -> Result<Arc<Self>, FleetError> {
        let client = client::of(&config)?;
        let connection = ArcSwap::from_pointee(Connection::new(&client, &config)?);
        let store = Arc::new(Self {
            client,
            config,
            connection,
            state: Mutex::default(),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        store.connection.load_full().establish(&store.config);
        Ok(store)
    }

    pub(crate) fn config(&self) -> &FleetConfig {
        &self.config
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        let info = self.client.get_connection_info();
        matches!(info.addr(), ConnectionAddr::TcpTls { .. })
    }

    pub(crate) fn is_on_loopback(&self) -> bool {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => {
                let address = host.trim_start_matches('[').trim_end_matches(']');
                let is_loopback = |address: IpAddr| address.is_loopback();
                host == "localhost" || address.parse().is_ok_and(is_loopback)
            }
            _ => false,
        }
    }

    /// As somebody who has only the server's address.
    pub(crate) async fn ping_without_password(&self) -> Result<(), FleetError> {
        let info = self.client.get_connection_info().clone();
        let info = info.set_redis_settings(RedisConnectionInfo::default());
        let client = client::to(info, &self.config)?;
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.connect_deadline))
            .set_response_timeout(Some(self.config.response_deadline));
        let connecting = client.get_multiplexed_async_connection_with_config(&settings);
        let mut connection = connecting.await.map_err(|error| self.error(&error))?;
        let ping = redis::cmd("PING");
        let asking = ping.query_async::<()>(&mut connection);
        asking.await.map_err(|error| self.error(&error))
    }

    fn error(&self, error: &RedisError) -> FleetError {
        FleetError::of(error, self.config.identity.is_some())
    }

    /// Runs one operation within the deadline.
    pub(crate) async fn run<T>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, FleetError> {
        if lock(&self.state)
            .rests_until
            .is_some_and(|until| Instant::now() < until)
        {
            metrics::operation(operation, Some(&FleetError::Resting));
            return Err(FleetError::Resting);
        }
        let connection = self.connection.load_full();
        let mut manager = connection.manager.clone();
        let mut asking = Asking {
            store: self,
            operation,
            connection: &connection,
            began: Instant::now(),
            has_ended: false,
        };
        let result = match timeout(self.config.response_deadline, work(&mut manager)).await {
            Ok(result) => result.map_err(|error| self.error(&error)),
            Err(_) => Err(FleetError::TimedOut),
        };
        asking.has_ended = true;
        metrics::operation(operation, result.as_ref().err());
        match &result {
            Err(error) if error.is_away() => self.failed(&asking, error),
            Err(error) => self.refused(&asking, error),
            Ok(_) => self.succeeded(&connection),
        }
        result
    }

    pub(crate) fn health(&self) -> Health {
        let state = lock(&self.state);
        Health {
            is_reachable: state.failures_in_a_row == 0
                && !state.was_refused
                && state.last_success.is_some(),
            last_success: state.last_success.map(|at| at.elapsed()),
            successes: self.successes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    fn succeeded(&self, connection: &Connection) {
        connection.answered.store(true, Ordering::Relaxed);
        self.successes.fetch_add(1, Ordering::Relaxed);
        let mut state = lock(&self.state);
        if state.failures_in_a_row > 0 {
            info!(target: "bankezy_fleet", "store reached again");
        }
        *state = State {
            last_success: Some(Instant::now()),
            last_reconnect: state.last_reconnect,
            ..State::default()
        };
        metrics::reachable(true);
    }

    /// The server answered, and did not do it. It is asked again at once, but nothing has succeeded.
    fn refused(&self, asking: &Asking<'_>, error: &FleetError) {
        let Asking {
            operation,
            connection,
            ..
        } = *asking;
        connection.answered.store(true, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut state = lock(&self.state);
        state.failures_in_a_row = 0;
        state.rests_until = None;
        state.unanswered = Duration::ZERO;
        if state.is_new(error) {
            let code = error.code();
            warn!(target: "bankezy_fleet", { operation, error.code = code, %error }, "store refuses");
        }
        state.was_refused = true;
        // A primary that became a replica: the name may lead to another server by now.
        let is_replica = matches!(error, FleetError::Refused { code: "READONLY" });
        let rests = |at: Instant| at.elapsed() < self.config.longest_rest();
        let reconnects = is_replica && !state.last_reconnect.is_some_and(rests);
        if reconnects {
            state.last_reconnect = Some(Instant::now());
        }
        drop(state);
        metrics::reachable(false);
        if reconnects {
            self.reconnect(connection);
        }
    }

    /// Together such waits count as one operation that reached the deadline.
    fn given_up(&self, asking: &Asking<'_>) {
        let mut state = lock(&self.state);
        let now = Instant::now();
        // Callers that wait at the same time do not wait for longer.
        let since = state.last_given_up.max(Some(asking.began)).unwrap_or(now);
        let waited = now.saturating_duration_since(since);
        state.unanswered = state.unanswered.saturating_add(waited);
        state.last_given_up = Some(now);
        let is_silent = state.unanswered >= self.config.response_deadline;
        drop(state);
        if is_silent {
            self.failed(asking, &FleetError::TimedOut);
        }
    }

    fn failed(&self, asking: &Asking<'_>, error: &FleetError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut state = lock(&self.state);
        // Many operations can be under way when the store fails: they failed once.
        if state.last_failure.is_some_and(|at| asking.began <= at) {
            return;
        }
        let doublings = 1_u32.checked_shl(state.failures_in_a_row.min(16));
        let rest = FIRST_REST.saturating_mul(doublings.unwrap_or(u32::MAX));
        let rest = rest.min(self.config.longest_rest());
        // Half of it is random, so that the processes of a fleet do not return at once.
        let rest = rest / 2 + up_to(rest / 2);
        if state.is_new(error) {
            let (operation, code) = (asking.operation, error.code());
            warn!(target: "bankezy_fleet", { operation, error.code = code, %error }, "store away");
        }
        let now = Instant::now();
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        state.rests_until = Some(now + rest);
        state.last_failure = Some(now);
        state.unanswered = Duration::ZERO;
        drop(state);
        metrics::reachable(false);
        // The connection reconnects by itself when it breaks, not when it falls silent.
        if *error == FleetError::TimedOut && asking.connection.is_made(&self.config) {
            self.reconnect(asking.connection);
        }
    }

    fn reconnect(&self, broken: &Arc<Connection>) {
        let Ok(connection) = Connection::new(&self.client, &self.config) else {
            return;
        };
        let connection = Arc::new(connection);
        let before = self
            .connection
            .compare_and_swap(broken, Arc::clone(&connection));
        if Arc::ptr_eq(&before, broken) {
            connection.establish(&self.config);
        }
    }
}

impl Connection {
    fn new(client: &Client, config: &FleetConfig) -> Result<Self, FleetError> {
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(config.connect_deadline))
            // `run` has a deadline of its own around each operation: a second timer would cost each of them.
            .set_response_timeout(None)
            // Operations that wait would reach their deadline before they learn why it fails. They try again after a rest.
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(1024);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), settings);
        Ok(Self {
            manager: manager.map_err(|_| FleetError::Url)?,
            answered: AtomicBool::new(false),
            made: Instant::now(),
        })
    }

    /// Whether it is no longer connecting, or has tried that for as long as an attempt may take.
    fn is_made(&self, config: &FleetConfig) -> bool {
        self.answered.load(Ordering::Relaxed) || self.made.elapsed() >= config.connect_deadline
    }

    /// Connects in a task of its own, so that it goes on if the operation that waits for it has reached its deadline.
    fn establish(&self, config: &FleetConfig) {
        let mut manager = self.manager.clone();
        // The attempt ends by its own deadline. What is bounded here is the answer of a server that is silent.
        let longest = config
            .connect_deadline
            .saturating_add(config.response_deadline);
        tokio::spawn(timeout(longest, async move {
            let _ = redis::cmd("PING").query_async::<()>(&mut manager).await;
        }));
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
