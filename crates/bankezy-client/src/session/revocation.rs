//! Revokes tokens that are no longer needed, by Invalidate.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::debug;

use super::Session;
use super::shared::Shared;
use crate::sync::time::sleep;
use crate::{BankEzyClient, ProviderError};

/// How often to check whether a replaced session is still in use.
const IN_USE_EVERY: Duration = Duration::from_millis(50);

/// Whether the token of a replaced session is still valid and must be revoked: not if it has expired or
/// was renewed (which replaces it), nor if Invalidate, which takes a reference, would end the new one too.
pub(super) fn needs_revocation(replaced: &Session, by: &Session, now: SystemTime) -> bool {
    !by.is_renewal && !replaced.is_expired(now) && !replaced.shares_its_token(by)
}

/// Invalidates a token.
pub(super) async fn revoke(client: &BankEzyClient, session: &Session) -> Result<(), ProviderError> {
    let Some(reference) = &session.answer.token_reference_id else {
        return Ok(());
    };
    let token = Some(&session.answer.token);
    client
        .invalidate(reference, token, &session.channel)
        .await?;
    Ok(())
}

/// Invalidates the token of a session that a login replaced, once nobody uses it any more, unless it
/// expires first. A failure does not matter: the token expires anyway.
pub(super) async fn revoke_unused(shared: Arc<Shared>, session: Arc<Session>) {
    while Arc::strong_count(&session) > 1 {
        if session.is_expired(shared.settings.now()) {
            return;
        }
        sleep(IN_USE_EVERY).await;
    }
    if let Err(error) = revoke(&shared.client, &session).await {
        debug!(
            target: "bankezy_client",
            { error.code = error.code() },
            "replaced token not invalidated",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::held::tests::session;
    use super::*;

    #[test]
    fn what_ends_by_itself_or_with_another_is_left_alone() {
        let now = SystemTime::UNIX_EPOCH;
        let replaced = session("token", Some("reference"), 100);
        let by = |token, reference| session(token, reference, 200);
        let mut fresh = by("other", Some("another"));
        assert!(needs_revocation(&replaced, &fresh, now));
        let later = now + Duration::from_secs(100);
        assert!(!needs_revocation(&replaced, &fresh, later));
        fresh.is_renewal = true;
        assert!(!needs_revocation(&replaced, &fresh, now));
        for by in [by("other", Some("reference")), by("token", Some("another"))] {
            assert!(!needs_revocation(&replaced, &by, now));
        }
    }
}
