//! The answers as the pages of the documentation show them, and the requests of its samples.

use bankezy_sandbox::{AnswerForm, Sandbox};
use serde_json::{Value, json};

use crate::http::{request, send};
use crate::partner::*;

/// A value in an answer that differs each time.
const TOKEN: &str = "<token>";
const KEY: &str = "<key>";
const MILLIS: &str = "<millis>";
const NUMBER: &str = "<number>";

/// Whether an answer has exactly these members and values.
fn is_as_shown(answer: &Value, shown: &Value) -> bool {
    let text = answer.as_str().unwrap_or_default();
    match shown {
        Value::Object(shown) => answer.as_object().is_some_and(|answer| {
            answer.keys().eq(shown.keys())
                && shown
                    .iter()
                    .all(|(name, shown)| is_as_shown(&answer[name], shown))
        }),
        _ if shown == TOKEN => text.matches('.').count() >= 2,
        _ if shown == KEY => text.len() == 168,
        _ if shown == MILLIS => answer.to_string().len() == 13 && answer.is_u64(),
        _ if shown == NUMBER => answer.is_u64(),
        _ => answer == shown,
    }
}

#[track_caller]
fn assert_shown(answer: &Value, shown: &Value) {
    assert!(is_as_shown(answer, shown), "{answer:#} is not {shown:#}");
}

async fn start(form: AnswerForm) -> Sandbox {
    let builder = Sandbox::builder().answers(form);
    builder.start().await.unwrap()
}

