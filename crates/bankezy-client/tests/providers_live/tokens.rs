//! What works.

use core::time::Duration;
use std::sync::LazyLock;
use std::time::SystemTime;

use bankezy_sandbox::Sandbox;

use crate::adapters::{Which, client_for};
use crate::shown::Shown;
use crate::silence::{TRACES, shows_nothing, traces_nothing};

#[tokio::test]
async fn each_adapter_gets_tokens() {
    LazyLock::force(&TRACES);
    for tls in [false, true] {
        let sandbox = Sandbox::builder().tls(tls).start().await.unwrap();
        let client = client_for(&sandbox);
        for which in Which::ALL {
            let context = format!("{which:?}, TLS {tls}");
            let adapter = which.adapter(&sandbox, &client).await;
            let before = SystemTime::now();
            let token = adapter.token(&client).await.expect(&context);
            let after = SystemTime::now();
            let (token_type, lifetime) = match which {
                Which::FacekiByQuery | Which::FacekiByHeaders => (Some("Bearer"), Some(3600)),
                Which::SardineWithIncode | Which::SardineWithAu10tix => (Some("Bearer"), Some(600)),
                Which::ComplyCubeWeb | Which::ComplyCubeMobile => (None, None),
                _ => (None, Some(3600)),
            };
            assert_eq!(token.token_type(), token_type, "{context}");
            match (token.expires_at(), lifetime.map(Duration::from_secs)) {
                (None, None) => {}
                (Some(expires_at), Some(lifetime)) => {
                    // BankEzy states the time in milliseconds.
                    let earliest = before + lifetime - Duration::from_millis(1);
                    assert!(expires_at >= earliest, "{context}");
                    assert!(expires_at <= after + lifetime, "{context}");
                }
                other => panic!("{context}: {other:?}"),
            }
            assert!(sandbox.executed().of(which.counted_as()) > 0, "{context}");

            let mut shown = Shown::default();
            adapter.show(&mut shown);
            shown.value(&context, &token);
            shows_nothing(&shown, &sandbox, &[token.as_str()]);
        }
        // Asked twice, each gives another: nothing is kept here.
        for which in Which::ALL
            .into_iter()
            .filter(|which| *which != Which::Renew)
        {
            let adapter = which.adapter(&sandbox, &client).await;
            let first = adapter.token(&client).await.unwrap();
            let second = adapter.token(&client).await.unwrap();
            assert_ne!(first.as_str(), second.as_str(), "{which:?}");
        }
    }
    traces_nothing();
}
