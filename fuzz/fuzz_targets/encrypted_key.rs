//! Any encrypted private key, under a fixed password: both backends take it or neither does, with the
//! same error; what is read is a key that is written in clear and read again as the same.
//!
//! The first byte chooses between PEM and DER. The cost of stretching the password is bounded, so a key
//! that takes long is a finding of libFuzzer's own: `fuzz/run` sets `-timeout` and `-rss_limit_mb`.
#![no_main]

use bankezy_crypto::KeyPair;
use bankezy_crypto_fuzz::{BACKENDS, assert_hidden};
use libfuzzer_sys::fuzz_target;

/// That of the files in `tests/api/encrypted_keys/`, which are seeds.
const PASSWORD: &[u8] = b"correct horse";

fuzz_target!(|input: &[u8]| {
    let Some((choice, key)) = input.split_first() else {
        return;
    };
    let text = str::from_utf8(key);
    let [one, other] = BACKENDS.map(|backend| match (choice % 2, text) {
        (0, Ok(text)) => KeyPair::from_encrypted_pem_with_backend(text, PASSWORD, backend),
        _ => KeyPair::from_encrypted_pkcs8_der_with_backend(key, PASSWORD, backend),
    });
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert!(one.public_key() == other.public_key());
            let again = KeyPair::from_pem(one.to_pem().unwrap().as_str()).unwrap();
            assert!(again.public_key() == one.public_key());
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            assert_hidden(format_args!("{one:?} {one}"));
        }
        (one, other) => panic!("{one:?}, {other:?}"),
    }
});
