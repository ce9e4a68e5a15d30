//! An access token of Faceki's over HTTP, from an emulator in this process.
//!
//! `cargo run -p bankezy-client --example faceki_token`
//!
//! With FACEKI_BASE_URL, FACEKI_CLIENT_ID and FACEKI_CLIENT_SECRET set, from that server.

use std::env;
use std::error::Error;
use std::time::SystemTime;

use bankezy_client::{Client, ProviderError};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::{BaseUrl, TokenApi as _};
use bankezy_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator;
    let (api, client) = match env::var("FACEKI_BASE_URL") {
        Ok(base) => {
            let (id, secret) = (
                env::var("FACEKI_CLIENT_ID")?,
                env::var("FACEKI_CLIENT_SECRET")?,
            );
            let api = Faceki::new(&id, &secret)?.with_base_url(BaseUrl::parse(&base)?);
            (api, Client::builder())
        }
        Err(_) => {
            emulator = Sandbox::start().await?;
            let base = BaseUrl::parse(&format!("{}/faceki", emulator.url()))?;
            let known = emulator.credentials();
            let api = Faceki::new(known.faceki_client_id(), known.faceki_client_secret())?;
            // Plain http to this process needs no root certificates.
            let client = Client::builder().only_these_roots(true);
            (api.with_base_url(base), client)
        }
    };
    let client = client.build()?;
    // Else the credentials are in the URL, and servers and proxies write URLs to their logs.
    let api = api.with_credentials_in_headers();

    // Sent again only where the server cannot have seen it.
    let response = client
        .execute(|| Ok::<_, ProviderError>(api.request(&())?))
        .await?;
    let token = api.response(&(), &response, SystemTime::now())?;

    let left = token.remaining(SystemTime::now()).ok_or("no lifetime")?;
    println!(
        "a {} token of {} characters, good for {} s",
        token.token_type().unwrap_or("bare"),
        token.as_str().len(),
        left.as_secs()
    );
    assert!(!token.as_str().is_empty() && !left.is_zero());
    Ok(())
}
