//! Issuers, runtimes and closures that stand still: nobody waits for them longer than the deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bankezy_client::{ProviderError, Renewal};
use bankezy_sandbox::InjectedFault;
use bankezy_test_support::{eventually, in_time};
use serde_json::json;

use crate::stage::*;

const LONG_BACKOFF: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_renewal_that_is_asked_to_wait_does_not_log_in() {
    let stage = Stage::with(Renewal::WithoutAccount, |settings| {
        settings.backoff(FIRST_BACKOFF, LONG_BACKOFF)
    })
    .await;
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    let retry_after = 30;
    stage.inject(RENEW, InjectedFault::TooManyRequests { retry_after }, 1);
    stage.echo(json!(2)).await.unwrap();
    let faults = stage.sandbox.faults();
    eventually("renewal refused", || faults.pending() == 0).await;
    tokio::time::sleep(FIRST_BACKOFF * 4).await;
    assert_eq!(stage.logins(), 1);
}

#[tokio::test]
async fn a_login_replaces_renewals_that_get_no_answer() {
    let stage = Stage::with(Renewal::WithoutAccount, |settings| {
        settings.backoff(FIRST_BACKOFF, LONG_BACKOFF)
    })
    .await;
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.inject(RENEW, InjectedFault::DropBefore, 100);
    // Ahead of expiry, while the old token serves.
    let begun = Instant::now();
    while stage.logins() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no login");
        stage.echo(json!(2)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.pass(HOUR / 5);
    stage.echo(json!(3)).await.unwrap();
}

#[test]
fn a_runtime_that_stands_still_holds_nobody_up() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = Arc::new(
        runtime.block_on(Stage::with(Renewal::WithoutAccount, |settings| {
            settings.deadline(Duration::from_millis(500))
        })),
    );
    runtime.block_on(stage.keeper.session()).unwrap();
    stage.pass(HOUR * 9 / 10);
    let mut still = tokio::runtime::Builder::new_current_thread();
    let still = still.enable_all().build().unwrap();
    // Starts the renewal on a runtime that does nothing from then on.
    still.block_on(stage.keeper.session()).unwrap();
    stage.pass(HOUR / 5);
    // It may fail, but not hang.
    let _ = runtime.block_on(in_time("the deadline", stage.keeper.session()));
    let again = runtime.block_on(stage.keeper.session());
    again.unwrap();
}

#[tokio::test]
async fn a_shutdown_whose_answer_was_lost_can_be_repeated() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    let delay = Duration::from_millis(300);
    stage.inject(INVALIDATE, InjectedFault::Delay(delay), 1);
    let given_up = tokio::time::timeout(delay / 3, stage.keeper.shutdown()).await;
    assert!(given_up.is_err());
    tokio::time::sleep(2 * delay).await;
    stage.keeper.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_renewal_that_fails_does_not_hasten_the_next_replacement() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    let first = stage.keeper.session().await.unwrap();
    let second = stage.keeper.refuse(&first).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.inject(RENEW, InjectedFault::DropBefore, 1);
    stage.keeper.session().await.unwrap();
    let faults = stage.sandbox.faults();
    eventually("renewal lost", || faults.pending() == 0).await;
    tokio::time::sleep(FIRST_BACKOFF * 2).await;
    let refused = stage.keeper.refuse(&second).await;
    assert!(matches!(refused, Err(ProviderError::RefusedLately { .. })));
}
