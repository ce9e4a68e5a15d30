//! A key that has sealed its messages is replaced, and nothing is sent twice.

use bankezy_client::{BankEzyClient, ProviderError, Renewal, Session};
use bankezy_crypto::providers::bankezy::Channel;
use bankezy_crypto::{Error, KeyPair};
use bankezy_sandbox::Endpoint;
use serde_json::json;

use crate::stage::{App, Stage};

const BUDGET: u64 = 3;

/// Sessions whose keys seal three messages.
async fn log_in(app: App, client: BankEzyClient, _: u64) -> Result<Session, ProviderError> {
    let pair = KeyPair::generate().unwrap();
    let session = client
        .app_token(&app.credentials(), pair, &app.derivation)
        .await?;
    let Channel::Agreed(cipher) = session.channel else {
        panic!("P-256 agrees on a key");
    };
    let channel = Channel::Agreed(cipher.with_nonce_budget(BUDGET));
    Ok(Session::new(session.answer, channel, Renewal::NewLogin))
}

#[tokio::test]
async fn a_spent_key_is_replaced_and_the_call_made_under_the_next() {
    let stage = Stage::logging_in(log_in, |keeper| keeper.repeat(false)).await;
    for number in 0..2 * BUDGET {
        assert_eq!(stage.echo(json!(number)).await.unwrap(), json!(number));
    }
    assert_eq!(stage.logins(), 2);
    assert_eq!(stage.executed(Endpoint::Echo), 2 * BUDGET);
    let error = stage.echo(json!(1)).await.unwrap_err();
    assert_eq!(error.code(), Error::NonceBudgetSpent { limit: 0 }.code());
    assert_eq!(stage.logins(), 2, "no more often than refused sessions");
}
