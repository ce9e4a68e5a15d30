//! The payment backend of a partner, on trial against an emulator in this process: an axum service that
//! pays under one BankEzy session, gets ComplyCube tokens for the Web SDK, and receives encrypted
//! callbacks while their key is rotated.
//!
//! `cargo run -p bankezy-client --example trial`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bankezy_client::{
    BankEzyClient, Client, Delivery, MemoryStore, ProviderError, RefreshSettings, Renewal,
    RetryPolicy, Session, SessionKeeper, TokenCache, TokenClient, TokenSlot, Transport,
};
use bankezy_crypto::providers::bankezy::{AccountNumber, BankEzy, TokenRequest, Version};
use bankezy_crypto::providers::complycube::{self, ComplyCube, MatchPattern, Sdk};
use bankezy_crypto::providers::{BaseUrl, CallError, UnexpectedReply};
use bankezy_crypto::{
    Channel, KeyPair, KeyRing, OpenedByKey, PayloadCipher, PayloadSecret, Previous, SecretBytes,
    backend,
};
use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
use bankezy_tower::{SealedClientLayer, SealedServerLayer};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceBuilder;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The emulator's API that answers with the JSON it was sent.
const PAY: &str = "/sandbox/echo";

/// What the handlers share.
struct Backend {
    session: SessionKeeper,
    web_token: TokenSlot<ComplyCube>,
}

/// Pays under the session, and returns the bank's answer as it is: its codes are for the caller to judge, and the
/// emulator's echo has none.
async fn pay(
    State(backend): State<Arc<Backend>>,
    Json(payment): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let paid = backend.session.call(PAY, &payment).await;
    paid.map(Json).map_err(status_for)
}

/// A token for the Web SDK in the customer's browser, which may use it on our pages only.
async fn web_token(State(backend): State<Arc<Backend>>) -> Result<String, StatusCode> {
    let token = backend.web_token.get().await.map_err(status_for)?;
    Ok(token.as_str().to_owned())
}

/// The handler gets JSON: the middleware in front of it decrypts requests and encrypts answers.
async fn settled(
    Extension(by_key): Extension<OpenedByKey>,
    Json(callback): Json<Value>,
) -> Json<Value> {
    Json(json!({
        "referenceId": callback["referenceId"],
        "key": by_key.key_id(),
        "newest": by_key.is_newest(),
    }))
}

