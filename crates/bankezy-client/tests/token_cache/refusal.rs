//! Tokens that were refused where they were used.

use std::sync::Arc;
use std::time::Duration;

use bankezy_test_support::pass;

use crate::stage::{LIFETIME, Stage, faceki, granted, sardine, session, text};

#[tokio::test]
async fn many_who_see_a_refusal_drop_one_token() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    let refused = slot.get().await.unwrap();
    for _ in 0..3 {
        slot.refuse(&refused).await.unwrap();
        assert_eq!(text(&slot).await, "token-1");
    }
    assert_eq!(stage.provider.asked(), 2);
    // Where nothing is held there is nothing to drop.
    stage.clock.pass(LIFETIME);
    slot.invalidate().await.unwrap();
    slot.refuse(&refused).await.unwrap();
}

/// A server that refuses every token gets no request for a token with each call.
#[tokio::test]
async fn a_token_that_is_refused_time_and_again_is_replaced_seldom() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    for asked in [2, 3] {
        for _ in 0..50 {
            let token = slot.get().await.unwrap();
            slot.refuse(&token).await.unwrap();
        }
        slot.get().await.unwrap();
        assert_eq!(stage.provider.asked(), asked);
        pass(Duration::from_secs(10)).await;
    }
}

#[tokio::test]
async fn invalidating_drops_one_token_and_no_other() {
    let stage = Stage::set(sardine);
    let [one, other] = ["a", "b"].map(|key| stage.cache.slot(session(key)).unwrap());
    assert_eq!(text(&one).await, "token-0");
    assert_eq!(text(&other).await, "token-1");
    let dropped = Arc::downgrade(&one.get().await.unwrap());
    one.invalidate().await.unwrap();
    assert!(dropped.upgrade().is_none(), "the token is held still");
    one.invalidate().await.unwrap();
    assert_eq!(text(&one).await, "token-2");
    assert_eq!(text(&other).await, "token-1");
}

#[tokio::test]
async fn what_is_under_way_outlasts_an_invalidation() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    stage.provider.close();
    stage.provider.answers(granted);
    let caller = tokio::spawn({
        let slot = slot.clone();
        async move { text(&slot).await }
    });
    stage.provider.is_asked(1).await;
    slot.invalidate().await.unwrap();
    stage.provider.open();
    assert_eq!(caller.await.unwrap(), "token-0");
    assert_eq!(text(&slot).await, "token-0");
}
