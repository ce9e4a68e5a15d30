//! A token of BankEzy's over HTTP, from Get Token to its end, from an emulator in this process.
//!
//! `cargo run -p bankezy-client --example bankezy_token`
//!
//! With BANKEZY_BASE_URL, BANKEZY_API_KEY, BANKEZY_SDK_API_KEY and BANKEZY_SECRET (base64url) set, from
//! that server.

use std::env;
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use bankezy_client::{BankEzyClient, Client};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::bankezy::{AccountNumber, BankEzy, TokenRequest, Version};
use bankezy_crypto::{Channel, KeyPair, PayloadSecret, backend};
use bankezy_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator;
    let (server, channel, sdk_api_key, client) = match env::var("BANKEZY_BASE_URL") {
        Ok(base) => {
            let api_key = env::var("BANKEZY_API_KEY")?;
            let server = BankEzy::new(BaseUrl::parse(&base)?, &api_key, Version::V2)?;
            // Or one of the other constructors: `bankezy diagnose` finds out which.
            let secret = PayloadSecret::from_base64url(&env::var("BANKEZY_SECRET")?)?;
            let channel = Channel::from_secret(&secret, &backend::AWS_LC_RS)?;
            let sdk_api_key = env::var("BANKEZY_SDK_API_KEY")?;
            (server, channel, sdk_api_key, Client::builder())
        }
        Err(_) => {
            emulator = Sandbox::start().await?;
            let known = emulator.credentials();
            let base = BaseUrl::parse(emulator.url())?;
            let server = BankEzy::new(base, known.api_key(), Version::V2)?;
            let channel = Channel::from_secret(known.payload_secret(), &backend::AWS_LC_RS)?;
            // Plain http to this process needs no root certificates.
            let client = Client::builder().only_these_roots(true);
            (server, channel, known.sdk_api_key().to_owned(), client)
        }
    };
    let bankezy = BankEzyClient::new(client.build()?, server);

    // Never used twice; in real life a UUID.
    let reference = format!(
        "example-{}",
        SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos()
    );
    let public_key = KeyPair::generate()?.public_key().to_wire();
    let account = AccountNumber::new(1_234_567_890_123_456_789)?;
    let request = TokenRequest::new(&reference, &public_key, &sdk_api_key, account)?
        .with_first_name("Asha")
        .with_last_name("Rao");
    let issued = bankezy.get_token(&request, &channel).await?;
    assert_eq!(issued.reference_id.as_deref(), Some(&*reference));
    let left = issued
        .token
        .remaining(SystemTime::now())
        .ok_or("no expiry")?;
    println!("Get Token: good for {} s", left.as_secs());

    // `SessionKeeper` does so by itself, ahead of the expiry.
    let renewed = bankezy.renew(&issued.token, account, &channel).await?;
    assert_ne!(renewed.token.as_str(), issued.token.as_str());
    println!("Renew: a new token");

    let reference = renewed.token_reference_id.or(issued.token_reference_id);
    let reference = reference.ok_or("no reference")?;
    bankezy.invalidate(&reference, None, &channel).await?;
    // Renewed or invalidated, neither is taken any more.
    for token in [&issued.token, &renewed.token] {
        let refused = bankezy.renew(token, account, &channel).await.unwrap_err();
        assert_eq!(refused.code(), "reply.plain");
        println!("no longer taken: {refused}");
    }
    Ok(())
}
