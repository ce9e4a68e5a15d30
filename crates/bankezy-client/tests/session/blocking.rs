//! The same without a runtime: BankEzy's calls, and the keeper, which renews between calls.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bankezy_client::{
    BankEzyClient, Blocking, ProviderError, RefreshSettings, Renewal, SessionKeeper, TokenProblem,
};
use bankezy_crypto::backend::AWS_LC_RS;
use bankezy_crypto::providers::bankezy::{AccountNumber, Endpoint, TokenRequest};
use bankezy_crypto::{Channel, KeyPair};
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
use bankezy_test_support::eventually_blocking;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::stage::{APP_TOKEN, App, HOUR, clock, emulator, quick, server};

/// An emulator on a runtime of its own: one that waits for a blocking call serves nobody.
struct Bank {
    sandbox: Sandbox,
    _runtime: Runtime,
}

impl Bank {
    fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        Self {
            sandbox: runtime.block_on(emulator()),
            _runtime: runtime,
        }
    }

    fn client(&self) -> Blocking<BankEzyClient> {
        let client = quick().build_blocking().unwrap();
        client.map(|client| BankEzyClient::new(client, server(&self.sandbox)))
    }

    fn keeper(&self) -> (Blocking<SessionKeeper>, Arc<AtomicU64>) {
        self.keeper_with(|settings| settings)
    }

    /// A keeper of sessions of Get App Token, and by how much its clock is moved.
    fn keeper_with(
        &self,
        settings: impl FnOnce(RefreshSettings) -> RefreshSettings,
    ) -> (Blocking<SessionKeeper>, Arc<AtomicU64>) {
        let (app, moved) = (App::of(&self.sandbox), Arc::default());
        let client = self.client();
        let login = move |client: BankEzyClient| {
            let app = app.clone();
            async move { app.log_in(&client, Renewal::WithoutAccount).await }
        };
        let keeper = client.map(|client| {
            let settings = settings(RefreshSettings::default().clock(clock(&moved)));
            SessionKeeper::with_settings(client, login, settings)
        });
        (keeper, moved)
    }

    fn echo(&self, keeper: &Blocking<SessionKeeper>, value: u64) -> Result<Value, ProviderError> {
        let echo = Endpoint::from(self.sandbox.credentials().echo_path());
        keeper.run(async |keeper| keeper.call(echo.clone().idempotent(), &value).await)
    }

    fn executed(&self, endpoint: EmulatedEndpoint) -> u64 {
        self.sandbox.executed().of(endpoint)
    }

    fn pass(&self, moved: &AtomicU64, time: Duration) {
        moved.fetch_add(time.as_secs(), Ordering::Relaxed);
        self.sandbox.advance_clock(time);
    }
}

#[test]
fn every_call_can_be_waited_for() {
    let bank = Bank::open();
    let (client, credentials) = (bank.client(), bank.sandbox.credentials());
    let fixed = Channel::from_secret(credentials.payload_secret(), &AWS_LC_RS).unwrap();
    let ours = Arc::new(KeyPair::generate().unwrap());
    let (key, account) = (
        ours.public_key().to_wire(),
        AccountNumber::new(1234).unwrap(),
    );
    let request =
        |reference| TokenRequest::new(reference, &key, credentials.sdk_api_key(), account).unwrap();
    let answer = client
        .run(async |client| client.get_token(&request("r-1"), &fixed).await)
        .unwrap();
    let server_key = answer.server_public_key.unwrap();
    let agreed = Channel::establish(ours.clone(), &server_key, &credentials.derivation()).unwrap();
    let renewed = client
        .run(async |client| client.renew(&answer.token, account, &agreed).await)
        .unwrap();
    let path = credentials.echo_path();
    let echo =
        async |client: &BankEzyClient| client.call(path, &[1, 2], &renewed.token, &agreed).await;
    let echoed: Value = client.run(echo).unwrap();
    assert_eq!(echoed, json!([1, 2]));
    let reference = renewed.token_reference_id.clone().unwrap();
    client
        .run(async |client| client.invalidate(&reference, None, &fixed).await)
        .unwrap();
    let gone: Result<Value, ProviderError> = client.run(echo);
    assert_eq!(gone.unwrap_err().code(), "reply.plain");
    assert!(
        client
            .run(async |client| client.onboarding_token(&request("r-2"), &fixed).await)
            .is_ok()
    );
    assert_eq!(bank.sandbox.executed().total(), 5);
    assert!(format!("{client:?}").contains("[redacted]"));
}

#[test]
fn a_keeper_renews_between_calls() {
    let bank = Bank::open();
    let (keeper, moved) = bank.keeper();
    assert_eq!(bank.echo(&keeper, 1).unwrap(), json!(1));
    bank.pass(&moved, HOUR * 9 / 10);
    keeper.run(async |keeper| keeper.session().await).unwrap();
    eventually_blocking("a renewal", || bank.executed(EmulatedEndpoint::Renew) == 1);
    assert_eq!(bank.echo(&keeper, 2).unwrap(), json!(2));
    assert_eq!(bank.executed(EmulatedEndpoint::GetAppToken), 1);
}

