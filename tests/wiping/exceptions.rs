//! What underlying libraries leave in memory that this crate cannot reach. Each test asserts that it is left: once a
//! library fixes it, its test fails and the exception is removed. The heads of requests, which `http` does not wipe,
//! are in `providers`.

use bankezy_crypto::backend::Backend;

use super::common::each_backend;
use super::watch::{Left, Watch};
use super::{MARKER, all_of_messages, cipher};

/// The crate `rsa` (0.9) computes with numbers of `num-bigint-dig`, which are wiped only where the
/// crate says so: its reading of a key, its checks, and each decryption leave intermediate ones.
pub(crate) fn rsa_numbers(backend: &Backend, left: &'static [&'static str]) -> Left {
    match backend.name() {
        "rust-crypto" => left.iter().copied().collect(),
        _ => Left::new(),
    }
}

/// `serde_json` resolves escapes in a buffer of its own, which it does not wipe. It is the one that
/// reads payloads into the caller's types; tokens are read without it.
#[test]
fn serde_json_leaves_texts_with_escapes() {
    let watch = Watch::begin();
    each_backend(|backend| {
        let cipher = cipher(backend);
        let sealed = cipher.seal(format!(r#""{MARKER}\n{MARKER}""#).as_bytes());
        let sealed = sealed.unwrap();
        let (read, freed) = watch.freed(|| cipher.open_json::<String>(&sealed).unwrap());
        let left = freed.holding(&all_of_messages());
        assert_eq!(left, Left::from(["plaintext"]), "{backend}");
        assert_eq!(read, format!("{MARKER}\n{MARKER}"));
    });
}
