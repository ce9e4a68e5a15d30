//! Payload encryption for partners of BankEzy: every API body is a compact JWE under `A256GCM`.
//!
//! ```
//! # #[cfg(feature = "aws-lc-rs")] {
//! use bankezy_crypto::{PayloadCipher, PayloadSecret};
//!
//! let secret = PayloadSecret::from_base64url("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")?;
//! let cipher = PayloadCipher::new(&secret)?;
//! let body = cipher.seal(br#"{"referenceId":"1"}"#)?; // post as text/plain
//! let answer = cipher.open(&body)?; // wipes itself
//! # assert_eq!(answer.as_bytes(), br#"{"referenceId":"1"}"#);
//! # }
//! # Ok::<(), bankezy_crypto::Error>(())
//! ```
//!
//! # What is fact and what is inferred
//! BankEzy's documentation states that bodies are encrypted with `payloadSecret`, which is either
//! handed out at onboarding or agreed by an exchange of public keys. The envelope's form is decoded
//! from tokens in its samples. That bodies have the same form, how the secret is written, and how
//! a shared secret becomes the key, it does not say: the constructors of [`PayloadSecret`] and the
//! variants of [`Derivation`] are explicit and have no default. `bankezy diagnose` on the command
//! line finds out which of them a server uses.
//!
//! # Locked profile
//! A256GCM with a 12-byte nonce and a 16-byte tag under `dir`, `RSA-OAEP-256` or `ECDH-ES` on
//! P-256: nothing else is implemented, so nothing else can be negotiated. The caller's key decides
//! the algorithm, and the header has to agree. Failures that depend on a key are one error,
//! [`Error::OpenFailed`].
//!
//! # Features
//! `aws-lc-rs` (default) and `rust-crypto` are [backends](backend), chosen by value. `cli` builds
//! the command line. The README lists the rest.
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic: where one of these is right, it says why.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod agreement;
pub mod backend;
mod base64url;
#[cfg(feature = "client")]
#[expect(clippy::arithmetic_side_effects, reason = "small counts and times")]
pub mod client;
mod envelope;
mod error;
mod json;
mod jwe;
mod jwk;
#[cfg(feature = "tower")]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "lengths of what is in memory"
)]
pub mod middleware;
mod names;
mod nonce;
mod pem;
mod private_key;
pub mod providers;
mod public_key;
#[cfg(feature = "sandbox")]
#[expect(clippy::arithmetic_side_effects, reason = "small counts and times")]
pub mod sandbox;
mod secret;
mod spki;

pub use agreement::{Derivation, KeyPair};
pub use envelope::{
    DEFAULT_MAX_SEALED_LEN, Inspection, KeyRing, OpenedWith, PayloadCipher, PrivateKeyOpener,
    PublicKeySealer,
};
pub use error::{
    Error, Fault, FieldProblem, HeaderProblem, JsonProblem, KeyProblem, Malformed, PatternProblem,
    UrlProblem,
};
pub use names::{Algorithm, KeyKind};
pub use nonce::{NonceBudget, NonceSource};
pub use public_key::PublicKey;
pub use secret::{Opened, PayloadSecret, SecretBytes, SecretText};

/// The README's examples, run as doc tests.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
mod readme {}
