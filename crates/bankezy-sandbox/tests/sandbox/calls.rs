//! Each call, in both versions, with each way to agree on a key.

use bankezy_crypto::{Derivation, PayloadCipher};
use bankezy_sandbox::{AnswerForm, EmulatedEndpoint, Sandbox, TokenFormat};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::http::{exchange, request, send};
use crate::partner::*;

/// The fields themselves: flat in v1, under `data` in v2, where both codes are as given.
fn fields(answer: &Value, version: usize, outer: Value, inner: Value) -> Value {
    assert_eq!(answer["resCode"], outer);
    assert_eq!(answer["resDesc"], "SUCCESS");
    if version == 0 {
        assert!(answer.get("data").is_none());
        return answer.clone();
    }
    assert_eq!(answer["data"]["resCode"], inner);
    answer["data"].clone()
}

fn bare(token: &str) -> &str {
    token.strip_prefix("Bearer ").unwrap_or(token)
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_millis() as u64
}

/// An hour from now, give or take a minute.
fn assert_in_an_hour(expiry: u64) {
    let expected = now_ms() + 3_600_000;
    assert!(expiry.abs_diff(expected) < 60_000, "{expiry}");
}

#[tokio::test]
async fn varied_answers_of_get_token_and_onboarding_have_all_documented_shapes() {
    let sandbox = varied().await;
    let shapes = [
        (
            GET_TOKEN,
            0,
            json!("TOK200"),
            json!(null),
            "expireAt",
            "serverPubKey",
            true,
        ),
        (
            GET_TOKEN,
            1,
            json!("TOK200"),
            json!(100),
            "expiry",
            "serverPublicKey",
            false,
        ),
        (
            ONBOARDING,
            0,
            json!("ONB200"),
            json!(null),
            "expiryDate",
            "ServerPublicKey",
            false,
        ),
        (
            ONBOARDING,
            1,
            json!("ONB200"),
            json!(200),
            "expiryAt",
            "serverPubKey",
            true,
        ),
    ];
    for (paths, version, outer, inner, expiry, server_key, bearer) in shapes {
        for kind in [Kind::P256, Kind::Rsa] {
            let own = key_pair(kind);
            let body = token_body(&sandbox, &own);
            let channel = static_channel(&sandbox);
            let answer = call(&sandbox, &channel, paths[version], &[], &body).await;
            let fields = fields(&answer, version, outer.clone(), inner.clone());
            assert_eq!(fields["referenceId"], body["referenceId"]);
            assert_eq!(fields["accountNumber"], ACCOUNT);
            assert_in_an_hour(fields[expiry].as_u64().unwrap());
            let token = fields["token"].as_str().unwrap();
            assert_eq!(token.starts_with("Bearer "), bearer);
            let exchanged = exchanged(&sandbox, own, fields[server_key].as_str().unwrap());
            // Either key, with the prefix or without.
            echo(&sandbox, token, &exchanged).await.unwrap();
            echo(&sandbox, bare(token), &channel).await.unwrap();
        }
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::GetToken), 4);
    assert_eq!(
        sandbox.executed().of(EmulatedEndpoint::OnboardingUserToken),
        4
    );
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::Echo), 16);
    assert_eq!(sandbox.executed().total(), 24);
}

#[tokio::test]
async fn get_token_takes_get_with_a_body_and_other_calls_do_not() {
    let sandbox = varied().await;
    let own = key_pair(Kind::P256);
    let channel = static_channel(&sandbox);
    let sealed = channel.seal(&token_body(&sandbox, &own).to_string());
    let headers = [
        ("X-API-KEY", sandbox.credentials().api_key()),
        ("Content-Type", "text/plain; charset=utf-8"),
    ];
    for path in GET_TOKEN {
        let request = request("GET", path, &headers, sealed.as_bytes());
        let answer = send(sandbox.address(), &request).await.unwrap();
        assert_eq!(channel.open(&answer)["resCode"], "TOK200");
    }
    for (method, path, allowed) in [
        ("GET", RENEW[0], "POST"),
        ("HEAD", RENEW[0], "POST"),
        ("PUT", GET_TOKEN[0], "POST, GET"),
        ("HEAD", GET_TOKEN[0], "POST, GET"),
        ("HEAD", "/faceki/auth/api/access-token", "GET"),
        ("PUT", "/faceki/auth/api/access-token", "GET"),
    ] {
        let request = request(method, path, &headers, sealed.as_bytes());
        let answer = send(sandbox.address(), &request).await.unwrap();
        let allow = answer.header("allow");
        assert_eq!(
            (answer.status, allow),
            (405, Some(allowed)),
            "{method} {path}"
        );
    }
    assert_eq!(sandbox.executed().total(), 2);
}

