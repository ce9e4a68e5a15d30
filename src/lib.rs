//! Payload encryption for partners of BankEzy: API bodies as compact JWEs under `dir` and `A256GCM`.
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
//! # Start here
//! | I have | use |
//! |---|---|
//! | a `payloadSecret` from onboarding | [`PayloadSecret`], then [`PayloadCipher`] |
//! | `sdkPublicKey` and `serverPubKey` to agree on a key | [`KeyPair::agree`] with a [`Derivation`], or [`Channel::establish`] |
//! | keys that rotate | [`KeyRing`] |
//! | a public key to encrypt to | [`PublicKeySealer`] and [`PrivateKeyOpener`] |
//! | a text, and no key yet | [`Inspection`]; `bankezy diagnose` on the command line |
//! | an HTTP client of my own | `providers`: token calls as pure functions |
//! | no HTTP client | the crate `bankezy-client` |
//!
//! `docs/guide.md` of the repository, and of this package, leads from the first day to production.
//!
//! # What is stated and what is inferred
//! BankEzy's documentation states that bodies are encrypted with `payloadSecret`, which is either handed out at
//! onboarding or agreed by an exchange of public keys. The envelope's form is decoded from tokens in its samples. It
//! does not say whether bodies have the same form, how the secret is written, or how a shared secret becomes the key:
//! the constructors of [`PayloadSecret`] and the variants of [`Derivation`] are explicit and have no default.
//! `bankezy diagnose` on the command line finds out which of them a server uses.
//!
//! # Locked profile
//! A256GCM with a 12-byte nonce and a 16-byte tag under `dir`, `RSA-OAEP-256` or `ECDH-ES` on
//! P-256: nothing else is implemented, so nothing else can be negotiated. The caller's key decides
//! the algorithm, and the header has to agree. Failures that depend on a key are one error,
//! [`Error::OpenFailed`].
//!
//! # Features
//! | feature | what it brings |
//! |---|---|
//! | `aws-lc-rs` (default) | the [backend] AWS-LC; `new`, `generate` and all functions without a backend argument run on it |
//! | `rust-crypto` | the backend of pure Rust crates, for `with_backend(…, &backend::RUST_CRYPTO)`; changes nothing else |
//! | `rust-crypto-rsa` | public RSA keys for `RUST_CRYPTO`, on the crate `rsa` |
//! | `rust-crypto-private-rsa-timing-risk` | private RSA keys too, on the crate `rsa`, which leaks by timing ([RUSTSEC-2023-0071](https://rustsec.org/advisories/RUSTSEC-2023-0071)) |
//! | `fips` | AWS-LC as its FIPS module; needs CMake and Go to build (`docs/fips.md` of the repository) |
//! | `encrypted-keys` | private keys under a password, PKCS#8 with PBES2: `KeyPair::from_encrypted_pem`; RustCrypto's crates decrypt them, on either backend |
//! | `providers` (default) | the token APIs of the four providers as pure functions over `http` types: `providers` |
//! | `rayon` | `seal_many` and `open_many`, on all processors |
//!
//! HTTP client, middleware, metrics, shared state of several processes, emulator, diagnosis and command line are in
//! the crates `bankezy-client`, `bankezy-tower`, `bankezy-metrics`, `bankezy-fleet`, `bankezy-sandbox`,
//! `bankezy-diagnose` and `bankezy-cli`.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Links to items of a backend or feature have no target in a build without it.
#![cfg_attr(
    not(all(feature = "aws-lc-rs", feature = "rust-crypto", feature = "rayon")),
    allow(rustdoc::broken_intra_doc_links, reason = "as above")
)]
// No input makes the crate panic; where one of these is used, an `expect` says why.
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

pub mod backend;
mod codec;
mod delivery;
mod envelope;
mod error;
mod jwe;
mod keys;
mod nonce;
#[cfg(feature = "providers")]
pub mod providers;
mod secret;
mod sync;

pub use delivery::{Advice, Delivery, DeliveryTracker};
pub use envelope::{
    Channel, DEFAULT_MAX_SEALED_LEN, Inspection, KeyRing, Open, OpenedByKey, PayloadCipher,
    Previous, PrivateKeyOpener, PublicKeySealer, Seal,
};
pub use error::{Error, ErrorCategory, HeaderProblem, JsonProblem, KeyForm, KeyProblem, Malformed};
pub use keys::{
    Algorithm, CustomDerivation, Derivation, KeyPair, KeyType, PublicKey, SharedSecret, UnknownName,
};
pub use nonce::{NonceBudget, NonceSource};
pub use secret::{Opened, PayloadSecret, SecretBytes, SecretText};
