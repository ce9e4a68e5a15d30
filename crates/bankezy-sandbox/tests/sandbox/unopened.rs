//! What the log says of a body that does not open: which mistake it is.

use bankezy_crypto::{
    Derivation, KeyPair, PayloadCipher, PayloadSecret, PublicKey, PublicKeySealer,
};
use bankezy_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::api::*;
use crate::partner::*;

/// The same answer for every reason; what the log says was found.
async fn found(sandbox: &Sandbox, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let answer = post(sandbox, path, headers, body).await.unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (400, "the body cannot be decrypted")
    );
    let logged = last(sandbox);
    let broken = logged.broken.as_ref().unwrap();
    assert_eq!(broken.rule, "sealed-body");
    broken.found.clone()
}

fn cipher(secret: &PayloadSecret) -> PayloadCipher {
    PayloadCipher::new(secret).unwrap()
}

/// A session of Get App Token: its token, the client's key pair, and the server's key.
async fn app(sandbox: &Sandbox, kind: Kind) -> (String, KeyPair, PublicKey) {
    let own = key_pair(kind);
    let body = app_body(sandbox, &own).to_string();
    let answer = post(sandbox, APP_TOKEN[0], &[], &body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let server = PublicKey::from_wire(answer["serverPublicKey"].as_str().unwrap()).unwrap();
    (answer["token"].as_str().unwrap().to_owned(), own, server)
}

#[tokio::test]
async fn another_derivation_is_named() {
    let sandbox = console().await;
    let (token, own, server) = app(&sandbox, Kind::P256).await;
    let hkdf = Derivation::HkdfSha256 {
        salt: &[],
        info: &[],
    };
    let x963 = Derivation::X963Sha256 { shared_info: &[] };
    for (derivation, name) in [
        (Derivation::RawSharedSecret, "raw"),
        (Derivation::Sha256, "sha256"),
        (hkdf, "HKDF with SHA-256"),
        (x963, "X9.63 with SHA-256"),
    ] {
        let sealed = cipher(&own.agree(&server, &derivation).unwrap()).seal(b"{}");
        let headers = [("X-API-TOKEN", token.as_str())];
        let found = found(&sandbox, ECHO, &headers, &sealed.unwrap()).await;
        let expected = format!("it opens with the derivation {name}");
        assert!(found.contains(&expected), "{found}");
        assert!(found.contains("expected concat-kdf"), "{found}");
    }
}

/// A text under the key of a session, derived in a way that is not the emulator's.
async fn derived_otherwise(sandbox: &Sandbox) -> String {
    let (_, own, server) = app(sandbox, Kind::P256).await;
    let secret = own.agree(&server, &Derivation::RawSharedSecret).unwrap();
    cipher(&secret).seal(b"{}").unwrap()
}

#[tokio::test]
async fn another_derivation_of_another_session_is_named() {
    let sandbox = console().await;
    let sealed = derived_otherwise(&sandbox).await;
    let other = app_session(&sandbox, Kind::P256).await;
    let of_other = [("X-API-TOKEN", other.token.as_str())];
    let expected = "it opens with the derivation raw of the keys of session 1, expected concat-kdf";
    for (path, headers) in [
        (ECHO, &of_other[..]),
        (GET_TOKEN[0], &[]),
        (INVALIDATE[0], &[]),
    ] {
        let found = found(&sandbox, path, headers, &sealed).await;
        assert!(found.ends_with(expected), "{path}: {found}");
    }
}

#[tokio::test]
async fn json_in_the_place_of_a_sealed_text_is_named() {
    let sandbox = console().await;
    let sealed = static_channel(&sandbox).seal("{}");
    for (body, expected) in [
        (
            json!({ "data": sealed }),
            "a JSON object around a sealed text: send the text alone",
        ),
        (
            json!({ "amount": 5 }),
            "not a sealed text: this is unencrypted JSON, not a JWE",
        ),
        (
            json!({ "protected": "e30", "ciphertext": "AA" }),
            "a JWE in JSON serialization: send the compact serialization",
        ),
    ] {
        let found = found(&sandbox, GET_TOKEN[0], &[], &body.to_string()).await;
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_sealed_body_of_get_app_token_is_named() {
    let sandbox = console().await;
    let body = app_body(&sandbox, &key_pair(Kind::P256)).to_string();
    let sealed = static_channel(&sandbox).seal(&body);
    post(&sandbox, APP_TOKEN[0], &[], &sealed).await.unwrap();
    let broken = last(&sandbox).broken.clone().unwrap();
    assert_eq!(
        (&*broken.rule, &*broken.expected, &*broken.found),
        (
            "json",
            "a JSON object",
            "a sealed text (JWE) instead of plain JSON"
        )
    );
}

#[tokio::test]
async fn a_key_of_another_session_is_named() {
    let sandbox = console().await;
    let first = app_session(&sandbox, Kind::P256).await;
    let second = app_session(&sandbox, Kind::P256).await;
    let sealed = first.channel.seal("{}");
    let headers = [("X-API-TOKEN", second.token.as_str())];
    let text = found(&sandbox, ECHO, &headers, &sealed).await;
    assert!(text.contains("the key of session 1"), "{text}");
    // A call of the static payload secret.
    let text = found(&sandbox, GET_TOKEN[0], &[], &sealed).await;
    assert!(text.contains("the key of session 1"), "{text}");
}

#[tokio::test]
async fn a_payload_secret_that_is_misread_is_named() {
    let sandbox = console().await;
    let text = sandbox.credentials().payload_secret().to_base64url();
    let start = PayloadSecret::from_raw_str(&text.as_str()[..32]).unwrap();
    let sealed = cipher(&start).seal(b"{}").unwrap();
    let misread = found(&sandbox, GET_TOKEN[0], &[], &sealed).await;
    assert!(misread.contains("in a wrong reading ("), "{misread}");
    assert!(misread.contains("first 32 bytes"), "{misread}");
    assert!(!misread.contains(&text.as_str()[..16]), "{misread}");
    let another = cipher(&PayloadSecret::generate().unwrap()).seal(b"{}");
    let unknown = found(&sandbox, GET_TOKEN[0], &[], &another.unwrap()).await;
    assert!(unknown.contains("`bankezy diagnose`"), "{unknown}");
    // Other keys are not tried on a long text.
    let long = cipher(&start).seal(&[b' '; 16 * 1024]).unwrap();
    let long = found(&sandbox, GET_TOKEN[0], &[], &long).await;
    assert!(long.contains("too long"), "{long}");
}

#[tokio::test]
async fn an_algorithm_that_does_not_fit_is_named() {
    let sandbox = console().await;
    let (p256, own, server) = app(&sandbox, Kind::P256).await;
    let (rsa, _, rsa_server) = app(&sandbox, Kind::Rsa).await;
    let to_server = PublicKeySealer::new(&server).unwrap();
    let to_rsa = PublicKeySealer::new(&rsa_server).unwrap();
    let secret = own.agree(&server, &Derivation::RawSharedSecret).unwrap();
    let unknown =
        "eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIn0.AA.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA";
    for (token, sealed, told) in [
        (
            &p256,
            to_server.seal(b"{}").unwrap(),
            "`alg` ECDH-ES, which no call takes",
        ),
        (
            &p256,
            to_rsa.seal(b"{}").unwrap(),
            "`alg` RSA-OAEP-256, which does not fit: this call takes dir",
        ),
        (
            &rsa,
            cipher(&secret).seal(b"{}").unwrap(),
            "`alg` dir, which does not fit: this call takes RSA-OAEP-256",
        ),
        (
            &p256,
            unknown.to_owned(),
            "another `alg`: this call takes dir",
        ),
    ] {
        let headers = [("X-API-TOKEN", token.as_str())];
        let found = found(&sandbox, ECHO, &headers, &sealed).await;
        assert!(found.contains(told), "{found}");
    }
    let found = found(&sandbox, GET_TOKEN[0], &[], &to_rsa.seal(b"{}").unwrap()).await;
    assert!(
        found.contains("takes dir under the static payload secret"),
        "{found}"
    );
}

#[tokio::test]
async fn strict_names_what_is_around_a_sealed_text() {
    let sandbox = with_console().strict(true).start().await.unwrap();
    let sealed = static_channel(&sandbox).seal("{}");
    let line_end = found(&sandbox, GET_TOKEN[0], &[], &format!("{sealed}\n")).await;
    assert!(
        line_end.starts_with("white space, such as a line end"),
        "{line_end}"
    );
    let quotes = found(&sandbox, GET_TOKEN[0], &[], &format!("\"{sealed}\"")).await;
    assert!(quotes.starts_with("quotes around"), "{quotes}");
}

#[tokio::test]
async fn diagnose_finds_the_key_of_a_session() {
    let sandbox = console().await;
    app_session(&sandbox, Kind::P256).await;
    let session = app_session(&sandbox, Kind::P256).await;
    let sealed = session.channel.seal("{}");
    let found = done(
        &sandbox,
        "diagnose",
        json!({ "text": format!("{sealed}\n") }),
    )
    .await;
    assert_eq!(found["report"], "opens with the key of session 2\n");
    let own = static_channel(&sandbox).seal("{}");
    let found = done(&sandbox, "diagnose", json!({ "text": own })).await;
    assert!(
        found["report"].as_str().unwrap().contains("base64url"),
        "{found}"
    );
}

#[tokio::test]
async fn diagnose_finds_another_derivation_of_a_session() {
    let sandbox = console().await;
    let sealed = derived_otherwise(&sandbox).await;
    app_session(&sandbox, Kind::P256).await;
    let found = done(&sandbox, "diagnose", json!({ "text": sealed })).await;
    let expected = "opens with the derivation raw of the keys of session 1, expected concat-kdf";
    assert_eq!(found["report"], format!("{expected}\n"));
    assert_eq!(found["json"]["algorithm"], "dir");
}

/// For users who do not write Rust, with nobody to ask about the emulator's own keys.
#[tokio::test]
async fn diagnose_says_what_was_tried_in_vain() {
    let sandbox = console().await;
    let foreign = cipher(&PayloadSecret::generate().unwrap()).seal(b"{}");
    let foreign = foreign.unwrap();
    for (body, told) in [
        (json!({ "text": foreign }), "no key of this emulator opens"),
        (
            json!({ "text": foreign, "secret": "a".repeat(43) }),
            "readings of this secret opens the text",
        ),
    ] {
        let (status, found) = api(&sandbox, "POST", "diagnose", Some(body)).await;
        let message = found["error"]["message"].as_str().unwrap();
        assert_eq!(
            (status, &found["error"]["code"]),
            (400, &json!("not-diagnosed"))
        );
        assert!(message.contains(told), "{message}");
        assert!(!message.contains("PayloadSecret"), "{message}");
    }
}
