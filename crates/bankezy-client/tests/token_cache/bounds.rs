//! How many tokens are held, and what becomes of the others.

use std::sync::{Arc, Weak};

use bankezy_client::{MemoryStore, RefreshSettings, TokenCache};
use bankezy_crypto::providers::sardine::TokenAnswer;
use bankezy_test_support::eventually;

use crate::stage::{DUE, LIFETIME, Provider, Stage, faceki, sardine, session, text, tokens};

#[tokio::test]
async fn beyond_its_capacity_a_store_drops_tokens_at_once() {
    const CAPACITY: usize = 20;
    let provider = Provider::start();
    let store = Arc::new(MemoryStore::new(CAPACITY));
    let cache = TokenCache::with_settings(
        tokens(sardine(&provider)),
        Arc::clone(&store),
        RefreshSettings::default(),
    );
    let mut given: Vec<Weak<TokenAnswer>> = Vec::new();
    for number in 0..100 {
        let slot = cache.slot(session(&format!("session-{number}"))).unwrap();
        given.push(Arc::downgrade(&slot.get().await.unwrap()));
        let alive = given.iter().filter(|it| it.strong_count() > 0).count();
        assert_eq!(alive, store.len());
        assert_eq!(alive, CAPACITY.min(number + 1));
    }
    assert_eq!(provider.asked(), 100);
    // What is asked for again and again stays.
    let slot = cache.slot(session("again")).unwrap();
    let asked_for = text(&slot).await;
    for number in 100..200 {
        let other = cache.slot(session(&format!("session-{number}"))).unwrap();
        other.get().await.unwrap();
        assert_eq!(text(&slot).await, asked_for);
    }
}

#[tokio::test]
async fn a_token_is_dropped_for_its_successor() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    let first = Arc::downgrade(&slot.get().await.unwrap());
    stage.clock.pass(DUE);
    let second = slot.get().await.unwrap();
    eventually("the refresh", || stage.provider.asked() == 2).await;
    drop(second);
    eventually("the end of the first", || first.strong_count() == 0).await;
    assert_eq!(text(&slot).await, "token-1");
    stage.clock.pass(LIFETIME);
    assert_eq!(text(&slot).await, "token-2");
}

#[tokio::test]
async fn a_store_of_no_capacity_holds_nothing() {
    let provider = Provider::start();
    let store = MemoryStore::new(0);
    let cache =
        TokenCache::with_settings(tokens(faceki(&provider)), store, RefreshSettings::default());
    let slot = cache.slot(()).unwrap();
    for number in 0..3 {
        assert_eq!(text(&slot).await, format!("token-{number}"));
    }
}