#[tokio::test]
async fn get_app_token_travels_in_clear_and_gives_a_key() {
    let sandbox = varied().await;
    let shapes = [
        (0, json!(null), "expiryAt", "serverPublicKey", false),
        (1, json!(0), "expireAt", "ServerPublicKey", true),
    ];
    for (version, inner, expiry, server_key, bearer) in shapes {
        for kind in [Kind::P256, Kind::Rsa] {
            let own = key_pair(kind);
            let body = app_body(&sandbox, &own).to_string();
            let headers = [
                ("X-API-KEY", sandbox.credentials().app_api_key()),
                ("Content-Type", "application/json"),
            ];
            let request = request("POST", APP_TOKEN[version], &headers, body.as_bytes());
            let answer = send(sandbox.address(), &request).await.unwrap();
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let answer: Value = serde_json::from_slice(&answer.body).unwrap();
            let fields = fields(&answer, version, json!(200), inner.clone());
            assert_in_an_hour(fields[expiry].as_u64().unwrap());
            assert_eq!(fields["referenceId"].as_str().unwrap().len(), 36);
            let token = fields["token"].as_str().unwrap();
            assert_eq!(token.starts_with("Bearer "), bearer);
            let channel = exchanged(&sandbox, own, fields[server_key].as_str().unwrap());
            echo(&sandbox, token, &channel).await.unwrap();
            // An app does not have the static payload secret.
            let foreign = echo(&sandbox, token, &static_channel(&sandbox)).await;
            assert_eq!(foreign, Err(400));
        }
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::GetAppToken), 4);
}

#[tokio::test]
async fn each_derivation_is_the_one_that_was_set() {
    let derivations = [
        (Derivation::RawSharedSecret, "raw"),
        (Derivation::Sha256, "sha256"),
        (Derivation::ConcatKdf { apu: b"", apv: b"" }, "concat-kdf"),
        (
            Derivation::ConcatKdf {
                apu: b"ours",
                apv: b"theirs",
            },
            "concat-kdf",
        ),
        (
            Derivation::HkdfSha256 {
                salt: b"salt",
                info: b"bankezy",
            },
            "hkdf-sha256",
        ),
        (
            Derivation::X963Sha256 {
                shared_info: b"bankezy",
            },
            "x963-sha256",
        ),
    ];
    for (derivation, name) in derivations {
        let sandbox = Sandbox::builder()
            .derivation(derivation)
            .start()
            .await
            .unwrap();
        assert_eq!(sandbox.credentials().derivation(), derivation);
        assert_eq!(sandbox.credentials().derivation_name(), name);
        let session = app_session(&sandbox, Kind::P256).await;
        echo(&sandbox, &session.token, &session.channel)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn renew_replaces_the_token_and_keeps_the_key() {
    for form in [TokenFormat::Jwt, TokenFormat::Jwe] {
        let builder = Sandbox::builder().answers(AnswerForm::Varied);
        let sandbox = builder.token_format(form).start().await.unwrap();
        let paths = [(RENEW[0], 0), (RENEW_SAMPLE, 0), (RENEW[1], 1)];
        for (path, version) in paths {
            for kind in [Kind::P256, Kind::Rsa] {
                for own_key in [true, false] {
                    let session = session(&sandbox, kind).await;
                    let fixed = static_channel(&sandbox);
                    let channel = if own_key { &session.channel } else { &fixed };
                    let headers = [
                        ("X-API-TOKEN", session.token.as_str()),
                        ("X-ACCOUNT-NUMBER", ACCOUNT),
                    ];
                    let body = json!({ "token": session.token });
                    let answer = call(&sandbox, channel, path, &headers, &body).await;
                    let outer = [json!("200"), json!(200)][version].clone();
                    let fields = fields(&answer, version, outer, json!(100));
                    let expiry = match version {
                        0 => fields["expiryDate"].as_str().unwrap().parse().unwrap(),
                        _ => fields["expiry"].as_u64().unwrap(),
                    };
                    assert_in_an_hour(expiry);
                    assert!(fields["loginId"].is_u64());
                    assert_eq!(fields["referenceId"], session.reference);
                    assert_eq!(fields["accountNumber"], ACCOUNT);
                    assert!(!answer.to_string().to_lowercase().contains("serverpub"));
                    let renewed = fields["token"].as_str().unwrap();
                    assert_ne!(bare(renewed), bare(&session.token));
                    echo(&sandbox, renewed, &session.channel).await.unwrap();
                    let old = echo(&sandbox, &session.token, &session.channel).await;
                    assert_eq!(old, Err(401));
                }
            }
        }
        assert_eq!(sandbox.executed().of(EmulatedEndpoint::Renew), 12);
    }
}

#[tokio::test]
async fn of_several_renewals_at_once_one_succeeds() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let sealed = session
        .channel
        .seal(&json!({ "token": session.token }).to_string());
    let headers = [
        ("X-API-TOKEN", session.token.as_str()),
        ("X-ACCOUNT-NUMBER", ACCOUNT),
    ];
    let renewal = || post(&sandbox, RENEW[1], &headers, &sealed);
    let answers = tokio::join!(renewal(), renewal(), renewal(), renewal());
    let answers = [answers.0, answers.1, answers.2, answers.3].map(|a| a.unwrap().status);
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 3);
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::Renew), 1);
}

