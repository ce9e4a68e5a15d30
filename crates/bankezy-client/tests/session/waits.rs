//! What calls wait for, and what they do not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bankezy_client::{BankEzyClient, Delivery, ProviderError, Renewal};
use bankezy_crypto::providers::Moment;
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault};
use bankezy_test_support::{eventually, in_time, pass};
use serde_json::json;

use crate::stage::{APP_TOKEN, App, FIRST_BACKOFF, HOUR, Stage, clock, quick};

/// How long a renewal may take.
const RENEW_WITHIN: Duration = Duration::from_secs(5);

/// With a client that would wait for hours, and a renewal under way that hangs.
async fn renewing() -> Arc<Stage> {
    let log_in = |app: App, client: BankEzyClient, _| async move {
        app.log_in(&client, Renewal::WithoutAccount).await
    };
    let client = quick().deadline(3 * HOUR);
    let settings = |settings: bankezy_client::RefreshSettings| settings.deadline(3 * HOUR);
    let mut stage = Stage::over(client, log_in, settings).await;
    stage.repeats = false;
    stage.echo(json!(1)).await.unwrap();
    stage.hang_a_renewal().await;
    Arc::new(stage)
}

fn calling(
    stage: &Arc<Stage>,
) -> tokio::task::JoinHandle<Result<serde_json::Value, ProviderError>> {
    let stage = Arc::clone(stage);
    tokio::spawn(async move { stage.echo(json!(2)).await })
}

#[tokio::test]
async fn a_renewal_that_hangs_does_not_hold_calls_for_long() {
    let stage = renewing().await;
    let call = calling(&stage);
    tokio::task::yield_now().await;
    pass(RENEW_WITHIN).await;
    // The server ended the token, which a call that is not idempotent reports and does not repeat.
    let error = in_time("the call", call).await.unwrap().unwrap_err();
    assert_eq!(error.delivery(), Delivery::PossiblySent);
    let called = async {
        while stage.echo(json!(2)).await.is_err() {
            pass(FIRST_BACKOFF).await;
        }
    };
    in_time("the login", called).await;
    assert_eq!(stage.logins(), 2);
}

#[tokio::test]
async fn a_call_that_waited_until_its_token_expired_takes_the_next() {
    let stage = renewing().await;
    let call = calling(&stage);
    tokio::time::sleep(Duration::from_millis(100)).await;
    stage.pass(HOUR / 5);
    pass(RENEW_WITHIN).await;
    // It may have to wait after the failure of the renewal, but is not sent with the old token.
    match in_time("the call", call).await.unwrap() {
        Ok(_) => assert_eq!(stage.logins(), 2),
        Err(error) => assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}"),
    }
}

/// Three answers that do not open are only a doubt of the session.
#[tokio::test]
async fn doubts_lead_to_one_login_in_30_s_even_if_it_fails() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(APP_TOKEN, InjectedFault::ServerError, 100);
    let faults = stage.sandbox.faults();
    for logins in [1, 2] {
        for _ in 0..5 {
            stage.inject(stage.echo_path(), InjectedFault::WrongKey, 3);
            for _ in 0..3 {
                stage.echo(json!(2)).await.unwrap_err();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            // Beyond the wait after failures.
            pass(Duration::from_secs(2)).await;
        }
        assert_eq!(faults.pending(), 100 - logins);
        pass(Duration::from_secs(30)).await;
    }
}

/// It waits for calls under way, and its answer says how long the token lives from then on.
#[tokio::test]
async fn a_lifetime_counts_from_the_request_and_not_from_the_wait_before_it() {
    let stage = Arc::new(Stage::set(Renewal::WithoutAccount).await);
    stage.echo(json!(1)).await.unwrap();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    stage.pass(minutes(49));
    let delay = InjectedFault::Delay(Duration::from_millis(600));
    stage.inject(stage.echo_path(), delay, 1);
    let call = calling(&stage);
    eventually("the call", || stage.executed(EmulatedEndpoint::Echo) == 2).await;
    let old = stage.keeper.session().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stage.pass(minutes(9));
    call.await.unwrap().unwrap();
    stage.replaced(old).await;
    assert_eq!(stage.executed(EmulatedEndpoint::Renew), 1);
    stage.pass(minutes(45));
    let now = Moment {
        time_of_day: clock(&stage.moved)(),
        monotonic: Instant::now(),
    };
    assert!(!stage.keeper.session().await.unwrap().is_due(now));
}
