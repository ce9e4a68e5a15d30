//! Octets and texts of secrets, each in memory that wipes itself.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding and spare bits are not checked: a wrong key does not open the message anyway.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
pub(crate) const BASE64URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
pub(crate) const BASE64_UNPADDED: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, LENIENT.with_encode_padding(false));
pub(crate) const BASE64URL_UNPADDED: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, LENIENT.with_encode_padding(false));

pub(crate) fn copied(octets: &[u8]) -> SecretBytes {
    octets.to_vec().into()
}

pub(crate) fn joined(parts: &[&[u8]]) -> SecretBytes {
    let len = parts.iter().map(|part| part.len()).sum();
    let mut joined = SecretBytes::with_capacity(len);
    for part in parts {
        // Writing to memory does not fail.
        let _ = joined.write_all(part);
    }
    joined
}

pub(crate) fn reversed(octets: &[u8]) -> SecretBytes {
    let mut reversed = copied(octets);
    reversed.as_mut().reverse();
    reversed
}

/// The octets without some of them.
pub(crate) fn filtered(octets: &[u8], keep: impl Fn(u8) -> bool) -> SecretBytes {
    let mut filtered = Vec::with_capacity(octets.len());
    filtered.extend(octets.iter().copied().filter(|octet| keep(*octet)));
    filtered.into()
}

pub(crate) fn without_leading_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

pub(crate) fn to_hex(octets: &[u8], upper: bool) -> SecretBytes {
    let letter = if upper { b'A' } else { b'a' };
    let mut text = Vec::with_capacity(octets.len().saturating_mul(2));
    for nibble in octets.iter().flat_map(|octet| [octet >> 4, octet & 15]) {
        text.push(match nibble.checked_sub(10) {
            None => b'0'.saturating_add(nibble),
            Some(above) => letter.saturating_add(above),
        });
    }
    text.into()
}

/// The decimal digits of a number.
pub(crate) fn to_decimal(octets: &[u8]) -> SecretBytes {
    let mut number = copied(octets);
    // Three digits for each octet are enough, and one for zero.
    let mut digits = Vec::with_capacity(octets.len().saturating_mul(3).saturating_add(1));
    loop {
        let mut rest = 0_u16;
        for octet in number.as_mut() {
            rest = rest << 8 | u16::from(*octet);
            *octet = rest.div_euclid(10) as u8;
            rest = rest.rem_euclid(10);
        }
        digits.push(b'0'.saturating_add(rest as u8));
        if number.as_bytes().iter().all(|octet| *octet == 0) {
            digits.reverse();
            return digits.into();
        }
    }
}

pub(crate) fn from_hex(text: &[u8]) -> Option<SecretBytes> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let mut octets = SecretBytes::from(vec![0; pairs.len()]);
    for (octet, [high, low]) in octets.as_mut().iter_mut().zip(pairs) {
        *octet = digit(*high)? << 4 | digit(*low)?;
    }
    Some(octets)
}

/// base32 of RFC 4648 section 6, in either case, with or without padding. Spare bits are zero.
pub(crate) fn from_base32(text: &[u8]) -> Option<SecretBytes> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut octets = SecretBytes::with_capacity(text.len());
    // The last `count` of `bits` are not written.
    let (mut bits, mut count) = (0_u32, 0_u32);
    let unpadded = text.iter().rposition(|digit| *digit != b'=')?;
    for digit in text.get(..=unpadded)? {
        let digit = digit.to_ascii_uppercase();
        let value = ALPHABET.iter().position(|other| *other == digit)?;
        bits = (bits << 5 | value as u32) & 0xfff;
        count = count.saturating_add(5);
        if let Some(rest) = count.checked_sub(8) {
            // Writing to memory does not fail.
            let _ = octets.write_all(&[bits.checked_shr(rest)? as u8]);
            count = rest;
        }
    }
    let spare = bits.checked_shl(32_u32.saturating_sub(count));
    (count < 5 && spare.is_none_or(|spare| spare == 0)).then_some(octets)
}

pub(crate) fn to_base64(octets: &[u8], engine: &GeneralPurpose) -> SecretBytes {
    engine.encode(octets).into_bytes().into()
}

pub(crate) fn from_base64(text: &[u8], engine: &GeneralPurpose) -> Option<SecretBytes> {
    let mut octets = SecretBytes::from(vec![0; text.len()]);
    let len = engine.decode_slice(text, octets.as_mut()).ok()?;
    octets.as_bytes().get(..len).map(copied)
}

/// UTF-16 of a text, without a byte order mark.
pub(crate) fn to_utf16(text: &str, to_octets: fn(u16) -> [u8; 2]) -> SecretBytes {
    let mut octets = Vec::with_capacity(text.len().saturating_mul(2));
    octets.extend(text.encode_utf16().flat_map(to_octets));
    octets.into()
}

