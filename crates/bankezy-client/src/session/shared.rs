//! What the clones of a keeper share: the session at hand, and where the next one comes from.

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use super::Session;
use crate::backoff::Failed;
use crate::in_flight::InFlight;
use crate::settings::Settings;
use crate::{BankEzyClient, ProviderError};

/// Makes a session: calls Get Token or Get App Token.
pub(super) type Login = Box<dyn Fn(BankEzyClient) -> LoginFuture + Send + Sync>;
type LoginFuture = Pin<Box<dyn Future<Output = Result<Session, ProviderError>> + Send>>;

/// What the clones of a keeper share.
pub(super) struct Shared {
    pub(super) client: BankEzyClient,
    pub(super) login: Login,
    pub(super) settings: Settings,
    /// What callers use, without a lock. This and the next are written only while the state is held.
    pub(super) current: ArcSwapOption<Session>,
    shut_down: AtomicBool,
    /// Held for moments, never across an `await`.
    state: Mutex<State>,
    /// Held while the last token is revoked, so that it is revoked once.
    pub(super) revocation: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) in_flight: Option<Arc<InFlight<Session>>>,
    pub(super) failed: Option<Failed>,
    /// When a login was last made because the server refused a session.
    pub(super) refused_at: Option<Instant>,
}

impl Shared {
    pub(super) fn new(client: BankEzyClient, login: Login, settings: Settings) -> Self {
        Self {
            client,
            login,
            settings,
            current: ArcSwapOption::empty(),
            shut_down: AtomicBool::new(false),
            state: Mutex::default(),
            revocation: tokio::sync::Mutex::default(),
        }
    }

    /// The session at hand, if it is not expired.
    pub(super) fn current(&self, now: SystemTime) -> Option<Arc<Session>> {
        self.current.load_full().filter(|it| !it.is_expired(now))
    }

    /// Lets no login start any more; gives the one under way.
    pub(super) fn close(&self) -> Option<Arc<InFlight<Session>>> {
        let state = self.state();
        self.shut_down.store(true, Ordering::Release);
        state.in_flight.clone()
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }

    pub(super) fn forget(&self) {
        let _state = self.state();
        self.current.store(None);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
