//! What a backend's AES-256-GCM key must do.

use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::error::Error;

/// Bounds of every value of a backend: it can be shared between threads and used after a caught panic, since keys are
/// set up once and only read from then on.
pub(crate) trait Shared: Send + Sync + UnwindSafe + RefUnwindSafe {}

impl<T: Send + Sync + UnwindSafe + RefUnwindSafe> Shared for T {}

/// AES-256-GCM (NIST SP 800-38D) under one key, 96-bit nonce, 128-bit tag.
pub(super) trait Aead: Shared {
    /// Writes the ciphertext, which is as long as the plaintext, and the tag. A module that must make its nonces itself
    /// replaces `nonce` with the one that it used.
    fn seal(
        &self,
        nonce: &mut [u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8; 16],
    ) -> Result<(), Error>;

    /// `None` if the tag does not match; the content of `in_out` is then unspecified.
    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        tag: &[u8; 16],
        in_out: &mut [u8],
    ) -> Option<()>;
}
