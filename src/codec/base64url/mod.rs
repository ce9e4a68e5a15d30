//! Canonical unpadded base64url (RFC 4648 section 5, RFC 7515 section 2) into the caller's buffers.
//!
//! Strict: no padding, no white space, no standard alphabet, and the unused bits of the last
//! character must be zero, so that one value has one text.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod class;
mod job;
mod kernel;
#[cfg(test)]
mod kernel_tests;
mod portable;
#[cfg(target_arch = "x86_64")]
mod symbols;
#[cfg(target_arch = "x86_64")]
mod vbmi;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroize as _;

pub(crate) use job::{DecodedEnds, EncodedEnds, IV_CHARS, Job, TAG_CHARS};
pub(crate) use kernel::Kernel;

/// Characters that `bytes` bytes take, saturating.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    let rest = match bytes % 3 {
        0 => 0,
        1 => 2,
        _ => 3,
    };
    (bytes / 3).saturating_mul(4).saturating_add(rest)
}

const _: () = assert!(IV_CHARS == encoded_len(12) && TAG_CHARS == encoded_len(16));

/// Bytes that `chars` characters hold; `None` where no number of bytes has that length.
pub(crate) const fn decoded_len(chars: usize) -> Option<usize> {
    let rest = match chars % 4 {
        0 => 0,
        1 => return None,
        2 => 1,
        _ => 2,
    };
    // Never saturates: it is less than `chars`.
    Some((chars / 4).saturating_mul(3).saturating_add(rest))
}

/// Appends the encoding of `input` to `out`.
pub(crate) fn encode_onto(input: &[u8], out: &mut String) {
    out.push_str(&encode_to_string(input));
}

/// Encodes `input` on its own.
pub(crate) fn encode_to_string(input: &[u8]) -> String {
    let len = input.len();
    let mut buffer = vec![0; encoded_len(len).saturating_sub(len)];
    buffer.extend_from_slice(input);
    Kernel::detect().run(Job::Encode {
        buffer: &mut buffer,
        len,
        ends: None,
    });
    String::from_utf8(buffer).unwrap_or_default()
}

/// Decodes `text` into `out`, which has to be exactly [`decoded_len`] bytes long.
///
/// `None` if `text` is not canonical or `out` has another length; the content of `out` is then unspecified.
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> Option<()> {
    (decoded_len(text.len())? == out.len()).then_some(())?;
    Kernel::detect()
        .run(Job::Decode {
            text,
            out,
            ends: None,
        })
        .then_some(())
}

/// Decodes `text` into its own front, and gives the number of bytes. `None` if it is not canonical; it then holds anything.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the bytes of a piece are fewer than its characters"
)]
pub(crate) fn decode_in_place(text: &mut [u8]) -> Option<usize> {
    let mut scratch = [0; 4096];
    let (mut read, mut written) = (0, 0);
    while read < text.len() {
        let chars = scratch.len().min(text.len() - read);
        let piece = &mut scratch[..chars];
        piece.copy_from_slice(&text[read..read + chars]);
        let len = decoded_len(chars)?;
        decode(piece, &mut text[written..written + len])?;
        (read, written) = (read + chars, written + len);
    }
    Some(written)
}

/// As [`decode`], for secrets: in constant time, apart from where the text is invalid.
pub(crate) fn decode_secret(text: &str, out: &mut [u8]) -> Option<()> {
    (decoded_len(text.len())? == out.len()).then_some(())?;
    Base64UrlUnpadded::decode(text, out).ok().map(drop)
}

/// Appends the encoding of a secret to `out`, in constant time. `out` needs the capacity.
pub(crate) fn encode_secret_onto(input: &[u8], out: &mut String) {
    let mut text = Base64UrlUnpadded::encode_string(input);
    out.push_str(&text);
    text.zeroize();
}

/// Decodes public bytes into a vector of their own. Never for secrets: it does not wipe itself.
pub(crate) fn decode_to_vec(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; decoded_len(text.len())?];
    decode(text, &mut out)?;
    Some(out)
}

/// Whether `text` would decode, found out in pieces without an allocation.
pub(crate) fn is_canonical(text: &[u8]) -> bool {
    let mut scratch = [0; 768];
    text.chunks(encoded_len(scratch.len())).all(|chunk| {
        decoded_len(chunk.len())
            .and_then(|len| scratch.get_mut(..len))
            .is_some_and(|out| decode(chunk, out).is_some())
    })
}
