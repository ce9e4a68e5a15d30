//! Wrong requests, and their answers.

use bankezy_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::http::{request, send};
use crate::partner::*;

/// The code and text of a refusal, which in v2 stand under `data` behind an outer success.
fn refusal(answer: &Value, version: usize) -> (String, String) {
    let problem = match version {
        0 => answer,
        _ => {
            assert_eq!(answer["resCode"], 200);
            &answer["data"]
        }
    };
    let text = |name: &str| problem[name].as_str().unwrap().to_owned();
    (text("resCode"), text("resDesc"))
}

#[tokio::test]
async fn each_field_of_a_token_request_is_checked_and_named() {
    let sandbox = varied().await;
    let own = key_pair(Kind::P256);
    let good = token_body(&sandbox, &own);
    let wire = own.public_key().to_wire();
    let wrong = [
        ("referenceId", json!(null)),
        ("referenceId", json!("")),
        ("referenceId", json!(7)),
        ("referenceId", json!("x".repeat(257))),
        ("sdkPublicKey", json!(null)),
        ("sdkPublicKey", json!(&wire[..100])),
        ("sdkPublicKey", json!("not a key")),
        ("sdkApiKey", json!(null)),
        ("accountNumber", json!(null)),
        ("accountNumber", json!("1234567890")),
        ("accountNumber", json!(10_000_000_000_000_000_000_u64)),
        ("accountNumber", json!(-1)),
        ("accountNumber", json!(1.5)),
        ("firstName", json!(1)),
        ("lastName", json!([])),
        ("email", json!({})),
        ("isdCode", json!(true)),
        ("mobileNumber", json!(1.5)),
        ("dob", json!("2000-01-01")),
        ("dob", json!(20010229)),
        ("data", json!({"a": 1})),
        ("data", json!("a")),
    ];
    let channel = static_channel(&sandbox);
    for paths in [GET_TOKEN, ONBOARDING] {
        for (version, path) in paths.into_iter().enumerate() {
            for (field, value) in &wrong {
                let is_absent = value.is_null() || value == "";
                let may_be_absent = ["referenceId", "sdkPublicKey"].contains(field);
                if paths == ONBOARDING && is_absent && may_be_absent {
                    continue;
                }
                let mut body = good.clone();
                body[field] = value.clone();
                let answer = call(&sandbox, &channel, path, &[], &body).await;
                let (code, text) = refusal(&answer, version);
                assert_eq!(code, "TOK003", "{field}");
                assert!(text.contains(field), "{field}: {text}");
            }
        }
    }
    for field in ["gender", "zipCode", "preferredLanguage", "kycLevel"] {
        let mut body = good.clone();
        body[field] = json!(1);
        let answer = call(&sandbox, &channel, ONBOARDING[0], &[], &body).await;
        assert!(refusal(&answer, 0).1.contains(field));
    }
    assert_eq!(sandbox.executed().total(), 0);
}

#[tokio::test]
async fn what_is_optional_may_be_missing_and_more_may_be_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let own = key_pair(Kind::P256);
    let mut body = token_body(&sandbox, &own);
    for field in [
        "firstName",
        "lastName",
        "email",
        "isdCode",
        "mobileNumber",
        "dob",
        "data",
    ] {
        body.as_object_mut().unwrap().remove(field);
    }
    body["somethingElse"] = json!([1, {"a": null}]);
    let answer = call(
        &sandbox,
        &static_channel(&sandbox),
        GET_TOKEN[0],
        &[],
        &body,
    )
    .await;
    assert_eq!(answer["resCode"], 100);
}

