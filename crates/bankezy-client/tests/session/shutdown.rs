//! What a shutdown waits for.

use std::sync::Arc;
use std::time::Duration;

use bankezy_client::Renewal;
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault};
use bankezy_test_support::{eventually, in_time, pass};
use serde_json::json;

use crate::stage::{HOUR, INVALIDATE, Stage};

/// Longer than what is done in the background takes.
const A_WHILE: Duration = Duration::from_millis(300);

/// A call under way under the first session, which a login has replaced.
async fn call_under_a_replaced_session(stage: &Arc<Stage>, delay: Duration) -> Call {
    stage.echo(json!(1)).await.unwrap();
    stage.inject(stage.echo_path(), InjectedFault::Delay(delay), 1);
    let calling = Arc::clone(stage);
    let call = tokio::spawn(async move { calling.echo(json!(2)).await });
    eventually("the call", || stage.executed(EmulatedEndpoint::Echo) == 2).await;
    let old = stage.keeper.session().await.unwrap();
    stage.keeper.refuse(&old).await.unwrap();
    call
}

type Call = tokio::task::JoinHandle<Result<serde_json::Value, bankezy_client::ProviderError>>;

#[tokio::test]
async fn it_waits_for_calls_under_a_session_that_was_replaced() {
    let stage = Arc::new(Stage::set(Renewal::NewLogin).await);
    let call = call_under_a_replaced_session(&stage, 2 * A_WHILE).await;
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), json!(2));
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 2);
}

#[tokio::test]
async fn it_fails_if_calls_are_left_and_invalidates_all_the_same() {
    let settings = |settings: bankezy_client::RefreshSettings| settings.shutdown_deadline(A_WHILE);
    let stage = Arc::new(Stage::with(Renewal::NewLogin, settings).await);
    let call = call_under_a_replaced_session(&stage, HOUR).await;
    let error = stage.keeper.shutdown().await.unwrap_err();
    assert_eq!(error.code(), "client.timeout");
    let invalidated = || stage.executed(EmulatedEndpoint::Invalidate) == 2;
    eventually("both revocations", invalidated).await;
    call.abort();
    let _ = call.await;
    stage.keeper.shutdown().await.unwrap();
}

#[tokio::test]
async fn it_waits_for_revocations_under_way() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let old = stage.keeper.session().await.unwrap();
    stage.inject(INVALIDATE, InjectedFault::Delay(A_WHILE), 1);
    stage.keeper.refuse(&old).await.unwrap();
    drop(old);
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 2);
}

/// The caller can do nothing more with it than its keeper, which was shut down.
#[tokio::test]
async fn it_invalidates_a_replaced_token_that_a_caller_still_holds() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let held = stage.keeper.session().await.unwrap();
    stage.keeper.refuse(&held).await.unwrap();
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 2);
    drop(held);
}

#[tokio::test]
async fn a_renewal_under_way_does_not_hold_it() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    stage.echo(json!(1)).await.unwrap();
    stage.hang_a_renewal().await;
    let shutdown = tokio::time::timeout(Duration::from_secs(4), stage.keeper.shutdown());
    shutdown.await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_is_held_of_a_replaced_session_once_it_has_expired() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let held = stage.keeper.session().await.unwrap();
    stage.keeper.refuse(&held).await.unwrap();
    assert!(Arc::strong_count(&held) > 1);
    stage.pass(HOUR * 2);
    let alone = || Arc::strong_count(&held) == 1;
    in_time("its end", eventually("its end", alone)).await;
    pass(A_WHILE).await;
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 0);
}
