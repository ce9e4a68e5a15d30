//! What a cache tells in traces, and that no token, key or text of the provider's is in them.

#[expect(dead_code, reason = "shared with the other tests of the cache")]
mod stage;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bankezy_client::{RefreshSettings, StoreError, TokenCache, TokenStore};
use bankezy_crypto::providers::{TokenEntry, TokenKey};
use bankezy_test_support::{Captured, pass};

use stage::{Provider, faceki, status, text, tokens};

/// A store that takes nothing, and from its fourth look on cannot be reached.
#[derive(Default)]
struct Broken(AtomicU64);

impl<T: Send + Sync + 'static> TokenStore<T> for Broken {
    async fn load(&self, _: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0..3 => Ok(None),
            _ => Err(StoreError::unavailable("CANARY")),
        }
    }

    async fn save(&self, _: &TokenKey, _: &TokenEntry<T>) -> Result<(), StoreError> {
        Err(StoreError::TimedOut)
    }

    async fn remove(&self, _: &TokenKey, _: &TokenEntry<T>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn traces_tell_what_happens_and_no_secret() {
    let (captured, _guard) = Captured::of_this_thread("bankezy_client");

    let provider = Provider::start();
    let settings = RefreshSettings::default().backoff(Duration::ZERO, Duration::from_secs(60));
    let cache = TokenCache::with_settings(tokens(faceki(&provider)), Broken::default(), settings);
    let slot = cache.slot(()).unwrap();
    assert_eq!(text(&slot).await, "token-0");
    pass(Duration::from_secs(5)).await;
    slot.invalidate().await.unwrap();
    provider.answers(|_| {
        let mut refusal = status(401, "CANARY");
        refusal
            .headers_mut()
            .insert("retry-after", "7".parse().unwrap());
        refusal
    });
    let error = slot.get().await.unwrap_err();

    let traces = captured.text();
    for expected in [
        "TRACE bankezy_client: token looked up hit=false",
        "DEBUG bankezy_client: token obtained",
        "WARN bankezy_client: no token obtained",
        "error.code=\"reply.plain\" failures=1 retry_in_ms=7000",
        "token not loaded from its store error.code=\"token_store.unavailable\"",
        "token not saved in its store error.code=\"token_store.timed_out\"",
    ] {
        assert!(traces.contains(expected), "{expected} in {traces}");
    }
    let shown = format!("{traces} {error} {error:?} {cache:?} {slot:?}");
    for hidden in ["token-", "secret", "CANARY", "Bearer", "clientId"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}
