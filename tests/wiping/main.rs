//! No secret is left in memory that is freed: every operation of the library, whether it succeeds or fails, on each
//! backend. What an underlying library leaves where this crate cannot reach it is named in `exceptions`, and
//! `docs/wiping.md` lists all of it.

#[path = "../common/mod.rs"]
mod common;
mod exceptions;
mod keys;
mod messages;
mod providers;
mod secrets;
mod texts;
mod watch;

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use bankezy_crypto::PayloadSecret;
use bankezy_crypto::backend::Backend;
use bankezy_crypto::{KeyPair, PayloadCipher};
use secrets::Secrets;
use watch::{Left, Watch};

/// A payload secret that is 32 ASCII characters, so that every constructor takes it.
const KEY: [u8; 32] = *b"Zk3vQ9xW2mR7tY5uP8sD4fG6hJ1kL0bN";

/// Is part of payloads.
const MARKER: &str = "the plaintext that has to go: 5f1c";

const P256_JWK: &str = include_str!("../data/p256.jwk.json");
const RSA_JWK: &str = include_str!("../data/rsa2048.jwk.json");
const RSA_MEMBERS: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

fn payload_secret() -> PayloadSecret {
    PayloadSecret::from_bytes(&KEY).unwrap()
}

fn cipher(backend: &Backend) -> PayloadCipher {
    PayloadCipher::with_backend(&payload_secret(), backend).unwrap()
}

/// A text of at least `len` bytes that repeats the marker.
fn payload(len: usize) -> String {
    MARKER.repeat(len.div_ceil(MARKER.len()).max(1))
}

/// The key and what is sealed under it.
fn all_of_messages() -> Secrets {
    Secrets::of("payload secret", &KEY).and("plaintext", MARKER.as_bytes())
}

/// The bytes of a member of a JWK.
fn member(jwk: &str, name: &str) -> Vec<u8> {
    let jwk: serde_json::Value = serde_json::from_str(jwk).unwrap();
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

/// The numbers of a private JWK, whichever of them it has.
fn numbers(jwk: &str) -> Secrets {
    let stated: serde_json::Value = serde_json::from_str(jwk).unwrap();
    RSA_MEMBERS
        .into_iter()
        .filter(|name| stated.get(*name).is_some())
        .fold(Secrets::new(), |secrets, name| {
            secrets.and(name, &member(jwk, name))
        })
}

fn key_pair(jwk: &str, backend: &Backend) -> Option<KeyPair> {
    match KeyPair::from_jwk_with_backend(jwk, backend) {
        Err(bankezy_crypto::Error::Unsupported { .. }) => None,
        pair => Some(pair.unwrap()),
    }
}

/// As bytes, for a look at a [`PayloadSecret`] that the test was not told.
fn bytes_of(secret: &PayloadSecret) -> Vec<u8> {
    let text = secret.to_base64url();
    URL_SAFE_NO_PAD.decode(text.as_str()).unwrap()
}

/// The other tests find nothing: these show that they would.
#[test]
fn what_is_left_is_found() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    let found = |work: &dyn Fn()| watch.left(&secrets, work);
    let key = Left::from(["payload secret"]);
    assert_eq!(found(&|| drop(black_box(KEY.to_vec()))), key);
    assert_eq!(found(&|| drop(black_box(Box::new(KEY)))), key, "boxed");
    let text = URL_SAFE_NO_PAD.encode(KEY);
    let texts = || drop(black_box(format!("\"k\":\"{text}\"")));
    assert_eq!(found(&texts), key, "base64url");
    let part = || drop(black_box(KEY[5..17].to_vec()));
    assert_eq!(found(&part), key, "a part");
    let other_part = || drop(black_box(KEY[5..16].to_vec()));
    assert_eq!(found(&other_part), Left::new(), "too little to be told");
    assert_eq!(
        found(&|| drop(black_box(payload(100_000)))),
        Left::from(["plaintext"])
    );
    let elsewhere = || {
        std::thread::spawn(|| drop(black_box(KEY.to_vec())))
            .join()
            .unwrap();
    };
    assert_eq!(found(&elsewhere), key, "by another thread");
}

#[test]
fn what_growing_and_shrinking_leaves_is_found() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    let mut growing = KEY.to_vec();
    growing.reserve_exact(0);
    let (mut growing, freed) = watch.freed(move || {
        growing.reserve(1000);
        growing
    });
    assert!(!freed.holding(&secrets).is_empty(), "grown");
    let (_, freed) = watch.freed(|| growing.shrink_to(40));
    assert!(!freed.holding(&secrets).is_empty(), "shrunk");
}

/// C's memory; this program replaces the C library's `free`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
#[expect(unsafe_code, reason = "the C library is called")]
fn what_is_left_in_memory_of_c_is_found() {
    let watch = Watch::begin();
    let left = watch.left(&all_of_messages(), || {
        // SAFETY: the block has 32 bytes, or the test ends; it is freed once.
        unsafe {
            let block: *mut u8 = libc::malloc(KEY.len()).cast();
            assert!(!block.is_null());
            block.copy_from_nonoverlapping(KEY.as_ptr(), KEY.len());
            libc::free(black_box(block).cast());
        }
    });
    assert_eq!(left, Left::from(["payload secret"]));
}
