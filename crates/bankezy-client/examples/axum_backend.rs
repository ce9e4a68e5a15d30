//! A payment backend that gets BankEzy tokens for its mobile app, and the app: the app's key never
//! leaves it, the backend's static key never reaches it, and from then on it calls BankEzy itself.
//! With an emulator of BankEzy's in this process.
//!
//! `cargo run -p bankezy-client --example axum_backend`
//!
//! With BANKEZY_BASE_URL, BANKEZY_API_KEY, BANKEZY_SDK_API_KEY, BANKEZY_APP_API_KEY and BANKEZY_SECRET
//! (base64url) set, with that server, which has to be a `bankezy sandbox`: a real one has no echo.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use bankezy_client::{BankEzyClient, Client};
use bankezy_crypto::providers::bankezy::{AccountNumber, BankEzy, TokenRequest, Version};
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::{
    Channel, Derivation, KeyPair, PayloadSecret, PublicKey, SecretBytes, backend,
};
use bankezy_sandbox::Sandbox;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The emulator's. `bankezy diagnose` finds out a server's.
const DERIVATION: Derivation<'_> = Derivation::ConcatKdf { apu: b"", apv: b"" };

struct Backend {
    bankezy: BankEzyClient,
    /// Under the static payload secret.
    channel: Channel,
    sdk_api_key: String,
}

/// What the app posts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hello {
    sdk_public_key: String,
}

/// What it gets.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    token: String,
    /// Milliseconds since the epoch.
    expires_at: u64,
    server_pub_key: String,
}

async fn session(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    Json(hello): Json<Hello>,
) -> Result<impl IntoResponse, StatusCode> {
    let account = signed_in(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    // A key that is fit for use, and no private one: else BankEzy is not even asked.
    PublicKey::from_wire(&hello.sdk_public_key).map_err(|_| StatusCode::BAD_REQUEST)?;
    backend
        .token(account, &hello.sdk_public_key)
        .await
        .map(|session| ([(CACHE_CONTROL, "no-store")], Json(session)))
        .map_err(|error| {
            // No error of this crate's holds a secret. The app learns nothing of it all the same.
            eprintln!("Get Token: {error}");
            StatusCode::BAD_GATEWAY
        })
}

/// Who is signed in, in real life by the app's session with us. Never by what the app says: it would
/// choose the account.
fn signed_in(headers: &HeaderMap) -> Option<AccountNumber> {
    match headers.get(AUTHORIZATION)?.as_bytes() {
        b"Bearer session-of-asha" => AccountNumber::new(1_234_567_890_123_456_789).ok(),
        _ => None,
    }
}

impl Backend {
    async fn token(
        &self,
        account: AccountNumber,
        sdk_public_key: &str,
    ) -> Result<Session, Box<dyn Error + Send + Sync>> {
        // Never used twice; in real life a UUID.
        let reference = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let reference = format!("example-{reference}");
        let request = TokenRequest::new(&reference, sdk_public_key, &self.sdk_api_key, account)?;
        let answer = self.bankezy.get_token(&request, &self.channel).await?;
        let expires_at = answer.token.expires_at().ok_or("no expiry")?;
        Ok(Session {
            token: answer.token.as_str().to_owned(),
            expires_at: expires_at
                .duration_since(UNIX_EPOCH)?
                .as_millis()
                .try_into()?,
            server_pub_key: answer.server_public_key.ok_or("no server key")?,
        })
    }
}

/// The app: logs in with the backend, agrees on a key with BankEzy, and makes one sealed call.
async fn play_app(
    client: &Client,
    backend: &str,
    bankezy: &BankEzyClient,
) -> Result<(), Box<dyn Error>> {
    let ours = Arc::new(KeyPair::generate()?);
    let key = ours.public_key().to_wire();
    let refused = log_in(client, backend, "nobody", &key).await?;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused = log_in(client, backend, "session-of-asha", "no key").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);

    let answer = log_in(client, backend, "session-of-asha", &key).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let session: Session = serde_json::from_slice(answer.body().as_bytes())?;
    let expires_at = UNIX_EPOCH + Duration::from_millis(session.expires_at);
    let token = Token::new(session.token.into(), Some(expires_at));
    let left = token.remaining(SystemTime::now()).unwrap_or_default();
    println!("the app has a token, good for {} s", left.as_secs());
    assert!(!left.is_zero());

    let channel = Channel::establish(ours, &session.server_pub_key, &DERIVATION)?;
    let said = json!({"amount": "1250.00", "to": "Asha"});
    let heard: Value = bankezy
        .call("/sandbox/echo", &said, &token, &channel)
        .await?;
    assert_eq!(heard, said);
    println!("sealed under the agreed key, there and back: {heard}");
    Ok(())
}

async fn log_in(
    client: &Client,
    backend: &str,
    session: &str,
    key: &str,
) -> Result<Response<SecretBytes>, Box<dyn Error>> {
    let hello = json!({"sdkPublicKey": key}).to_string();
    let request = Request::post(format!("{backend}/session"))
        .header(AUTHORIZATION, format!("Bearer {session}"))
        .header(CONTENT_TYPE, "application/json")
        .body(SecretBytes::from(hello.into_bytes()))?;
    Ok(client.send(request).await?)
}

/// What a partner gets at onboarding.
struct Onboarded {
    base: BaseUrl,
    api_key: String,
    app_api_key: String,
    sdk_api_key: String,
    channel: Channel,
}

impl Onboarded {
    fn from_environment(base: &str) -> Result<Self, Box<dyn Error>> {
        // Or one of the other constructors: `bankezy diagnose` finds out which.
        let secret = PayloadSecret::from_base64url(&env::var("BANKEZY_SECRET")?)?;
        Ok(Self {
            base: BaseUrl::parse(base)?,
            api_key: env::var("BANKEZY_API_KEY")?,
            app_api_key: env::var("BANKEZY_APP_API_KEY")?,
            sdk_api_key: env::var("BANKEZY_SDK_API_KEY")?,
            channel: Channel::from_secret(&secret, &backend::AWS_LC_RS)?,
        })
    }

    fn with(emulator: &Sandbox) -> Result<Self, Box<dyn Error>> {
        let known = emulator.credentials();
        Ok(Self {
            base: BaseUrl::parse(emulator.url())?,
            api_key: known.api_key().to_owned(),
            app_api_key: known.app_api_key().to_owned(),
            sdk_api_key: known.sdk_api_key().to_owned(),
            channel: Channel::from_secret(known.payload_secret(), &backend::AWS_LC_RS)?,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator;
    let (ours, client) = match env::var("BANKEZY_BASE_URL") {
        Ok(base) => (Onboarded::from_environment(&base)?, Client::builder()),
        Err(_) => {
            emulator = Sandbox::start().await?;
            // Plain http to this process needs no root certificates.
            let client = Client::builder().only_these_roots(true);
            (Onboarded::with(&emulator)?, client)
        }
    };
    let client = client.build()?;
    let server = BankEzy::new(ours.base.clone(), &ours.api_key, Version::V2)?;
    let backend = Arc::new(Backend {
        bankezy: BankEzyClient::new(client.clone(), server),
        channel: ours.channel,
        sdk_api_key: ours.sdk_api_key,
    });
    let router = Router::new()
        .route("/session", post(session))
        .with_state(backend);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let app = BankEzy::new(ours.base, &ours.app_api_key, Version::V2)?;
    let app = BankEzyClient::new(client.clone(), app);
    play_app(&client, &url, &app).await
}
