//! A claim that a caller makes, which ends with the caller.

use std::sync::Arc;

use bankezy_crypto::providers::{SealedStorage, Token, TokenKey};
use tokio::runtime::Handle;

use super::inner::Inner;
use super::turns::Claim;

/// Gives a claim back when it is dropped before it is kept: its caller may leave at any time, also before the store
/// answered.
pub(super) struct Claiming<'a, T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    inner: &'a Arc<Inner<T>>,
    pub(super) key: &'a TokenKey,
    claim: Option<Claim>,
}

impl<'a, T> Claiming<'a, T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    pub(super) fn new(inner: &'a Arc<Inner<T>>, key: &'a TokenKey) -> Self {
        let claim = None;
        Self { inner, key, claim }
    }

    /// Before the claim is sent.
    pub(super) fn begin(&mut self, claim: Claim) {
        self.claim = Some(claim);
    }

    /// There is nothing to give back.
    pub(super) fn keep(&mut self) {
        self.claim = None;
    }
}

impl<T> Drop for Claiming<'_, T>
where
    T: SealedStorage + AsRef<Token> + Send + Sync + 'static,
{
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else {
            return;
        };
        self.inner.turns.end_of(self.key, &claim.owner);
        // Outside of a runtime the lock expires.
        if let Ok(runtime) = Handle::try_current() {
            let inner = Arc::clone(self.inner);
            runtime.spawn(async move { inner.release(Some(&claim)).await });
        }
    }
}
