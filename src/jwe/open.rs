//! Content decryption (RFC 7516 section 5.2, steps 14 to 17).

use crate::backend::Aes256Gcm;
use crate::codec::base64url::{DecodedEnds, Job, Kernel};
use crate::error::Error;
use crate::jwe::compact::Compact;
use crate::secret::Opened;

/// Replaces `out` with the plaintext. Allocates only if `out` is too small. On failure `out` holds
/// unauthenticated plaintext, and the caller wipes it.
pub(crate) fn open(aead: &Aes256Gcm, parts: &Compact<'_>, out: &mut Opened) -> Result<(), Error> {
    let buffer = out.memory().reset(parts.plaintext_len());
    let (mut iv, mut tag) = ([0; 12], [0; 16]);
    let ends = DecodedEnds {
        iv_text: parts.iv,
        iv: &mut iv,
        tag_text: parts.tag,
        tag: &mut tag,
    };
    let canonical = Kernel::detect().run(Job::Decode {
        text: parts.ciphertext,
        out: &mut *buffer,
        ends: Some(ends),
    });
    if !canonical {
        return Err(parts.diagnose());
    }
    aead.open_in_place(&iv, parts.aad, &tag, buffer)
        .ok_or(Error::OpenFailed)
}
