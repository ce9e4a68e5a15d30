//! Answers that leave the process sealed, and come back as they were or not at all.

use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, Sardine};
use bankezy_crypto::providers::{
    CachedTokenApi, SealedStorage, Token, TokenApi, TokenKey, bankezy as bankezy_api,
};
use bankezy_crypto::{Error, KeyRing, PayloadCipher, PayloadSecret, Previous};
use serde_json::Value;
use std::time::{Duration, SystemTime};

use super::bankezy::{backend, channel, server, user};
use super::{CANARY, answer, later, now};

const HOUR: Duration = Duration::from_secs(3600);

fn cipher() -> PayloadCipher {
    let secret = PayloadSecret::generate().unwrap();
    PayloadCipher::with_backend(&secret, backend()).unwrap()
}

fn key(text: &str) -> TokenKey {
    TokenKey::of(&[text.as_bytes()]).unwrap()
}

/// There and back, and to no other key or cipher.
fn returned<T: SealedStorage>(value: &T) -> T {
    let cipher = cipher();
    let sealed = value.seal(&key("own"), &cipher).unwrap();
    assert!(sealed.starts_with("eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0.."));
    let failed = |result: Result<T, Error>| result.map(drop).unwrap_err();
    let other_key = failed(T::open(&sealed, &key("other"), &cipher));
    let other_cipher = failed(T::open(&sealed, &key("own"), &self::cipher()));
    assert_eq!(
        [other_key, other_cipher],
        [Error::OpenFailed, Error::OpenFailed]
    );
    T::open(&sealed, &key("own"), &cipher).unwrap()
}

fn is_same(one: &Token, other: &Token) {
    assert_eq!(one.as_str(), other.as_str());
    assert_eq!(one.token_type(), other.token_type());
    assert_eq!(one.expires_at(), other.expires_at());
}

#[test]
fn tokens_come_back_as_they_were() {
    for text in ["token", "\"\\\u{0}\u{7f}é😀 \n", &"x".repeat(100_000)] {
        for expires_at in [None, later(0), later(3600)] {
            let bare = Token::new(text.to_owned().into(), expires_at);
            is_same(&returned(&bare), &bare);
            let typed = bare.with_token_type("Bearer");
            is_same(&returned(&typed), &typed);
        }
    }
}

#[test]
fn answers_come_back_with_what_came_with_the_token() {
    let api = Sardine::new(super::keys::base("https://s.example"), "i", "s").unwrap();
    let request = sardine::TokenRequest::new("session").unwrap();
    let full = r#"{"access_token":"t","token_type":"Bearer","expires_in":600,"scope":"mobilesdk",
        "incode_sdk_base_url":"https://incode.example","verification_id":"v"}"#;
    for body in [full, r#"{"access_token":"t"}"#] {
        let given = api.response(&request, &answer(200, body), now()).unwrap();
        let back = returned(&given);
        is_same(&back.token, &given.token);
        assert_eq!(back.scope, given.scope);
        assert_eq!(back.incode_sdk_base_url, given.incode_sdk_base_url);
        assert_eq!(back.verification_id, given.verification_id);
    }

    let channel = channel();
    let server = server("https://a.example", "k");
    let api = bankezy_api::UserTokenApi::get_token(server, channel.clone());
    let full = r#"{"resCode":"TOK200","data":{"resCode":100,"resDesc":"SUCCESS","token":"t",
        "expireAt":1700000600000,"serverPubKey":"p","referenceId":"r","tokenReferenceId":"tr",
        "loginId":7,"accountNumber":"12"}}"#;
    for body in [full, r#"{"token":"t"}"#] {
        let body = channel.seal(body.as_bytes()).unwrap();
        let given = api
            .response(&user("r", 1, "n"), &answer(200, body), now())
            .unwrap();
        let back = returned(&given);
        is_same(&back.token, &given.token);
        assert_eq!(back.server_public_key, given.server_public_key);
        assert_eq!(back.reference_id, given.reference_id);
        assert_eq!(back.token_reference_id, given.token_reference_id);
        assert_eq!(back.login_id, given.login_id);
        assert_eq!(back.account_number, given.account_number);
        assert_eq!(back.outcome, given.outcome);
    }
}

/// The session of a fleet opens in another process with the key that was agreed, and under any key of its ring.
#[test]
fn a_shared_session_comes_back_with_its_secret_under_a_ring() {
    let secret = PayloadSecret::generate().unwrap();
    let token = Token::new("t".to_owned().into(), later(60));
    let given = bankezy_api::AgreedSession::new(bankezy_api::TokenAnswer::new(token), &secret);
    let back = returned(&given);
    is_same(&back.answer.token, &given.answer.token);
    let text = |it: &PayloadSecret| it.to_base64url().as_str().to_owned();
    assert_eq!(text(&back.secret().unwrap()), text(&secret));
    assert!(!format!("{given:?}").contains(&text(&secret)));

    let ring = KeyRing::new("1", cipher());
    let sealed = given.seal(&key("own"), &ring).unwrap();
    ring.rotate(
        "2",
        cipher(),
        Previous::OpensUntil(SystemTime::now() + HOUR),
    )
    .unwrap();
    assert!(bankezy_api::AgreedSession::open(&sealed, &key("own"), &ring).is_ok());
    ring.retire("1").unwrap();
    let failed = bankezy_api::AgreedSession::open(&sealed, &key("own"), &ring);
    assert_eq!(failed.map(drop).unwrap_err(), Error::OpenFailed);
}

/// So that entries of one version are read by the next.
#[test]
fn the_form_is_one_flat_object() {
    let (cipher, key) = (cipher(), key("own"));
    let token = Token::new(CANARY.to_owned().into(), later(1)).with_token_type("Bearer");
    let sealed = token.seal(&key, &cipher).unwrap();
    assert!(!sealed.contains(CANARY));
    let members: Value = cipher.open_json(&sealed).unwrap();
    let bound = members["key"].as_str().unwrap().to_owned();
    assert_eq!(bound.len(), 43);
    let expected = serde_json::json!({
        "key": bound, "token": CANARY, "tokenType": "Bearer", "expiresAt": "1700000001000",
    });
    assert_eq!(members, expected);
}

#[test]
fn what_is_not_of_this_form_is_refused() {
    let cipher = cipher();
    let faceki = Faceki::new("i", "s").unwrap().key(&()).unwrap();
    let sealed = Token::new("t".to_owned().into(), None).seal(&faceki, &cipher);
    let members: Value = cipher.open_json(sealed.unwrap()).unwrap();
    let bound = members["key"].as_str().unwrap();
    for text in [
        String::new(),
        "CANARY".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"token":"t"}"#.to_owned(),
        format!(r#"{{"key":"{bound}"}}"#),
        format!(r#"{{"key":"{bound}","token":7}}"#),
        format!(r#"{{"key":"{bound}","token":"t","token":"u"}}"#),
    ] {
        let sealed = cipher.seal(text.as_bytes()).unwrap();
        let error = Token::open(&sealed, &faceki, &cipher).unwrap_err();
        assert_eq!(error.code(), "payload.json_mismatch", "{text}");
    }
    let sealed = cipher.seal(format!(r#"{{"key":"{bound}","token":"t"}}"#).as_bytes());
    assert_eq!(
        Token::open(sealed.unwrap(), &faceki, &cipher)
            .unwrap()
            .as_str(),
        "t"
    );
}
