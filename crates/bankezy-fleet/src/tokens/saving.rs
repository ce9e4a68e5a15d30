//! Tokens that the store did not take, and takes once it is back.

use std::sync::Weak;
use std::time::Duration;

use bankezy_crypto::providers::{SealedStorage, Token, TokenKey, TokenStore as _};
use tokio::time::sleep;

use super::inner::Inner;
use super::times::now;
use crate::names::up_to;

/// The first pause, and the longest one.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// Saves the token that this process has in memory, for as long as it is good: at any time the newest one, and none that
/// was refused or displaced meanwhile.
pub(super) async fn save_later<T>(inner: Weak<Inner<T>>, key: TokenKey)
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    let [mut pause, longest] = PAUSES;
    loop {
        sleep(pause / 2 + up_to(pause)).await;
        pause = pause.saturating_mul(2).min(longest);
        let Some(inner) = inner.upgrade() else {
            return;
        };
        let held = inner.tier.load(&key).await.ok().flatten();
        let held = held.filter(|entry| entry.lifetime().is_good(now()));
        let (Some(claim), Some(entry)) = (inner.turns.unsaved(&key), held) else {
            return inner.turns.end_saving(&key);
        };
        if inner.save_now(&key, &entry, claim.as_ref()).await.is_err() {
            continue;
        }
        // Meanwhile there may be a newer one.
        let held = inner.tier.load(&key).await.ok().flatten();
        if held.is_none_or(|held| held.holds(entry.answer().as_ref().as_ref())) {
            return inner.turns.end_saving(&key);
        }
    }
}
