//! The cryptographic libraries underneath, chosen by value.
//!
//! A backend is thin and has only primitives. What would be the same in two backends (key derivation framing, JWK,
//! header, base64url) is implemented above them.
//!
//! If the operating system gives no random numbers, generating payload secrets and nonces fails with
//! [`Error::Randomness`](crate::Error::Randomness), and so does everything that `rust-crypto` generates. AWS-LC
//! aborts the process if its own generator gets no seed: for key pairs, including those of `ECDH-ES`, and in its FIPS
//! module for payload secrets too.

mod aead;
mod aes_256_gcm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc_aead;
#[cfg(feature = "rust-crypto-rsa")]
mod checked_rng;
mod choice;
mod primitives;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;
#[cfg(feature = "rust-crypto")]
mod rust_crypto_rsa;

pub(crate) use aes_256_gcm::Aes256Gcm;
#[cfg(feature = "rust-crypto")]
pub use choice::RUST_CRYPTO;
pub(crate) use choice::is_on_p256;
pub(crate) use choice::sha256;
pub use choice::{AVAILABLE, Backend};
#[cfg(feature = "aws-lc-rs")]
pub use choice::{AWS_LC_RS, fips_mode, require_fips_mode};
pub(crate) use primitives::{P256Private, P256Public, RsaPrivate, RsaPublic};

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
compile_error!("bankezy-crypto needs a backend: enable the feature `aws-lc-rs` or `rust-crypto`");

#[cfg(test)]
mod wycheproof_tests;
