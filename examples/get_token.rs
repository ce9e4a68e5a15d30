//! A Get Token request, from its JSON to the text that is posted and back: no network, no
//! credentials.
//!
//! `cargo run --example get_token`

use bankezy_crypto::{Error, KeyPair, PayloadCipher, PayloadSecret};
use serde::{Deserialize, Serialize};

/// The body of Get Token as in BankEzy's documentation; optional members left out.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetToken {
    reference_id: String,
    sdk_public_key: String,
    sdk_api_key: String,
    account_number: u64,
    first_name: String,
    last_name: String,
    dob: u32,
}

fn main() -> Result<(), Error> {
    // In production it comes from onboarding, and is read from a secret store with `PayloadSecret::from_base64` or
    // whichever reading `bankezy diagnose` names.
    let payload_secret = PayloadSecret::generate()?;
    let cipher = PayloadCipher::new(&payload_secret)?;

    // Kept for as long as the token lives: the server agrees on keys with it.
    let key_pair = KeyPair::generate()?;

    let request = GetToken {
        reference_id: "7d9f0c3e-6f6e-4d0c-9a55-0d5a1d3d2f11".to_owned(),
        sdk_public_key: key_pair.public_key().to_wire(),
        sdk_api_key: "sdk-api-key-from-onboarding".to_owned(),
        account_number: 1_234_567_890_123_456_789,
        first_name: "Asha".to_owned(),
        last_name: "Rao".to_owned(),
        dob: 19_900_131,
    };
    let body = cipher.seal_json(&request)?;

    println!("POST /token-service/client/server/new/v2/token");
    println!("Content-Type: text/plain");
    println!("X-API-KEY: api-key-from-onboarding\n");
    println!("{body}\n");

    // What the server does with it, and what the caller does with the server's answer.
    let opened = cipher.open(&body)?;
    println!("opened again:\n{}", opened.as_str()?);
    assert_eq!(opened.json::<GetToken>()?, request);
    Ok(())
}
