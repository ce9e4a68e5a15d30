//! Sessions that the server refuses: replaced, seldom; and which calls are repeated.

use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{
    Advice, BankEzyClient, Delivery, ProviderError, Renewal, Session, SessionKeeper,
};
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::TokenAnswer;
use bankezy_crypto::{Derivation, PayloadCipher, PayloadSecret};
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault};
use bankezy_test_support::pass;
use serde_json::{Value, json};

use crate::stage::{APP_TOKEN, App, HOUR, Stage};

/// Longer than a call takes.
const A_WHILE: Duration = Duration::from_millis(300);

/// Beyond which a refused session is replaced again.
const REPLACE_EVERY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_refused_session_is_replaced_and_the_call_repeated() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    let session = stage.keeper.session().await.unwrap();
    stage.end(&session).await;
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
    assert_eq!(stage.logins(), 2);
    assert_eq!(stage.executed(EmulatedEndpoint::Echo), 2);
}

#[tokio::test]
async fn a_server_that_refuses_everything_gets_few_logins() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(stage.echo_path(), InjectedFault::Unauthorized, 100);
    for logins in [2, 3] {
        for _ in 0..5 {
            let error = stage.echo(json!(2)).await.unwrap_err();
            assert!(matches!(error, ProviderError::Answer(_, _)), "{error:?}");
        }
        assert_eq!(stage.logins(), logins);
        pass(REPLACE_EVERY).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_calls_refused_at_once_all_are_repeated_under_one_new_session() {
    let stage = Arc::new(Stage::set(Renewal::NewLogin).await);
    stage.echo(json!(1)).await.unwrap();
    stage.end(&stage.keeper.session().await.unwrap()).await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.echo(json!(2)).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(stage.logins(), 2);
}

/// Nobody said that the call may be repeated, and a 401 proves nothing: the server may have executed it.
#[tokio::test]
async fn by_default_a_refused_call_is_sent_once() {
    let sandbox = crate::stage::emulator().await;
    let app = App::of(&sandbox);
    let client = BankEzyClient::new(
        crate::stage::quick().build().unwrap(),
        crate::stage::server(&sandbox),
    );
    let keeper = SessionKeeper::new(client, move |client| {
        let app = app.clone();
        async move { app.log_in(&client, Renewal::NewLogin).await }
    });
    let path = sandbox.credentials().echo_path();
    let _: Value = keeper.call(path, &json!(1)).await.unwrap();
    let retry_after = 0;
    for (fault, executed) in [
        (InjectedFault::Unauthorized, 0),
        (InjectedFault::TooManyRequests { retry_after }, 0),
        (InjectedFault::ServiceUnavailable { retry_after }, 0),
        (InjectedFault::AfterUnauthorized, 1),
        (InjectedFault::AfterTooManyRequests { retry_after }, 1),
        (InjectedFault::AfterServiceUnavailable { retry_after }, 1),
        (InjectedFault::DropAfter, 1),
    ] {
        sandbox.faults().inject_at(path, fault, 1);
        let before = sandbox.executed().of(EmulatedEndpoint::Echo);
        keeper.call::<_, Value>(path, &json!(2)).await.unwrap_err();
        assert_eq!(sandbox.faults().pending(), 0, "{fault:?}: it arrived");
        let count = sandbox.executed().of(EmulatedEndpoint::Echo) - before;
        assert_eq!(count, executed, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refused_call_that_may_not_be_repeated_returns_at_once() {
    let mut stage = Stage::set(Renewal::NewLogin).await;
    stage.repeats = false;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(stage.echo_path(), InjectedFault::Unauthorized, 1);
    let refused = stage.keeper.session().await.unwrap();
    // The error does not wait for the login.
    stage.inject(APP_TOKEN, InjectedFault::Delay(A_WHILE), 1);
    assert!(stage.echo(json!(2)).await.is_err());
    assert_eq!(stage.logins(), 1);
    stage.replaced(refused).await;
    assert_eq!(stage.logins(), 2, "but the session is replaced");
    assert_eq!(stage.echo(json!(3)).await.unwrap(), json!(3));
}

#[tokio::test]
async fn a_server_that_cannot_open_our_messages_gets_a_login_after_three_and_no_repetition() {
    // The first login takes another key than the server.
    let log_in = |app: App, client: BankEzyClient, number| async move {
        let derivation = match number {
            0 => Derivation::RawSharedSecret,
            _ => app.derivation,
        };
        let app = App { derivation, ..app };
        app.log_in(&client, Renewal::NewLogin).await
    };
    let stage = Stage::logging_in(log_in, |keeper| keeper).await;
    let first = stage.keeper.session().await.unwrap();
    for _ in 0..3 {
        let error = stage.echo(json!(1)).await.unwrap_err();
        assert_eq!(error.code(), "reply.plain");
        assert_eq!(stage.logins(), 1);
    }
    stage.replaced(first).await;
    assert_eq!(
        (stage.logins(), stage.executed(EmulatedEndpoint::Echo)),
        (2, 0)
    );
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
}

/// A 401 does not prove that the call was not executed, so a repeat that is not sent says nothing of the call.
#[tokio::test]
async fn a_repeat_that_is_not_sent_leaves_the_call_possibly_sent() {
    let log_in = |app: App, client: BankEzyClient, number| async move {
        if number == 0 {
            return app.log_in(&client, Renewal::NewLogin).await;
        }
        // The repeat cannot be sealed.
        let session = app.log_in(&client, Renewal::NewLogin).await?;
        let secret = PayloadSecret::generate().unwrap();
        let cipher = PayloadCipher::new(&secret).unwrap().with_nonce_budget(0);
        let mut answer = TokenAnswer::new(Token::new("t".to_owned().into(), None));
        answer.token_reference_id = session.answer().token_reference_id.clone();
        Ok(Session::new(answer, cipher, Renewal::NewLogin))
    };
    let stage = Stage::logging_in(log_in, |keeper| keeper).await;
    stage.echo(json!(1)).await.unwrap();
    stage.inject(stage.echo_path(), InjectedFault::AfterUnauthorized, 1);
    let error = stage.echo(json!(2)).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::PossiblySent, "{error:?}");
    assert_eq!(error.advice(), Advice::AskByReference);
}

#[tokio::test]
async fn other_refusals_leave_the_session_alone() {
    let stage = Stage::set(Renewal::NewLogin).await;
    stage.echo(json!(1)).await.unwrap();
    let busy = InjectedFault::TooManyRequests { retry_after: 1 };
    for fault in [InjectedFault::ServerError, busy, InjectedFault::DropAfter] {
        stage.inject(stage.echo_path(), fault, 1);
        assert!(stage.echo(json!(2)).await.is_err());
    }
    stage.echo(json!(3)).await.unwrap();
    assert_eq!(stage.logins(), 1);
    assert_eq!(
        stage.executed(EmulatedEndpoint::Echo),
        3,
        "the one that was dropped after it was executed is not repeated"
    );
}

#[tokio::test]
async fn answers_that_keep_failing_to_open_lead_to_a_login_and_are_not_repeated() {
    let stage = Stage::set(Renewal::NewLogin).await;
    for _ in 0..2 {
        stage.echo(json!(1)).await.unwrap();
        stage.inject(stage.echo_path(), InjectedFault::WrongKey, 2);
        for _ in 0..2 {
            let error = stage.echo(json!(2)).await.unwrap_err();
            assert_eq!(error.code(), "envelope.open_failed");
        }
    }
    assert_eq!(stage.logins(), 1, "never three in a row");
    assert_eq!(stage.executed(EmulatedEndpoint::Echo), 6);
    let old = stage.keeper.session().await.unwrap();
    stage.inject(stage.echo_path(), InjectedFault::WrongKey, 1);
    assert!(stage.echo(json!(3)).await.is_err());
    stage.replaced(old).await;
    assert_eq!(stage.logins(), 2, "three in a row");
    assert_eq!(
        stage.executed(EmulatedEndpoint::Echo),
        7,
        "and none repeated"
    );
    stage.inject(stage.echo_path(), InjectedFault::WrongKey, 3);
    for _ in 0..3 {
        assert!(stage.echo(json!(4)).await.is_err());
    }
    assert_eq!(stage.logins(), 2, "the last one was just made");
}

#[tokio::test]
async fn who_sends_requests_can_say_that_a_session_was_refused() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let first = stage.keeper.session().await.unwrap();
    let second = stage.keeper.refuse(&first).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(stage.logins(), 2);
    // Another caller that was refused before.
    let again = stage.keeper.refuse(&first).await.unwrap();
    assert!(Arc::ptr_eq(&again, &second));
    let error = stage.keeper.refuse(&second).await.unwrap_err();
    let ProviderError::RefusedLately { retry_in, .. } = error else {
        panic!("{error:?}");
    };
    assert!(retry_in <= REPLACE_EVERY && retry_in > REPLACE_EVERY / 2);
    assert_eq!(stage.logins(), 2);
    let kept = stage.keeper.session().await.unwrap();
    assert!(
        Arc::ptr_eq(&kept, &second),
        "it may have been one call alone"
    );
    pass(retry_in).await;
    stage.keeper.refuse(&second).await.unwrap();
    assert_eq!(stage.logins(), 3);
}

#[tokio::test]
async fn what_takes_the_place_of_a_refused_session_is_not_expired() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let first = stage.keeper.session().await.unwrap();
    let second = stage.keeper.refuse(&first).await.unwrap();
    stage.pass(HOUR * 2);
    let third = stage.keeper.refuse(&first).await.unwrap();
    assert!(!Arc::ptr_eq(&third, &second));
    stage.pass(HOUR * 2);
    stage.keeper.refuse(&third).await.unwrap();
    assert_eq!(stage.logins(), 4, "expiry is no refusal");
}

#[tokio::test]
async fn a_login_that_fails_replaces_nothing_and_is_tried_again_after_the_backoff() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let first = stage.keeper.session().await.unwrap();
    stage.inject(APP_TOKEN, InjectedFault::ServerError, 1);
    let error = stage.keeper.refuse(&first).await.unwrap_err();
    assert!(matches!(error, ProviderError::NoToken { .. }), "{error:?}");
    loop {
        match stage.keeper.refuse(&first).await {
            Ok(_) => break,
            Err(ProviderError::NoToken {
                retry_in: Some(retry_in),
                ..
            }) => tokio::time::sleep(retry_in).await,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(stage.logins(), 2);
}

#[tokio::test]
async fn a_wrong_derivation_shows_at_the_first_call() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let app = App {
        derivation: Derivation::RawSharedSecret,
        ..App::of(&stage.sandbox)
    };
    let session = app.log_in(&stage.client, Renewal::NewLogin).await.unwrap();
    let token = &session.answer().token;
    let called: Result<Value, _> = stage
        .client
        .call(stage.echo_path(), &json!(1), token, session.channel())
        .await;
    assert_eq!(called.unwrap_err().code(), "reply.plain");
}
