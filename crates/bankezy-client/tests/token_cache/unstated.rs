//! Tokens whose lifetime the provider does not state.

use std::time::Duration;

use bankezy_crypto::providers::complycube::{ComplyCube, Sdk, TokenRequest};

use crate::stage::{Provider, Stage, text};

fn complycube(provider: &Provider) -> ComplyCube {
    ComplyCube::new("api-key")
        .unwrap()
        .with_base_url(provider.base())
}

fn request() -> TokenRequest {
    let app_id = "com.example.app".to_owned();
    TokenRequest::new("client-id", Sdk::Mobile { app_id }).unwrap()
}

#[tokio::test]
async fn without_a_lifetime_each_call_makes_a_request_and_shares_the_one_under_way() {
    let stage = Stage::set(complycube);
    let slot = stage.cache.slot(request()).unwrap();
    assert_eq!(text(&slot).await, "token-0");
    assert_eq!(text(&slot).await, "token-1");

    stage.provider.close();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let slot = slot.clone();
            tokio::spawn(async move { text(&slot).await })
        })
        .collect();
    stage.provider.is_asked(3).await;
    stage.provider.open();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "token-2");
    }
    assert_eq!(stage.provider.asked(), 3);
}

#[tokio::test]
async fn a_lifetime_that_the_caller_states_is_kept_to() {
    let stage = Stage::with(complycube, |settings| {
        settings.lifetime_for_unstated(Duration::from_secs(100))
    });
    let slot = stage.cache.slot(request()).unwrap();
    for _ in 0..2 {
        assert_eq!(text(&slot).await, "token-0");
        stage.clock.pass(79);
    }
    // At 158 it was expired.
    assert_eq!(text(&slot).await, "token-1");
    stage.clock.pass(79);
    assert_eq!(text(&slot).await, "token-1");
    assert_eq!(stage.provider.asked(), 2);
    stage.clock.pass(1);
    assert_eq!(text(&slot).await, "token-1");
    stage.provider.is_asked(3).await;
}
