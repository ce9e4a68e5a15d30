//! Keys: their forms, what the profile requires of them, and key agreement.

pub(crate) mod algorithm;
mod certificate;
mod curve;
pub(crate) mod derivation;
#[cfg(feature = "encrypted-keys")]
mod encrypted;
pub(crate) mod jwk;
pub(crate) mod pair;
pub(crate) mod private;
pub(crate) mod public;
mod public_pem;
mod spki;
mod thumbprint;
mod wire;
mod x963;

pub use algorithm::{Algorithm, KeyType, UnknownName};
pub use derivation::{CustomDerivation, Derivation, SharedSecret};
pub use pair::KeyPair;
pub use public::PublicKey;
