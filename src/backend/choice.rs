//! A backend as a value, and the backends of this build.

use core::fmt;

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc;
use super::primitives::Primitives;
#[cfg(feature = "rust-crypto")]
use super::rust_crypto;
#[cfg(feature = "aws-lc-rs")]
use crate::error::Error;
use crate::secret::Secret32;

/// A cryptographic library to run on: [`AWS_LC_RS`] or [`RUST_CRYPTO`].
///
/// Functions without a backend argument always run on `AWS_LC_RS`; the feature `rust-crypto` does not change that.
/// There is no process-wide choice.
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

/// The pure Rust crates `aes-gcm`, `p256`, `hkdf` and `sha2`.
///
/// RSA is not included because the crate `rsa` is affected by RUSTSEC-2023-0071. The feature `rust-crypto-rsa` adds
/// that crate for public keys, which the advisory does not concern, and `rust-crypto-private-rsa-timing-risk` adds it
/// for private keys too, for those who accept the risk.
#[cfg(feature = "rust-crypto")]
#[cfg_attr(docsrs, doc(cfg(feature = "rust-crypto")))]
pub static RUST_CRYPTO: Backend = Backend {
    primitives: &rust_crypto::RustCrypto,
};

/// The backends compiled into this build.
pub static AVAILABLE: &[Backend] = &[
    #[cfg(feature = "aws-lc-rs")]
    AWS_LC_RS,
    #[cfg(feature = "rust-crypto")]
    RUST_CRYPTO,
];

/// Whether the AWS-LC in this process is its FIPS module, which the feature `fips` links.
///
/// `docs/fips.md` of the repository says what that covers and what it does not.
#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-lc-rs")))]
#[must_use]
pub fn fips_mode() -> bool {
    aws_lc_rs::try_fips_mode().is_ok()
}

/// Call it at the start of a process that must run on the FIPS module only.
///
/// # Errors
/// [`Error::Unsupported`] if [`fips_mode`] returns `false`.
#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws-lc-rs")))]
pub fn require_fips_mode() -> Result<(), Error> {
    if fips_mode() {
        Ok(())
    } else {
        Err(Error::Unsupported {
            backend: AWS_LC_RS.name(),
            needs: "the feature fips",
        })
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

/// Whether an uncompressed point is on P-256: a plain predicate on public data. Every backend gives the same
/// answer, so any compiled-in backend will do.
pub(crate) fn is_on_p256(point: &[u8; 65]) -> bool {
    AVAILABLE
        .first()
        .is_some_and(|backend| backend.primitives.is_on_p256(point))
}

/// SHA-256 (FIPS 180-4) of the concatenated parts; any compiled-in backend will do. For results that are not secret:
/// thumbprints, and the keys of a token cache.
pub(crate) fn sha256(parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut digest = Secret32::zeroed();
    AVAILABLE.first()?.primitives.sha256(parts, &mut digest);
    Some(*digest.bytes())
}