#[test]
fn however_many_threads_there_is_one_login() {
    let bank = Bank::open();
    let (keeper, _) = bank.keeper();
    thread::scope(|scope| {
        for number in 0..32 {
            let (bank, keeper) = (&bank, keeper.clone());
            scope.spawn(move || assert_eq!(bank.echo(&keeper, number).unwrap(), json!(number)));
        }
    });
    assert_eq!(bank.executed(EmulatedEndpoint::GetAppToken), 1);
}

#[test]
fn a_refused_session_is_replaced_and_a_shutdown_takes_it_back() {
    let bank = Bank::open();
    let (keeper, _) = bank.keeper();
    let path = bank.sandbox.credentials().echo_path();
    bank.echo(&keeper, 1).unwrap();
    let unauthorized = InjectedFault::Unauthorized;
    bank.sandbox.faults().inject_at(path, unauthorized, 1);
    assert_eq!(bank.echo(&keeper, 2).unwrap(), json!(2));
    let session = keeper.run(async |keeper| keeper.session().await).unwrap();
    let refused = keeper
        .run(async |keeper| keeper.refuse(&session).await)
        .unwrap_err();
    assert!(
        matches!(refused, ProviderError::RefusedLately { .. }),
        "{refused:?}"
    );
    keeper.run(async |keeper| keeper.shutdown().await).unwrap();
    assert!(matches!(
        bank.echo(&keeper, 3),
        Err(ProviderError::ShutDown)
    ));
    let (token, channel) = (&session.answer().token, session.channel());
    let gone: Result<Value, ProviderError> = bank
        .client()
        .run(async |client| client.call(path, &1, token, channel).await);
    assert_eq!(gone.unwrap_err().code(), "reply.plain");
    assert!(format!("{keeper:?}").contains("[redacted]"));
}

/// Whatever a single task may do before it has to yield, and more.
const MANY: u64 = 300;

#[tokio::test]
async fn it_works_within_a_runtime_of_one_thread_for_as_long_as_one_likes() {
    let bank = thread::spawn(Bank::open).join().unwrap();
    let (keeper, _) = bank.keeper();
    for number in 0..MANY {
        assert_eq!(bank.echo(&keeper, number).unwrap(), json!(number));
    }
    keeper.run(async |keeper| keeper.shutdown().await).unwrap();
    drop(keeper);
    thread::spawn(move || drop(bank)).join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_within_a_runtime_of_many_threads() {
    let bank = Arc::new(thread::spawn(Bank::open).join().unwrap());
    let (keeper, _) = bank.keeper();
    let tasks = [1, 2, 3, 4].map(|number| {
        let (bank, keeper) = (Arc::clone(&bank), keeper.clone());
        tokio::spawn(async move { bank.echo(&keeper, number).unwrap() })
    });
    for task in tasks {
        task.await.unwrap();
    }
    drop(keeper);
    thread::spawn(move || drop(bank)).join().unwrap();
}

#[test]
fn a_login_that_panics_or_hangs_is_an_error() {
    let bank = Bank::open();
    let over = |deadline, hangs: bool| {
        let login = move |_| async move {
            if hangs {
                pending::<()>().await;
            }
            panic!("in the closure")
        };
        bank.client().map(|client| {
            let settings = RefreshSettings::default().deadline(deadline);
            SessionKeeper::with_settings(client, login, settings)
        })
    };
    let panics = over(Duration::from_secs(5), false);
    let hangs = over(Duration::from_millis(100), true);
    let fails = |keeper: &Blocking<SessionKeeper>| match keeper
        .run(async |keeper| keeper.session().await)
        .unwrap_err()
    {
        ProviderError::NoToken { cause: error, .. } => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        *fails(&panics),
        ProviderError::Token(TokenProblem::Panicked)
    ));
    assert!(matches!(
        *fails(&hangs),
        ProviderError::Token(TokenProblem::TimedOut)
    ));
}

#[test]
fn settings_reach_the_keeper() {
    let bank = Bank::open();
    let wait = 24 * HOUR;
    let (keeper, _) = bank.keeper_with(|settings| settings.backoff(wait, wait));
    bank.sandbox
        .faults()
        .inject_at(APP_TOKEN, InjectedFault::ServerError, 1);
    assert!(bank.echo(&keeper, 1).is_err());
    let ProviderError::NoToken {
        retry_in: Some(retry_in),
        ..
    } = bank.echo(&keeper, 1).unwrap_err()
    else {
        panic!("it backs off");
    };
    assert!(retry_in <= wait, "{retry_in:?}");

    let (keeper, _) = bank.keeper_with(|settings| settings.deadline(Duration::MAX));
    bank.echo(&keeper, 1).unwrap();
    let path = bank.sandbox.credentials().echo_path();
    bank.sandbox
        .faults()
        .inject_at(path, InjectedFault::Unauthorized, 1);
    let call = async |keeper: &SessionKeeper| keeper.call::<_, Value>(path, &1).await;
    assert!(keeper.run(call).is_err());
}
