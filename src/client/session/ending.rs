//! The end of a token: taken back from the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::debug;

use super::Session;
use crate::client::{BankEzyClient, BankEzyError};

/// How often it is asked whether a replaced session is still in use.
const IN_USE_EVERY: Duration = Duration::from_millis(50);

/// Invalidates a token.
pub(super) async fn take_back(
    client: &BankEzyClient,
    session: &Session,
) -> Result<(), BankEzyError> {
    let Some(reference) = &session.answer.token_reference_id else {
        return Ok(());
    };
    let token = Some(&session.answer.token);
    client
        .invalidate(reference, token, &session.channel)
        .await?;
    Ok(())
}

/// Invalidates the token of a session that a login replaced, once the calls under it have ended or
/// had the time to. Whether that succeeds is of no concern: it expires by itself.
pub(super) async fn take_back_unused(client: BankEzyClient, session: Arc<Session>) {
    let begun = Instant::now();
    while Arc::strong_count(&session) > 1 && begun.elapsed() < client.deadline() {
        sleep(IN_USE_EVERY).await;
    }
    if let Err(error) = take_back(&client, &session).await {
        debug!(
            target: "bankezy_crypto::client",
            { error.code = error.code() },
            "replaced token not invalidated",
        );
    }
}
