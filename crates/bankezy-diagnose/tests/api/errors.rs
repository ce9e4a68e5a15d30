//! Code and text of each error.

use bankezy_crypto::{DEFAULT_MAX_SEALED_LEN, Derivation, PayloadSecret};
use bankezy_diagnose::{
    DerivationOutcome, DiagnoseError, Message, ReadingOutcome, WHAT_NEXT_FOR_KEYS,
    WHAT_NEXT_FOR_PRIVATE_KEY, WHAT_NEXT_FOR_SECRET, inspect,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{SECRET, backend, key_pair, message, seal, seal_agreed, seal_to, secret_bytes};

#[test]
fn of_inspect() {
    let object = URL_SAFE_NO_PAD.encode("{}");
    let half_a_jwt = format!("{object}.b.c");
    for (input, code, text) in [
        (
            &b" \n"[..],
            "inspect.empty",
            "there is nothing to explain: the input is empty",
        ),
        (
            b"\xff\x00",
            "inspect.neither_text_nor_der",
            "the input is neither text nor DER",
        ),
        (
            b"a.b",
            "inspect.part_count",
            "a compact JWE has 5 parts separated by dots and a JWT has 3, this has 2",
        ),
        (
            b"a.b.c",
            "inspect.jwt",
            "it has the three parts of a JWT, but its header part is not base64url of a JSON object",
        ),
        (
            half_a_jwt.as_bytes(),
            "inspect.jwt",
            "it has the three parts of a JWT, but its claims part is not base64url of a JSON object",
        ),
        (
            b"nonsense!",
            "inspect.unknown_form",
            "neither a sealed text, nor a JWT, nor a public key: the key is refused: it is neither base64 nor base64url: remove what is around it, such as a name in front",
        ),
        (
            b"a.b.c.d.e",
            "header.not_base64url",
            "the protected header is refused: it is not canonical unpadded base64url",
        ),
        (
            b"{}",
            "key.missing_member",
            "the key is refused: `kty` is missing",
        ),
    ] {
        let error = inspect(input, DEFAULT_MAX_SEALED_LEN).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, text));
    }
    let error = inspect(b"a.b.c.d.e", 5).unwrap_err();
    assert_eq!(error.code(), "envelope.too_long");
}

#[test]
fn of_a_message_that_needs_another_key() {
    let pair = key_pair();
    let to_key = seal_to(&pair);
    let shared = seal(&PayloadSecret::from_base64url(SECRET).unwrap());
    let needs_private_key =
        "the message is sealed to a public key (ECDH-ES): open it with the private key";
    for (error, code, text) in [
        (
            message(&to_key).try_readings(&secret_bytes(SECRET)),
            "diagnose.sealed_to_public_key",
            needs_private_key,
        ),
        (
            message(&to_key).try_derivations(&pair, pair.public_key(), &[]),
            "diagnose.sealed_to_public_key",
            needs_private_key,
        ),
        (
            message(&shared).try_private_key(key_pair()),
            "diagnose.sealed_under_shared_key",
            "the message is sealed under a shared key (dir): give the other side's public key too",
        ),
    ] {
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, text));
    }
    let error = Message::new(b"nonsense", DEFAULT_MAX_SEALED_LEN, backend()).unwrap_err();
    assert_eq!(error.code(), "envelope.part_count");
}

#[test]
fn of_a_message_that_is_cut_off_or_compressed() {
    let sealed = seal(&PayloadSecret::from_base64url(SECRET).unwrap());
    let told = |capture: &[u8]| {
        let error = Message::new(capture, DEFAULT_MAX_SEALED_LEN, backend()).unwrap_err();
        (error.code().to_owned(), error.to_string())
    };
    let cut_off = |len: usize| told(&sealed.as_bytes()[..len]);
    let in_tag = cut_off(sealed.len() - 9);
    assert_eq!(in_tag.0, "diagnose.cut_off");
    assert!(
        in_tag.1.contains("tag has 13 of 22 characters"),
        "{in_tag:?}"
    );
    let in_nonce = cut_off(50);
    assert!(in_nonce.1.contains("it has 3 of 5 parts"), "{in_nonce:?}");
    let in_words = told(format!("body: {}...", &sealed[..50]).as_bytes());
    assert_eq!(in_words, in_nonce);
    let gzip = told(b"HTTP/1.1 200 OK\r\n\r\n\x1f\x8b\x08\0\xff");
    assert_eq!(gzip.0, "diagnose.compressed");
}

