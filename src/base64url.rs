//! Canonical unpadded base64url (RFC 4648 section 5, RFC 7515 section 2) into the caller's buffers.
//!
//! Strict: no padding, no white space, no standard alphabet, and the unused bits of the last
//! character must be zero, so that one value has one text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroize as _;

/// Characters that `bytes` bytes take, saturating.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes / 3)
        .saturating_mul(4)
        .saturating_add([0, 2, 3][bytes % 3])
}

/// Bytes that `chars` characters hold; `None` where no number of bytes has that length.
pub(crate) const fn decoded_len(chars: usize) -> Option<usize> {
    match chars % 4 {
        1 => None,
        rest => Some(chars / 4 * 3 + rest * 3 / 4),
    }
}

/// Encodes `input` into the front of `out`, which has to have room for [`encoded_len`] characters.
pub(crate) fn encode(input: &[u8], out: &mut [u8]) {
    let written = URL_SAFE_NO_PAD.encode_slice(input, out);
    debug_assert_eq!(written, Ok(encoded_len(input.len())));
}

/// Appends the encoding of `input` to `out`.
pub(crate) fn encode_onto(input: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(input, out);
}

/// Encodes `input` on its own.
pub(crate) fn encode_to_string(input: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(input)
}

/// Decodes `text` into `out`, which has to be exactly [`decoded_len`] bytes long.
///
/// `None` if `text` is not canonical or `out` has another length; `out` then holds anything.
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> Option<()> {
    (decoded_len(text.len())? == out.len()).then_some(())?;
    URL_SAFE_NO_PAD.decode_slice(text, out).ok().map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_agree_with_the_coding() {
        for bytes in (0..200).chain(760..780).chain(1530..1540) {
            let text = encode_to_string(&vec![0xa5; bytes]);
            assert_eq!(text.len(), encoded_len(bytes));
            assert_eq!(decoded_len(text.len()), Some(bytes));
            assert_eq!(decode_to_vec(text.as_bytes()), Some(vec![0xa5; bytes]));
            assert!(is_canonical(text.as_bytes()));
        }
        for chars in [1, 5, 9, usize::MAX - 2] {
            assert_eq!(decoded_len(chars), None);
        }
    }

    #[test]
    fn only_the_canonical_text_decodes() {
        assert_eq!(decode_to_vec(b"-_8"), Some(vec![0xfb, 0xff]));
        for text in [
            "+/8",
            "-_8=",
            "-_9",
            "-_",
            "- 8",
            "-\n8",
            "A",
            "AB",
            "-_8\u{e9}",
        ] {
            assert_eq!(decode_to_vec(text.as_bytes()), None, "{text:?}");
            assert!(!is_canonical(text.as_bytes()), "{text:?}");
            let mut out = vec![0; decoded_len(text.len()).unwrap_or_default()];
            assert_eq!(decode_secret(text, &mut out), None, "{text:?}");
        }
    }
}