/// UTF-8 of a text in UTF-16, if it has a byte order mark or looks like ASCII in UTF-16.
pub(crate) fn from_utf16(octets: &[u8]) -> Option<SecretBytes> {
    let (pairs, []) = octets.as_chunks::<2>() else {
        return None;
    };
    let (first, rest) = pairs.split_first()?;
    let ascii = |place: usize| pairs.iter().all(|pair| pair.get(place) == Some(&0));
    let (pairs, read): (_, fn([u8; 2]) -> u16) = match first {
        [0xff, 0xfe] => (rest, u16::from_le_bytes),
        [0xfe, 0xff] => (rest, u16::from_be_bytes),
        _ if ascii(1) => (pairs, u16::from_le_bytes),
        _ if ascii(0) => (pairs, u16::from_be_bytes),
        _ => return None,
    };
    let units = pairs.iter().map(|pair| read(*pair));
    let mut text = SecretBytes::with_capacity(octets.len().saturating_mul(2));
    for character in char::decode_utf16(units) {
        let mut buffer = [0; 4];
        let _ = text.write_all(character.ok()?.encode_utf8(&mut buffer).as_bytes());
    }
    Some(text)
}

/// UTF-8 of a text in UTF-32, if it has a byte order mark or starts with an ASCII character.
pub(crate) fn from_utf32(octets: &[u8]) -> Option<SecretBytes> {
    let (units, []) = octets.as_chunks::<4>() else {
        return None;
    };
    let (first, rest) = units.split_first()?;
    let (units, read): (_, fn([u8; 4]) -> u32) = match first {
        [0xff, 0xfe, 0, 0] => (rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff] => (rest, u32::from_be_bytes),
        [_, 0, 0, 0] => (units, u32::from_le_bytes),
        [0, 0, 0, _] => (units, u32::from_be_bytes),
        _ => return None,
    };
    let mut text = SecretBytes::with_capacity(octets.len());
    for unit in units {
        let mut buffer = [0; 4];
        let character = char::from_u32(read(*unit))?;
        let _ = text.write_all(character.encode_utf8(&mut buffer).as_bytes());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        assert_eq!(to_hex(b"\x09\xaf", false).as_bytes(), b"09af");
        assert_eq!(to_hex(b"\x09\xaf", true).as_bytes(), b"09AF");
        assert_eq!(from_hex(b"09aF").unwrap().as_bytes(), b"\x09\xaf");
        assert!(from_hex(b"09a").is_none() && from_hex(b"0x").is_none());
    }

    #[test]
    fn decimal_digits_are_those_of_the_number() {
        for (octets, digits) in [
            (&[0; 32][..], "0"),
            (&[0, 0, 10], "10"),
            (&[1, 0, 0, 0, 0], "4294967296"),
            (&[0xff; 8], "18446744073709551615"),
        ] {
            assert_eq!(to_decimal(octets).as_bytes(), digits.as_bytes());
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (text, octets) in [
            ("MY======", Some(&b"f"[..])),
            ("MZXW6", Some(b"foo")),
            ("mzxw6ytboi======", Some(b"foobar")),
            ("MZ", None),
            ("MZX", None),
            ("M1", None),
            ("====", None),
        ] {
            let found = from_base32(text.as_bytes());
            assert_eq!(found.as_ref().map(SecretBytes::as_bytes), octets, "{text}");
        }
    }

    #[test]
    fn utf_32_is_told_by_its_mark_or_its_zeros() {
        for octets in [
            &b"\xff\xfe\0\0a\0\0\0b\0\0\0"[..],
            b"\0\0\xfe\xff\0\0\0a\0\0\0b",
            b"a\0\0\0b\0\0\0",
            b"\0\0\0a\0\0\0b",
        ] {
            assert_eq!(from_utf32(octets).unwrap().as_bytes(), b"ab");
        }
        assert!(from_utf32(b"abcd").is_none() && from_utf32(b"a\0b\0").is_none());
    }

    #[test]
    fn utf_16_is_told_by_its_mark_or_its_zeros() {
        for octets in [
            &b"\xff\xfea\0b\0"[..],
            b"\xfe\xff\0a\0b",
            b"a\0b\0",
            b"\0a\0b",
        ] {
            assert_eq!(from_utf16(octets).unwrap().as_bytes(), b"ab");
        }
        assert!(from_utf16(b"abcd").is_none() && from_utf16(b"").is_none());
        assert_eq!(to_utf16("ab", u16::to_be_bytes).as_bytes(), b"\0a\0b");
    }
}
