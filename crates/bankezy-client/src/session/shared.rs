//! What the clones of a keeper share: the current session, and the login for the next one.

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use bankezy_crypto::providers::Moment;
use bankezy_crypto::providers::bankezy::Session;
use tokio::sync::RwLock;

use crate::in_flight::Renewing;
use crate::sync::{ArcSwapOption, Mutex, MutexGuard};
use crate::{BankEzyClient, ProviderError, RefreshSettings};

/// Makes a session: calls Get Token or Get App Token.
pub(super) type Login = Box<dyn Fn(BankEzyClient) -> LoginFuture + Send + Sync>;
pub(crate) type LoginFuture = Pin<Box<dyn Future<Output = Result<Session, ProviderError>> + Send>>;

/// The state that the clones of a keeper share.
pub(super) struct Shared {
    pub(super) client: BankEzyClient,
    pub(super) login: Login,
    pub(super) settings: RefreshSettings,
    /// Read by callers without a lock. This and `shut_down` are written only while `state` is locked.
    pub(super) current: ArcSwapOption<Session>,
    shut_down: AtomicBool,
    /// Locked briefly, never across an `await`.
    state: Mutex<Renewing<Session>>,
    /// Held by each call under a session, and by a renewal while the server ends the token of these calls.
    pub(super) calls: Arc<RwLock<()>>,
    /// Locked while the last token is revoked, so that it is revoked once.
    pub(super) revocation: tokio::sync::Mutex<()>,
    /// Held by each task that revokes a token.
    pub(super) revoking: Arc<()>,
    /// Whether a shutdown has waited for the calls under way.
    pub(super) drained: AtomicBool,
}

impl Shared {
    pub(super) fn new(client: BankEzyClient, login: Login, settings: RefreshSettings) -> Self {
        Self {
            client,
            login,
            settings,
            current: ArcSwapOption::empty(),
            shut_down: AtomicBool::new(false),
            state: Mutex::default(),
            calls: Arc::default(),
            revocation: tokio::sync::Mutex::new(()),
            revoking: Arc::default(),
            drained: AtomicBool::new(false),
        }
    }

    /// The current session, unless it has expired.
    pub(super) fn current(&self, now: Moment) -> Option<Arc<Session>> {
        self.current.load_full().filter(|it| !it.is_expired(now))
    }

    /// Prevents further logins.
    pub(super) fn close(&self) {
        let _state = self.state();
        self.shut_down.store(true, Ordering::Release);
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }

    /// Fails after a shutdown. Waits for one that begins, so that it either sees the session that the caller holds, or
    /// is seen here.
    pub(super) fn check_open(&self) -> Result<(), ProviderError> {
        let _state = self.state();
        let shut_down = self.is_shut_down().then_some(ProviderError::ShutDown);
        shut_down.map_or(Ok(()), Err)
    }

    pub(super) fn forget(&self) {
        let _state = self.state();
        self.current.store(None);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, Renewing<Session>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
