//! Ahead of expiry: fetched in the background, and served until it really expires.

use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{Delivery, ProviderError};
use bankezy_test_support::{eventually, pass};

use crate::stage::{DUE, LIFETIME, Stage, faceki, gives, granted, sardine, session, status, text};

#[tokio::test]
async fn a_fifth_of_its_life_ahead_a_token_is_replaced_in_the_background() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    slot.get().await.unwrap();
    stage.clock.pass(DUE - 1);
    assert_eq!(text(&slot).await, "token-0");
    assert_eq!(stage.provider.asked(), 1);

    stage.provider.close();
    stage.clock.pass(1);
    // Nobody waits for the provider, and nobody asks it twice.
    for _ in 0..100 {
        assert_eq!(text(&slot).await, "token-0");
    }
    stage.provider.is_asked(2).await;
    stage.provider.open();
    gives(&slot, "token-1").await;
    assert_eq!(stage.provider.asked(), 2);
}

#[tokio::test]
async fn a_token_serves_until_it_expires_while_its_refresh_fails() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    slot.get().await.unwrap();
    stage.provider.answers(|_| status(500, ""));
    stage.clock.pass(DUE);
    // Each refresh fails, and a caller after it starts the next.
    while stage.provider.asked() < 4 {
        assert_eq!(text(&slot).await, "token-0");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.clock.pass(LIFETIME - DUE - 1);
    assert_eq!(text(&slot).await, "token-0");
    stage.clock.pass(1);
    let error = slot.get().await.unwrap_err();
    assert_eq!(error.code(), "reply.plain");
    assert!(error.is_retryable(), "a server that fails may recover");

    stage.provider.answers(granted);
    assert_ne!(text(&slot).await, "token-0");
}

/// A failure after which the provider asks to wait for a second.
fn busy(_: u64) -> axum::response::Response {
    let mut failure = status(500, "");
    let headers = failure.headers_mut();
    headers.insert("retry-after", "1".parse().unwrap());
    failure
}

#[tokio::test]
async fn after_failures_each_token_waits_for_itself() {
    let first = Duration::from_secs(1);
    let stage = Stage::with(sardine, |settings| {
        settings.backoff(Duration::ZERO, Duration::from_secs(60))
    });
    let slot = stage.cache.slot(session("failing")).unwrap();
    stage.provider.answers(busy);
    let Err(ProviderError::NoToken {
        cause: failed,
        retry_in: None,
        ..
    }) = slot.get().await
    else {
        panic!("it did not fail");
    };
    let waiting = slot.get().await.unwrap_err();
    assert_eq!(
        [failed.delivery(), waiting.delivery()],
        [Delivery::PossiblySent, Delivery::NotSent]
    );
    let ProviderError::NoToken {
        cause,
        retry_in: Some(retry_in),
        ..
    } = waiting
    else {
        panic!("{waiting:?}");
    };
    assert!(retry_in <= first, "{retry_in:?}");
    assert!(Arc::ptr_eq(&failed, &cause));
    assert_eq!(stage.provider.asked(), 1);

    pass(retry_in).await;
    slot.get().await.unwrap_err();
    assert_eq!(stage.provider.asked(), 2);
    let Err(ProviderError::NoToken {
        retry_in: Some(retry_in),
        ..
    }) = slot.get().await
    else {
        panic!("it did not wait");
    };
    assert!(retry_in <= first, "{retry_in:?}");

    stage.provider.answers(granted);
    let other = stage.cache.slot(session("other")).unwrap();
    assert_eq!(text(&other).await, "token-2");
    assert!(slot.get().await.is_err());
    pass(retry_in).await;
    assert_eq!(text(&slot).await, "token-3");

    // A success ends the row.
    stage.provider.answers(busy);
    stage.clock.pass(LIFETIME);
    slot.get().await.unwrap_err();
    let Err(ProviderError::NoToken {
        retry_in: Some(retry_in),
        ..
    }) = slot.get().await
    else {
        panic!("it did not wait");
    };
    assert!(retry_in <= first, "{retry_in:?}");
}

#[tokio::test]
async fn while_a_token_is_good_a_failed_refresh_waits_too() {
    let hour = Duration::from_secs(3600);
    let stage = Stage::with(faceki, |settings| settings.backoff(24 * hour, 24 * hour));
    let slot = stage.cache.slot(()).unwrap();
    slot.get().await.unwrap();
    stage.provider.answers(|_| status(500, ""));
    stage.clock.pass(DUE);
    assert_eq!(text(&slot).await, "token-0");
    eventually("the refresh", || stage.provider.asked() == 2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..100 {
        assert_eq!(text(&slot).await, "token-0");
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(stage.provider.asked(), 2);
}
