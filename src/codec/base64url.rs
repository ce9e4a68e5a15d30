//! Canonical unpadded base64url (RFC 4648 section 5, RFC 7515 section 2) into the caller's buffers.
//!
//! Strict: no padding, no white space, no standard alphabet, and the unused bits of the last
//! character must be zero, so that one value has one text.

use base64_turbo::URL_SAFE_NO_PAD;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroize as _;

/// Characters that `bytes` bytes take, saturating.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    let rest = match bytes % 3 {
        0 => 0,
        1 => 2,
        _ => 3,
    };
    (bytes / 3).saturating_mul(4).saturating_add(rest)
}

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

/// Encodes `input` into `out`, which has to be at least [`encoded_len`] bytes long.
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
    // The library asks for room for whole groups of four characters.
    let (groups, last) = text.split_at(text.len() & !3);
    let (front, rest) = out.split_at_mut_checked(decoded_len(groups.len())?)?;
    URL_SAFE_NO_PAD.decode_slice(groups, front).ok()?;
    if !last.is_empty() {
        let mut group = [0; 3];
        URL_SAFE_NO_PAD.decode_slice(last, &mut group).ok()?;
        rest.copy_from_slice(group.get(..rest.len())?);
    }
    Some(())
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
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as STRICT;
    use proptest::prelude::*;

    #[test]
    fn every_face_writes_the_same_and_keeps_what_is_there() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encode_to_string(&bytes);
        let (mut public, mut secret) = (String::from("a."), String::from("a."));
        encode_onto(&bytes, &mut public);
        encode_secret_onto(&bytes, &mut secret);
        assert_eq!(public, format!("a.{text}"));
        assert_eq!(secret, public);
    }

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

    /// What the strict engine of the crate `base64` says.
    fn strictly(text: &[u8]) -> Option<Vec<u8>> {
        STRICT.decode(text).ok()
    }

    #[test]
    fn every_length_codes_as_the_strict_engine_does() {
        for len in 0..1_000 {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 89 % 256) as u8).collect();
            let text = encode_to_string(&bytes);
            assert_eq!(text, STRICT.encode(&bytes));
            assert_eq!(decode_to_vec(text.as_bytes()), Some(bytes));
        }
    }

    #[test]
    fn every_byte_at_every_place_decodes_as_the_strict_engine_does() {
        // 331 characters: whole vectors of every kernel, a remainder, and a part of a group.
        let text = encode_to_string(&[0xa7; 248]).into_bytes();
        for place in 0..text.len() {
            for byte in 0..=255 {
                let mut text = text.clone();
                text[place] = byte;
                assert_eq!(decode_to_vec(&text), strictly(&text), "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_decodes_as_the_strict_engine_does(
            mut text in "[A-Za-z0-9_-]{0,600}",
            other in proptest::option::of((any::<proptest::sample::Index>(), any::<char>())),
        ) {
            if let Some((place, character)) = other {
                text.insert(place.index(text.len() + 1), character);
            }
            prop_assert_eq!(decode_to_vec(text.as_bytes()), strictly(text.as_bytes()));
        }
    }
}
