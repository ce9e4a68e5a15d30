//! Tokens of ComplyCube's for its Web and its Mobile SDK over HTTP, from an emulator in this process.
//!
//! `cargo run -p bankezy-client --example complycube_token`
//!
//! With COMPLYCUBE_BASE_URL, COMPLYCUBE_API_KEY and COMPLYCUBE_CLIENT_ID set, from that server.

use std::env;
use std::error::Error;
use std::time::SystemTime;

use bankezy_client::{Client, ProviderError};
use bankezy_crypto::providers::complycube::{ComplyCube, MatchPattern, Sdk, TokenRequest};
use bankezy_crypto::providers::{BaseUrl, TokenApi as _};
use bankezy_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator;
    let (api, client, client_id) = match env::var("COMPLYCUBE_BASE_URL") {
        Ok(base) => {
            let api = ComplyCube::new(&env::var("COMPLYCUBE_API_KEY")?)?;
            let api = api.with_base_url(BaseUrl::parse(&base)?);
            let client = Client::builder();
            (api, client, env::var("COMPLYCUBE_CLIENT_ID")?)
        }
        Err(_) => {
            emulator = Sandbox::start().await?;
            let base = BaseUrl::parse(&format!("{}/complycube", emulator.url()))?;
            let api = ComplyCube::new(emulator.credentials().complycube_api_key())?;
            // Plain http to this process needs no root certificates.
            let client = Client::builder().only_these_roots(true);
            (
                api.with_base_url(base),
                client,
                "5eb04fcd0f3e360008035eb1".to_owned(),
            )
        }
    };
    let client = client.build()?;

    let web = Sdk::Web {
        referrer: MatchPattern::parse("https://www.example.com/*")?,
    };
    let mobile = Sdk::Mobile {
        app_id: "com.example.app".to_owned(),
    };
    for (name, sdk) in [("Web", web), ("Mobile", mobile)] {
        let request = TokenRequest::new(&client_id, sdk)?;
        // Sent again only where the server cannot have seen it.
        let response = client
            .execute(|| Ok::<_, ProviderError>(api.request(&request)?))
            .await?;
        // Where it is refused, the error says which of the request's members to check.
        let token = api.response(&request, &response, SystemTime::now())?;

        println!("{name} SDK: a token of {} characters", token.as_str().len());
        assert!(!token.as_str().is_empty());
        assert!(token.expires_at().is_none(), "no lifetime is stated");
    }
    Ok(())
}
