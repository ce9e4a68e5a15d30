//! An issuer that fails is left alone.

use std::time::Duration;

use bankezy_client::{ProviderError, Renewal};
use bankezy_sandbox::InjectedFault;
use bankezy_test_support::pass;
use serde_json::json;

use crate::stage::{APP_TOKEN, HOUR, Stage};

/// Long enough that what happens in between does not count.
const FIRST_BACKOFF: Duration = Duration::from_millis(400);

/// How long an attempt is refused right after one that failed, and with which code that one failed.
async fn refused_for(stage: &Stage) -> (Duration, &'static str) {
    let failed = stage.echo(json!(1)).await.unwrap_err();
    assert!(
        matches!(failed, ProviderError::NoToken { .. }),
        "{failed:?}"
    );
    match stage.echo(json!(1)).await.unwrap_err() {
        ProviderError::NoToken {
            retry_in: Some(retry_in),
            cause,
            ..
        } => (retry_in, cause.code()),
        other => panic!("{other:?}"),
    }
}

fn is_about(found: Duration, wanted: Duration) -> bool {
    found <= wanted && found > wanted / 2
}

#[tokio::test]
async fn for_longer_and_longer_until_a_bound() {
    let stage = Stage::with(Renewal::NewLogin, |settings| {
        settings.backoff(FIRST_BACKOFF, FIRST_BACKOFF * 3)
    })
    .await;
    // How long it waits is random: anything from nothing to the bound.
    for row in [&[1, 2, 3, 3][..], &[1]] {
        let times = u32::try_from(row.len()).unwrap();
        stage.inject(APP_TOKEN, InjectedFault::ServerError, times);
        let mut failures = 0;
        while let Err(error) = stage.keeper.session().await {
            match error {
                ProviderError::NoToken {
                    retry_in: Some(retry_in),
                    cause,
                    ..
                } => {
                    assert_eq!(cause.code(), "reply.plain");
                    let bound = FIRST_BACKOFF * row[failures - 1];
                    assert!(retry_in <= bound, "{retry_in:?}");
                    pass(retry_in).await;
                }
                _ => failures += 1,
            }
        }
        assert_eq!(failures, row.len());
        assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
        // A success ends the row.
        stage.pass(HOUR * 2);
    }
}

#[tokio::test]
async fn for_as_long_as_it_asks_within_the_bound() {
    let busy = InjectedFault::TooManyRequests { retry_after: 3 };
    for (max, expected) in [(60, 3), (2, 2)] {
        let max = Duration::from_secs(max);
        let stage = Stage::with(Renewal::NewLogin, |settings| {
            settings.backoff(Duration::ZERO, max)
        })
        .await;
        stage.inject(APP_TOKEN, busy, 1);
        let (retry_in, _) = refused_for(&stage).await;
        let expected = Duration::from_secs(expected);
        assert!(is_about(retry_in, expected), "{retry_in:?}");
    }
}

#[tokio::test]
async fn for_a_day_at_most() {
    let stage = Stage::with(Renewal::NewLogin, |settings| {
        settings.backoff(Duration::MAX, Duration::MAX)
    })
    .await;
    stage.inject(APP_TOKEN, InjectedFault::ServerError, 1);
    let (retry_in, _) = refused_for(&stage).await;
    assert!(retry_in <= HOUR * 24, "{retry_in:?}");
}
