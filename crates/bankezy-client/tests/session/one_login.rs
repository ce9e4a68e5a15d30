//! One login or renewal at a time, which no caller ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bankezy_client::{BankEzyClient, ProviderError, Renewal, Session, SessionKeeper, TokenProblem};
use bankezy_crypto::KeyPair;
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::TokenAnswer;
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault};
use bankezy_test_support::{eventually_blocking, pass};
use serde_json::json;

use crate::stage::{APP_TOKEN, App, FIRST_BACKOFF, HOUR, Stage, emulator, quick, server};

fn login_error(error: ProviderError) -> Arc<ProviderError> {
    match error {
        ProviderError::NoToken { cause: error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_callers_there_is_one_login() {
    let stage = Arc::new(Stage::set(Renewal::NewLogin).await);
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.echo(json!({ "number": number })).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), json!({ "number": number }));
    }
    assert_eq!(stage.logins(), 1);
    assert_eq!(stage.executed(EmulatedEndpoint::Echo), 100);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_login() {
    let stage = Stage::set(Renewal::NewLogin).await;
    let slow = InjectedFault::Delay(Duration::from_millis(400));
    stage.inject(APP_TOKEN, slow, 1);
    for _ in 0..5 {
        let given_up = tokio::time::timeout(Duration::from_millis(50), stage.echo(json!(1))).await;
        assert!(given_up.is_err());
    }
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
    assert_eq!(stage.logins(), 1);
}

#[tokio::test]
async fn all_who_wait_share_a_failure() {
    let stage = Arc::new(Stage::set(Renewal::NewLogin).await);
    stage.inject(APP_TOKEN, InjectedFault::ServerError, 1);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.echo(json!(1)).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        let shared = matches!(&error, ProviderError::NoToken { .. });
        assert!(shared, "{error:?}");
    }
    let faults = stage.sandbox.faults();
    assert_eq!(faults.pending(), 0, "the issuer was asked once");
}

#[tokio::test]
async fn a_login_that_panics_is_an_error_and_the_next_one_is_made() {
    let log_in = |app: App, client: BankEzyClient, number| async move {
        assert!(number > 0, "the first one panics");
        app.log_in(&client, Renewal::NewLogin).await
    };
    let stage = Stage::logging_in(log_in, |settings| settings).await;
    let error = login_error(stage.echo(json!(1)).await.unwrap_err());
    assert!(
        matches!(*error, ProviderError::Token(TokenProblem::Panicked)),
        "{error:?}"
    );
    pass(FIRST_BACKOFF).await;
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
}

#[tokio::test]
async fn a_login_that_takes_too_long_is_given_up() {
    let deadline = Duration::from_millis(200);
    let stage = Stage::with(Renewal::NewLogin, |it| it.deadline(deadline)).await;
    stage.inject(APP_TOKEN, InjectedFault::Delay(deadline * 10), 1);
    let error = login_error(stage.echo(json!(1)).await.unwrap_err());
    assert!(
        matches!(*error, ProviderError::Token(TokenProblem::TimedOut)),
        "{error:?}"
    );
    pass(FIRST_BACKOFF).await;
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
}

#[tokio::test]
async fn clocks_that_disagree_do_no_harm() {
    // Less than the 5 minutes by which a `Date` may lengthen a lifetime, so much that 10 s would be left of a token, and
    // so much that tokens come expired.
    for ahead_of_the_server in [240, 3_590, 2 * 3_600 + 600] {
        let stage = Stage::set(Renewal::NewLogin).await;
        stage.moved.store(ahead_of_the_server, Ordering::Relaxed);
        stage.echo(json!(1)).await.unwrap();
        stage.pass(HOUR * 7 / 10);
        stage.echo(json!(2)).await.unwrap();
        assert_eq!(stage.logins(), 1);
        stage.pass(HOUR);
        stage.echo(json!(3)).await.unwrap();
        assert_eq!(stage.logins(), 2);
    }
}

#[tokio::test]
async fn a_token_that_comes_expired_is_told_and_not_used() {
    let log_in = |app: App, client: BankEzyClient, _| async move {
        let session = client
            .app_token(&app.credentials(), KeyPair::generate()?, &app.derivation)
            .await?;
        let text = session.answer.token.as_str().to_owned();
        let token = Token::new(text.into(), Some(SystemTime::UNIX_EPOCH));
        let answer = TokenAnswer::new(token);
        Ok(Session::new(answer, session.channel, Renewal::NewLogin))
    };
    let stage = Stage::logging_in(log_in, |settings| settings).await;
    let error = login_error(stage.echo(json!(1)).await.unwrap_err());
    assert!(
        matches!(*error, ProviderError::Token(TokenProblem::ExpiredOnArrival)),
        "{error:?}"
    );
    assert_eq!(stage.executed(EmulatedEndpoint::Echo), 0);
}

#[test]
fn a_keeper_outlives_the_runtime_that_a_login_ran_on() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let of_the_server = runtime();
    let sandbox = of_the_server.block_on(emulator());
    let app = App::of(&sandbox);
    let client = || BankEzyClient::new(quick().build().unwrap(), server(&sandbox));
    // Connections belong to a runtime too, so each login has its own.
    let keeper = SessionKeeper::new(client(), {
        let client = [client(), client()];
        let number = std::sync::atomic::AtomicUsize::new(0);
        move |_| {
            let client = client[number.fetch_add(1, Ordering::Relaxed)].clone();
            let app = app.clone();
            async move { app.log_in(&client, Renewal::NewLogin).await }
        }
    });
    let slow = InjectedFault::Delay(Duration::from_secs(2));
    sandbox.faults().inject_at(APP_TOKEN, slow, 1);
    let first = runtime();
    let waits = first.spawn({
        let keeper = keeper.clone();
        async move { keeper.session().await.map(drop) }
    });
    eventually_blocking("the login", || sandbox.faults().pending() == 0);
    first.shutdown_background();
    let second = runtime();
    assert!(second.block_on(waits).is_err(), "it ended with its runtime");
    match second.block_on(keeper.session()) {
        Ok(_) => {}
        // Its end had not been noticed yet.
        Err(ProviderError::NoToken { cause: error, .. })
            if matches!(*error, ProviderError::Token(TokenProblem::Abandoned)) =>
        {
            second.block_on(keeper.session()).unwrap();
        }
        Err(error) => panic!("{error:?}"),
    }
}
