//! What a store is told when a request for which it may keep others waiting brings it nothing to save.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_client::{RefreshSettings, StoreError, TokenCache, TokenStore};
use bankezy_crypto::providers::sardine::Sardine;
use bankezy_crypto::providers::{TokenEntry, TokenKey};

use crate::stage::{Provider, sardine, session, status, tokens};

/// An empty store that takes its time for a look, and notes the keys that are given up.
#[derive(Default)]
struct Noting {
    looks_for: Duration,
    saved: AtomicU64,
    given_up: Mutex<HashSet<TokenKey>>,
}

impl Noting {
    fn given_up(&self) -> usize {
        self.given_up.lock().unwrap().len()
    }
}

impl<T: Send + Sync + 'static> TokenStore<T> for Noting {
    async fn load(&self, _: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        tokio::time::sleep(self.looks_for).await;
        Ok(None)
    }

    async fn save(&self, _: &TokenKey, _: &TokenEntry<T>) -> Result<(), StoreError> {
        self.saved.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn remove(&self, _: &TokenKey, _: &TokenEntry<T>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn give_up(&self, key: &TokenKey) {
        self.given_up.lock().unwrap().insert(*key);
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }
}

fn cache(
    provider: &Provider,
    store: &Arc<Noting>,
    settings: RefreshSettings,
) -> TokenCache<Sardine, Arc<Noting>> {
    TokenCache::with_settings(tokens(sardine(provider)), Arc::clone(store), settings)
}

#[tokio::test]
async fn what_is_saved_is_not_given_up() {
    let (provider, store) = (Provider::start(), Arc::new(Noting::default()));
    let cache = cache(&provider, &store, RefreshSettings::default());
    cache.slot(session("a")).unwrap().get().await.unwrap();
    assert_eq!(
        (store.saved.load(Ordering::SeqCst), store.given_up()),
        (1, 0)
    );
}

#[tokio::test]
async fn a_request_that_fails_or_is_held_back_is_given_up() {
    let (provider, store) = (Provider::start(), Arc::new(Noting::default()));
    let cache = cache(&provider, &store, RefreshSettings::default());
    provider.answers(|_| status(503, ""));
    // The second one is not sent: the provider is left alone for a while.
    for (key, given_up) in [("a", 1), ("b", 2)] {
        cache.slot(session(key)).unwrap().get().await.unwrap_err();
        assert_eq!(store.given_up(), given_up);
    }
    assert_eq!(provider.asked(), 1);
}

/// More at once than get a turn, with a store that is slow enough for the last to wait in vain.
#[tokio::test]
async fn a_request_that_gets_no_turn_is_given_up() {
    const TURNS: usize = 64;
    let provider = Provider::start();
    provider.close();
    let store = Arc::new(Noting {
        looks_for: Duration::from_secs(2),
        ..Noting::default()
    });
    let settings = RefreshSettings::default().deadline(Duration::from_millis(500));
    let cache = cache(&provider, &store, settings);
    let callers: Vec<_> = (0..=TURNS)
        .map(|number| {
            let slot = cache.slot(session(&number.to_string())).unwrap();
            tokio::spawn(async move { slot.get().await.unwrap_err() })
        })
        .collect();
    let mut codes = Vec::new();
    for caller in callers {
        codes.push(caller.await.unwrap().code());
    }
    let without_turn = codes.iter().filter(|it| **it == "token.too_many");
    assert_eq!(without_turn.count(), 1, "{codes:?}");
    assert_eq!(store.given_up(), TURNS + 1);
}
