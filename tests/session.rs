//! The session keeper against the emulator: one flight, renewal, refusal, backoff, shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bankezy_crypto::client::{
    BankEzyClient, BankEzyError, Client, RetryPolicy, Session, SessionError, SessionKeeper,
};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::bankezy::{AccountNumber, AppCredentials, BankEzy, Version};
use bankezy_crypto::sandbox::{Endpoint, InjectedFault, Sandbox};
use bankezy_crypto::{Derivation, KeyPair};
use serde_json::{Value, json};

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const APP_TOKEN: &str = "/token-service/new/v2/token";
const RENEW: &str = "/token-service/client/app/renew/v2/token";
const INVALIDATE: &str = "/token-service/client/server/invalidate/v2/token";
const HOUR: Duration = Duration::from_secs(3600);

/// An emulator and a keeper of a session with it, under one clock that a test moves.
struct Stage {
    sandbox: Sandbox,
    keeper: SessionKeeper,
    client: BankEzyClient,
    moved: Arc<AtomicU64>,
}

impl Stage {
    async fn set(account_number: Option<u64>) -> Self {
        Self::with(account_number, |keeper| keeper).await
    }

    async fn with(
        account_number: Option<u64>,
        settings: impl FnOnce(SessionKeeper) -> SessionKeeper,
    ) -> Self {
        let sandbox = Sandbox::builder()
            .token_lifetime(HOUR)
            .start()
            .await
            .unwrap();
        let base = BaseUrl::parse(sandbox.url()).unwrap();
        let server = BankEzy::new(base, sandbox.credentials().api_key(), Version::V2).unwrap();
        let client = Client::builder()
            // Plain http to the loopback address needs no roots, and a machine may have none.
            .only_these_roots(true)
            .deadline(Duration::from_secs(5))
            .retries(RetryPolicy::none())
            .build()
            .unwrap();
        let client = BankEzyClient::new(client, server);
        let moved = Arc::new(AtomicU64::new(0));
        let now = {
            let moved = Arc::clone(&moved);
            move || SystemTime::now() + Duration::from_secs(moved.load(Ordering::Relaxed))
        };
        let (api_key, secret) = (
            sandbox.credentials().app_api_key().to_owned(),
            sandbox.credentials().app_secret().to_owned(),
        );
        let derivation = sandbox.credentials().derivation();
        let account = account_number.map(|number| AccountNumber::new(number).unwrap());
        let clock = now.clone();
        let login = move |client: BankEzyClient| {
            let (api_key, secret, now) = (api_key.clone(), secret.clone(), clock());
            async move {
                let credentials = AppCredentials {
                    api_key: &api_key,
                    secret: &secret,
                };
                let pair = KeyPair::generate().map_err(BankEzyError::Request)?;
                let session = client.app_token(&credentials, pair, &derivation).await?;
                Ok(Session::new(session.answer, session.channel, account, now))
            }
        };
        let keeper = SessionKeeper::new(client.clone(), login)
            .with_clock(now)
            .with_backoff(FIRST_BACKOFF, Duration::from_secs(1));
        Self {
            sandbox,
            keeper: settings(keeper),
            client,
            moved,
        }
    }

    async fn echo(&self, value: Value) -> Result<Value, SessionError> {
        let path = self.sandbox.credentials().echo_path();
        self.keeper.call(path, &value).await
    }

    fn pass(&self, time: Duration) {
        self.moved.fetch_add(time.as_secs(), Ordering::Relaxed);
        self.sandbox.advance_clock(time);
    }

    fn executed(&self, endpoint: Endpoint) -> u64 {
        self.sandbox.executed().of(endpoint)
    }
}

