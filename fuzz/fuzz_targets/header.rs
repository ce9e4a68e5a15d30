//! Any protected header, with the rest sealed as it should be: it opens if the header is one of the
//! profile, and it is refused alike by whoever looks at it if not.
//!
//! The first byte says whether there is an encrypted key; the others are the header's JSON.
#![no_main]

use std::sync::LazyLock;

use bankezy_crypto::{
    Algorithm, Derivation, Error, HeaderProblem, Inspection, KeyPair, PrivateKeyOpener, PublicKey,
};
use bankezy_crypto_fuzz::{CIPHERS, SECRET, assert_hidden, base64url, key_pairs, seal};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const PAYLOAD: &[u8] = br#"{"referenceId":"1"}"#;
const P256: &str = include_str!("../../tests/data/p256.pem");
const RSA: &str = include_str!("../../tests/data/rsa2048.pem");

static P256_KEYS: LazyLock<[KeyPair; 2]> = LazyLock::new(|| key_pairs(P256));
static P256_OPENERS: LazyLock<[PrivateKeyOpener; 2]> =
    LazyLock::new(|| key_pairs(P256).map(PrivateKeyOpener::new));
/// On one backend: no header has a say in what RSA makes of the encrypted key.
static RSA_OPENER: LazyLock<[PrivateKeyOpener; 1]> =
    LazyLock::new(|| [PrivateKeyOpener::new(KeyPair::from_pem(RSA).unwrap())]);

fuzz_target!(|input: &[u8]| {
    let Some((choice, header)) = input.split_first() else {
        return;
    };
    let encrypted_key: &[u8] = match choice % 4 {
        0 => &[1; 256],
        1 => &[1; 3],
        _ => &[],
    };
    let text = seal(SECRET, header, encrypted_key, PAYLOAD);
    let found = match Inspection::parse(&text) {
        Ok(inspection) => {
            assert_eq!(inspection.header.as_bytes(), header);
            assert_eq!(inspection.encrypted_key_len, encrypted_key.len());
            inspection.profile
        }
        // A header that is no text is the one thing that opening finds out later.
        Err(error) => Err(error),
    };
    if let Ok(algorithm) = found {
        says(header, algorithm);
    }

    // Under the payload secret: the text is sealed with it, so the header decides.
    for cipher in CIPHERS.each_ref() {
        let opened = cipher.open(&text).map(|opened| opened.as_bytes().to_vec());
        match &found {
            Ok(Algorithm::Dir) => assert_eq!(opened.as_deref(), Ok(PAYLOAD)),
            _ => refused(&found, &opened.unwrap_err(), Algorithm::Dir),
        }
    }
    for (openers, own) in [
        (&P256_OPENERS[..], Algorithm::EcdhEs),
        (&RSA_OPENER[..], Algorithm::RsaOaep256),
    ] {
        for opener in openers {
            let error = opener.open(&text).unwrap_err();
            match &found {
                Ok(algorithm) if *algorithm == own => assert_eq!(error, Error::OpenFailed),
                _ => refused(&found, &error, own),
            }
        }
    }
    if found == Ok(Algorithm::EcdhEs) {
        agreed(header);
    }
});

/// What a header has to say that was accepted, by another reader of JSON.
fn says(header: &[u8], algorithm: Algorithm) {
    // That reader refuses numbers that no double holds, in members that nobody looks at.
    let Ok(value) = serde_json::from_slice::<Value>(header) else {
        return;
    };
    assert_eq!(value["alg"], algorithm.name());
    assert_eq!(value["enc"], "A256GCM");
    assert!(value.get("crit").is_none() && value.get("zip").is_none());
}

/// Refused for the same reason, or because the header is for another key.
fn refused(found: &Result<Algorithm, Error>, error: &Error, needed: Algorithm) {
    assert_hidden(format_args!("{error:?} {error}"));
    match found {
        Ok(found) => {
            let problem = HeaderProblem::AlgorithmMismatch {
                needed,
                found: *found,
            };
            assert_eq!(*error, Error::from(problem));
        }
        Err(_) => assert_ne!(*error, Error::OpenFailed),
    }
}

/// Sealed anew under the key that the header's `epk`, `apu` and `apv` lead to, it opens.
fn agreed(header: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(header) else {
        return;
    };
    let epk = PublicKey::from_jwk(&value["epk"].to_string()).unwrap();
    let info = |name: &str| match value.get(name) {
        Some(text) => URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap(),
        None => Vec::new(),
    };
    let (apu, apv) = (info("apu"), info("apv"));
    let derivation = Derivation::ConcatKdf {
        apu: &apu,
        apv: &apv,
    };
    let [one, other] = P256_KEYS
        .each_ref()
        .map(|keys| keys.agree(&epk, &derivation).unwrap());
    assert!(one == other);
    let text = seal(one.to_base64url().as_str(), header, &[], PAYLOAD);
    assert!(text.starts_with(&base64url(header)));
    for opener in P256_OPENERS.each_ref() {
        assert_eq!(opener.open(&text).unwrap().as_bytes(), PAYLOAD);
    }
}
