//! What an operator sees of logins and renewals, and that nothing secret is among it.

#[allow(dead_code, reason = "shared with the other session tests")]
mod stage;

use bankezy_client::Renewal;
use bankezy_sandbox::InjectedFault;
use bankezy_test_support::{Captured, eventually, pass};
use serde_json::json;

use stage::{APP_TOKEN, App, FIRST_BACKOFF, HOUR, INVALIDATE, RENEW, Stage};

#[tokio::test]
async fn logins_and_renewals_are_told() {
    let captured = Captured::of_the_process("bankezy_client");

    let stage = Stage::set(Renewal::WithoutAccount).await;
    for failures in 1..=2 {
        stage.inject(APP_TOKEN, InjectedFault::ServerError, 1);
        assert!(stage.echo(json!(1)).await.is_err());
        let told = captured.lines("no session obtained");
        let last = told.last().unwrap();
        let wait = FIRST_BACKOFF * failures;
        for part in [
            " WARN ",
            "error.code=\"reply.plain\"",
            &format!("failures={failures}"),
            "retry_in_ms=",
        ] {
            assert!(last.contains(part), "{last}");
        }
        pass(wait).await;
    }
    stage.echo(json!(2)).await.unwrap();
    let told = captured.lines("session obtained renewed=false");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(" elapsed_ms="), "{told:?}");

    let obtained = |renewed: bool, times| {
        let line = format!("session obtained renewed={renewed}");
        let captured = captured.clone();
        move || captured.lines(&line).len() == times
    };
    stage.pass(HOUR * 9 / 10);
    let renewed = stage.keeper.session().await.unwrap();
    eventually("a renewal", obtained(true, 1)).await;
    drop(renewed);

    stage.pass(HOUR * 9 / 10);
    stage.inject(RENEW, InjectedFault::ServerError, 1);
    stage.inject(INVALIDATE, InjectedFault::ServerError, 1);
    stage.keeper.session().await.unwrap();
    eventually("a login instead", obtained(false, 2)).await;
    let told = captured.lines("renewal failed, logging in instead");
    assert!(told[0].contains("error.code=\"reply.plain\""), "{told:?}");
    eventually("invalidating the old one", || {
        !captured
            .lines("replaced token not invalidated error.code=\"reply.plain\"")
            .is_empty()
    })
    .await;

    let app = App::of(&stage.sandbox);
    let session = stage.keeper.session().await.unwrap();
    let reference = session.answer().token_reference_id.clone().unwrap();
    for secret in [
        session.answer().token.as_str(),
        &reference,
        &app.api_key,
        &app.secret,
        "127.0.0.1/",
        "token-service",
    ] {
        let told = captured.lines(secret);
        assert!(told.is_empty(), "{told:?}");
    }
}

/// Nothing of it was sent, and an event says so.
#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_for_a_login_is_told() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.inject(APP_TOKEN, InjectedFault::Delay(HOUR), 1);
    let (captured, _guard) = Captured::of_this_thread("bankezy_client");
    let call = stage.echo(json!(1));
    let wait = std::time::Duration::from_millis(200);
    tokio::time::timeout(wait, call).await.unwrap_err();
    let told = captured.lines("call dropped before its end");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("possibly_sent=false"), "{told:?}");
}