#[tokio::test]
async fn however_many_callers_there_is_one_login() {
    let stage = Arc::new(Stage::set(None).await);
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.echo(json!({ "number": number })).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), json!({ "number": number }));
    }
    assert_eq!(stage.executed(Endpoint::GetAppToken), 1);
    assert_eq!(stage.executed(Endpoint::Echo), 100);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_expiry_once() {
    let stage = Arc::new(Stage::set(Some(1234)).await);
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR / 2);
    stage.echo(json!(2)).await.unwrap();
    assert_eq!(stage.executed(Endpoint::Renew), 0, "half its life is left");
    stage.pass(HOUR * 2 / 5);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let stage = Arc::clone(&stage);
            // The old token stops at renewal: a call that is under way with it is repeated.
            tokio::spawn(async move { stage.echo(json!(3)).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(stage.executed(Endpoint::Renew), 1);
    stage.pass(HOUR / 2);
    stage.echo(json!(4)).await.unwrap();
    assert_eq!(
        stage.executed(Endpoint::Renew),
        1,
        "the renewed token is fresh"
    );
}

#[tokio::test]
async fn without_an_account_number_a_new_login_takes_its_place() {
    let stage = Stage::set(None).await;
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    stage.echo(json!(2)).await.unwrap();
    tokio::time::sleep(FIRST_BACKOFF).await;
    stage.pass(HOUR * 3);
    stage.echo(json!(3)).await.unwrap();
    assert_eq!(stage.executed(Endpoint::GetAppToken), 3);
    assert_eq!(stage.executed(Endpoint::Renew), 0);
}

#[tokio::test]
async fn a_good_token_serves_while_its_renewal_fails() {
    let stage = Stage::set(Some(1)).await;
    stage.echo(json!(1)).await.unwrap();
    stage.pass(HOUR * 9 / 10);
    let faults = stage.sandbox.faults();
    for path in [RENEW, APP_TOKEN] {
        faults.inject_at(path, InjectedFault::ServerError, 1);
    }
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
    tokio::time::sleep(FIRST_BACKOFF * 2).await;
    assert_eq!(stage.executed(Endpoint::Renew), 0);
    assert_eq!(stage.echo(json!(3)).await.unwrap(), json!(3));
    tokio::time::sleep(FIRST_BACKOFF).await;
    assert_eq!(
        stage.executed(Endpoint::Renew),
        1,
        "tried again when the backoff was over"
    );
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_login() {
    let stage = Stage::set(None).await;
    let slow = InjectedFault::Delay(Duration::from_millis(400));
    stage.sandbox.faults().inject_at(APP_TOKEN, slow, 1);
    for _ in 0..5 {
        let given_up = tokio::time::timeout(Duration::from_millis(50), stage.echo(json!(1))).await;
        assert!(given_up.is_err());
    }
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
    assert_eq!(stage.executed(Endpoint::GetAppToken), 1);
}

#[tokio::test]
async fn all_who_wait_share_a_failure() {
    let stage = Arc::new(Stage::set(None).await);
    let faults = stage.sandbox.faults();
    faults.inject_at(APP_TOKEN, InjectedFault::ServerError, 1);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.echo(json!(1)).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        let shared = matches!(
            &error,
            SessionError::Login(_) | SessionError::BackingOff { .. }
        );
        assert!(shared, "{error:?}");
    }
    assert_eq!(faults.pending(), 0, "the issuer was asked once");
}

#[tokio::test]
async fn a_shutdown_that_fails_can_be_repeated() {
    let stage = Stage::set(None).await;
    stage.echo(json!(1)).await.unwrap();
    stage
        .sandbox
        .faults()
        .inject_at(INVALIDATE, InjectedFault::ServerError, 1);
    assert!(stage.keeper.shutdown().await.is_err());
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(Endpoint::Invalidate), 1);
}

#[tokio::test]
async fn a_refusal_is_not_repeated_when_that_is_off() {
    let quiet = Stage::with(None, |keeper| keeper.with_repeat(false)).await;
    quiet.echo(json!(1)).await.unwrap();
    let path = quiet.sandbox.credentials().echo_path();
    quiet
        .sandbox
        .faults()
        .inject_at(path, InjectedFault::Unauthorized, 1);
    assert!(quiet.echo(json!(2)).await.is_err());
    assert_eq!(
        quiet.executed(Endpoint::GetAppToken),
        2,
        "but the session is replaced"
    );
    assert_eq!(quiet.echo(json!(3)).await.unwrap(), json!(3));
}

