//! A key that has sealed its messages is replaced, and nothing is sent twice.

use std::sync::Arc;

use bankezy_client::{BankEzyClient, ProviderError, Renewal, Session};
use bankezy_crypto::{Channel, Error, KeyPair, PayloadCipher, PublicKey};
use bankezy_sandbox::EmulatedEndpoint;
use serde_json::json;

use crate::stage::{App, Stage};

const BUDGET: u64 = 3;

/// Sessions whose keys seal three messages.
async fn log_in(app: App, client: BankEzyClient, _: u64) -> Result<Session, ProviderError> {
    let pair = Arc::new(KeyPair::generate().unwrap());
    let session = client
        .app_token(&app.credentials(), Arc::clone(&pair), &app.derivation)
        .await?;
    let server = session.answer.server_public_key.as_deref().unwrap();
    let server = PublicKey::from_wire(server).unwrap();
    let agreed = pair.agree(&server, &app.derivation).unwrap();
    let cipher = PayloadCipher::new(&agreed).unwrap();
    let channel = Channel::from(cipher.with_nonce_budget(BUDGET));
    Ok(Session::new(session.answer, channel, Renewal::NewLogin))
}

#[tokio::test]
async fn a_spent_key_is_replaced_and_the_call_made_under_the_next() {
    let mut stage = Stage::logging_in(log_in, |settings| settings).await;
    stage.repeats = false;
    for number in 0..2 * BUDGET {
        assert_eq!(stage.echo(json!(number)).await.unwrap(), json!(number));
    }
    assert_eq!(stage.logins(), 2);
    assert_eq!(stage.executed(EmulatedEndpoint::Echo), 2 * BUDGET);
    let error = stage.echo(json!(1)).await.unwrap_err();
    assert_eq!(error.code(), Error::NonceBudgetSpent { limit: 0 }.code());
    assert_eq!(stage.logins(), 2, "no more often than refused sessions");
}