#[tokio::test]
async fn invalidate_ends_a_token_by_its_reference() {
    let sandbox = varied().await;
    for (version, path) in INVALIDATE.into_iter().enumerate() {
        for kind in [Kind::P256, Kind::Rsa] {
            for own_key in [true, false] {
                let bystander = app_session(&sandbox, Kind::P256).await;
                let session = app_session(&sandbox, kind).await;
                let body = json!({ "tokenReferenceId": session.reference });
                // The token's own key where the token is named, the static payload secret where
                // it is not.
                let answer = if own_key {
                    let headers = [("X-API-TOKEN", session.token.as_str())];
                    call(&sandbox, &session.channel, path, &headers, &body).await
                } else {
                    call(&sandbox, &static_channel(&sandbox), path, &[], &body).await
                };
                let outer = [json!(100), json!(200)][version].clone();
                let fields = fields(&answer, version, outer, json!(200));
                assert_eq!(fields["tokenReferenceId"], session.reference);
                let after = echo(&sandbox, &session.token, &session.channel).await;
                assert_eq!(after, Err(401));
                let again = call(&sandbox, &static_channel(&sandbox), path, &[], &body).await;
                assert!(again.to_string().contains("TOK003"));
                echo(&sandbox, &bystander.token, &bystander.channel)
                    .await
                    .unwrap();
            }
        }
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::Invalidate), 8);
}

#[tokio::test]
async fn tokens_have_the_form_that_was_set() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let json =
        |part: &str| -> Value { serde_json::from_slice(&engine.decode(part).unwrap()).unwrap() };
    let builder = Sandbox::builder().token_format(TokenFormat::Jwt);
    let sandbox = builder.start().await.unwrap();
    let token = session(&sandbox, Kind::P256).await.token;
    let parts: Vec<&str> = bare(&token).split('.').collect();
    assert_eq!(parts.len(), 3);
    assert_eq!(json(parts[0])["alg"], "HS512");
    assert_eq!(engine.decode(parts[2]).unwrap().len(), 64);
    let claims = json(parts[1]);
    let seconds = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert!((3600..=3601).contains(&seconds));
    assert!(claims["iat"].as_u64().unwrap().abs_diff(now_ms() / 1000) < 60);

    let builder = Sandbox::builder().token_format(TokenFormat::Jwe);
    let sandbox = builder.start().await.unwrap();
    let token = session(&sandbox, Kind::P256).await.token;
    assert!(token.starts_with("eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0.."));
    // Under a key that no partner has.
    let secret = sandbox.credentials().payload_secret();
    assert!(PayloadCipher::new(secret).unwrap().open(&token).is_err());
}

#[tokio::test]
async fn everything_lies_behind_the_prefix() {
    let builder = Sandbox::builder().path_prefix("/kong/x/");
    let sandbox = builder.start().await.unwrap();
    assert_eq!(
        sandbox.url(),
        format!("http://{}/kong/x", sandbox.address())
    );
    let own = key_pair(Kind::P256);
    let body = token_body(&sandbox, &own);
    let path = format!("/kong/x{}", GET_TOKEN[0]);
    let answer = call(&sandbox, &static_channel(&sandbox), &path, &[], &body).await;
    assert_eq!(answer["resCode"], 100);
    assert_eq!(
        post(&sandbox, GET_TOKEN[0], &[], "").await.unwrap().status,
        404
    );
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let sandbox = Sandbox::start().await.unwrap();
    let headers = [("Content-Type", "text/plain")];
    let once = request("POST", ECHO, &headers, b"x");
    let kept = String::from_utf8(once.clone()).unwrap();
    let kept = kept.replace("Connection: close\r\n", "");
    let stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let both = [kept.as_bytes(), &once].concat();
    let answers = exchange(stream, &both).await.unwrap().unwrap();
    // Both lack X-API-KEY.
    assert!(answers.text().contains("HTTP/1.1 401"));
}
