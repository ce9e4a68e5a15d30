//! The cryptographic libraries underneath, chosen by value.
//!
//! A backend is thin: primitives alone. Whatever two backends would write alike (key derivation
//! framing, JWK, header, base64url) stands above them.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;

use core::fmt;

use crate::error::Error;
use crate::secret::{Secret32, SecretBytes};

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
compile_error!("bankezy-crypto needs a backend: enable the feature `aws-lc-rs` or `rust-crypto`");

/// A cryptographic library to run on: [`AWS_LC_RS`] or [`RUST_CRYPTO`].
///
/// Functions without a backend argument run on `AWS_LC_RS`, always; turning on the feature
/// `rust-crypto` changes nothing for them. There is no process-wide choice.
#[derive(Clone, Copy)]
pub struct Backend {
    primitives: &'static dyn Primitives,
}

/// AWS-LC through the crate `aws-lc-rs`: the default, and the only one for private RSA keys.
#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-lc-rs")))]
pub static AWS_LC_RS: Backend = Backend {
    primitives: &aws_lc::AwsLc,
};

/// The pure Rust crates `aes-gcm`, `p256`, `rsa`, `hkdf` and `sha2`.
///
/// RSA with a private key is left out, because the crate `rsa` is open to RUSTSEC-2023-0071; the
/// feature `rust-crypto-private-rsa-timing-risk` brings it back for those who accept the risk.
#[cfg(feature = "rust-crypto")]
#[cfg_attr(docsrs, doc(cfg(feature = "rust-crypto")))]
pub static RUST_CRYPTO: Backend = Backend {
    primitives: &rust_crypto::RustCrypto,
};

/// The backends that this build holds.
pub static AVAILABLE: &[Backend] = &[
    #[cfg(feature = "aws-lc-rs")]
    AWS_LC_RS,
    #[cfg(feature = "rust-crypto")]
    RUST_CRYPTO,
];

/// Whether the AWS-LC in this process is its FIPS module, which the feature `fips` links.
///
/// `docs/fips.md` says what that covers and what it does not.
#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-lc-rs")))]
#[must_use]
pub fn fips_mode() -> bool {
    aws_lc_rs::try_fips_mode().is_ok()
}

/// To be called at the start of a process that must not run on anything else than the FIPS module.
///
/// # Errors
/// [`Error::Unsupported`] where [`fips_mode`] says no.
#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-lc-rs")))]
pub fn require_fips_mode() -> Result<(), Error> {
    match fips_mode() {
        true => Ok(()),
        false => Err(Error::Unsupported {
            backend: AWS_LC_RS.name(),
            needs: "the feature fips",
        }),
    }
}

impl Backend {
    /// Its name: `aws-lc-rs` or `rust-crypto`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.primitives.name()
    }

    pub(crate) fn primitives(&self) -> &'static dyn Primitives {
        self.primitives
    }
}

impl PartialEq for Backend {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Backend {}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({})", self.name())
    }
}

/// Whether an uncompressed point is on P-256: a plain predicate on public data, the same on every
/// backend, so whichever is there may answer.
pub(crate) fn is_on_p256(point: &[u8; 65]) -> bool {
    AVAILABLE
        .first()
        .is_some_and(|backend| backend.primitives.is_on_p256(point))
}

/// SHA-256 (FIPS 180-4) of the parts in a row, the same on every backend, so whichever is there may
/// compute it. For results that are no secret.
#[cfg(feature = "providers")]
pub(crate) fn sha256(parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut digest = Secret32::zeroed();
    AVAILABLE.first()?.primitives.sha256(parts, &mut digest);
    Some(*digest.bytes())
}

/// What a backend has to do. Lengths and ranges are checked above.
pub(crate) trait Primitives: Send + Sync {
    fn name(&self) -> &'static str;

    fn aes_256_gcm(&self, key: &Secret32) -> Result<Box<dyn Aes256Gcm>, Error>;

    /// SHA-256 (FIPS 180-4) of the parts in a row.
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

    /// `None` unless the scalar is from 1 to the order of the curve less 1.
    fn p256_private(&self, scalar: &Secret32) -> Option<Box<dyn P256Private>>;

    /// Takes a checked RSA public key: modulus and exponent, big-endian without leading zeros.
    fn rsa_public(&self, n: &[u8], e: &[u8]) -> Result<Box<dyn RsaPublic>, Error>;

    /// A new RSA key of 2048, 3072, 4096 or 8192 bits, as PKCS#8.
    fn rsa_generate(&self, bits: usize) -> Result<SecretBytes, Error>;

    /// `None` unless the PKCS#8 key is consistent.
    fn rsa_private(&self, pkcs8: &SecretBytes) -> Result<Option<Box<dyn RsaPrivate>>, Error>;
}

/// AES-256-GCM (NIST SP 800-38D) under one key, 96-bit nonce, 128-bit tag.
pub(crate) trait Aes256Gcm: Send + Sync {
    /// Writes the ciphertext, as long as the plaintext, and gives the tag back.
    fn seal(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<[u8; 16], Error>;

    /// `None` if the tag does not fit; `in_out` then holds anything.
    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        tag: &[u8; 16],
        in_out: &mut [u8],
    ) -> Option<()>;
}

/// A private key on P-256.
pub(crate) trait P256Private: Send + Sync {
    /// The public point, uncompressed.
    fn public(&self) -> Result<[u8; 65], Error>;

    fn scalar(&self) -> Result<Secret32, Error>;

    /// The x coordinate of the shared point (NIST SP 800-56A section 5.7.1.2); `None` unless the
    /// peer is a point on the curve.
    fn agree(&self, peer: &[u8; 65]) -> Option<Secret32>;
}

/// RSAES-OAEP encryption with SHA-256 for hash and MGF1, empty label (RFC 8017 section 7.1).
pub(crate) trait RsaPublic: Send + Sync {
    /// Encrypts a content encryption key; the result is as long as the modulus.
    fn wrap(&self, key: &Secret32) -> Result<Vec<u8>, Error>;
}

/// RSAES-OAEP decryption with SHA-256 for hash and MGF1, empty label.
pub(crate) trait RsaPrivate: Send + Sync {
    /// Decrypts a content encryption key into `key`. `None` for whatever reason it fails, and
    /// `key` is then left as it was.
    fn unwrap(&self, wrapped: &[u8], key: &mut Secret32) -> Option<()>;
}

#[cfg(test)]
mod wycheproof_tests;
