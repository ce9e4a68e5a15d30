//! What refusals tell the author of a client.

use bankezy_sandbox::Sandbox;
use http::Method;
use serde_json::{Value, json};

use crate::api::*;
use crate::http::{request, send};
use crate::partner::*;

/// Sends a request; the answer's status and text, and what the log says of it.
async fn refused(sandbox: &Sandbox, sent: &[u8]) -> (u16, String, String) {
    let answer = send(sandbox.address(), sent).await.unwrap();
    let logged = sandbox.exchanges(0).pop().unwrap();
    let broken = logged.broken.as_ref().map(ToString::to_string);
    (
        answer.status,
        answer.text().to_owned(),
        broken.unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_content_type_is_refused_with_those_of_its_call() {
    let sandbox = console().await;
    let key = ("X-API-KEY", sandbox.credentials().api_key());
    let other = ("Content-Type", "text/html");
    let sent = request("POST", APP_TOKEN[0], &[key, other], b"{}");
    let (status, text, logged) = refused(&sandbox, &sent).await;
    assert_eq!(status, 415);
    assert!(text.contains("application/json or text/plain"), "{text}");
    assert!(
        logged.contains("expected application/json or text/plain"),
        "{logged}"
    );
    let sent = request("POST", ECHO, &[key, ("Content-Type", "")], b"");
    let (_, text, logged) = refused(&sandbox, &sent).await;
    assert_eq!(text, "the Content-Type of a sealed body is text/plain");
    assert!(logged.ends_with("found an empty Content-Type"), "{logged}");
}

#[tokio::test]
async fn a_member_is_refused_with_what_was_found() {
    let sandbox = with_console().strict(true).start().await.unwrap();
    let channel = static_channel(&sandbox);
    for (name, value, told, logged) in [
        (
            "accountNumber",
            json!("1234"),
            "JSON number",
            "found a string",
        ),
        ("accountNumber", Value::Null, "JSON number", "found null"),
        ("sdkApiKey", Value::Null, "usable string", "found null"),
        ("sdkApiKey", json!(" "), "usable string", "only white space"),
        (
            "sdkPublicKey",
            json!("x"),
            "public key",
            "of the DER of an RSA",
        ),
        (
            "sdkPublicKey",
            json!(bankezy_test_support::keys::RSA_2048),
            "public key",
            "private",
        ),
        (
            "sdkPublicKey",
            json!(key_pair(Kind::P256).public_key().to_pem()),
            "public key",
            "PEM: send a P-256 key as base64 of its JWK",
        ),
        (
            "sdkPublicKey",
            json!(key_pair(Kind::P256).public_key().to_jwk()),
            "public key",
            "bare JSON: send base64 of the JWK",
        ),
        (
            "more",
            json!(1),
            "expected only referenceId, sdkPublicKey",
            "found \"more\"",
        ),
    ] {
        let mut body = token_body(&sandbox, &key_pair(Kind::P256));
        body[name] = value;
        let answer = call(&sandbox, &channel, GET_TOKEN[0], &[], &body).await;
        let text = answer["resDesc"].as_str().unwrap();
        assert!(text.contains(told), "{text}");
        let found = sandbox.exchanges(0).pop().unwrap();
        let found = found.broken.as_ref().unwrap().to_string();
        assert!(found.contains(logged), "{found}");
    }
}

#[tokio::test]
async fn a_missing_account_number_is_said_to_be_missing() {
    let sandbox = console().await;
    let session = session(&sandbox, Kind::P256).await;
    let body = json!({ "token": session.token });
    let token = ("X-API-TOKEN", session.token.as_str());
    for (more, told) in [
        (None, "X-ACCOUNT-NUMBER is missing"),
        (Some(("X-ACCOUNT-NUMBER", "1")), "is not that of the token"),
    ] {
        let headers: Vec<_> = [token].into_iter().chain(more).collect();
        let answer = call(&sandbox, &session.channel, RENEW[0], &headers, &body).await;
        let text = answer["resDesc"].as_str().unwrap();
        assert!(text.contains(told), "{text}");
    }
}

#[tokio::test]
async fn a_token_in_another_form_is_answered_with_what_differs() {
    let sandbox = with_console().strict(true).start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let token = format!("Bearer {}", session.token);
    let answer = post(&sandbox, ECHO, &[("X-API-TOKEN", &token)], "x").await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("has `Bearer `"), "{}", answer.text());
}

#[tokio::test]
async fn a_wrong_path_or_method_is_answered_with_the_right_ones() {
    let builder = with_console().path_prefix("/kong");
    let builder = builder.answer_at("/own", |_| json!({}));
    let sandbox = builder.start().await.unwrap();
    let sent = request("POST", ECHO, &[], b"");
    let (status, text, logged) = refused(&sandbox, &sent).await;
    assert_eq!(status, 404);
    let hint = "did you mean POST /kong/sandbox/echo, with the prefix /kong?";
    assert!(
        text.contains(hint) && logged.contains(hint),
        "{text}\n{logged}"
    );
    for line in [
        "POST, GET /kong/token-service/client/server/new/token",
        "GET /kong/faceki/auth/api/access-token",
        "POST /kong/own",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    let head = request("HEAD", "/kong/faceki/auth/api/access-token", &[], b"");
    let (_, _, logged) = refused(&sandbox, &head).await;
    assert_eq!(logged, "method: expected GET, found HEAD");
}

/// The documentation's text says GET for Get Token, and gives a body.
#[tokio::test]
async fn get_is_taken_for_get_token_and_noted() {
    let sandbox = console().await;
    let body = token_body(&sandbox, &key_pair(Kind::P256)).to_string();
    let sealed = static_channel(&sandbox).seal(&body);
    let headers = [
        ("X-API-KEY", sandbox.credentials().api_key()),
        ("Content-Type", "text/plain"),
    ];
    let sent = request(
        Method::GET.as_str(),
        GET_TOKEN[0],
        &headers,
        sealed.as_bytes(),
    );
    assert_eq!(send(sandbox.address(), &sent).await.unwrap().status, 200);
    let logged = sandbox.exchanges(0).pop().unwrap();
    assert!(
        logged.notes[0].starts_with("the method GET"),
        "{:?}",
        logged.notes
    );
}

#[tokio::test]
async fn a_misspelt_fault_is_refused_with_the_list() {
    let sandbox = console().await;
    let session = session(&sandbox, Kind::P256).await;
    for (fault, problem) in [
        ("dealy", "expected one of delay, 401, 429"),
        ("401=5", "the fault 401 takes no amount"),
        ("huge-body=99999999999", "at most 1073741824"),
    ] {
        let headers = [("X-API-TOKEN", &*session.token), ("X-Sandbox-Fault", fault)];
        let answer = post(&sandbox, ECHO, &headers, "x").await.unwrap();
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(problem), "{}", answer.text());
        let logged = sandbox.exchanges(0).pop().unwrap();
        let logged = logged.broken.as_ref().unwrap();
        assert!(logged.expected.contains(problem), "{logged}");
        assert_eq!(logged.found, format!("{fault:?}"));
    }
}

#[tokio::test]
async fn a_log_that_only_prints_is_off_for_the_api() {
    let builder = Sandbox::builder().console(true).on_exchange(|_| ());
    let printing = builder.start().await.unwrap();
    post(&printing, ECHO, &[], "x").await;
    let token = format!("Bearer {}", token(&printing));
    let headers = [("Authorization", token.as_str())];
    let answer = raw(&printing, "GET", "/_sandbox/exchanges", &headers, "").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("log-off"), "{}", answer.text());
}
