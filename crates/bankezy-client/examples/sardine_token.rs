//! A Sardine token for the identity documents of a session over HTTP, from an emulator in this
//! process.
//!
//! `cargo run -p bankezy-client --example sardine_token`
//!
//! With SARDINE_BASE_URL, SARDINE_CLIENT_ID, SARDINE_CLIENT_SECRET and SARDINE_SESSION_KEY set, from
//! that server, such as `sardine::SANDBOX_BASE_URL`.

use std::env;
use std::error::Error;
use std::time::SystemTime;

use bankezy_client::{Client, ProviderError};
use bankezy_crypto::providers::sardine::{Platform, Provider, Sardine, TokenRequest};
use bankezy_crypto::providers::{BaseUrl, TokenApi as _};
use bankezy_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator;
    let (api, client, session_key) = match env::var("SARDINE_BASE_URL") {
        Ok(base) => {
            let (id, secret) = (
                env::var("SARDINE_CLIENT_ID")?,
                env::var("SARDINE_CLIENT_SECRET")?,
            );
            let api = Sardine::new(BaseUrl::parse(&base)?, &id, &secret)?;
            let client = Client::builder();
            (api, client, env::var("SARDINE_SESSION_KEY")?)
        }
        Err(_) => {
            emulator = Sandbox::start().await?;
            let base = BaseUrl::parse(&format!("{}/sardine", emulator.url()))?;
            let known = emulator.credentials();
            let (id, secret) = (known.sardine_client_id(), known.sardine_client_secret());
            // Plain http to this process needs no root certificates.
            let client = Client::builder().only_these_roots(true);
            (
                Sardine::new(base, id, secret)?,
                client,
                "session-1".to_owned(),
            )
        }
    };
    let client = client.build()?;

    let request = TokenRequest::new(&session_key)?
        .with_customer_id("customer-1")?
        .with_platform(Platform::ANDROID)
        .with_provider(Provider::INCODE);
    // Sent again only where the server cannot have seen it.
    let response = client
        .execute(|| Ok::<_, ProviderError>(api.request(&request)?))
        .await?;
    let answer = api.response(&request, &response, SystemTime::now())?;

    let left = answer
        .token
        .remaining(SystemTime::now())
        .ok_or("no lifetime")?;
    println!(
        "a token of {} characters, good for {} s, for Incode's SDK at {}",
        answer.token.as_str().len(),
        left.as_secs(),
        answer.incode_sdk_base_url.as_deref().unwrap_or("no URL")
    );
    assert!(!answer.token.as_str().is_empty() && !left.is_zero());
    assert!(answer.incode_sdk_base_url.is_some() && answer.verification_id.is_some());
    Ok(())
}