#[tokio::test]
async fn wrong_credentials_have_the_documented_codes() {
    let sandbox = varied().await;
    let channel = static_channel(&sandbox);
    let own = key_pair(Kind::P256);
    let body = token_body(&sandbox, &own);
    let sealed = channel.seal(&body.to_string());
    let foreign = Sandbox::start().await.unwrap();
    let keys = [
        (
            foreign.credentials().api_key(),
            "TOK002",
            "Invalid API Key Passed",
        ),
        ("", "TOK002", "Invalid API Key Passed"),
        // An app's key does not get a user's token.
        (
            sandbox.credentials().app_api_key(),
            "TOK004",
            "Your credentials not allowed to generate token",
        ),
    ];
    for paths in [GET_TOKEN, ONBOARDING] {
        for (version, path) in paths.into_iter().enumerate() {
            for (key, code, text) in keys {
                let headers = [("X-API-KEY", key), ("Content-Type", "text/plain")];
                let request = request("POST", path, &headers, sealed.as_bytes());
                let answer = send(sandbox.address(), &request).await.unwrap();
                let found = refusal(&channel.open(&answer), version);
                assert_eq!(found, (code.to_owned(), text.to_owned()));
            }
            let mut body = body.clone();
            body["sdkApiKey"] = json!(foreign.credentials().sdk_api_key());
            let answer = call(&sandbox, &channel, path, &[], &body).await;
            assert_eq!(refusal(&answer, version).0, "TOK004");
        }
    }
    for (version, path) in APP_TOKEN.into_iter().enumerate() {
        let good = app_body(&sandbox, &own);
        for (field, value, code) in [
            ("apiKey", json!("wrong"), "TOK002"),
            ("secret", json!("wrong"), "TOK004"),
            ("apiKey", json!(null), "TOK003"),
            ("secret", json!(1), "TOK003"),
            ("publicKey", json!("wrong"), "TOK003"),
        ] {
            let mut body = good.clone();
            body[field] = value;
            let answer = post(&sandbox, path, &[], &body.to_string()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(refusal(&answer, version).0, code, "{field}");
        }
    }
    assert_eq!(sandbox.executed().total(), 0);
}

#[tokio::test]
async fn renew_and_invalidate_check_what_they_are_given() {
    let sandbox = varied().await;
    let session = session(&sandbox, Kind::P256).await;
    let token = session.token.as_str();
    let with_account = [("X-API-TOKEN", token), ("X-ACCOUNT-NUMBER", ACCOUNT)];
    let good = json!({ "token": token });
    for (version, path) in RENEW.into_iter().enumerate() {
        let bad: [(&[_], Value, &str); 4] = [
            (&with_account[..1], good.clone(), "X-ACCOUNT-NUMBER"),
            (
                &[with_account[0], ("X-ACCOUNT-NUMBER", "1")],
                good.clone(),
                "X-ACCOUNT-NUMBER",
            ),
            (&with_account, json!({}), "token"),
            (&with_account, json!({"token": "x"}), "token"),
        ];
        for (headers, body, named) in bad {
            let answer = call(&sandbox, &session.channel, path, headers, &body).await;
            let (code, text) = refusal(&answer, version);
            assert_eq!(code, "TOK003");
            assert!(text.contains(named), "{text}");
        }
    }
    for (version, path) in INVALIDATE.into_iter().enumerate() {
        for body in [json!({}), json!({"tokenReferenceId": "unknown"}), json!([])] {
            let answer = call(&sandbox, &static_channel(&sandbox), path, &[], &body).await;
            assert_eq!(refusal(&answer, version).0, "TOK003");
        }
    }
    // None of it did anything to the token.
    echo(&sandbox, token, &session.channel).await.unwrap();
    assert_eq!(sandbox.executed().total(), 2);
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_in_clear() {
    let sandbox = Sandbox::builder().max_body(10_000).start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let rsa = session_rsa(&sandbox).await;
    let stranger = Sandbox::start().await.unwrap();
    let foreign = static_channel(&stranger).seal("{}");
    let good = session.channel.seal("{}");
    let named = [("X-API-TOKEN", session.token.as_str())];
    let not_json = session.channel.seal("not JSON");
    let answer = post(&sandbox, ECHO, &named, &not_json).await.unwrap();
    assert_eq!(session.channel.open(&answer)["resCode"], "TOK003");

    for body in [
        "",
        "{}",
        "a.b.c.d.e",
        &foreign,
        &good[..good.len() - 1],
        &rsa.channel.seal("{}"),
    ] {
        let answer = post(&sandbox, ECHO, &named, body).await.unwrap();
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.text(), "the body cannot be decrypted");
        let answer = post(&sandbox, GET_TOKEN[0], &[], body).await.unwrap();
        assert_eq!(answer.status, 400);
    }
    let long = "A".repeat(10_001);
    let answer = post(&sandbox, ECHO, &named, &long).await.unwrap();
    assert_eq!(answer.status, 413);

    let key = ("X-API-KEY", sandbox.credentials().api_key());
    let html = ("Content-Type", "text/html");
    for headers in [vec![key, named[0], html], vec![key, named[0]]] {
        let request = request("POST", ECHO, &headers, good.as_bytes());
        assert_eq!(send(sandbox.address(), &request).await.unwrap().status, 415);
    }
    let headers = [named[0], ("Content-Type", "text/plain")];
    let request = request("POST", ECHO, &headers, good.as_bytes());
    assert_eq!(send(sandbox.address(), &request).await.unwrap().status, 401);
    assert_eq!(sandbox.executed().total(), 2);
}

async fn session_rsa(sandbox: &Sandbox) -> Session {
    session(sandbox, Kind::Rsa).await
}

#[tokio::test]
async fn a_token_has_to_be_there_and_the_emulators_own() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let stranger = crate::partner::session(&Sandbox::start().await.unwrap(), Kind::P256).await;
    let sealed = session.channel.seal("{}");
    let answer = post(&sandbox, ECHO, &[], &sealed).await.unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (401, "X-API-TOKEN is missing")
    );
    for token in [
        "",
        "x",
        "Bearer ",
        &stranger.token,
        &session.token[..session.token.len() - 2],
    ] {
        let answer = post(&sandbox, ECHO, &[("X-API-TOKEN", token)], &sealed)
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.text()),
            (401, "X-API-TOKEN is not valid")
        );
    }
}