#[tokio::test]
async fn a_refused_session_is_replaced_once_and_the_call_repeated() {
    let stage = Stage::set(None).await;
    stage.echo(json!(1)).await.unwrap();
    let session = stage.keeper.session().await.unwrap();
    let reference = session.answer().token_reference_id.clone().unwrap();
    stage
        .client
        .invalidate(&reference, Some(&session.answer().token), session.channel())
        .await
        .unwrap();
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
    assert_eq!(stage.executed(Endpoint::GetAppToken), 2);
    assert_eq!(stage.executed(Endpoint::Echo), 2);

    let path = stage.sandbox.credentials().echo_path();
    stage
        .sandbox
        .faults()
        .inject_at(path, InjectedFault::Unauthorized, 100);
    for _ in 0..5 {
        let error = stage.echo(json!(3)).await.unwrap_err();
        assert!(
            matches!(error, SessionError::Call(BankEzyError::Answer(_))),
            "{error:?}"
        );
    }
    assert_eq!(
        stage.executed(Endpoint::GetAppToken),
        2,
        "no login for each refusal"
    );
}

#[tokio::test]
async fn an_issuer_that_is_down_is_left_alone_for_longer_and_longer() {
    let stage = Stage::set(None).await;
    stage
        .sandbox
        .faults()
        .inject_at(APP_TOKEN, InjectedFault::ServerError, 3);
    for doubled in [1, 2, 4] {
        let wait = FIRST_BACKOFF * doubled;
        let failed = stage.echo(json!(1)).await.unwrap_err();
        assert!(matches!(failed, SessionError::Login(_)), "{failed:?}");
        let error = stage.echo(json!(1)).await.unwrap_err();
        let SessionError::BackingOff { retry_in } = error else {
            panic!("{error:?}");
        };
        assert!(retry_in <= wait && retry_in > wait / 2, "{retry_in:?}");
        tokio::time::sleep(retry_in).await;
    }
    assert_eq!(stage.echo(json!(2)).await.unwrap(), json!(2));
}

#[tokio::test]
async fn an_answer_under_another_key_is_an_error_and_not_repeated() {
    let stage = Stage::set(None).await;
    stage.echo(json!(1)).await.unwrap();
    let path = stage.sandbox.credentials().echo_path();
    stage
        .sandbox
        .faults()
        .inject_at(path, InjectedFault::WrongKey, 1);
    let error = stage.echo(json!(2)).await.unwrap_err();
    assert!(error.to_string().contains("could not be opened"), "{error}");
    assert_eq!(
        stage.executed(Endpoint::Echo),
        2,
        "executed once, and not again"
    );
}

#[tokio::test]
async fn shutdown_invalidates_and_refuses_what_comes_after() {
    let stage = Stage::set(None).await;
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(
        stage.executed(Endpoint::Invalidate),
        0,
        "there was nothing to invalidate"
    );
    let stage = Stage::set(None).await;
    stage.echo(json!(1)).await.unwrap();
    stage.keeper.shutdown().await.unwrap();
    stage.keeper.shutdown().await.unwrap();
    assert_eq!(stage.executed(Endpoint::Invalidate), 1);
    assert!(matches!(
        stage.echo(json!(2)).await,
        Err(SessionError::ShutDown)
    ));
    assert!(format!("{:?}", stage.keeper).contains("[redacted]"));
}

#[tokio::test]
async fn a_wrong_derivation_shows_at_the_first_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let base = BaseUrl::parse(sandbox.url()).unwrap();
    let server = BankEzy::new(base, sandbox.credentials().api_key(), Version::V1).unwrap();
    let client = BankEzyClient::new(
        Client::builder().only_these_roots(true).build().unwrap(),
        server,
    );
    let credentials = AppCredentials {
        api_key: sandbox.credentials().app_api_key(),
        secret: sandbox.credentials().app_secret(),
    };
    let pair = KeyPair::generate().unwrap();
    let session = client
        .app_token(&credentials, pair, &Derivation::RawSharedSecret)
        .await
        .unwrap();
    let path = sandbox.credentials().echo_path();
    let token = &session.answer.token;
    let called: Result<Value, _> = client.call(path, &json!(1), token, &session.channel).await;
    assert_eq!(called.unwrap_err().code(), "reply.plain");
}
