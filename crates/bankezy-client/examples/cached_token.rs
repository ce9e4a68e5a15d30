//! A token that is requested once and renewed ahead of its expiry, from an emulator in this process.
//!
//! `cargo run -p bankezy-client --example cached_token`

use std::error::Error;
use std::time::{Duration, SystemTime};

use bankezy_client::{Client, RefreshSettings, TokenCache, TokenClient};
use bankezy_client::{MemoryStore, ProviderError};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::sardine::{Sardine, TokenRequest};
use bankezy_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = Sandbox::start().await?;
    let known = provider.credentials();
    let base = BaseUrl::parse(&format!("{}/sardine", provider.url()))?;
    let (id, secret) = (known.sardine_client_id(), known.sardine_client_secret());
    let sardine = Sardine::new(base, id, secret)?;
    // Plain http to this process needs no root certificates.
    let client = Client::builder().only_these_roots(true).build()?;

    let settings = RefreshSettings::default()
        .deadline(Duration::from_secs(20))
        // A token that is returned is good for two more minutes.
        .min_remaining(Duration::from_secs(120));
    let tokens = TokenClient::new(client, sardine);
    let cache = TokenCache::with_settings(tokens, MemoryStore::new(1000), settings);

    // Kept for as long as this session of a customer lasts.
    let slot = cache.slot(TokenRequest::new("session-1")?)?;
    for _ in 0..3 {
        let answer = slot.get().await?;
        let left = answer.token.remaining(SystemTime::now());
        println!("a token that is good for {:?}", left.ok_or("no lifetime")?);
    }
    assert_eq!(provider.executed().total(), 1, "one request for all");

    // After a 401 of the call that the token was for.
    let refused = slot.get().await?;
    slot.refuse(&refused.token).await?;
    match slot.get().await {
        Ok(next) => assert_ne!(next.token.as_str(), refused.token.as_str()),
        Err(ProviderError::NoToken { retry_in, .. }) => println!("later: {retry_in:?}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
