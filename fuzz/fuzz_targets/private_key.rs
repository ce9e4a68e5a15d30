//! Any private key: both backends take it or neither does, and what is read is written in every form
//! and read again as the same key, which opens what is sealed to it.
//!
//! The first byte chooses how the others are read. RSA keys are at most 8192 bits, so one that takes
//! long is a finding of libFuzzer's own: `fuzz/run` sets `-timeout`.
#![no_main]

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Derivation, Error, KeyPair, KeyType, PrivateKeyOpener, PublicKey, PublicKeySealer,
};
use bankezy_crypto_fuzz::{BACKENDS, assert_hidden};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, key)) = input.split_first() else {
        return;
    };
    let text = str::from_utf8(key);
    let read = |backend: &Backend| match (choice % 6, text) {
        (0, Ok(text)) => Some(KeyPair::from_pem_with_backend(text, backend)),
        (1, Ok(text)) => Some(KeyPair::from_jwk_with_backend(text, backend)),
        (2, _) => Some(KeyPair::from_pkcs8_der_with_backend(key, backend)),
        (3, _) => Some(KeyPair::from_pkcs1_der_with_backend(key, backend)),
        (4, _) => Some(KeyPair::from_sec1_der_with_backend(key, backend)),
        (5, _) => Some(KeyPair::from_x963_with_backend(key, backend)),
        _ => None,
    };
    let [Some(one), Some(other)] = BACKENDS.map(read) else {
        return;
    };
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert!(one.public_key() == other.public_key());
            check(&one, &other);
            check(&other, &one);
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            assert_hidden(format_args!("{one:?} {one}"));
        }
        (one, other) => panic!("{one:?}, {other:?}"),
    }
});

fn check(key: &KeyPair, other: &KeyPair) {
    let backend = key.backend();
    let written: [Result<KeyPair, Error>; 3] = [
        KeyPair::from_pem_with_backend(key.to_pem().unwrap().as_str(), &backend),
        KeyPair::from_pkcs8_der_with_backend(key.to_pkcs8_der().unwrap().as_bytes(), &backend),
        KeyPair::from_jwk_with_backend(key.to_jwk().unwrap().as_str(), &backend),
    ];
    for again in &written {
        let again = again.as_ref().unwrap();
        assert!(again.public_key() == key.public_key());
        assert_eq!(
            again.to_jwk().unwrap().as_str(),
            key.to_jwk().unwrap().as_str()
        );
    }
    if key.public_key().key_type() == KeyType::P256 {
        let agree = |one: &KeyPair, two: &PublicKey| one.agree(two, &Derivation::RawSharedSecret);
        // Both are the same key.
        assert!(agree(key, other.public_key()).is_err());
        let peer = KeyPair::generate().unwrap();
        assert!(agree(key, peer.public_key()) == agree(&peer, key.public_key()));
    }
    let sealer = PublicKeySealer::with_backend(other.public_key(), &other.backend()).unwrap();
    let sealed = sealer.seal(b"{}").unwrap();
    let [again, ..] = written;
    let opened = PrivateKeyOpener::new(again.unwrap()).open(&sealed);
    // Whether the factors of an RSA key are prime is not looked into: such a key need not open.
    if key.public_key().key_type() == KeyType::P256 {
        assert_eq!(opened.unwrap().as_bytes(), b"{}");
    }
}
