//! What a backend's key of AES-256-GCM has to do.

use core::panic::{RefUnwindSafe, UnwindSafe};

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