/// Get App Token, whose answer is in clear and of this content type.
async fn app_token(sandbox: &Sandbox, path: &str) -> Value {
    let body = app_body(sandbox, &key_pair(Kind::P256)).to_string();
    let answer = post(sandbox, path, &[], &body).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn get_token() {
    for (form, codes) in [
        (AnswerForm::Documented, [json!(100), json!("TOK200")]),
        (AnswerForm::SecondTab, [json!(100), json!(100)]),
    ] {
        let sandbox = start(form).await;
        let body = token_body(&sandbox, &key_pair(Kind::P256));
        for (path, code) in GET_TOKEN.iter().zip(codes) {
            let answer = call(&sandbox, &static_channel(&sandbox), path, &[], &body).await;
            let shown = json!({
                "resCode": code, "resDesc": "SUCCESS", "referenceId": body["referenceId"],
                "serverPubKey": KEY, "token": TOKEN, "expireAt": MILLIS,
            });
            assert_shown(&answer, &shown);
        }
    }
}

#[tokio::test]
async fn onboarding_takes_its_sample() {
    for form in [AnswerForm::Documented, AnswerForm::SecondTab] {
        let sandbox = start(form).await;
        let sample = json!({
            "sdkPublicKey": "", "sdkApiKey": sandbox.credentials().sdk_api_key(),
            "accountNumber": 1_234_567_890_123_u64, "firstName": "Asha", "lastName": "Rao",
            "email": "a@example.com", "isdCode": "91", "mobileNumber": "9999999999",
            "dob": 31_011_990, "gender": "F", "zipCode": "560001", "preferredLanguage": "en",
            "kycLevel": "FULL", "data": {},
        });
        let channel = static_channel(&sandbox);
        let answer = call(&sandbox, &channel, ONBOARDING[0], &[], &sample).await;
        let shown = json!({
            "resCode": 200, "resDesc": "Full Onboarding Success",
            "data": {
                "resCode": 100, "resDesc": "Success", "token": TOKEN, "expiry": MILLIS,
                "serverPublicKey": KEY,
            },
        });
        assert_shown(&answer, &shown);
        let token = answer["data"]["token"].as_str().unwrap();
        // A JWT under HS512.
        assert!(token.starts_with("Bearer eyJhbGciOiJIUzUxMiIs"), "{token}");
        echo(&sandbox, token, &channel).await.unwrap();
    }
}

#[tokio::test]
async fn get_app_token() {
    for (form, codes) in [
        (AnswerForm::Documented, [json!(100), json!(100)]),
        (AnswerForm::SecondTab, [json!(100), json!("TOK200")]),
    ] {
        let sandbox = start(form).await;
        for (path, code) in APP_TOKEN.iter().zip(codes) {
            let shown = json!({
                "resCode": code, "resDesc": "Success", "token": TOKEN, "expiry": MILLIS,
                "serverPublicKey": KEY,
            });
            assert_shown(&app_token(&sandbox, path).await, &shown);
        }
    }
}

#[tokio::test]
async fn renew() {
    let paths = [
        (RENEW[0], json!(200)),
        (RENEW_SAMPLE, json!(200)),
        (RENEW[1], json!("TOK200")),
    ];
    for (path, code) in paths {
        for form in [AnswerForm::Documented, AnswerForm::SecondTab] {
            let sandbox = start(form).await;
            let session = session(&sandbox, Kind::P256).await;
            let headers = [
                ("X-API-TOKEN", session.token.as_str()),
                ("X-ACCOUNT-NUMBER", ACCOUNT),
            ];
            let body = json!({ "token": session.token });
            let answer = call(&sandbox, &session.channel, path, &headers, &body).await;
            let shown = match form {
                AnswerForm::Documented => json!({
                    "resCode": code, "resDesc": "SUCCESS",
                    "data": {
                        "loginId": NUMBER, "accountNumber": ACCOUNT, "token": TOKEN,
                        "expiryDate": MILLIS,
                    },
                }),
                _ => json!({
                    "resCode": 100, "referenceId": session.reference, "token": TOKEN,
                    "expireAt": MILLIS,
                }),
            };
            assert_shown(&answer, &shown);
        }
    }
}

#[tokio::test]
async fn invalidate() {
    for (path, code) in INVALIDATE.iter().zip([json!(200), json!("TOK200")]) {
        for form in [AnswerForm::Documented, AnswerForm::SecondTab] {
            let sandbox = start(form).await;
            let session = session(&sandbox, Kind::P256).await;
            let headers = [("X-API-TOKEN", session.token.as_str())];
            let body = json!({ "tokenReferenceId": session.reference });
            let answer = call(&sandbox, &session.channel, path, &headers, &body).await;
            let shown = match form {
                AnswerForm::Documented => json!({
                    "resCode": code, "resDesc": "SUCCESS",
                    "data": { "resCode": 100, "resDesc": "Success" },
                }),
                _ => json!({
                    "resCode": 100, "referenceId": session.reference, "token": session.token,
                    "expireAt": MILLIS,
                }),
            };
            assert_shown(&answer, &shown);
        }
    }
}

/// The token of the request is not that which has ended.
#[tokio::test]
async fn invalidate_of_another_reference_shows_no_token() {
    let sandbox = start(AnswerForm::SecondTab).await;
    let own = session(&sandbox, Kind::P256).await;
    let mut other = token_body(&sandbox, &key_pair(Kind::P256));
    other["referenceId"] = json!("another");
    call(
        &sandbox,
        &static_channel(&sandbox),
        GET_TOKEN[0],
        &[],
        &other,
    )
    .await;
    let headers = [("X-API-TOKEN", own.token.as_str())];
    let body = json!({ "tokenReferenceId": "another" });
    let answer = call(&sandbox, &own.channel, INVALIDATE[0], &headers, &body).await;
    let shown = json!({ "resCode": 100, "referenceId": "another" });
    assert_shown(&answer, &shown);
    assert_eq!(echo(&sandbox, &own.token, &own.channel).await, Ok(()));
}

#[tokio::test]
async fn json_as_content_type_and_what_editors_add_around_a_body_are_taken() {
    let sandbox = Sandbox::start().await.unwrap();
    let channel = static_channel(&sandbox);
    let sealed = channel.seal(&token_body(&sandbox, &key_pair(Kind::P256)).to_string());
    for (content_type, body) in [
        ("application/json", sealed.clone()),
        ("text/plain", format!("{sealed}\n")),
        ("text/plain", format!("\"{sealed}\"\r\n")),
    ] {
        let headers = [
            ("X-API-KEY", sandbox.credentials().api_key()),
            ("Content-Type", content_type),
        ];
        let request = request("POST", GET_TOKEN[0], &headers, body.as_bytes());
        let answer = send(sandbox.address(), &request).await.unwrap();
        assert_eq!(channel.open(&answer)["resCode"], 100);
    }
}
