//! AES-256-GCM on one of the backends.

use core::panic::{RefUnwindSafe, UnwindSafe};

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc_aead;
use crate::error::Error;

/// What every value of a backend is: it can be shared between threads, and be used after a panic was caught,
/// since no operation leaves a key half changed: keys are set up once and only read from then on.
pub(crate) trait Shared: Send + Sync + UnwindSafe + RefUnwindSafe {}

impl<T: Send + Sync + UnwindSafe + RefUnwindSafe> Shared for T {}

/// AES-256-GCM (NIST SP 800-38D) under one key, 96-bit nonce, 128-bit tag.
pub(super) trait Aead: Shared {
    /// Writes the ciphertext, as long as the plaintext, and gives the tag back. A module that has to make
    /// its nonces itself puts the one that it used in place of `nonce`.
    fn seal(
        &self,
        nonce: &mut [u8; 12],
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

/// A key of AES-256-GCM. An enum and no trait object: a cipher is made with one allocation less, and a message
/// is sealed without a call through a pointer.
pub(crate) enum Aes256Gcm {
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc_aead::Key),
    /// In a box, since its key schedule is long.
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
    ) -> Result<[u8; 16], Error> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => key.seal(nonce, aad, plaintext, ciphertext),
            #[cfg(feature = "rust-crypto")]
            Self::RustCrypto(key) => Aead::seal(key.as_ref(), nonce, aad, plaintext, ciphertext),
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
