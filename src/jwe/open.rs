//! Content decryption (RFC 7516 section 5.2, steps 14 to 17).

use crate::backend::Aes256Gcm;
use crate::codec::base64url::{self, DecodedEnds, Job, Kernel};
use crate::error::Error;
use crate::jwe::compact::{Compact, Layout};
use crate::secret::SecretBytes;

/// Fills `buffer`, which is as long as the plaintext. On failure it holds unauthenticated plaintext, and the caller wipes
/// it.
#[inline(always)]
pub(crate) fn open(aead: &Aes256Gcm, parts: &Compact<'_>, buffer: &mut [u8]) -> Result<(), Error> {
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

/// Opens a text in its own memory, which holds the plaintext then. On failure it holds unauthenticated plaintext or less,
/// and the caller wipes it.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the parts follow each other with a dot in between, and bytes are fewer than characters"
)]
pub(crate) fn open_in_place(
    aead: &Aes256Gcm,
    layout: &Layout,
    text: &mut SecretBytes,
) -> Result<(), Error> {
    let (front, rest) = text.as_mut().split_at_mut(layout.ciphertext.start);
    let buffer = &mut rest[..layout.ciphertext.len()];
    let len = base64url::decode_in_place(buffer).ok_or(Error::OpenFailed)?;
    let aad = &front[..layout.aad];
    aead.open_in_place(&layout.iv, aad, &layout.tag, &mut buffer[..len])
        .ok_or(Error::OpenFailed)?;
    let start = layout.ciphertext.start;
    text.as_mut().copy_within(start..start + len, 0);
    text.truncate(len);
    Ok(())
}
