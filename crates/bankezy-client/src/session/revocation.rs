//! Revokes tokens that are no longer needed, by Invalidate.

use core::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use bankezy_crypto::providers::bankezy::Session;

use super::shared::Shared;
use crate::sync::time::sleep;
use crate::{BankEzyClient, ProviderError};

/// How often to check whether a session is still in use.
pub(super) const IN_USE_EVERY: Duration = Duration::from_millis(50);

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
