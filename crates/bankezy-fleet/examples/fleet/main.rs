//! Two backends and Redis. The script `run` beside this file starts all of it on loopback:
//! `crates/bankezy-fleet/examples/fleet/run`
//!
//! The backends share one token of a provider, refuse a message that either of them received, and seal within one
//! budget.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use bankezy_client::{Client, RefreshSettings, TokenCache, TokenClient};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::sardine::{Sardine, TokenRequest};
use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
use bankezy_fleet::{BudgetSettings, Fleet, FleetConfig};
use bankezy_sandbox::Sandbox;
use bankezy_tower::{ReplayGuard, SealedServerLayer};
use tokio::net::TcpListener;
use tokio::time::sleep;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["vacant-port"] => println!("{}", bankezy_test_support::vacant().port()),
        ["provider"] => provider().await?,
        ["backend", number] => backend(number).await?,
        ["check"] => check().await?,
        _ => return Err("use the script beside this file".into()),
    }
    Ok(())
}

/// An emulator of the provider, which counts its logins.
async fn provider() -> Result<()> {
    let provider = Sandbox::start().await?;
    let known = provider.credentials();
    let (id, secret) = (known.sardine_client_id(), known.sardine_client_secret());
    tell("provider", &format!("{}\n{id}\n{secret}", provider.url()))?;
    loop {
        sleep(Duration::from_millis(50)).await;
        tell("logins", &provider.executed().total().to_string())?;
    }
}

/// One of the two backends.
async fn backend(number: &str) -> Result<()> {
    let fleet = Fleet::connect(FleetConfig::new(env::var("FLEET_STORE")?, "example"))?;

    // The token: one login for both.
    let known = told("provider").await?;
    let [url, id, secret] = known.lines().collect::<Vec<_>>()[..] else {
        return Err("the provider said something else".into());
    };
    let api = Sardine::new(BaseUrl::parse(&format!("{url}/sardine"))?, id, secret)?;
    let client = TokenClient::new(Client::builder().only_these_roots(true).build()?, api);
    // The wrapping key is a secret of its own, the same in both. In real life it comes from a key service.
    let wrapping = PayloadCipher::new(&PayloadSecret::from_bytes(&[1; 32])?)?;
    let store = fleet.tokens(Arc::new(KeyRing::new("wrap-1", wrapping)));
    let cache = TokenCache::with_settings(client, store, RefreshSettings::default());
    let slot = cache.slot(TokenRequest::new("session-1")?)?;

    // The key of the partner, its budget, and the marks of its messages.
    let (cipher, budget) = fleet
        .budget("partner/1", cipher()?, BudgetSettings::default())
        .await?;
    let window = Duration::from_secs(300);
    let guard = ReplayGuard::without_freshness(window).with_store(fleet.replay_marks());
    let sealed = SealedServerLayer::new(cipher).with_replay_guard(guard);

    let router = Router::new()
        .route("/pay", post(async || "{\"paid\":true}"))
        .route_layer(sealed)
        .route(
            "/token",
            get(async move || match slot.get().await {
                Ok(answer) => answer.token.as_str().to_owned(),
                Err(error) => error.to_string(),
            }),
        )
        // For the readiness probe: without the store, each message would be refused.
        .route(
            "/ready",
            get(async move || match fleet.ping().await {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            }),
        )
        .route(
            "/reserved",
            get(async move || format!("{:?}", budget.last_total())),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tell(
        &format!("backend-{number}"),
        &listener.local_addr()?.to_string(),
    )?;
    axum::serve(listener, router).await?;
    Ok(())
}

/// Sends messages to both, and compares what they do with what one process would.
async fn check() -> Result<()> {
    let backends = [told("backend-1").await?, told("backend-2").await?];
    // As a load balancer does before it sends them anything.
    for backend in backends.chunks(1) {
        until(backend, "GET /ready", (200, "")).await?;
    }
    let cipher = cipher()?;
    for round in 0..10 {
        let message = cipher.seal(format!("{{\"pay\":{round}}}").as_bytes())?;
        let (first, second) = (&backends[round % 2], &backends[(round + 1) % 2]);
        let (status, answer) = http(first, "POST /pay", &message).await?;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(&*cipher.open(answer.trim_end())?, b"{\"paid\":true}");
        // The same message to the other one.
        assert_eq!(http(second, "POST /pay", &message).await?.0, 409);
    }
    println!("10 messages were accepted once, and refused by the other backend");

    let first = http(&backends[0], "GET /token", "").await?.1;
    let second = http(&backends[1], "GET /token", "").await?.1;
    assert_eq!(first, second);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(told("logins").await?, "1");
    println!("both backends have the same token, by one login");

    let share = 1_u64 << 20;
    let expected = format!("Some({})", 2 * share);
    // A backend that started before the store counts its share a moment later.
    until(&backends, "GET /reserved", (200, &expected)).await?;
    println!(
        "the fleet has reserved {} messages of its budget",
        2 * share
    );
    Ok(())
}

/// Asks backends in turn until one answers as expected.
async fn until(backends: &[String], request: &str, expected: (u16, &str)) -> Result<()> {
    let mut last = None;
    for backend in backends.iter().cycle().take(1_000) {
        let (status, answer) = http(backend, request, "").await?;
        if (status, answer.as_str()) == expected {
            return Ok(());
        }
        last = Some((status, answer));
        sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{request}: expected {expected:?}, the last answer was {last:?}").into())
}

/// The partner's key.
fn cipher() -> Result<PayloadCipher> {
    Ok(PayloadCipher::new(&PayloadSecret::from_bytes(&[2; 32])?)?)
}

/// A request by hand, to show what goes over the wire.
async fn http(address: &str, request: &str, body: &str) -> Result<(u16, String)> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).ok_or("no status")?.parse()?;
    let body = answer.split_once("\r\n\r\n").ok_or("no body")?.1;
    Ok((status, body.to_owned()))
}

fn place(name: &str) -> Result<PathBuf> {
    Ok(PathBuf::from(env::var("FLEET_FOLDER")?).join(name))
}

/// Leaves something for the other processes, in one step.
fn tell(name: &str, text: &str) -> Result<()> {
    let new = place(&format!("{name}.new"))?;
    fs::write(&new, text)?;
    fs::rename(new, place(name)?)?;
    Ok(())
}

/// Waits for what another process leaves.
async fn told(name: &str) -> Result<String> {
    for _ in 0..1_000 {
        if let Ok(text) = fs::read_to_string(place(name)?) {
            return Ok(text);
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{name} did not come").into())
}
