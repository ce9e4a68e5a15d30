//! What the clones of a keeper share: the current session, the login for the next one, and how their tokens end.

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::providers::Moment;
use bankezy_crypto::providers::bankezy::Session;
use tokio::sync::RwLock;
use tracing::debug;

use crate::in_flight::Renewing;
use crate::sync::time::sleep;
use crate::sync::{ArcSwapOption, Mutex, lock};
use crate::{BankEzyClient, ProviderError, RefreshSettings};

/// How often to check whether a session is still in use.
pub(super) const IN_USE_EVERY: Duration = Duration::from_millis(50);

/// Makes a session: calls Get Token or Get App Token.
pub(super) type Login = Box<dyn Fn(BankEzyClient) -> LoginFuture + Send + Sync>;
pub(super) type LoginFuture = Pin<Box<dyn Future<Output = Result<Session, ProviderError>> + Send>>;

/// The state that the clones of a keeper share.
pub(super) struct Shared {
    pub(super) client: BankEzyClient,
    pub(super) login: Login,
    pub(super) settings: RefreshSettings,
    /// Read by callers without a lock. This and `shut_down` are written only while `state` is locked, or by a shutdown,
    /// after which no login writes it.
    pub(super) current: ArcSwapOption<Session>,
    shut_down: AtomicBool,
    /// Locked briefly, never across an `await`.
    pub(super) state: Mutex<Renewing<Session>>,
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
    pub(super) fn new(mut client: BankEzyClient, login: Login, settings: RefreshSettings) -> Self {
        client.transport.settings.tells_unclear = false;
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

    /// The current session, unless it has expired or the keeper is shut down.
    pub(super) fn current(&self, now: Moment) -> Option<Arc<Session>> {
        let serves = |it: &Arc<Session>| !it.is_expired(now) && !self.is_shut_down();
        self.current.load_full().filter(serves)
    }

    /// Prevents further logins.
    pub(super) fn close(&self) {
        let _state = lock(&self.state);
        self.shut_down.store(true, Ordering::Release);
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }

    /// Fails after a shutdown. Waits for one that begins, so that it either sees the session that the caller holds, or
    /// is seen here.
    pub(super) fn check_open(&self) -> Result<(), ProviderError> {
        let _state = lock(&self.state);
        let shut_down = self.is_shut_down().then_some(ProviderError::ShutDown);
        shut_down.map_or(Ok(()), Err)
    }
}

/// Invalidates a token.
pub(super) async fn revoke(client: &BankEzyClient, session: &Session) -> Result<(), ProviderError> {
    let Some(reference) = &session.answer().token_reference_id else {
        return Ok(());
    };
    let token = Some(&session.answer().token);
    client
        .invalidate(reference, token, session.channel())
        .await?;
    Ok(())
}

/// Invalidates the token of a session that a login replaced, once nobody uses it any more or the keeper is shut down,
/// unless it expires first. A failure does not matter: the token expires anyway.
pub(super) async fn revoke_unused(shared: Arc<Shared>, session: Arc<Session>, _revoking: Arc<()>) {
    let is_expired = || session.is_expired(shared.settings.now());
    let is_used = || Arc::strong_count(&session) > 1 && !shared.drained.load(Ordering::Acquire);
    while is_used() && !is_expired() {
        sleep(IN_USE_EVERY).await;
    }
    if is_expired() {
        return;
    }
    if let Err(error) = revoke(&shared.client, &session).await {
        debug!(
            target: "bankezy_client",
            { error.code = error.code() },
            "replaced token not invalidated",
        );
    }
}
