//! AES-256-GCM on one of the backends.

use super::aead::Aead;
#[cfg(feature = "aws-lc-rs")]
use super::aws_lc_aead;
use crate::error::Error;

/// An AES-256-GCM key. An enum instead of a trait object: a cipher needs one allocation less, and sealing makes no
/// call through a pointer.
pub(crate) enum Aes256Gcm {
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc_aead::Key),
    /// Boxed, since its key schedule is large.
    #[cfg(feature = "rust-crypto")]
    RustCrypto(Box<aes_gcm::Aes256Gcm>),
}

impl Aes256Gcm {
    /// As [`Aead::seal`].
    #[inline]
    pub(crate) fn seal(
        &self,
        nonce: &mut [u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<(), Error> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => key.seal(nonce, aad, plaintext, ciphertext, tag),
            #[cfg(feature = "rust-crypto")]
            Self::RustCrypto(key) => {
                Aead::seal(key.as_ref(), nonce, aad, plaintext, ciphertext, tag)
            }
        }
    }

    /// As [`Aead::open_in_place`].
    #[inline]
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        tag: &[u8; 16],
        in_out: &mut [u8],
    ) -> Option<()> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => Aead::open_in_place(key, nonce, aad, tag, in_out),
            #[cfg(feature = "rust-crypto")]
            Self::RustCrypto(key) => Aead::open_in_place(key.as_ref(), nonce, aad, tag, in_out),
        }
    }
}
