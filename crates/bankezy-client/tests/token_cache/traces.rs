//! What a cache tells in traces, and that no token, key or text of the provider's is in them.

#[expect(dead_code, reason = "shared with the other tests of the cache")]
mod stage;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bankezy_client::{MemoryStore, RefreshSettings, StoreError, TokenCache, TokenStore};
use bankezy_crypto::providers::sardine::TokenAnswer;
use bankezy_crypto::providers::{TokenEntry, TokenKey};
use bankezy_test_support::{Captured, pass};

use stage::{Provider, faceki, sardine, session, status, text, tokens};

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

/// A store in which another process saves a token after the first look for it.
#[derive(Default)]
struct Filled(MemoryStore<TokenAnswer>, AtomicU64);

impl TokenStore<TokenAnswer> for Filled {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<TokenAnswer>>, StoreError> {
        match self.1.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Ok(None),
            _ => self.0.load(key).await,
        }
    }

    async fn save(&self, key: &TokenKey, it: &TokenEntry<TokenAnswer>) -> Result<(), StoreError> {
        self.0.save(key, it).await
    }

    async fn remove(
        &self,
        key: &TokenKey,
        held: &TokenEntry<TokenAnswer>,
    ) -> Result<(), StoreError> {
        self.0.remove(key, held).await
    }
}

/// It says nothing of the provider: the failures before and after it are in a row.
#[tokio::test]
async fn a_token_found_in_the_store_is_no_success() {
    let (captured, _guard) = Captured::of_this_thread("bankezy_client");
    let provider = Provider::start();
    let settings = RefreshSettings::default().backoff(Duration::ZERO, Duration::ZERO);
    let client = tokens(sardine(&provider));
    let cache = TokenCache::with_settings(client, Filled::default(), settings);
    let slot = |key| cache.slot(session(key)).unwrap();
    let held = slot("held");
    assert_eq!(text(&held).await, "token-0");
    provider.answers(|_| status(503, ""));
    slot("one").get().await.unwrap_err();
    assert_eq!(text(&held).await, "token-0");
    slot("other").get().await.unwrap_err();
    let failures = captured.lines("no token obtained");
    assert!(failures[1].contains("failures=2"), "{failures:?}");
}
