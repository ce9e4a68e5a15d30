//! Ahead of a token's expiry: renewed, with an account number or without, or replaced.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bankezy_client::{BankEzyClient, RefreshSettings, Renewal, Session, SessionKeeper};
use bankezy_crypto::backend::AWS_LC_RS;
use bankezy_crypto::providers::bankezy::{AccountNumber, Endpoint, TokenRequest};
use bankezy_crypto::{Channel, KeyPair};
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
use bankezy_test_support::eventually;
use serde_json::{Value, json};

use crate::stage::{APP_TOKEN, FIRST_BACKOFF, HOUR, RENEW, Stage, clock, emulator};
use crate::stage::{quick, server};

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_expiry_once() {
    let stage = Arc::new(Stage::set(Renewal::WithoutAccount).await);
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR / 2);
    stage.echo(json!(2)).await.unwrap();
    stage.pass(HOUR / 4);
    stage.echo(json!(2)).await.unwrap();
    assert_eq!(
        stage.executed(EmulatedEndpoint::Renew),
        0,
        "a quarter is left"
    );
    stage.pass(HOUR / 10);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let stage = Arc::clone(&stage);
            // The old token ends at renewal, which waits for calls under way with it.
            tokio::spawn(async move { stage.echo(json!(3)).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let renewals = || stage.executed(EmulatedEndpoint::Renew);
    eventually("the renewal", || renewals() == 1).await;
    assert_eq!(stage.echo(json!(3)).await.unwrap(), json!(3));
    stage.pass(HOUR / 2);
    stage.echo(json!(4)).await.unwrap();
    assert_eq!(
        stage.executed(EmulatedEndpoint::Renew),
        1,
        "the renewed token is fresh"
    );
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR * 2 / 5);
    stage.replaced(old).await;
    assert_eq!(
        (stage.executed(EmulatedEndpoint::Renew), stage.logins()),
        (2, 1)
    );
    stage.echo(json!(5)).await.unwrap();
}

#[tokio::test]
async fn nobody_waits_for_a_renewal_while_the_token_is_good() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.inject(RENEW, InjectedFault::Delay(FIRST_BACKOFF * 10), 1);
    // It would be another session if this had waited.
    let still = stage.keeper.session().await.unwrap();
    assert!(Arc::ptr_eq(&still, &old));
    eventually("a renewal", || stage.executed(EmulatedEndpoint::Renew) == 1).await;
}

/// Logs in with Get Token, whose tokens belong to an account.
fn of_an_account(sandbox: &Sandbox, renewed_with: u64, settings: RefreshSettings) -> SessionKeeper {
    let client = BankEzyClient::new(quick().build().unwrap(), server(sandbox));
    let credentials = sandbox.credentials();
    let secret = credentials.payload_secret();
    let fixed = Arc::new(Channel::from_secret(secret, &AWS_LC_RS).unwrap());
    let sdk_api_key = credentials.sdk_api_key().to_owned();
    let derivation = credentials.derivation();
    let log_in = move |client: BankEzyClient| {
        let (fixed, sdk_api_key) = (Arc::clone(&fixed), sdk_api_key.clone());
        async move {
            let ours = Arc::new(KeyPair::generate()?);
            let key = ours.public_key().to_wire();
            let account = AccountNumber::new(1234).unwrap();
            let request = TokenRequest::new("one-reference", &key, &sdk_api_key, account).unwrap();
            let answer = client.get_token(&request, &fixed).await?;
            let server = answer.server_public_key.clone().unwrap();
            let agreed = Channel::establish(ours, &server, &derivation).unwrap();
            let renewal = Renewal::WithAccount(AccountNumber::new(renewed_with).unwrap());
            Ok(Session::new(answer, agreed, renewal))
        }
    };
    SessionKeeper::with_settings(client, log_in, settings)
}

#[tokio::test]
async fn a_token_of_an_account_is_renewed_with_its_number() {
    for (number, renewals, logins) in [(1234, 1, 1), (4321, 0, 2)] {
        let sandbox = emulator().await;
        let moved = Arc::default();
        let settings = RefreshSettings::default().clock(clock(&moved));
        let keeper = of_an_account(&sandbox, number, settings);
        let path = sandbox.credentials().echo_path();
        let echo = async || {
            keeper
                .call(Endpoint::from(path).idempotent(), &json!(1))
                .await
        };
        let _: Value = echo().await.unwrap();
        let due = HOUR * 9 / 10;
        moved.store(due.as_secs(), Ordering::Relaxed);
        sandbox.advance_clock(due);
        let _: Value = echo().await.unwrap();
        let executed = |endpoint| sandbox.executed().of(endpoint);
        eventually("what takes its place", || {
            executed(EmulatedEndpoint::Renew) == renewals
                && executed(EmulatedEndpoint::GetToken) == logins
        })
        .await;
        let _: Value = echo().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_to_be_renewed_is_replaced_by_a_login() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.echo(json!(2)).await.unwrap();
    stage.replaced(old).await;
    assert_eq!(stage.logins(), 2);
    stage.pass(HOUR * 3);
    stage.echo(json!(3)).await.unwrap();
    assert_eq!(stage.logins(), 3);
    assert_eq!(stage.executed(EmulatedEndpoint::Renew), 0);
}

#[tokio::test]
async fn a_good_token_serves_while_its_renewal_fails() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR * 9 / 10);
    for path in [RENEW, APP_TOKEN] {
        stage.inject(path, InjectedFault::ServerError, 1);
    }
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
    let faults = stage.sandbox.faults();
    eventually("both failures", || faults.pending() == 0).await;
    assert_eq!(stage.echo(json!(3)).await.unwrap(), json!(3));
    // Tried again when the backoff is over, by a login: the renewal was possibly executed.
    stage.replaced(old).await;
    assert_eq!(
        (stage.executed(EmulatedEndpoint::Renew), stage.logins()),
        (0, 2)
    );
}