/// 504 if the payment may have been executed: the caller must ask for its state before it pays again.
fn status_for(error: ProviderError) -> StatusCode {
    println!("      the backend logs: {} ({error})", error.code());
    match error.delivery() {
        Delivery::PossiblySent => StatusCode::GATEWAY_TIMEOUT,
        _ if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// All calls of the backend share these limits, and `requests` counts what reaches the client.
fn limited(client: Client, requests: Arc<AtomicU64>) -> Transport {
    let service = ServiceBuilder::new()
        .concurrency_limit(4)
        .timeout(Duration::from_secs(2))
        .map_request(move |request| {
            requests.fetch_add(1, Ordering::Relaxed);
            request
        })
        .service(client);
    Transport::new(service)
        .deadline(Duration::from_secs(10))
        .retries(RetryPolicy::default().with_max_attempts(2))
}

/// A keeper whose logins are Get Token under the static payload secret. Further calls use a key that is
/// agreed anew at each login.
fn session_keeper(transport: Transport, emulator: &Sandbox) -> Result<SessionKeeper> {
    let known = emulator.credentials();
    let base = BaseUrl::parse(emulator.url())?;
    let server = BankEzy::new(base, known.api_key(), Version::V2)?;
    let static_channel = Channel::from_secret(known.payload_secret(), &backend::AWS_LC_RS)?;
    let (sdk_api_key, derivation) = (known.sdk_api_key().to_owned(), known.derivation());
    let account = AccountNumber::new(1_234_567_890_123_456_789)?;

    let login = move |bankezy: BankEzyClient| {
        // The closure is called for each login, so the future takes clones.
        let (static_channel, sdk_api_key) = (static_channel.clone(), sdk_api_key.clone());
        async move {
            let ours = Arc::new(KeyPair::generate()?);
            let key = ours.public_key().to_wire();
            let reference = reference();
            let request = TokenRequest::new(&reference, &key, &sdk_api_key, account)?;
            let answer = bankezy.get_token(&request, &static_channel).await?;
            let theirs = answer.server_public_key.as_deref().ok_or_else(|| {
                let member = "serverPubKey";
                CallError::unexpected(StatusCode::OK, UnexpectedReply::Missing { member })
            })?;
            let agreed = Channel::establish(ours, theirs, &derivation)?;
            Ok(Session::new(answer, agreed, Renewal::WithAccount(account)))
        }
    };
    let client = BankEzyClient::new(transport, server);
    let settings = RefreshSettings::default().deadline(Duration::from_secs(10));
    Ok(SessionKeeper::with_settings(client, login, settings))
}

/// ComplyCube states no lifetime, so the cache is given one: without it each call asks ComplyCube.
fn web_token_slot(transport: Transport, emulator: &Sandbox) -> Result<TokenSlot<ComplyCube>> {
    let base = BaseUrl::parse(&format!("{}/complycube", emulator.url()))?;
    let api = ComplyCube::new(emulator.credentials().complycube_api_key())?.with_base_url(base);
    let settings = RefreshSettings::default().lifetime_for_unstated(Duration::from_secs(600));
    let client = TokenClient::new(transport, api);
    let cache = TokenCache::with_settings(client, MemoryStore::default(), settings);
    let referrer = MatchPattern::parse("https://pay.example.com/*")?;
    let request = complycube::TokenRequest::new("client-of-asha", Sdk::Web { referrer })?;
    Ok(cache.slot(request)?)
}

/// Never used twice; in production a UUID.
fn reference() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("trial-{}", now.unwrap_or_default().as_nanos())
}

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Sandbox::start().await?;
    // Plain http to this process needs no root certificates.
    let client = Client::builder().only_these_roots(true).build()?;
    let requests = Arc::new(AtomicU64::new(0));
    let transport = limited(client.clone(), Arc::clone(&requests));
    let backend = Arc::new(Backend {
        session: session_keeper(transport.clone(), &emulator)?,
        web_token: web_token_slot(transport, &emulator)?,
    });

    let old = Arc::new(PayloadCipher::new(&PayloadSecret::generate()?)?);
    let ring = Arc::new(KeyRing::new("2026-11", Arc::clone(&old)));
    let callbacks = Router::new()
        .route("/callbacks/settled", post(settled))
        .route_layer(SealedServerLayer::new(Arc::clone(&ring)).with_max_request_len(64 * 1024));
    let router = Router::new()
        .route("/payments", post(pay))
        .route("/web-token", get(web_token))
        .with_state(Arc::clone(&backend))
        .merge(callbacks); // the layer is on the callbacks only
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });

    println!("1. Two payments at the same time: one login, both encrypted under its key");
    let (first, second) = (json!({"amount": "12.50"}), json!({"amount": "99.00"}));
    let caller = Transport::from(client.clone());
    let (one, two) = tokio::join!(
        send(&caller, &url, "/payments", Some(&first)),
        send(&caller, &url, "/payments", Some(&second)),
    );
    assert_eq!(one?, (StatusCode::OK, first));
    assert_eq!(two?, (StatusCode::OK, second.clone()));
    assert_eq!(emulator.executed().of(EmulatedEndpoint::GetToken), 1);
    println!(
        "   paid; requests so far: {}",
        requests.load(Ordering::Relaxed)
    );
    assert_eq!(requests.load(Ordering::Relaxed), 3);

    println!("2. A payment whose answer takes longer than the timeout of the tower layer");
    let delay = InjectedFault::Delay(Duration::from_secs(10));
    emulator.faults().inject_at(PAY, delay, 1);
    let (status, _) = send(&caller, &url, "/payments", Some(&second)).await?;
    println!("   {status}: it may have been executed, so it was not repeated");
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(requests.load(Ordering::Relaxed), 4);

    println!("3. Two tokens for the Web SDK: one request to ComplyCube");
    let (_, token) = send(&caller, &url, "/web-token", None).await?;
    let (_, again) = send(&caller, &url, "/web-token", None).await?;
    assert!(token.is_string() && token == again);
    assert_eq!(emulator.executed().of(EmulatedEndpoint::ComplyCubeToken), 1);
    println!("   the second one came from the cache");

    println!("4. Callbacks while the key is rotated");
    let new = Arc::new(PayloadCipher::new(&PayloadSecret::generate()?)?);
    let new_bank = bank(&client, &new);
    let old_bank = bank(&client, &old);
    callback(&old_bank, &url, "2026-11", true).await?;
    // First every process learns the key and opens with it, then each of them encrypts with it.
    ring.add_for_opening("2026-12", Arc::clone(&new))?;
    callback(&new_bank, &url, "2026-12", false).await?;
    let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
    ring.promote("2026-12", Previous::OpensUntil(in_an_hour))?;
    callback(&new_bank, &url, "2026-12", true).await?;
    callback(&old_bank, &url, "2026-11", false).await?;
    ring.retire("2026-11")?;
    let (status, _) = send(&old_bank, &url, "/callbacks/settled", Some(&json!({}))).await?;
    println!("   {status} under the retired key");
    assert_eq!(status, StatusCode::BAD_REQUEST);

    println!("5. Shutdown: the token is invalidated");
    backend.session.shutdown().await?;
    assert_eq!(emulator.executed().of(EmulatedEndpoint::Invalidate), 1);
    println!("all steps passed");
    Ok(())
}

/// BankEzy as the sender of callbacks: it encrypts under `cipher` whatever it sends. Both sides are in
/// this process, so they share a cipher and with it the count of its messages.
fn bank(client: &Client, cipher: &Arc<PayloadCipher>) -> Transport {
    let layer = SealedClientLayer::new(Arc::clone(cipher));
    Transport::new(ServiceBuilder::new().layer(layer).service(client.clone()))
}

/// Sends a callback, and checks which key of the ring opened it. The answer comes under the same key.
async fn callback(bank: &Transport, url: &str, key: &str, newest: bool) -> Result<()> {
    let body = json!({"referenceId": "7d9f0c3e", "amount": "12.50"});
    let answer = send(bank, url, "/callbacks/settled", Some(&body)).await?;
    let expected = json!({"referenceId": "7d9f0c3e", "key": key, "newest": newest});
    assert_eq!(answer, (StatusCode::OK, expected));
    println!("   200 under the key {key}, newest: {newest}");
    Ok(())
}

/// Posts JSON, or gets without a body. An answer that is not JSON comes back as a JSON string.
async fn send(
    transport: &Transport,
    url: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(StatusCode, Value)> {
    let uri = format!("{url}{path}");
    let request = match body {
        Some(body) => Request::post(uri)
            .header("content-type", "application/json")
            .body(SecretBytes::from(body.to_string().into_bytes()))?,
        None => Request::get(uri).body(SecretBytes::from(Vec::new()))?,
    };
    let answer = transport.send(request).await?;
    let text = answer.body().as_bytes();
    let json =
        serde_json::from_slice(text).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(text)));
    Ok((answer.status(), json))
}
