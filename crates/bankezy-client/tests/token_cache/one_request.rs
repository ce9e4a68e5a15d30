//! However many wait for a token, one request for it is under way.

use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{TokenCache, TokenSlot};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_test_support::{eventually, in_time};
use tokio::sync::Barrier;

use crate::stage::{DUE, LIFETIME, Stage, faceki, sardine, session, text, tokens};

const CALLERS: usize = 1000;

/// What this many tasks get that ask at the same moment.
async fn all_ask(slot: &TokenSlot<Faceki>) -> Vec<String> {
    let start = Arc::new(Barrier::new(CALLERS));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (slot, start) = (slot.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                text(&slot).await
            })
        })
        .collect();
    let mut texts = Vec::new();
    for caller in callers {
        texts.push(in_time("a token", caller).await.unwrap());
    }
    texts
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_then_held() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    assert_eq!(stage.provider.asked(), 0);
    let first = slot.get().await.unwrap();
    assert_eq!(first.as_str(), "token-0");
    assert_eq!(first.token_type(), Some("Bearer"));
    // The key is the request's: another slot, of a clone, is the same place.
    let again = stage.cache.clone().slot(()).unwrap();
    assert!(Arc::ptr_eq(&first, &again.get().await.unwrap()));
    assert_eq!(stage.provider.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_the_moment_of_expiry_all_callers_make_one_request() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    for round in 0..20 {
        let expected = format!("token-{round}");
        let texts = all_ask(&slot).await;
        assert!(texts.iter().all(|text| *text == expected), "{texts:?}");
        assert_eq!(stage.provider.asked(), round + 1);
        stage.clock.pass(LIFETIME);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_clock_may_step_over_expiry_while_a_refresh_is_under_way() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    slot.get().await.unwrap();
    stage.provider.close();
    stage.clock.pass(DUE);
    assert_eq!(text(&slot).await, "token-0");
    stage.provider.is_asked(2).await;
    stage.clock.pass(LIFETIME - DUE);

    let waiting = tokio::spawn({
        let slot = slot.clone();
        async move { all_ask(&slot).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished(), "an expired token was given out");
    stage.provider.open();
    let texts = waiting.await.unwrap();
    assert!(texts.iter().all(|text| text == "token-1"), "{texts:?}");
    assert_eq!(stage.provider.asked(), 2);
    // Its life counts from before its request.
    stage.clock.pass(DUE - 1 - (LIFETIME - DUE));
    assert_eq!(text(&slot).await, "token-1");
    assert_eq!(stage.provider.asked(), 2);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_request() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    stage.provider.close();
    let caller = tokio::spawn({
        let slot = slot.clone();
        async move { text(&slot).await }
    });
    stage.provider.is_asked(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    stage.provider.open();
    assert_eq!(in_time("the token", text(&slot)).await, "token-0");
    assert_eq!(stage.provider.asked(), 1);
}

#[tokio::test]
async fn other_tokens_do_not_wait() {
    let stage = Stage::set(sardine);
    let slots = ["a", "b"].map(|key| stage.cache.slot(session(key)).unwrap());
    stage.provider.close();
    let callers = slots
        .clone()
        .map(|slot| tokio::spawn(async move { text(&slot).await }));
    stage.provider.is_asked(2).await;
    stage.provider.open();
    let mut texts = Vec::new();
    for caller in callers {
        texts.push(caller.await.unwrap());
    }
    assert_ne!(texts[0], texts[1]);
    assert_eq!(text(&slots[0]).await, texts[0]);
    assert_eq!(text(&slots[1]).await, texts[1]);
    assert_eq!(stage.provider.asked(), 2);
}

#[test]
fn a_runtime_that_ends_takes_nobody_with_it() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    };
    let provider = crate::stage::Provider::start();
    let cache = TokenCache::new(tokens(faceki(&provider)));
    let slot = cache.slot(()).unwrap();
    provider.close();

    let (one, other) = (runtime(), runtime());
    let asking = slot.clone();
    one.spawn(async move { asking.get().await.map(drop) });
    other.block_on(provider.is_asked(1));
    let waiting = other.spawn({
        let slot = slot.clone();
        async move { slot.get().await.map(drop) }
    });
    std::thread::sleep(Duration::from_millis(100));
    one.shutdown_background();
    let error = other
        .block_on(in_time("an end", waiting))
        .unwrap()
        .unwrap_err();
    assert_eq!(error.code(), "token.abandoned");
    assert!(error.is_retryable());

    provider.open();
    // The connection belonged to the runtime that ended; this one makes its own.
    let text = other.block_on(in_time("the token", text(&slot)));
    assert!(text.starts_with("token-"), "{text}");
    other.block_on(eventually("the second request", || provider.asked() == 2));
}
