//! Tokens are taken back: at shutdown, and when a login replaces them.

use std::time::Duration;

use bankezy_client::{BankEzyClient, Delivery, ProviderError, Renewal, Session};
use bankezy_crypto::KeyPair;
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault};
use bankezy_test_support::{eventually, in_time};
use serde_json::{Value, json};

use crate::stage::{APP_TOKEN, App, HOUR, INVALIDATE, Stage, quick};

/// Longer than what is done in the background takes.
const A_WHILE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn shutdown_invalidates_and_refuses_what_comes_after() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(
        stage.executed(EmulatedEndpoint::Invalidate),
        0,
        "there was nothing to invalidate"
    );
    let stage = Stage::with(Renewal::NewLogin, |settings| {
        settings.shutdown_deadline(2 * A_WHILE)
    })
    .await;
    stage.echo(json!(1)).await.unwrap();
    // Held for longer than it is waited for.
    let session = stage.keeper.session().await.unwrap();
    stage.keeper.shutdown().await.unwrap();
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 1);
    for refused in [
        stage.echo(json!(2)).await.map(drop),
        stage.keeper.session().await.map(drop),
        stage.keeper.refuse(&session).await.map(drop),
    ] {
        assert!(matches!(refused, Err(ProviderError::ShutDown)));
    }
    assert!(format!("{:?}", stage.keeper).contains("[redacted]"));
}

#[tokio::test]
async fn a_shutdown_that_fails_can_be_repeated_and_refuses_all_the_same() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(INVALIDATE, InjectedFault::ServerError, 1);
    assert!(stage.keeper.shutdown().await.is_err());
    for passes in [0, 9] {
        stage.pass(HOUR * passes / 10);
        let refused = stage.keeper.session().await;
        assert!(matches!(refused, Err(ProviderError::ShutDown)));
    }
    assert_eq!(stage.executed(EmulatedEndpoint::Renew), 0);
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 1);
}

#[tokio::test]
async fn shutdowns_at_once_take_a_token_back_once() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    let (one, other) = tokio::join!(stage.keeper.shutdown(), stage.keeper.shutdown());
    one.unwrap();
    other.unwrap();
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 1);
}

#[tokio::test]
async fn calls_under_way_end_before_the_token_is_taken_back() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    let delay = InjectedFault::Delay(2 * A_WHILE);
    stage.inject(stage.echo_path(), delay, 1);
    let shutdown = async {
        let executed = || stage.executed(EmulatedEndpoint::Echo) == 2;
        eventually("the call", executed).await;
        stage.keeper.shutdown().await.unwrap();
        assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 1);
    };
    let call = async {
        let called = stage.echo(json!(2)).await;
        (called, stage.executed(EmulatedEndpoint::Invalidate))
    };
    let ((called, invalidated), ()) = tokio::join!(call, shutdown);
    assert_eq!((called.unwrap(), invalidated), (json!(2), 0));
}

#[tokio::test]
async fn a_login_under_way_does_not_hold_a_shutdown_and_is_taken_back_and_no_call_follows() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.inject(APP_TOKEN, InjectedFault::Delay(A_WHILE), 1);
    let session = async {
        // The login is executed before the delay, and ends after the shutdown.
        let (session, called) = tokio::join!(stage.keeper.session(), stage.echo(json!(1)));
        assert!(matches!(session, Err(ProviderError::ShutDown)));
        assert!(matches!(called, Err(ProviderError::ShutDown)));
        assert_eq!(stage.executed(EmulatedEndpoint::Echo), 0);
    };
    let shutdown = async {
        eventually("the login", || stage.logins() == 1).await;
        stage.keeper.shutdown().await.unwrap();
        assert_eq!(stage.sandbox.executed().total(), 1);
    };
    tokio::join!(session, shutdown);
    let executed = || stage.executed(EmulatedEndpoint::Invalidate) == 1;
    eventually("invalidating", executed).await;
    let refused = stage.keeper.session().await;
    assert!(matches!(refused, Err(ProviderError::ShutDown)));
}

