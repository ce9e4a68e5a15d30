//! The library as users see it: inputs, findings, errors.

mod diagnose;
mod errors;
mod inspect;

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    DEFAULT_MAX_SEALED_LEN, Derivation, KeyPair, PayloadCipher, PayloadSecret, PublicKeySealer,
    SecretBytes,
};
use bankezy_diagnose::Message;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Everything here is the same on every backend.
fn backend() -> &'static Backend {
    AVAILABLE.first().unwrap()
}

fn secret_bytes(secret: impl Into<Vec<u8>>) -> SecretBytes {
    secret.into().into()
}

fn key_pair() -> KeyPair {
    KeyPair::generate_with_backend(backend()).unwrap()
}

fn seal(secret: &PayloadSecret) -> String {
    PayloadCipher::with_backend(secret, backend())
        .unwrap()
        .seal(b"four")
        .unwrap()
}

fn seal_agreed(ours: &KeyPair, theirs: &KeyPair, derivation: &Derivation<'_>) -> String {
    seal(&ours.agree(theirs.public_key(), derivation).unwrap())
}

fn seal_to(pair: &KeyPair) -> String {
    PublicKeySealer::with_backend(pair.public_key(), backend())
        .unwrap()
        .seal(b"four")
        .unwrap()
}

fn message(sealed: &str) -> Message<'_> {
    Message::new(sealed.as_bytes(), DEFAULT_MAX_SEALED_LEN, backend()).unwrap()
}