#[tokio::test]
async fn no_refusal_repeats_what_was_sent() {
    const CANARY: &str = "canary7f3a";
    let sandbox = Sandbox::start().await.unwrap();
    let channel = static_channel(&sandbox);
    let own = key_pair(Kind::P256);
    for field in [
        "referenceId",
        "sdkPublicKey",
        "sdkApiKey",
        "accountNumber",
        "email",
        "data",
    ] {
        let mut body = token_body(&sandbox, &own);
        body[field] = json!([CANARY]);
        let answer = call(&sandbox, &channel, GET_TOKEN[0], &[], &body).await;
        assert!(!answer.to_string().contains(CANARY), "{field}");
    }
    for headers in [
        [("X-API-TOKEN", CANARY)],
        [("X-API-KEY", CANARY)],
        [("X-Sandbox-Fault", CANARY)],
    ] {
        let answer = post(&sandbox, ECHO, &headers, CANARY).await.unwrap();
        assert!(answer.status >= 400);
        assert!(!answer.text().contains(CANARY));
    }
    let credentials = sandbox.credentials();
    let shown = format!(
        "{sandbox:?} {credentials:?} {:?} {:?} {:?}",
        sandbox.ready_json(),
        sandbox.faults(),
        Sandbox::builder().client_ca_pem(CANARY),
    );
    let secret = credentials.payload_secret().to_base64url();
    for hidden in [
        secret.as_str(),
        credentials.api_key(),
        credentials.sdk_api_key(),
        credentials.app_api_key(),
        credentials.app_secret(),
        credentials.faceki_client_secret(),
        credentials.complycube_api_key(),
        credentials.sardine_client_secret(),
        CANARY,
    ] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