#[test]
fn of_another_algorithm_says_what_it_is() {
    for (header, text) in [
        (
            r#"{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512"}"#,
            "the message's `enc` is A256CBC-HS512: AES-256-CBC with HMAC-SHA-512",
        ),
        (
            r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#,
            "the message's `alg` is RSA-OAEP: RSA-OAEP with SHA-1",
        ),
        (
            r#"{"alg":"dir","enc":"XC20P"}"#,
            "the message's `enc` is XC20P: XChaCha20-Poly1305, which is not registered",
        ),
        (
            r#"{"alg":"ECDH-1PU","enc":"A256GCM"}"#,
            "the message's `alg` is ECDH-1PU: key agreement with a static key of the sender",
        ),
        (
            r#"{"alg":"dir","enc":"Acme/AES_1+x"}"#,
            "the message's `enc` is not an algorithm of RFC 7518",
        ),
        // Text of whoever wrote the message.
        (
            r#"{"alg":"CANARY","enc":"A256GCM"}"#,
            "the message's `alg` is not an algorithm of RFC 7518",
        ),
        (
            r#"{"alg":"DIR","enc":"A256GCM"}"#,
            "the message's `alg` is DIR: the name of an algorithm in the wrong case",
        ),
        (
            r#"{"alg":"dir","enc":"xc20p"}"#,
            "the message's `enc` is xc20p: the name of an algorithm in the wrong case",
        ),
    ] {
        let sealed = format!("{}.AAAA.AAAA.AAAA.AAAA", URL_SAFE_NO_PAD.encode(header));
        let error = Message::new(sealed.as_bytes(), 1000, backend()).unwrap_err();
        assert_eq!(error.code(), "diagnose.other_algorithm");
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

/// What does not look like a name may be anything, so nothing of it is shown.
#[test]
fn of_a_value_that_is_no_name_shows_nothing() {
    let long = "A".repeat(41);
    for value in ["A 256", "\\u001b[31m", "A\u{e4}", "", &long] {
        let header = format!(r#"{{"alg":"dir","enc":"{value}"}}"#);
        let sealed = format!("{}.AAAA.AAAA.AAAA.AAAA", URL_SAFE_NO_PAD.encode(header));
        let error = Message::new(sealed.as_bytes(), 1000, backend()).unwrap_err();
        assert!(error.code().starts_with("header."), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(value.is_empty() || !shown.contains(value), "{shown}");
    }
}

#[test]
fn of_a_capture_without_a_clear_message() {
    let sealed = || seal(&PayloadSecret::from_base64url(SECRET).unwrap());
    let two = format!("{} {}", sealed(), sealed());
    let aad = r#"{"protected":"eyJhIjoxfQ","iv":"AA","ciphertext":"AA","tag":"AA","aad":"AA"}"#;
    let object = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    for (capture, code, text) in [
        (
            two,
            "diagnose.several_messages",
            "the capture has 2 different encrypted messages: give one of them alone",
        ),
        (
            aad.to_owned(),
            "diagnose.json_serialization",
            "this is a JWE in JSON serialization (RFC 7516 section 7.2) with `aad`, additional data that is \
             authenticated with the message. Compact JWE, which this profile uses, cannot express that: ask the \
             bank for the compact form",
        ),
        (
            format!("Bearer {object}.{object}.AAAA"),
            "diagnose.jwt",
            "this is a JWT, which is signed and not encrypted: give the encrypted message, which has 5 \
             parts separated by dots",
        ),
    ] {
        let error = Message::new(capture.as_bytes(), 1000, backend()).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, text));
    }
}

#[test]
fn of_a_private_key_says_what_to_do_next() {
    let error = message(&seal_to(&key_pair()))
        .try_private_key(key_pair())
        .unwrap_err();
    assert_eq!(error.code(), "diagnose.not_this_private_key");
    let text = error.to_string();
    assert!(text.starts_with("the private key does not open the message. "));
    assert!(text.ends_with(WHAT_NEXT_FOR_PRIVATE_KEY), "{text}");
}

#[test]
fn of_readings_lists_each_outcome() {
    let sealed = seal(&PayloadSecret::from_base64url(SECRET).unwrap());
    let error = message(&sealed)
        .try_readings(&secret_bytes(SECRET.replace('A', "B")))
        .unwrap_err();
    assert_eq!(error.code(), "diagnose.no_reading");
    let text = error.to_string();
    let start = "no reading of the payload secret opens the message (base64url: 32 bytes, but another key; \
         base64: 32 bytes, but another key; hex: not valid; utf8: 43 bytes; \
         the 32 raw bytes (PayloadSecret::from_bytes): 43 bytes; and: ";
    assert!(text.starts_with(start), "{text}");
    assert!(text.ends_with(WHAT_NEXT_FOR_SECRET), "{text}");
    assert!(text.contains("SHA-256, SHA-384, SHA-512 and SHA3-256 of the secret ("));
    let DiagnoseError::NoReading { tried, .. } = message(&sealed)
        .try_readings(&secret_bytes([0xfe; 32]))
        .unwrap_err()
    else {
        panic!("another error");
    };
    assert!(
        tried[..4]
            .iter()
            .all(|attempt| attempt.outcome == ReadingOutcome::NotText)
    );
    assert_eq!(tried[4].outcome, ReadingOutcome::OtherKey);
}

#[test]
fn of_derivations_lists_each_outcome() {
    let (ours, theirs, stranger) = (key_pair(), key_pair(), key_pair());
    let sealed = seal_agreed(&ours, &theirs, &Derivation::Sha256);
    let long = "x".repeat(1025);
    let error = message(&sealed)
        .try_derivations(&stranger, theirs.public_key(), &[&long])
        .unwrap_err();
    assert_eq!(error.code(), "diagnose.no_derivation");
    let text = error.to_string();
    assert!(text.contains("derivations opens the message (raw and sha256 (2); concat-kdf ("));
    assert!(text.ends_with(WHAT_NEXT_FOR_KEYS), "{text}");
    assert!(!format!("{error:?}").contains("xxx"));
    let DiagnoseError::NoDerivation { tried, .. } = error else {
        panic!("another error");
    };
    // The number depends on the session: a form that is the same as another is left out.
    assert!((50_000..165_000).contains(&tried.len()), "{}", tried.len());
    let too_long = tried
        .iter()
        .filter(|attempt| matches!(attempt.outcome, DerivationOutcome::PartyInfoTooLong { .. }));
    assert!(too_long.count() > 100);
    assert_eq!(
        tried[0].to_string(),
        "raw: another key",
        "in the order in which they are tried"
    );
}
