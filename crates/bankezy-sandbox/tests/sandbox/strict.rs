//! What a strict emulator refuses.

use bankezy_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::http::{Answer, request, send};
use crate::partner::*;

async fn strict() -> Sandbox {
    Sandbox::builder().strict(true).start().await.unwrap()
}

async fn send_as(sandbox: &Sandbox, content_type: &str, body: &str) -> Answer {
    let headers = [
        ("X-API-KEY", sandbox.credentials().api_key()),
        ("Content-Type", content_type),
    ];
    let request = request("POST", GET_TOKEN[0], &headers, body.as_bytes());
    send(sandbox.address(), &request).await.unwrap()
}

#[tokio::test]
async fn a_reference_has_one_token() {
    for sandbox in [strict().await, Sandbox::start().await.unwrap()] {
        let channel = static_channel(&sandbox);
        let mut body = token_body(&sandbox, &key_pair(Kind::P256));
        let ask = async |body: &Value| call(&sandbox, &channel, GET_TOKEN[0], &[], body).await;
        assert_eq!(ask(&body).await["resCode"], 100);
        let again = ask(&body).await;
        match again["resCode"].as_str() {
            Some(code) => {
                assert_eq!(code, "TOK003");
                assert!(again["resDesc"].as_str().unwrap().contains("referenceId"));
            }
            // Lenient.
            None => assert_eq!(sandbox.executed().total(), 2),
        }
        body["referenceId"] = json!("another");
        assert_eq!(ask(&body).await["resCode"], 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_calls_at_once_with_a_reference_one_gets_a_token() {
    let sandbox = strict().await;
    let channel = static_channel(&sandbox);
    let body = token_body(&sandbox, &key_pair(Kind::P256));
    let mut calls = Vec::new();
    for _ in 0..20 {
        let sealed = channel.seal(&body.to_string());
        let headers = [
            ("X-API-KEY", sandbox.credentials().api_key()),
            ("Content-Type", "text/plain"),
        ];
        let request = request("POST", GET_TOKEN[0], &headers, sealed.as_bytes());
        let address = sandbox.address();
        calls.push(tokio::spawn(async move { send(address, &request).await }));
    }
    let mut taken = 0;
    for call in calls {
        let answer = call.await.unwrap().unwrap();
        taken += usize::from(channel.open(&answer)["resCode"] == 100);
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_reference_is_known_as_long_as_one_of_its_tokens() {
    let builder = Sandbox::builder().strict(true).max_tokens(2);
    let sandbox = builder.start().await.unwrap();
    let channel = static_channel(&sandbox);
    let own = key_pair(Kind::P256);
    let ask = async |reference: &str| {
        let mut body = token_body(&sandbox, &own);
        body["referenceId"] = json!(reference);
        call(&sandbox, &channel, GET_TOKEN[0], &[], &body).await
    };
    let first = ask("a").await;
    let token = first["token"].as_str().unwrap();
    let headers = [("X-API-TOKEN", token), ("X-ACCOUNT-NUMBER", ACCOUNT)];
    let renew = json!({ "token": token });
    let renewed = call(&sandbox, &channel, RENEW[0], &headers, &renew).await;
    assert_ne!(renewed["resCode"], "TOK003", "{renewed}");
    // Its first token is forgotten now, and the renewed one is not.
    assert_eq!(ask("b").await["resCode"], 100);
    assert_eq!(ask("a").await["resCode"], "TOK003");
    assert_eq!(ask("c").await["resCode"], 100);
    assert_eq!(ask("a").await["resCode"], 100);
    assert_eq!(ask("c").await["resCode"], "TOK003");
    // A reference names all of its tokens.
    let invalidate = json!({ "tokenReferenceId": "a" });
    let ended = call(&sandbox, &channel, INVALIDATE[0], &[], &invalidate).await;
    assert_ne!(ended["resCode"], "TOK003", "{ended}");
    let again = call(&sandbox, &channel, INVALIDATE[0], &[], &invalidate).await;
    assert_eq!(again["resCode"], "TOK003");
}

#[tokio::test]
async fn members_that_no_page_names_are_refused() {
    let sandbox = strict().await;
    let channel = static_channel(&sandbox);
    let session = session(&sandbox, Kind::P256).await;
    let own = key_pair(Kind::P256);
    let headers = [
        ("X-API-TOKEN", session.token.as_str()),
        ("X-ACCOUNT-NUMBER", ACCOUNT),
    ];
    let mut onboarding = token_body(&sandbox, &own);
    onboarding["referenceId"] = json!("onboarding");
    onboarding["gender"] = json!("F");
    let renew = json!({ "token": session.token });
    let invalidate = json!({ "tokenReferenceId": session.reference });
    for (path, headers, mut body) in [
        (ONBOARDING[0], &[][..], onboarding),
        (RENEW[0], &headers[..], renew),
        (INVALIDATE[0], &[][..], invalidate),
    ] {
        body["CANARY"] = json!(1);
        let refused = call(&sandbox, &channel, path, headers, &body).await;
        assert_eq!(refused["resCode"], "TOK003", "{path}");
        assert!(!refused.to_string().contains("CANARY"));
        body.as_object_mut().unwrap().remove("CANARY");
        if path != INVALIDATE[0] {
            let taken = call(&sandbox, &channel, path, headers, &body).await;
            assert_ne!(taken["resCode"], "TOK003", "{path}");
        }
    }
    // Onboarding's own are no members of Get Token.
    let mut body = token_body(&sandbox, &own);
    body["referenceId"] = json!("get-token");
    body["gender"] = json!("F");
    let refused = call(&sandbox, &channel, GET_TOKEN[0], &[], &body).await;
    assert_eq!(refused["resCode"], "TOK003");

    let mut body = app_body(&sandbox, &own);
    body["more"] = json!(1);
    let refused = post(&sandbox, APP_TOKEN[0], &[], &body.to_string()).await;
    assert!(refused.unwrap().text().contains("TOK003"));
}

#[tokio::test]
async fn a_token_is_taken_in_the_form_in_which_it_was_issued() {
    let sandbox = strict().await;
    let channel = static_channel(&sandbox);
    let session = session(&sandbox, Kind::P256).await;
    let with_prefix = format!("Bearer {}", session.token);
    assert_eq!(echo(&sandbox, &with_prefix, &channel).await, Err(401));
    echo(&sandbox, &session.token, &channel).await.unwrap();

    let mut body = token_body(&sandbox, &key_pair(Kind::P256));
    body["referenceId"] = json!("onboarding");
    let answer = call(&sandbox, &channel, ONBOARDING[0], &[], &body).await;
    let token = answer["data"]["token"].as_str().unwrap();
    let bare = token.strip_prefix("Bearer ").unwrap();
    assert_eq!(echo(&sandbox, bare, &channel).await, Err(401));
    echo(&sandbox, token, &channel).await.unwrap();
}

#[tokio::test]
async fn a_sealed_text_comes_alone_as_plain_text() {
    let sandbox = strict().await;
    let channel = static_channel(&sandbox);
    let sealed = channel.seal(&token_body(&sandbox, &key_pair(Kind::P256)).to_string());
    let answer = send_as(&sandbox, "application/json", &sealed).await;
    assert_eq!(answer.status, 415);
    for around in [format!("{sealed}\n"), format!("\"{sealed}\"")] {
        assert_eq!(send_as(&sandbox, "text/plain", &around).await.status, 400);
    }
    let answer = send_as(&sandbox, "text/plain", &sealed).await;
    assert_eq!(channel.open(&answer)["resCode"], 100);
}
