//! An emulator and a keeper of sessions with it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bankezy_client::{
    BankEzyClient, Client, ClientBuilder, ProviderError, RefreshSettings, Renewal, RetryPolicy,
    Session, SessionKeeper,
};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::bankezy::{AppCredentials, BankEzy, Endpoint, Version};
use bankezy_crypto::{Derivation, KeyPair};
use bankezy_sandbox::{AnswerForm, EmulatedEndpoint, InjectedFault, Sandbox};
use bankezy_test_support::{eventually, in_time};
use serde_json::Value;

pub(crate) const FIRST_BACKOFF: Duration = Duration::from_millis(100);
pub(crate) const APP_TOKEN: &str = "/token-service/new/v2/token";
pub(crate) const RENEW: &str = "/token-service/client/app/renew/v2/token";
pub(crate) const INVALIDATE: &str = "/token-service/client/server/invalidate/v2/token";
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// An emulator and a keeper of a session with it, under one clock that a test moves.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) keeper: SessionKeeper,
    pub(crate) client: BankEzyClient,
    pub(crate) moved: Arc<AtomicU64>,
    /// Whether [`echo`](Self::echo) says that its calls may be repeated.
    pub(crate) repeats: bool,
}

/// What Get App Token takes.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) api_key: String,
    pub(crate) secret: String,
    pub(crate) derivation: Derivation<'static>,
}

impl App {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let credentials = sandbox.credentials();
        Self {
            api_key: credentials.app_api_key().to_owned(),
            secret: credentials.app_secret().to_owned(),
            derivation: credentials.derivation(),
        }
    }

    pub(crate) fn credentials(&self) -> AppCredentials<'_> {
        AppCredentials {
            api_key: &self.api_key,
            secret: &self.secret,
        }
    }

    pub(crate) async fn log_in(
        &self,
        client: &BankEzyClient,
        renewal: Renewal,
    ) -> Result<Session, ProviderError> {
        let pair = KeyPair::generate()?;
        let session = client
            .app_token(&self.credentials(), pair, &self.derivation)
            .await?;
        Ok(Session::new(session.answer, session.channel, renewal))
    }
}

impl Stage {
    /// With sessions of Get App Token.
    pub(crate) async fn set(renewal: Renewal) -> Self {
        Self::with(renewal, |settings| settings).await
    }

    pub(crate) async fn with(
        renewal: Renewal,
        settings: impl FnOnce(RefreshSettings) -> RefreshSettings,
    ) -> Self {
        let log_in = move |app: App, client: BankEzyClient, _| async move {
            app.log_in(&client, renewal).await
        };
        Self::logging_in(log_in, settings).await
    }

    /// `log_in` gets the number of the login as well, from 0.
    pub(crate) async fn logging_in<F>(
        log_in: impl Fn(App, BankEzyClient, u64) -> F + Send + Sync + 'static,
        settings: impl FnOnce(RefreshSettings) -> RefreshSettings,
    ) -> Self
    where
        F: Future<Output = Result<Session, ProviderError>> + Send + 'static,
    {
        Self::over(quick(), log_in, settings).await
    }

    pub(crate) async fn over<F>(
        client: ClientBuilder,
        log_in: impl Fn(App, BankEzyClient, u64) -> F + Send + Sync + 'static,
        settings: impl FnOnce(RefreshSettings) -> RefreshSettings,
    ) -> Self
    where
        F: Future<Output = Result<Session, ProviderError>> + Send + 'static,
    {
        let sandbox = emulator().await;
        let client = BankEzyClient::new(client.build().unwrap(), server(&sandbox));
        let (moved, logins) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
        let app = App::of(&sandbox);
        let log_in =
            move |client| log_in(app.clone(), client, logins.fetch_add(1, Ordering::Relaxed));
        let quick = RefreshSettings::default()
            .clock(clock(&moved))
            .backoff(FIRST_BACKOFF, Duration::from_secs(1));
        let keeper = SessionKeeper::with_settings(client.clone(), log_in, settings(quick));
        Self {
            sandbox,
            keeper,
            client,
            moved,
            // What an emulator refuses with 401 it has not executed.
            repeats: true,
        }
    }

    pub(crate) async fn echo(&self, value: Value) -> Result<Value, ProviderError> {
        let echo = Endpoint::from(self.echo_path());
        let echo = if self.repeats {
            echo.idempotent()
        } else {
            echo
        };
        self.keeper.call(echo, &value).await
    }

    pub(crate) fn echo_path(&self) -> &'static str {
        self.sandbox.credentials().echo_path()
    }

    /// What the emulator does to the next calls of a path.
    pub(crate) fn inject(&self, path: &str, fault: InjectedFault, times: u32) {
        self.sandbox.faults().inject_at(path, fault, times);
    }

    /// Makes a renewal due, and starts one whose answer does not come.
    pub(crate) async fn hang_a_renewal(&self) {
        self.pass(HOUR * 9 / 10);
        self.inject(RENEW, InjectedFault::Delay(HOUR), 1);
        self.keeper.session().await.unwrap();
        let renewed = || self.executed(EmulatedEndpoint::Renew) == 1;
        eventually("the renewal", renewed).await;
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.moved.fetch_add(time.as_secs(), Ordering::Relaxed);
        self.sandbox.advance_clock(time);
    }

    pub(crate) fn executed(&self, endpoint: EmulatedEndpoint) -> u64 {
        self.sandbox.executed().of(endpoint)
    }

    pub(crate) fn logins(&self) -> u64 {
        self.executed(EmulatedEndpoint::GetAppToken)
    }

    /// Waits until another session has taken the place of this one.
    pub(crate) async fn replaced(&self, old: Arc<Session>) {
        let waited = async {
            while Arc::ptr_eq(&self.keeper.session().await.unwrap(), &old) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        in_time("another session", waited).await;
    }

    /// Ends a session behind the keeper's back.
    pub(crate) async fn end(&self, session: &Session) {
        let answer = session.answer();
        let reference = answer.token_reference_id.as_deref().unwrap();
        let token = Some(&answer.token);
        self.client
            .invalidate(reference, token, session.channel())
            .await
            .unwrap();
    }
}

pub(crate) async fn emulator() -> Sandbox {
    // The documented answer of Get App Token has no reference, by which a token could be invalidated.
    let builder = Sandbox::builder().answers(AnswerForm::Varied);
    let builder = builder.token_lifetime(HOUR);
    builder.start().await.unwrap()
}

pub(crate) fn server(sandbox: &Sandbox) -> BankEzy {
    let base = BaseUrl::parse(sandbox.url()).unwrap();
    BankEzy::new(base, sandbox.credentials().api_key(), Version::V2).unwrap()
}

pub(crate) fn quick() -> ClientBuilder {
    Client::builder()
        // Plain http to the loopback address needs no roots, and a machine may have none.
        .only_these_roots(true)
        .deadline(Duration::from_secs(5))
        .retries(RetryPolicy::none())
}

/// The time, and the seconds that a test adds.
pub(crate) fn clock(moved: &Arc<AtomicU64>) -> impl Fn() -> SystemTime + Send + Sync + use<> {
    let moved = Arc::clone(moved);
    move || SystemTime::now() + Duration::from_secs(moved.load(Ordering::Relaxed))
}
