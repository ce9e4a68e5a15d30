//! Any public key: what is read is written in every form and read again as the same key, and both
//! backends seal to it or neither does.
//!
//! The first byte chooses how the others are read.
#![no_main]

use bankezy_crypto::{Error, KeyType, PublicKey, PublicKeySealer};
use bankezy_crypto_fuzz::{BACKENDS, assert_hidden};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, key)) = input.split_first() else {
        return;
    };
    let text = |read: fn(&str) -> Result<PublicKey, Error>| str::from_utf8(key).ok().map(read);
    let found = match choice % 8 {
        0 => text(PublicKey::from_wire),
        1 => text(PublicKey::from_jwk),
        2 => text(PublicKey::from_pem),
        3 => Some(PublicKey::from_spki_der(key)),
        4 => Some(PublicKey::from_certificate_der(key)),
        5 => Some(PublicKey::from_x963(key)),
        6 => text(PublicKey::from_certificate_pem),
        _ => Some(PublicKey::from_pkcs1_der(key)),
    };
    match found {
        Some(Ok(key)) => check(&key),
        Some(Err(error)) => assert_hidden(format_args!("{error:?} {error}")),
        None => {}
    }
});

fn check(key: &PublicKey) {
    let wire = key.to_wire();
    match key.key_type() {
        KeyType::P256 => assert_eq!((wire.len(), key.bits()), (168, 256)),
        _ => assert!((2048..=8192).contains(&key.bits())),
    }
    for again in [
        PublicKey::from_wire(&wire),
        PublicKey::from_wire(wire.trim_end_matches('=')),
        PublicKey::from_jwk(&key.to_jwk()),
        PublicKey::from_pem(&key.to_pem()),
        PublicKey::from_spki_der(&key.to_spki_der()),
    ] {
        assert!(again.as_ref() == Ok(key), "{again:?}");
    }
    let sealed = BACKENDS
        .map(|backend| PublicKeySealer::with_backend(key, backend)?.seal(b"{}"))
        .map(|sealed| sealed.map(|text| text.len()).map_err(drop));
    assert_eq!(sealed[0], sealed[1]);
}