/// Renew ends the old token: a call under it that may not be repeated would be lost.
#[tokio::test]
async fn a_renewal_waits_for_the_calls_under_the_old_token() {
    let mut stage = Stage::set(Renewal::WithoutAccount).await;
    stage.repeats = false;
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.inject(
        stage.echo_path(),
        InjectedFault::Delay(FIRST_BACKOFF * 5),
        1,
    );
    // It finds that the token is due, and starts the renewal.
    let call = async {
        let called = stage.echo(json!(2)).await;
        (called, stage.executed(EmulatedEndpoint::Renew))
    };
    let others = async {
        tokio::time::sleep(FIRST_BACKOFF).await;
        // No other call waits meanwhile.
        stage.echo(json!(3)).await.unwrap();
        assert_eq!(stage.executed(EmulatedEndpoint::Renew), 0);
    };
    let ((called, renewals), ()) = tokio::join!(call, others);
    assert_eq!((called.unwrap(), renewals), (json!(2), 0));
    eventually("the renewal", || {
        stage.executed(EmulatedEndpoint::Renew) == 1
    })
    .await;
    stage.echo(json!(4)).await.unwrap();
    assert_eq!(stage.logins(), 1);
}

#[tokio::test]
async fn a_call_that_does_not_end_leads_to_a_login_in_place_of_a_renewal() {
    let deadline = FIRST_BACKOFF * 10;
    let stage = Stage::with(Renewal::WithoutAccount, |it| it.deadline(deadline)).await;
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.inject(stage.echo_path(), InjectedFault::Delay(deadline * 3), 1);
    let call = stage.echo(json!(1));
    let ((), called) = tokio::join!(stage.replaced(old), call);
    called.unwrap();
    let renewals = stage.executed(EmulatedEndpoint::Renew);
    assert_eq!((renewals, stage.logins()), (0, 2));
}

/// The server may have executed it, and ended the token with it.
#[tokio::test]
async fn a_renewal_that_was_possibly_executed_is_not_sent_again() {
    let retry_after = 0;
    for fault in [
        InjectedFault::DropAfter,
        InjectedFault::DropBefore,
        InjectedFault::AfterServiceUnavailable { retry_after },
        InjectedFault::ServiceUnavailable { retry_after },
        InjectedFault::TooManyRequests { retry_after },
    ] {
        let stage = Stage::set(Renewal::WithoutAccount).await;
        let old = stage.keeper.session().await.unwrap();
        stage.pass(HOUR * 9 / 10);
        stage.inject(RENEW, fault, 3);
        stage.replaced(old).await;
        assert_eq!(stage.sandbox.faults().pending(), 2, "{fault:?}: sent once");
        assert_eq!(stage.logins(), 2);
    }
}

#[tokio::test]
async fn a_session_with_little_left_is_waited_for() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let old = stage.keeper.session().await.unwrap();
    stage.pass(HOUR - Duration::from_secs(30));
    stage.inject(APP_TOKEN, InjectedFault::ServerError, 1);
    // If there is no other, what is left is better than nothing.
    let same = stage.keeper.session().await.unwrap();
    assert!(Arc::ptr_eq(&old, &same));
    tokio::time::sleep(FIRST_BACKOFF).await;
    let new = stage.keeper.session().await.unwrap();
    assert!(!Arc::ptr_eq(&old, &new));
}

#[tokio::test]
async fn without_an_answer_to_a_renewal_no_login_is_tried_at_once() {
    let stage = Stage::set(Renewal::WithoutAccount).await;
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.inject(RENEW, InjectedFault::DropBefore, 1);
    stage.echo(json!(2)).await.unwrap();
    let faults = stage.sandbox.faults();
    eventually("a renewal that is lost", || faults.pending() == 0).await;
    tokio::time::sleep(FIRST_BACKOFF / 2).await;
    assert_eq!(stage.logins(), 1);
}
