//! The keys that everybody uses: those of the library's tests.

/// 32 bytes in base64url.
pub(crate) const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// 2048 bits.
pub(crate) const RSA_PEM: &str = include_str!("../../../tests/data/rsa2048.pem");
pub(crate) const RSA_JWK: &str = include_str!("../../../tests/data/rsa2048.jwk.json");

pub(crate) const P256_PEM: &str = include_str!("../../../tests/data/p256.pem");
pub(crate) const P256_JWK: &str = include_str!("../../../tests/data/p256.jwk.json");
