//! A session with BankEzy that processes share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bankezy_client::{BankEzyClient, Client, ProviderError, SessionKeeper};
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AgreedSession, BankEzy, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, RequestError};
use bankezy_crypto::{Channel, Derivation, KeyPair, PayloadCipher, PayloadSecret, PublicKey};
use bankezy_fleet::{LoginLock, RevokeError, Revoked, SessionSettings, SharedSessions};
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault};
use serde_json::{Value, json};

use crate::children::{Process, pause, say, setting};
use crate::server::Redis;
use crate::stage::{LIMIT, Provider, borrowed, fleet, ms, provider, ring, settings};

/// What a login takes: the secret that its own messages are sealed with, and the key of the SDK.
#[derive(Clone)]
struct Known {
    payload_secret: String,
    sdk_api_key: String,
}

/// By Get Token, whose answer has a reference by which a token can be invalidated.
async fn log_in(bankezy: BankEzyClient, known: Known) -> Result<AgreedSession, ProviderError> {
    let ours = Arc::new(KeyPair::generate().map_err(RequestError::from)?);
    let public_key = ours.public_key().to_wire();
    let account = AccountNumber::new(12)?;
    let reference = format!("{:?}", Instant::now());
    let request = TokenRequest::new(&reference, &public_key, &known.sdk_api_key, account)?;
    let request = request.with_first_name("Asha").with_last_name("Rao");
    let secret = PayloadSecret::from_base64url(&known.payload_secret);
    let cipher = PayloadCipher::new(&secret.map_err(RequestError::from)?);
    let channel = Channel::from(cipher.map_err(RequestError::from)?);
    let answer = bankezy.get_token(&request, &channel).await?;
    let theirs = answer.server_public_key.as_deref().unwrap();
    let theirs = PublicKey::from_wire(theirs).map_err(RequestError::from)?;
    let secret = ours
        .agree(&theirs, &Derivation::Sha256)
        .map_err(RequestError::from)?;
    Ok(AgreedSession::new(answer, &secret))
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

fn keeper(sessions: &SharedSessions, client: BankEzyClient, known: Known) -> SessionKeeper {
    let login = sessions.login(move |bankezy| log_in(bankezy, known.clone()));
    SessionKeeper::new(client, login)
}

fn known(provider: &Provider) -> Known {
    let secret = provider.credentials().payload_secret().to_base64url();
    Known {
        payload_secret: secret.as_str().to_owned(),
        sdk_api_key: provider.credentials().sdk_api_key().to_owned(),
    }
}

fn keeper_of(provider: &Provider, sessions: &SharedSessions) -> SessionKeeper {
    let client = client(provider.url(), provider.credentials().api_key());
    keeper(sessions, client, known(provider))
}

/// A provider, a session of it that processes share, and a keeper that has it.
async fn in_use(redis: &Redis) -> (Provider, SharedSessions, SessionKeeper) {
    let provider = provider(Duration::from_secs(600)).await;
    let sessions = shared(&redis.url(), SessionSettings::default());
    let keeper = keeper_of(&provider, &sessions);
    call(&keeper, provider.credentials().echo_path()).await;
    (provider, sessions, keeper)
}

async fn call(keeper: &SessionKeeper, path: &str) -> Value {
    keeper.call(path, &json!({"amount": "1"})).await.unwrap()
}

/// A process of the fleet: makes a call under the session, and shuts its keeper down.
pub(crate) async fn uses() {
    let sessions = shared(&setting("STORE"), SessionSettings::default());
    let client = client(&setting("PROVIDER"), &setting("API_KEY"));
    let known = Known {
        payload_secret: setting("PAYLOAD_SECRET"),
        sdk_api_key: setting("SDK_API_KEY"),
    };
    let keeper = keeper(&sessions, client, known);
    call(&keeper, &setting("PATH_TO_CALL")).await;
    let session = keeper.session().await.unwrap();
    say(session.answer().token.as_str());
    pause();
    keeper.shutdown().await.unwrap();
    say("down");
}

fn logins(provider: &Provider) -> u64 {
    provider.executed().of(EmulatedEndpoint::GetToken)
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_one_login_and_none_ends_the_session_of_the_others() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let mut settings = settings(&redis.url(), &provider);
    settings.push((
        "PATH_TO_CALL",
        provider.credentials().echo_path().to_owned(),
    ));
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
    assert_eq!(sessions.revoke(&client).await.unwrap(), Revoked::Ended);
    assert_eq!(sessions.revoke(&client).await.unwrap(), Revoked::Nothing);
    assert_eq!(provider.executed().of(EmulatedEndpoint::Invalidate), 1);
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
    let (_provider, sessions, _keeper) = in_use(&redis).await;
    let stored = sessions.stored().await.unwrap().unwrap();
    let secret = stored.answer().secret().unwrap().to_base64url();
    let name = redis.keys("test:token:*").remove(0);
    let value = redis.text(&["GET", &name]);
    let token = stored.answer().answer.token.as_str();
    assert!(!value.contains(secret.as_str()) && !value.contains(token));
}

/// As after Get App Token. Whoever revokes it has to know that the token is still good.
#[tokio::test]
async fn a_session_without_a_reference_is_not_said_to_be_ended() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let sessions = shared(&redis.url(), SessionSettings::default());
    let known = known(&provider);
    let login = sessions.login(move |bankezy| {
        let known = known.clone();
        async move {
            let mut agreed = log_in(bankezy, known).await?;
            agreed.answer.token_reference_id = None;
            Ok(agreed)
        }
    });
    let client = client(provider.url(), provider.credentials().api_key());
    let keeper = SessionKeeper::new(client.clone(), login);
    call(&keeper, provider.credentials().echo_path()).await;
    let Revoked::StillValid { left } = sessions.revoke(&client).await.unwrap() else {
        panic!("it has no reference")
    };
    assert!(left > ms(500_000) && left <= ms(600_000), "{left:?}");
    assert_eq!(provider.executed().of(EmulatedEndpoint::Invalidate), 0);
    assert!(sessions.stored().await.unwrap().is_none());
    // The process that has it goes on.
    call(&keeper, provider.credentials().echo_path()).await;
    assert_eq!(logins(&provider), 1);
}

