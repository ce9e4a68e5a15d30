//! Private keys as others hand them over: PKCS#8, PKCS#1, SEC 1, PEM, JWK. Parsing only: whether
//! the halves belong together is for a backend to say.

mod der;
#[cfg(feature = "encrypted-keys")]
mod encrypted;
mod jwk;
mod numbers;
mod parts;
mod write;

pub(crate) use der::{from_pem, from_pkcs1, from_pkcs8, from_sec1, from_x963};
#[cfg(feature = "encrypted-keys")]
pub(crate) use encrypted::{from_encrypted_pem, from_encrypted_pkcs8};
pub(crate) use jwk::from_jwk;
pub(crate) use parts::{PrivateParts, StatedPoint};
pub(crate) use write::{p256_to_jwk, p256_to_pkcs8, pkcs8_to_pem, rsa_to_jwk};
