//! Keys by exchange, and RSA both ways.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::bankezy::{AppCredentials, Call, Version, read, read_token};
use bankezy_crypto::providers::{CallError, UnexpectedReply};
use bankezy_crypto::{
    Channel, Error, KeyPair, KeyRing, PayloadCipher, PayloadSecret, Previous, PrivateKeyOpener,
    PublicKeySealer,
};
use serde_json::{Value, json};

use super::{RAW, answer, first, request, server};
use crate::common::{cipher, each_backend, p256, rsa_2048};

#[test]
fn keys_are_exchanged_in_clear_and_calls_then_sealed_both_ways() {
    each_backend(|backend| {
        let theirs = p256(backend);
        let (request, handshake) = server(Version::V1)
            .app_token_request(
                &AppCredentials {
                    api_key: "app",
                    secret: "CANARY",
                },
                p256(backend),
            )
            .unwrap();
        assert_eq!(request.headers()["content-type"], "application/json");
        let sent: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
        assert_eq!(
            (&sent["apiKey"], &sent["secret"]),
            (&json!("app"), &json!("CANARY"))
        );
        let reply = json!({"resCode": "TOK200", "data": {
            "resCode": 100, "token": "t", "serverPubKey": theirs.public_key().to_wire()}});
        let session = handshake
            .finish(&answer(200, reply.to_string()), &RAW)
            .unwrap();
        let client = bankezy_crypto::PublicKey::from_wire(sent["publicKey"].as_str().unwrap());
        let agreed = theirs.agree(&client.unwrap(), &RAW).unwrap();
        let server_side = Channel::from_secret(&agreed, backend).unwrap();
        let call = server(Version::V1)
            .call_request(
                "/x",
                &json!({"a": 1}),
                &session.answer.token,
                &session.channel,
            )
            .unwrap();
        assert_eq!(
            server_side.open(call.body()).unwrap().as_bytes(),
            b"{\"a\":1}"
        );
        let back = answer(200, server_side.seal(b"{\"b\":2}").unwrap());
        let back: Value = read(&back, &session.channel).unwrap();
        assert_eq!(back, json!({"b": 2}));
    });
}

#[test]
fn rsa_keys_transport_keys_both_ways() {
    each_backend(|backend| {
        let Some(ours) = rsa_2048(backend) else {
            return;
        };
        let theirs = include_str!("../../data/rsa2048-other.pem");
        let theirs = KeyPair::from_pem_with_backend(theirs, backend).unwrap();
        let to_us = PublicKeySealer::with_backend(ours.public_key(), backend).unwrap();
        let wire = theirs.public_key().to_wire();
        let channel = Channel::establish(Arc::new(ours), &wire, &RAW).unwrap();
        let at_server = PrivateKeyOpener::new(theirs);
        let request = server(Version::V1)
            .get_token_request(&request(), &channel)
            .unwrap();
        assert!(at_server.open(request.body()).is_ok());
        let reply = to_us.seal(b"{\"resCode\":200,\"token\":\"t\"}").unwrap();
        assert!(read_token(Call::GetToken, &answer(200, reply), &channel).is_ok());
        let mixed = Channel::establish(Arc::new(p256(backend)), &wire, &RAW);
        assert!(matches!(mixed, Err(Error::WrongKeyType { .. })));
    });
}

#[test]
fn a_static_secret_rotates_under_the_same_channel() {
    each_backend(|backend| {
        let next = || {
            let secret = PayloadSecret::from_bytes(&[9; 32]).unwrap();
            PayloadCipher::with_backend(&secret, backend).unwrap()
        };
        let ring = Arc::new(KeyRing::new("2026", cipher(backend)));
        let channel = Channel::from(Arc::clone(&ring));
        let sent = || {
            server(Version::V1)
                .get_token_request(&request(), &channel)
                .unwrap()
        };
        assert!(cipher(backend).open(sent().body()).is_ok());
        let reply = r#"{"resCode":200,"token":"t"}"#.as_bytes();
        let late = answer(200, channel.seal(reply).unwrap());
        ring.add_for_opening("2027", next()).unwrap();
        let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
        ring.promote("2027", Previous::OpensUntil(in_an_hour))
            .unwrap();
        assert!(next().open(sent().body()).is_ok());
        for reply in [late, answer(200, next().seal(reply).unwrap())] {
            assert!(read_token(Call::GetToken, &reply, &channel).is_ok());
        }
    });
}

#[test]
fn handshakes_that_fail_say_why() {
    let start = || {
        let credentials = AppCredentials {
            api_key: "a",
            secret: "s",
        };
        server(Version::V1)
            .app_token_request(&credentials, p256(first()))
            .unwrap()
            .1
    };
    let finish = |status, body: &str| start().finish(&answer(status, body), &RAW).unwrap_err();
    assert!(matches!(finish(401, "no"), CallError::Plain(_)));
    assert!(matches!(
        finish(200, "<html>"),
        CallError::Unexpected { .. }
    ));
    assert!(matches!(
        finish(200, r#"{"resCode":200,"token":"t"}"#),
        CallError::Unexpected {
            problem: UnexpectedReply::Missing {
                member: "serverPubKey"
            },
            ..
        }
    ));
    assert!(matches!(
        finish(200, r#"{"resCode":"TOK002"}"#),
        CallError::Failed { .. }
    ));
    // What is not as documented keeps its text, which no error shows.
    for body in [
        "<html>CANARY",
        r#"{"error":"CANARY"}"#,
        r#"{"token":5,"error":"CANARY"}"#,
        r#"{"resCode":200,"token":"CANARY"}"#,
    ] {
        let error = finish(200, body);
        let received = error.unauthenticated().unwrap();
        assert_eq!(received.unauthenticated_text(), body);
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
    let cut = r#"{"token":"t","serverPubKey":"eyJrdHkiOiJFQyIs"}"#;
    assert!(matches!(
        finish(200, cut),
        CallError::Envelope(Error::Key { .. })
    ));
}