#[tokio::test]
async fn a_shutdown_has_a_deadline_of_its_own() {
    let stage = Stage::with(Renewal::NewLogin, |settings| {
        settings.shutdown_deadline(A_WHILE)
    })
    .await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(INVALIDATE, InjectedFault::Delay(HOUR), 1);
    let error = in_time("the deadline", stage.keeper.shutdown()).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "client.timeout");
    assert_eq!(error.delivery(), Delivery::PossiblySent);
    stage.keeper.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_that_a_login_replaced_is_invalidated_once_nobody_uses_it() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let old = stage.keeper.session().await.unwrap();
    stage.inject(INVALIDATE, InjectedFault::Delay(A_WHILE), 1);
    let new = stage.keeper.refuse(&old).await.unwrap();
    tokio::time::sleep(A_WHILE).await;
    let echo = async |session: &Session| -> Result<Value, _> {
        let token = &session.answer().token;
        let (path, channel) = (stage.echo_path(), session.channel());
        stage.client.call(path, &json!(1), token, channel).await
    };
    echo(&old).await.unwrap();
    drop(old);
    eventually("invalidating", || {
        stage.executed(EmulatedEndpoint::Invalidate) == 1
    })
    .await;
    echo(&new).await.unwrap();
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 2, "each once");
}

#[tokio::test]
async fn a_token_in_use_is_not_invalidated_however_long_that_takes() {
    let log_in = |app: App, client: BankEzyClient, _| async move {
        app.log_in(&client, Renewal::NewLogin).await
    };
    let stage = Stage::over(quick().deadline(A_WHILE), log_in, |settings| settings).await;
    let old = stage.keeper.session().await.unwrap();
    stage.keeper.refuse(&old).await.unwrap();
    // Beyond the client's deadline.
    tokio::time::sleep(2 * A_WHILE).await;
    assert_eq!(stage.executed(EmulatedEndpoint::Invalidate), 0);
    drop(old);
    eventually("invalidating", || {
        stage.executed(EmulatedEndpoint::Invalidate) == 1
    })
    .await;
}

#[tokio::test]
async fn nobody_waits_for_it_and_its_failure_is_nobodys() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(INVALIDATE, InjectedFault::Delay(HOUR), 1);
    stage.inject(stage.echo_path(), InjectedFault::Unauthorized, 1);
    let call = in_time("the call", stage.echo(json!(2))).await;
    assert_eq!(call.unwrap(), json!(2));
    eventually("invalidating", || {
        stage.executed(EmulatedEndpoint::Invalidate) == 1
    })
    .await;

    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(INVALIDATE, InjectedFault::ServerError, 1);
    stage.inject(stage.echo_path(), InjectedFault::Unauthorized, 1);
    stage.echo(json!(2)).await.unwrap();
    let faults = stage.sandbox.faults();
    eventually("invalidating", || faults.pending() == 0).await;
    stage.echo(json!(3)).await.unwrap();
}

#[tokio::test]
async fn what_was_renewed_or_has_expired_is_not_invalidated() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    stage.inject(INVALIDATE, InjectedFault::DropBefore, 1);
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.echo(json!(2)).await.unwrap();
    stage.replaced(old).await;
    assert_eq!(stage.executed(EmulatedEndpoint::Renew), 1);
    stage.pass(HOUR * 2);
    stage.echo(json!(3)).await.unwrap();
    assert_eq!(stage.logins(), 2);
    tokio::time::sleep(A_WHILE).await;
    stage.echo(json!(4)).await.unwrap();
    stage.pass(HOUR * 2);
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.sandbox.faults().pending(), 1, "it was not asked for");
}

#[tokio::test]
async fn a_new_token_under_the_same_reference_is_left_alone() {
    // A login that hands the same reference on: invalidating it would end the new token as well.
    let log_in = |app: App, client: BankEzyClient, _| async move {
        let pair = KeyPair::generate().unwrap();
        let mut session = client
            .app_token(&app.credentials(), pair, &app.derivation)
            .await?;
        session.answer.token_reference_id = Some("one-reference".to_owned());
        let (answer, channel) = (session.answer, session.channel);
        Ok(Session::new(answer, channel, Renewal::NewLogin))
    };
    let stage = Stage::logging_in(log_in, |settings| settings).await;
    let old = stage.keeper.session().await.unwrap();
    stage.keeper.refuse(&old).await.unwrap();
    drop(old);
    stage.inject(INVALIDATE, InjectedFault::DropBefore, 1);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(stage.sandbox.faults().pending(), 1, "it was not asked for");
}