#[tokio::test]
async fn a_session_that_the_provider_did_not_end_can_be_revoked_again() {
    let Some(redis) = Redis::start() else { return };
    let (provider, sessions, _keeper) = in_use(&redis).await;
    let wrong = client(provider.url(), "another-key");
    let error = sessions.revoke(&wrong).await.unwrap_err();
    assert!(matches!(error, RevokeError::Provider(_)), "{error}");
    let right = client(provider.url(), provider.credentials().api_key());
    assert_eq!(sessions.revoke(&right).await.unwrap(), Revoked::Ended);
    assert_eq!(provider.executed().of(EmulatedEndpoint::Invalidate), 1);
}

/// Neither "revoked" nor "no such session" when the store did not take it.
#[tokio::test]
async fn a_session_that_the_store_did_not_remove_is_not_said_to_be_revoked() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let (provider, sessions, _keeper) = in_use(&redis).await;
    let client = client(provider.url(), provider.credentials().api_key());
    redis.text(&["REPLICAOF", "127.0.0.1", "1"]);
    assert!(sessions.revoke(&client).await.is_err());
    // The provider was told all the same.
    assert_eq!(provider.executed().of(EmulatedEndpoint::Invalidate), 1);
    redis.kill();
    assert!(sessions.revoke(&client).await.is_err());
}

/// With the default share, which is more than the whole.
#[tokio::test]
async fn a_session_whose_limit_is_below_one_share_is_used_up_to_its_end() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let sessions = shared(&redis.url(), SessionSettings::default().limit(10));
    let path = provider.credentials().echo_path();
    let keeper = keeper_of(&provider, &sessions);
    for _ in 0..10 {
        call(&keeper, path).await;
    }
    assert_eq!(logins(&provider), 1);
    call(&keeper, path).await;
    call(&keeper, path).await;
    assert_eq!(logins(&provider), 2);
}

#[tokio::test]
async fn two_keepers_of_one_process_share_a_session_too() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let sessions = shared(&redis.url(), SessionSettings::default());
    let path = provider.credentials().echo_path();
    let keepers = [0, 1].map(|_| keeper_of(&provider, &sessions));
    for keeper in &keepers {
        call(keeper, path).await;
    }
    assert_eq!(logins(&provider), 1);
}

/// All begin to use it while the first is still logging in.
#[tokio::test(flavor = "multi_thread")]
async fn keepers_of_one_process_wait_for_one_login_and_a_revocation_ends_it_for_all() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    provider.faults().inject(InjectedFault::Delay(ms(300)), 1);
    let sessions = shared(&redis.url(), SessionSettings::default());
    let path = provider.credentials().echo_path();
    let keepers = [0, 1, 2, 3].map(|_| Arc::new(keeper_of(&provider, &sessions)));
    let calls = keepers.clone().map(|keeper| {
        let path = path.to_owned();
        tokio::spawn(async move { call(&keeper, &path).await })
    });
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(logins(&provider), 1);
    let client = client(provider.url(), provider.credentials().api_key());
    assert_eq!(sessions.revoke(&client).await.unwrap(), Revoked::Ended);
    for keeper in keepers {
        assert!(
            keeper
                .call::<_, Value>(path, &json!({"amount": "1"}))
                .await
                .is_err()
        );
    }
}
