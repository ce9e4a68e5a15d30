//! A payment that is neither lost nor made twice, although its answer is lost: from an emulator in this process.
use bankezy_client::{Advice, BankEzyClient, Client, ProviderError, SessionKeeper};
use bankezy_crypto::KeyPair;
use bankezy_crypto::providers::{BaseUrl, CallError, bankezy::*};
use bankezy_sandbox::{InjectedFault, Sandbox};
use serde_json::{Value, json};
use std::{env, error::Error, fs};

/// Stands for your database, where what is saved survives a crash.
fn save(reference: &str, state: &str) -> std::io::Result<()> {
    fs::write(env::temp_dir().join(reference), state)
}

async fn pay(keeper: &SessionKeeper, path: &str, reference: &str) -> Result<(), Box<dyn Error>> {
    // Before anything is sent: after a crash, ask for every intent that is still in this state.
    save(reference, "sending")?;
    let payment = json!({"referenceId": reference, "amount": "12.50"});
    let Err(error) = keeper.call::<_, Value>(path, &payment).await else {
        return Ok(save(reference, "paid")?);
    };
    println!("{error}: {}", error.advice());
    let state = match (error.advice(), error) {
        (Advice::AskByReference, _) => {
            let ask = Endpoint::from(path).idempotent(); // a question; the emulator echoes it
            let found: Value = keeper.call(ask, &json!({"referenceId": reference})).await?;
            assert_eq!(found["referenceId"], reference);
            "paid"
        }
        (Advice::CallAgain, _) => "sending", // later, under the same reference
        (_, ProviderError::Answer(CallError::Failed { outcome, .. }, _)) => {
            let is_final = outcome.inner_code == Some(ResultCode::new("301")); // ask your bank which are
            if is_final { "failed" } else { "unclear" }
        }
        _ => "failed", // it was not sent
    };
    Ok(save(reference, state)?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bank = Sandbox::start().await?;
    let (known, base) = (bank.credentials(), BaseUrl::parse(bank.url())?);
    let client = Client::builder().only_these_roots(true).build()?; // loopback needs no roots
    let bankezy = BankEzyClient::new(client, BankEzy::new(base, known.api_key(), Version::V2)?);
    let [key, secret] = [known.app_api_key(), known.app_secret()].map(str::to_owned);
    let derivation = known.derivation(); // `bankezy diagnose` finds out your bank's
    let keeper = SessionKeeper::new(bankezy, move |bankezy: BankEzyClient| {
        let (api_key, secret) = (key.clone(), secret.clone());
        async move {
            let (api_key, secret) = (&*api_key, &*secret);
            let (app, pair) = (AppCredentials { api_key, secret }, KeyPair::generate()?);
            Ok(bankezy.app_token(&app, pair, &derivation).await?.into())
        }
    });
    bank.faults()
        .inject_at(known.echo_path(), InjectedFault::DropAfter, 1); // executed, answer lost
    pay(&keeper, known.echo_path(), "payment-1").await?;
    Ok(keeper.shutdown().await?)
}
