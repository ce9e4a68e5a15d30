//! A session with BankEzy that processes share.

use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{BankEzyClient, Client, ProviderError, SessionKeeper};
use bankezy_crypto::providers::bankezy::{AgreedSession, AppCredentials, BankEzy, Version};
use bankezy_crypto::providers::{BaseUrl, RequestError};
use bankezy_crypto::{Derivation, KeyPair, PublicKey};
use bankezy_fleet::{LoginLock, SessionSettings, SharedSessions};
use bankezy_sandbox::EmulatedEndpoint;
use serde_json::{Value, json};

use crate::children::{Process, pause, say, setting};
use crate::server::Redis;
use crate::stage::{LIMIT, Provider, borrowed, fleet, ms, provider, ring};

async fn log_in(
    bankezy: BankEzyClient,
    app: [String; 2],
    derivation: Derivation<'static>,
) -> Result<AgreedSession, ProviderError> {
    let [api_key, secret] = &app;
    let ours = Arc::new(KeyPair::generate().map_err(RequestError::from)?);
    let credentials = AppCredentials { api_key, secret };
    let session = bankezy
        .app_token(&credentials, Arc::clone(&ours), &derivation)
        .await?;
    let theirs = session.answer.server_public_key.as_deref().unwrap();
    let theirs = PublicKey::from_wire(theirs).map_err(RequestError::from)?;
    let secret = ours
        .agree(&theirs, &derivation)
        .map_err(RequestError::from)?;
    Ok(AgreedSession::new(session.answer, &secret))
}

fn shared(store: &str, settings: SessionSettings) -> SharedSessions {
    let lock = LoginLock::default().limit(LIMIT).jitter(ms(50));
    let sessions = fleet(store).sessions("payments", ring(), settings.login_lock(lock));
    sessions.unwrap()
}

fn client(url: &str, key: &str) -> BankEzyClient {
    let server = BankEzy::new(BaseUrl::parse(url).unwrap(), key, Version::V2).unwrap();
    let client = Client::builder().only_these_roots(true).build().unwrap();
    BankEzyClient::new(client, server)
}

fn keeper(sessions: &SharedSessions, client: BankEzyClient, app: [String; 2]) -> SessionKeeper {
    let login = sessions.login(move |bankezy| log_in(bankezy, app.clone(), Derivation::Sha256));
    SessionKeeper::new(client, login)
}

fn app(provider: &Provider) -> [String; 2] {
    let known = provider.credentials();
    [
        known.app_api_key().to_owned(),
        known.app_secret().to_owned(),
    ]
}

fn keeper_of(provider: &Provider, sessions: &SharedSessions) -> SessionKeeper {
    let client = client(provider.url(), provider.credentials().api_key());
    keeper(sessions, client, app(provider))
}

async fn call(keeper: &SessionKeeper, path: &str) -> Value {
    keeper.call(path, &json!({"amount": "1"})).await.unwrap()
}

/// A process of the fleet: makes a call under the session, and shuts its keeper down.
pub(crate) async fn uses() {
    let sessions = shared(&setting("STORE"), SessionSettings::default());
    let client = client(&setting("BANK"), &setting("API_KEY"));
    let keeper = keeper(
        &sessions,
        client,
        [setting("APP_KEY"), setting("APP_SECRET")],
    );
    call(&keeper, &setting("PATH_TO_CALL")).await;
    let session = keeper.session().await.unwrap();
    say(session.answer().token.as_str());
    pause();
    keeper.shutdown().await.unwrap();
    say("down");
}

fn logins(provider: &Provider) -> u64 {
    provider.executed().of(EmulatedEndpoint::GetAppToken)
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_one_login_and_none_ends_the_session_of_the_others() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let [app_key, app_secret] = app(&provider);
    let settings = [
        ("STORE", redis.url()),
        ("BANK", provider.url().to_owned()),
        ("API_KEY", provider.credentials().api_key().to_owned()),
        ("APP_KEY", app_key),
        ("APP_SECRET", app_secret),
        (
            "PATH_TO_CALL",
            provider.credentials().echo_path().to_owned(),
        ),
    ];
    let mut processes: Vec<_> = (0..3)
        .map(|_| Process::start("session", &borrowed(&settings)))
        .collect();
    let tokens: Vec<_> = processes.iter_mut().map(Process::says).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(logins(&provider), 1);
    // One shuts down, one is killed: the session stays.
    processes[0].go();
    assert_eq!(processes[0].says(), "down");
    processes[1].kill();
    let mut again = Process::start("session", &borrowed(&settings));
    assert_eq!(again.says(), tokens[0]);
    assert_eq!(logins(&provider), 1);
    assert_eq!(provider.executed().of(EmulatedEndpoint::Invalidate), 0);
    // Only the explicit command ends it.
    let sessions = shared(&redis.url(), SessionSettings::default());
    let client = client(provider.url(), provider.credentials().api_key());
    assert!(sessions.revoke(&client).await.unwrap());
    assert!(!sessions.revoke(&client).await.unwrap());
    let mut next = Process::start("session", &borrowed(&settings));
    assert_ne!(next.says(), tokens[0]);
    assert_eq!(logins(&provider), 2);
}

#[tokio::test]
async fn a_new_login_starts_when_the_messages_of_the_session_are_reserved() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let settings = SessionSettings::default().messages(10).limit(20);
    let path = provider.credentials().echo_path();
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let sessions = shared(&redis.url(), settings);
        let keeper = keeper_of(&provider, &sessions);
        call(&keeper, path).await;
        tokens.push(
            keeper
                .session()
                .await
                .unwrap()
                .answer()
                .token
                .as_str()
                .to_owned(),
        );
    }
    // Two shares of ten, then another session.
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(logins(&provider), 2);
}

#[tokio::test]
async fn a_process_that_spent_its_messages_begins_a_new_session() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let sessions = shared(&redis.url(), SessionSettings::default().messages(3));
    let keeper = keeper_of(&provider, &sessions);
    for _ in 0..5 {
        call(&keeper, provider.credentials().echo_path()).await;
    }
    assert_eq!(logins(&provider), 2);
}

#[tokio::test]
async fn the_store_holds_the_agreed_key_sealed_alone() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let sessions = shared(&redis.url(), SessionSettings::default());
    let keeper = keeper_of(&provider, &sessions);
    call(&keeper, provider.credentials().echo_path()).await;
    let stored = sessions.stored().await.unwrap().unwrap();
    let secret = stored.answer().secret().unwrap().to_base64url();
    let name = redis.keys("test:token:*").remove(0);
    let value = redis.text(&["GET", &name]);
    let token = stored.answer().answer.token.as_str();
    assert!(!value.contains(secret.as_str()) && !value.contains(token));
}
