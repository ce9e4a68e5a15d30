//! Payments that are neither lost nor made twice: an answer is lost, another refuses. From an emulator in this process.
use bankezy_client::{BankEzyClient, Client, Delivery, SessionKeeper};
use bankezy_crypto::{Derivation::Sha256, KeyPair, providers::BaseUrl, providers::bankezy::*};
use bankezy_sandbox::{InjectedFault, Sandbox};
use serde_json::{Value, json};
use std::{env::temp_dir, error::Error, fs};

/// By the codes that your bank lists for this call, if the answer is of this payment and not of another.
fn state_of(answer: &Value, reference: &str) -> &'static str {
    match Outcome::of(answer).codes() {
        _ if answer["referenceId"] != reference => "unclear",
        [Some("200"), Some("100")] => "paid",
        [Some("200"), Some("301")] => "refused",
        _ => "unclear",
    }
}

async fn pay(keeper: &SessionKeeper, reference: &str) -> Result<&'static str, Box<dyn Error>> {
    // A file in place of your database. After a crash, ask for every payment that is still "unclear".
    let save = |state| fs::write(temp_dir().join(reference), state);
    save("unclear")?; // before anything is sent
    let payment = json!({"referenceId": reference, "amount": "12.50"});
    let mut state = match keeper.call::<_, Value>("/payments", &payment).await {
        Ok(answer) => state_of(&answer, reference), // it opened; its codes say whether it was paid
        Err(error) if error.delivery() == Delivery::NotSent => "not sent", // can be made again
        Err(_) => "unclear", // whatever status or text it has, the bank may have executed it
    };
    if state == "unclear" {
        let ask = Endpoint::from("/payments/status").idempotent(); // only a question
        let found: Value = keeper.call(ask, &json!({"referenceId": reference})).await?;
        state = state_of(&found["payment"], reference);
    }
    save(state)?;
    Ok(state)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let answer = |asked: &Value, code| json!({"referenceId": asked["referenceId"], "resCode": 200, "data": {"resCode": code}});
    let bank = Sandbox::builder().derivation(Sha256); // `bankezy diagnose` finds out your bank's
    let bank = bank.answer_at("/payments", move |asked| answer(asked, 301));
    let found = move |asked: &Value| json!({"payment": answer(asked, 100)});
    let bank = bank.answer_at("/payments/status", found);
    let bank = bank.start().await?;
    let (known, base) = (bank.credentials(), BaseUrl::parse(bank.url())?);
    let client = Client::builder().only_these_roots(true).build()?; // loopback needs no roots
    let bankezy = BankEzyClient::new(client, BankEzy::new(base, known.api_key(), Version::V2)?);
    let known = [known.app_api_key(), known.app_secret()].map(str::to_owned);
    let keeper = SessionKeeper::new(bankezy, move |bankezy: BankEzyClient| {
        let [api_key, secret] = known.clone();
        async move {
            let [api_key, secret] = [&*api_key, &*secret];
            let (app, pair) = (AppCredentials { api_key, secret }, KeyPair::generate()?);
            Ok(bankezy.app_token(&app, pair, &Sha256).await?.into())
        }
    });
    assert_eq!(pay(&keeper, "payment-1").await?, "refused");
    bank.faults().inject(InjectedFault::DropAfter, 1); // executed, answer lost
    assert_eq!(pay(&keeper, "payment-2").await?, "paid");
    Ok(keeper.shutdown().await?)
}
