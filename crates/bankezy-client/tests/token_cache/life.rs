//! How long a token is given out: by two clocks, counted from before its request, and with enough of it left.

use std::time::Duration;

use bankezy_test_support::pass;

use crate::stage::{LIFETIME, Stage, faceki, granted, status, text};

#[tokio::test]
async fn a_token_with_little_left_is_waited_for_and_returned_only_if_there_is_no_other() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    assert_eq!(text(&slot).await, "token-0");
    stage.clock.pass(LIFETIME - 59);
    assert_eq!(text(&slot).await, "token-1");

    stage.provider.answers(|_| status(401, ""));
    stage.clock.pass(LIFETIME - 1);
    assert_eq!(text(&slot).await, "token-1");
    stage.clock.pass(1);
    assert_eq!(slot.get().await.unwrap_err().code(), "reply.plain");
}

#[tokio::test]
async fn what_is_left_at_least_is_a_setting() {
    let stage = Stage::with(faceki, |settings| {
        settings.min_remaining(Duration::from_secs(LIFETIME / 2))
    });
    let slot = stage.cache.slot(()).unwrap();
    assert_eq!(text(&slot).await, "token-0");
    stage.clock.pass(LIFETIME / 2 + 1);
    assert_eq!(text(&slot).await, "token-1");
}

/// Otherwise no token would ever have enough left, and each call would make a request.
#[tokio::test]
async fn of_a_short_life_at_most_a_half_must_be_left() {
    let stage = Stage::with(faceki, |settings| {
        settings.min_remaining(Duration::from_secs(2 * LIFETIME))
    });
    let slot = stage.cache.slot(()).unwrap();
    for _ in 0..10 {
        assert_eq!(text(&slot).await, "token-0");
    }
    stage.clock.pass(LIFETIME / 2 + 1);
    assert_eq!(text(&slot).await, "token-1");
}

#[tokio::test]
async fn a_lifetime_counts_from_before_the_request() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    stage.provider.close();
    let caller = tokio::spawn({
        let slot = slot.clone();
        async move { text(&slot).await }
    });
    stage.provider.is_asked(1).await;
    // It takes so long that the token has less than a minute left when it comes.
    stage.clock.pass(LIFETIME - 59);
    stage.provider.open();
    assert_eq!(caller.await.unwrap(), "token-0");
    assert_eq!(text(&slot).await, "token-1");
}

/// The time of day stands still here, as a clock does that was set back.
#[tokio::test]
async fn a_token_ends_by_the_clock_that_only_runs_as_well() {
    let stage = Stage::set(faceki);
    stage.provider.answers(granted);
    let slot = stage.cache.slot(()).unwrap();
    assert_eq!(text(&slot).await, "token-0");
    pass(Duration::from_secs(LIFETIME - 30)).await;
    assert_eq!(text(&slot).await, "token-1");
}
