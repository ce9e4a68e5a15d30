//! Shared by the behaviour tests.
#![allow(dead_code, reason = "no test binary uses all of it")]

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{Error, KeyPair, PayloadCipher, PayloadSecret};

/// Runs a test once per backend, and names the one that failed.
pub(crate) fn each_backend(test: impl Fn(&'static Backend)) {
    for backend in AVAILABLE {
        eprintln!("on {backend:?}");
        test(backend);
    }
}

/// Runs a test on every ordered pair of backends: the first seals, the second opens.
pub(crate) fn each_pair(test: impl Fn(&'static Backend, &'static Backend)) {
    each_backend(|first| each_backend(|second| test(first, second)));
}

/// The bytes 0 to 31.
pub(crate) fn secret() -> PayloadSecret {
    PayloadSecret::from_base64url("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap()
}

pub(crate) fn cipher(backend: &Backend) -> PayloadCipher {
    PayloadCipher::with_backend(&secret(), backend).unwrap()
}

pub(crate) fn p256(backend: &Backend) -> KeyPair {
    KeyPair::generate_with_backend(backend).unwrap()
}

/// Whether this build can use public RSA keys on a backend.
pub(crate) fn public_rsa(backend: &Backend) -> bool {
    let takes = backend.name() == "aws-lc-rs" || cfg!(feature = "rust-crypto-rsa");
    if !takes {
        eprintln!("skipped on {backend}: RSA is not built in");
    }
    takes
}

/// An RSA key pair made once, or `None` if the backend has no private RSA.
pub(crate) fn rsa_2048(backend: &Backend) -> Option<KeyPair> {
    match KeyPair::from_pem_with_backend(include_str!("../data/rsa2048.pem"), backend) {
        Ok(pair) => Some(pair),
        Err(Error::Unsupported { backend, needs, .. }) => {
            assert_eq!(backend, "rust-crypto");
            assert!(needs.contains("rust-crypto-private-rsa-timing-risk"));
            eprintln!("skipped on {backend}: private RSA is not built in");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The `Debug` and `Display` output of a value.
pub(crate) fn shown(value: &impl std::fmt::Debug) -> String {
    format!("{value:?} {value:#?}")
}
