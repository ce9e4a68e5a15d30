//! What a backend must implement.

use super::aead::Shared;
use super::aes_256_gcm::Aes256Gcm;
use crate::error::Error;
use crate::secret::{Secret32, SecretBytes};

/// What a backend must implement. Callers check lengths and ranges.
pub(crate) trait Primitives: Shared {
    fn name(&self) -> &'static str;

    fn aes_256_gcm(&self, key: &Secret32) -> Result<Aes256Gcm, Error>;

    /// SHA-256 (FIPS 180-4) of the concatenated parts.
    fn sha256(&self, parts: &[&[u8]], out: &mut Secret32);

    /// HKDF-SHA-256 (RFC 5869), extract and expand, 32 bytes.
    fn hkdf_sha256(
        &self,
        salt: &[u8],
        input: &Secret32,
        info: &[u8],
        out: &mut Secret32,
    ) -> Result<(), Error>;

    fn is_on_p256(&self, point: &[u8; 65]) -> bool;

    fn p256_generate(&self) -> Result<Box<dyn P256Private>, Error>;

    /// `None` unless the scalar is between 1 and the order of the curve minus 1.
    fn p256_private(&self, scalar: &Secret32) -> Option<Box<dyn P256Private>>;

    /// Takes a point that is on the curve.
    fn p256_public(&self, point: &[u8; 65]) -> Result<Box<dyn P256Public>, Error>;

    /// Takes a checked RSA public key: modulus and exponent, big-endian without leading zeros.
    fn rsa_public(&self, n: &[u8], e: &[u8]) -> Result<Box<dyn RsaPublic>, Error>;

    /// A new RSA key of 2048, 3072, 4096 or 8192 bits, as PKCS#8.
    fn rsa_generate(&self, bits: usize) -> Result<SecretBytes, Error>;

    /// `None` unless the PKCS#8 key is consistent.
    fn rsa_private(&self, pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error>;
}

/// A private key on P-256.
pub(crate) trait P256Private: Shared {
    /// The public point, uncompressed.
    fn public(&self) -> Result<[u8; 65], Error>;

    fn scalar(&self) -> Result<Secret32, Error>;

    /// The x coordinate of the shared point (NIST SP 800-56A section 5.7.1.2); `None` unless the
    /// peer is a point on the curve.
    fn agree(&self, peer: &[u8; 65]) -> Option<Secret32>;
}

/// A public key on P-256 that many messages are sealed to.
pub(crate) trait P256Public: Shared {
    /// Generates a key pair, and returns its public point, uncompressed, and the x coordinate of the point that it
    /// shares with this one.
    fn agree_with_new(&self) -> Result<([u8; 65], Secret32), Error>;
}

/// RSAES-OAEP encryption with SHA-256 for hash and MGF1, empty label (RFC 8017 section 7.1).
pub(crate) trait RsaPublic: Shared {
    /// Encrypts a content encryption key; the result is as long as the modulus.
    fn wrap(&self, key: &Secret32) -> Result<Vec<u8>, Error>;
}

/// RSAES-OAEP decryption with SHA-256 for hash and MGF1, empty label.
pub(crate) trait RsaPrivate: Shared {
    /// Decrypts a content encryption key into `key`. `None` on any failure, and `key` is then unchanged.
    fn unwrap(&self, wrapped: &[u8], key: &mut Secret32) -> Option<()>;
}
