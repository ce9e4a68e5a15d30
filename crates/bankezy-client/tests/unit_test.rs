//! A unit test of code that calls a bank, without a network: how to use `StubBank` and `TestClock`.

use std::time::Duration;

use bankezy_client::{
    BankEzyClient, Delivery, ProviderError, RefreshSettings, SessionKeeper, Transport,
};
use bankezy_sandbox::{StubAnswer, StubBank, TestClock};
use serde_json::{Value, json};

/// The code under test. If the outcome is unknown, it asks for it and does not pay again.
async fn pay(bank: &SessionKeeper, reference: &str) -> Result<Value, ProviderError> {
    let payment = json!({ "referenceId": reference, "amount": "12.50" });
    match bank.call("/payments", &payment).await {
        Err(lost) if lost.delivery() == Delivery::PossiblySent => {
            bank.call("/payments/status", &json!({ "referenceId": reference }))
                .await
        }
        answer => answer,
    }
}

#[tokio::test]
async fn a_payment_without_an_answer_is_asked_for() {
    let bank = StubBank::new(|path, body| match path {
        "/payments" => StubAnswer::Lost,
        _ => StubAnswer::from(json!({ "referenceId": body["referenceId"], "state": "paid" })),
    });
    let (bank, clock) = (bank.unwrap(), TestClock::default());
    let client = BankEzyClient::new(Transport::new(bank.clone()), bank.server().unwrap());
    let settings = RefreshSettings::default().clock(clock.reader());
    let (sessions, expires_at) = (bank.clone(), clock.now() + Duration::from_secs(3600));
    let login = move |_| core::future::ready(Ok(sessions.session(Some(expires_at)).into()));
    let keeper = SessionKeeper::with_settings(client, login, settings);
    assert_eq!(pay(&keeper, "1").await.unwrap()["state"], "paid");
    assert_eq!(bank.calls().len(), 2);
}
