//! What a provider is spared: requests for other tokens while it is down, and too many at once.

use std::time::Duration;

use axum::response::Response;
use bankezy_client::{Advice, Delivery, ProviderError, TokenProblem};
use bankezy_test_support::{eventually, pass};

use crate::stage::{Stage, granted, sardine, session, status, text};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_provider_that_is_busy_is_left_alone_for_every_token() {
    for busy in [429, 503] {
        let stage = Stage::with(sardine, |settings| settings.backoff(DAY, DAY));
        stage.provider.answers(move |_| status(busy, ""));
        for key in ["a", "b", "c"] {
            let slot = stage.cache.slot(session(key)).unwrap();
            let error = slot.get().await.unwrap_err();
            assert!(matches!(error, ProviderError::NoToken { .. }), "{error:?}");
        }
        assert_eq!(stage.provider.asked(), 1, "{busy}");
    }
}

#[tokio::test]
async fn refused_credentials_hold_up_no_other_token() {
    for refused in [401, 403, 500] {
        let stage = Stage::with(sardine, |settings| settings.backoff(DAY, DAY));
        stage.provider.answers(move |_| status(refused, ""));
        for _ in 0..2 {
            for key in ["a", "b", "c"] {
                let slot = stage.cache.slot(session(key)).unwrap();
                slot.get().await.unwrap_err();
            }
        }
        assert_eq!(stage.provider.asked(), 3, "{refused}");
    }
}

/// Those that are under way together fail together, which is one failure; those that wait for their turn are not sent.
#[tokio::test]
async fn many_failures_at_once_count_once_and_what_waits_for_its_turn_is_not_sent() {
    const MAX: u64 = 64;
    let first = Duration::from_secs(60);
    let stage = Stage::with(sardine, |settings| settings.backoff(first, DAY));
    stage.provider.close();
    stage.provider.answers(|_| status(503, ""));
    let callers: Vec<_> = (0..3 * MAX)
        .map(|number| {
            let slot = stage.cache.slot(session(&format!("{number}"))).unwrap();
            tokio::spawn(async move { slot.get().await.unwrap_err() })
        })
        .collect();
    eventually("the first requests", || stage.provider.asked() >= MAX).await;
    stage.provider.open();
    let mut errors = Vec::new();
    for caller in callers {
        errors.push(caller.await.unwrap());
    }
    assert_eq!(stage.provider.asked(), MAX);
    let unsent = errors.iter().filter(|it| it.code() == "token.backing_off");
    assert_eq!(unsent.count() as u64, 2 * MAX);
    let slot = stage.cache.slot(session("another")).unwrap();
    let retry_in = slot.get().await.unwrap_err().retry_after().unwrap();
    assert!(retry_in <= first, "{retry_in:?}");
}

#[tokio::test]
async fn a_limited_number_of_requests_is_under_way_at_once() {
    const MAX: u64 = 64;
    let stage = Stage::set(sardine);
    stage.provider.close();
    let callers: Vec<_> = (0..3 * MAX)
        .map(|number| {
            let slot = stage.cache.slot(session(&format!("{number}"))).unwrap();
            tokio::spawn(async move { text(&slot).await })
        })
        .collect();
    eventually("the first requests", || stage.provider.asked() >= MAX).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(stage.provider.asked(), MAX);
    stage.provider.open();
    for caller in callers {
        assert!(caller.await.unwrap().starts_with("token-"));
    }
    assert_eq!(stage.provider.asked(), 3 * MAX);
}

/// Answers request 0 with 503 or 429 and `Retry-After: 60`, and all others with a token.
fn asks_to_wait(busy: u16) -> impl Fn(u64) -> Response + Send + Sync {
    move |number| match number {
        0 => {
            let mut response = status(busy, "");
            let wait = "60".parse().unwrap();
            response.headers_mut().insert("retry-after", wait);
            response
        }
        _ => granted(number),
    }
}

/// What is under way when the provider asks to wait, and then succeeds, does not end the wait.
#[tokio::test]
async fn a_success_under_way_does_not_end_a_wait_that_the_provider_asked_for() {
    for busy in [429, 503] {
        let stage = Stage::with(sardine, |settings| settings.backoff(Duration::ZERO, DAY));
        stage.provider.close();
        stage.provider.answers(asks_to_wait(busy));
        let mut callers = Vec::new();
        for number in 0..64 {
            let slot = stage.cache.slot(session(&format!("{number}"))).unwrap();
            callers.push(tokio::spawn(async move { slot.get().await.map(drop) }));
            stage.provider.is_asked(number + 1).await;
        }
        stage.provider.open_below(1);
        assert!(callers.remove(0).await.unwrap().is_err());
        for last in [32, u64::MAX] {
            stage.provider.open_below(last);
            let ended = callers.drain(..callers.len().min(31));
            for caller in ended.collect::<Vec<_>>() {
                caller.await.unwrap().unwrap();
            }
            let slot = stage.cache.slot(session("another")).unwrap();
            let retry_in = slot.get().await.unwrap_err().retry_after();
            assert!(retry_in.is_some_and(|it| it > Duration::from_secs(30)));
        }
        assert_eq!(stage.provider.asked(), 64, "{busy}");
        pass(Duration::from_secs(60)).await;
        let slot = stage.cache.slot(session("another")).unwrap();
        assert_eq!(text(&slot).await, "token-64");
    }
}

/// Nothing was sent, and later there is room again.
#[test]
fn a_cache_with_too_many_requests_says_to_call_again() {
    let error = ProviderError::from(TokenProblem::TooMany);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_retryable());
    assert_eq!(error.advice(), Advice::CallAgain);
}
