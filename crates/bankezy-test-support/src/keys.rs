//! The key files of `tests/data`, whose README says how each was made.

/// A certificate for `P256`, self-signed.
pub const CERTIFICATE: &str = include_str!("../../../tests/data/certificate.pem");

/// A key on P-256 as PKCS#8.
pub const P256: &str = include_str!("../../../tests/data/p256.pem");
/// The same, encrypted with a password.
pub const P256_ENCRYPTED: &str = include_str!("../../../tests/data/p256-encrypted.pem");
/// The public half of [`P256`].
pub const P256_PUBLIC: &str = include_str!("../../../tests/data/p256.pub.pem");
/// [`P256`] as SEC 1.
pub const P256_SEC1: &str = include_str!("../../../tests/data/p256.sec1.pem");

/// An RSA key of 2048 bits as PKCS#8.
pub const RSA_2048: &str = include_str!("../../../tests/data/rsa2048.pem");
/// Another one.
pub const RSA_2048_OTHER: &str = include_str!("../../../tests/data/rsa2048-other.pem");
/// [`RSA_2048`] as PKCS#1.
pub const RSA_2048_PKCS1: &str = include_str!("../../../tests/data/rsa2048.pkcs1.pem");
/// The public half of [`RSA_2048`].
pub const RSA_2048_PUBLIC: &str = include_str!("../../../tests/data/rsa2048.pub.pem");

/// A key on X25519, which no crate of this workspace takes.
pub const X25519: &str = include_str!("../../../tests/data/x25519.pem");
