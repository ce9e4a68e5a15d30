//! From a secret as written to octets.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;
use base64::engine::GeneralPurpose;

use crate::diagnose::octets::{
    self, BASE64, BASE64_UNPADDED, BASE64URL, BASE64URL_UNPADDED, copied,
};
use crate::diagnose::wrapper::text;

/// The octets that a secret as written stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// base64url, decoded.
    Base64url,
    /// base64, decoded.
    Base64,
    /// Hexadecimal digits, decoded.
    Hex,
    /// The characters themselves.
    Utf8,
    /// The octets of the file, which need not be text.
    RawBytes,
    /// base64 of a text in base64, both decoded. The alphabet of the outer one makes no difference: of
    /// ASCII text, base64 has none of the characters that differ.
    Base64OfBase64,
    /// base64 of base64 of a text in base64, all decoded.
    ThriceBase64,
    /// base64 of a text in base64url, both decoded.
    Base64OfBase64url,
    /// base64 of a text of hexadecimal digits, both decoded.
    Base64OfHex,
    /// Hexadecimal digits of a text in base64, both decoded.
    HexOfBase64,
    /// Hexadecimal digits of a text in base64url, both decoded.
    HexOfBase64url,
    /// Hexadecimal digits of a text of hexadecimal digits, both decoded.
    HexOfHex,
    /// base32 (RFC 4648 section 6), decoded.
    Base32,
    /// Decimal numbers, each an octet, or a byte as Java has it, from -128 to 127.
    Decimal,
    /// The characters in lower case.
    LowerText,
    /// The characters in upper case.
    UpperText,
    /// 32 hexadecimal digits in lower case with the dashes of a UUID.
    DashedText,
    /// The same in upper case.
    DashedUpperText,
    /// The decoded base64, as lower-case hexadecimal digits, taken as text.
    LowerHexText,
    /// The decoded base64, as upper-case hexadecimal digits, taken as text.
    UpperHexText,
    /// The decoded base64url, as lower-case hexadecimal digits, taken as text.
    LowerHexTextOfBase64url,
    /// The decoded base64url, as upper-case hexadecimal digits, taken as text.
    UpperHexTextOfBase64url,
    /// The decoded hexadecimal digits, as base64, taken as text.
    Base64Text,
    /// The decoded hexadecimal digits, as unpadded base64url, taken as text.
    Base64urlText,
    /// A text in base64 or base64url as base64 writes it, taken as text.
    RespelledBase64,
    /// The same as base64 without padding.
    RespelledBase64Unpadded,
    /// The same as base64url without padding.
    RespelledBase64url,
    /// The same as base64url with padding.
    RespelledBase64urlPadded,
    /// The characters in UTF-16, little-endian.
    Utf16Le,
    /// The characters in UTF-16, big-endian.
    Utf16Be,
    /// The characters in UTF-16, big-endian, after a byte order mark (Java's `getBytes("UTF-16")`).
    Utf16BeMarked,
    /// The characters in UTF-16, little-endian, after a byte order mark (`iconv -t UTF-16`).
    Utf16LeMarked,
    /// The characters and a line end, as `echo` passes them on to a command.
    TextWithLineEnd,
    /// Fewer than 32 octets of text, padded with NULs.
    TextWithNuls,
    /// Fewer than 32 octets of text, padded with the digit 0.
    TextWithDigits,
    /// Fewer than 32 octets of text, padded with blanks.
    TextWithBlanks,
}

/// Why an encoding gives no octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undecodable {
    NotText,
    Invalid,
}

impl Encoding {
    /// The usual ones, which are listed one by one when nothing opens the message.
    pub(crate) const USUAL: usize = 5;

    /// From common to rare.
    pub(crate) const ALL: [Self; 36] = [
        Self::Base64url,
        Self::Base64,
        Self::Hex,
        Self::Utf8,
        Self::RawBytes,
        Self::Base64OfBase64,
        Self::Base64OfBase64url,
        Self::Base64OfHex,
        Self::HexOfBase64,
        Self::HexOfBase64url,
        Self::HexOfHex,
        Self::Base32,
        Self::Decimal,
        Self::LowerText,
        Self::UpperText,
        Self::DashedText,
        Self::DashedUpperText,
        Self::LowerHexText,
        Self::UpperHexText,
        Self::LowerHexTextOfBase64url,
        Self::UpperHexTextOfBase64url,
        Self::Base64Text,
        Self::Base64urlText,
        Self::RespelledBase64,
        Self::RespelledBase64Unpadded,
        Self::RespelledBase64url,
        Self::RespelledBase64urlPadded,
        Self::Utf16Le,
        Self::Utf16Be,
        Self::Utf16BeMarked,
        Self::Utf16LeMarked,
        Self::TextWithLineEnd,
        Self::TextWithNuls,
        Self::TextWithDigits,
        Self::TextWithBlanks,
        Self::ThriceBase64,
    ];

    /// How many octets of its result are not the same for each secret.
    pub(crate) fn chosen_len(self, value: &[u8]) -> usize {
        match self {
            Self::TextWithNuls | Self::TextWithDigits | Self::TextWithBlanks => {
                text(value).map_or(0, str::len)
            }
            _ => usize::MAX,
        }
    }

    pub(crate) fn decode(self, value: &[u8]) -> Result<SecretBytes, Undecodable> {
        if self == Self::RawBytes {
            return Ok(copied(value));
        }
        let text = text(value).ok_or(Undecodable::NotText)?;
        self.decode_text(text).ok_or(Undecodable::Invalid)
    }

    fn decode_text(self, text: &str) -> Option<SecretBytes> {
        let octets = text.as_bytes();
        let base64 = |octets: &[u8]| octets::from_base64(octets, &BASE64);
        let base64url = |octets: &[u8]| octets::from_base64(octets, &BASE64URL);
        let hex = octets::from_hex;
        // A text inside of an encoding may be folded, as `xxd -p` and `base64` write it.
        let within = |outer: Option<SecretBytes>| {
            outer.map(|text| octets::filtered(text.as_bytes(), |c| !c.is_ascii_whitespace()))
        };
        let within_base64 = || within(base64(octets).or_else(|| base64url(octets)));
        let within_hex = || within(hex(octets));
        match self {
            Self::Base64url => base64url(octets),
            Self::Base64 => base64(octets),
            Self::Hex => hex(octets),
            Self::Utf8 | Self::RawBytes => Some(copied(octets)),
            Self::Base64OfBase64 => base64(within_base64()?.as_bytes()),
            Self::ThriceBase64 => {
                let twice = within(base64(within_base64()?.as_bytes()));
                base64(twice?.as_bytes())
            }
            Self::Base64OfBase64url => base64url(within_base64()?.as_bytes()),
            Self::Base64OfHex => hex(within_base64()?.as_bytes()),
            Self::HexOfBase64 => base64(within_hex()?.as_bytes()),
            Self::HexOfBase64url => base64url(within_hex()?.as_bytes()),
            Self::HexOfHex => hex(within_hex()?.as_bytes()),
            Self::Base32 => octets::from_base32(octets),
            Self::Decimal => decimal(text),
            Self::LowerText => changed(octets, <[u8]>::make_ascii_lowercase),
            Self::UpperText => changed(octets, <[u8]>::make_ascii_uppercase),
            Self::DashedText => dashed(octets, <[u8]>::make_ascii_lowercase),
            Self::DashedUpperText => dashed(octets, <[u8]>::make_ascii_uppercase),
            Self::LowerHexText => Some(octets::to_hex(base64(octets)?.as_bytes(), false)),
            Self::UpperHexText => Some(octets::to_hex(base64(octets)?.as_bytes(), true)),
            Self::LowerHexTextOfBase64url => {
                Some(octets::to_hex(base64url(octets)?.as_bytes(), false))
            }
            Self::UpperHexTextOfBase64url => {
                Some(octets::to_hex(base64url(octets)?.as_bytes(), true))
            }
            Self::Base64Text => Some(octets::to_base64(hex(octets)?.as_bytes(), &BASE64)),
            Self::Base64urlText => Some(octets::to_base64(
                hex(octets)?.as_bytes(),
                &BASE64URL_UNPADDED,
            )),
            Self::RespelledBase64 => respelled(octets, &BASE64),
            Self::RespelledBase64Unpadded => respelled(octets, &BASE64_UNPADDED),
            Self::RespelledBase64url => respelled(octets, &BASE64URL_UNPADDED),
            Self::RespelledBase64urlPadded => respelled(octets, &BASE64URL),
            Self::Utf16Le => Some(octets::to_utf16(text, u16::to_le_bytes)),
            Self::Utf16Be => Some(octets::to_utf16(text, u16::to_be_bytes)),
            Self::Utf16BeMarked => Some(marked(text, u16::to_be_bytes)),
            Self::Utf16LeMarked => Some(marked(text, u16::to_le_bytes)),
            Self::TextWithLineEnd => Some(octets::joined(&[octets, b"\n"])),
            Self::TextWithNuls => padded(octets, b'\0'),
            Self::TextWithDigits => padded(octets, b'0'),
            Self::TextWithBlanks => padded(octets, b' '),
        }
    }
}

fn decimal(text: &str) -> Option<SecretBytes> {
    let mut octets = SecretBytes::with_capacity(text.len());
    for number in text.split(',') {
        let number: i16 = number.trim().parse().ok()?;
        let octet = u8::try_from(number).or(i8::try_from(number).map(i8::cast_unsigned));
        // Writing to memory does not fail.
        let _ = octets.write_all(&[octet.ok()?]);
    }
    // One number is a digit or two of hexadecimal.
    (octets.as_bytes().len() > 1).then_some(octets)
}

/// A text in base64 or base64url as `engine` writes it. `None` if nothing changes, and for a text that no program
/// writes.
fn respelled(text: &[u8], engine: &GeneralPurpose) -> Option<SecretBytes> {
    let octets =
        octets::from_base64(text, &BASE64).or_else(|| octets::from_base64(text, &BASE64URL))?;
    let unpadded = octets::filtered(text, |c| c != b'=');
    let is_canonical = [BASE64_UNPADDED, BASE64URL_UNPADDED].iter().any(|engine| {
        octets::to_base64(octets.as_bytes(), engine).as_bytes() == unpadded.as_bytes()
    });
    let respelled = octets::to_base64(octets.as_bytes(), engine);
    (is_canonical && respelled.as_bytes() != text).then_some(respelled)
}

/// Text filled up to 32 octets with one octet.
fn padded(text: &[u8], with: u8) -> Option<SecretBytes> {
    let missing = 32_usize.checked_sub(text.len()).filter(|it| *it > 0)?;
    let padding = [with; 32];
    (!text.is_empty()).then(|| octets::joined(&[text, padding.get(..missing).unwrap_or_default()]))
}

/// UTF-16 after a byte order mark.
fn marked(text: &str, to_octets: fn(u16) -> [u8; 2]) -> SecretBytes {
    let octets = octets::to_utf16(text, to_octets);
    octets::joined(&[&to_octets(0xfeff), octets.as_bytes()])
}

/// `None` if nothing changes: then it is the text itself.
fn changed(text: &[u8], change: fn(&mut [u8])) -> Option<SecretBytes> {
    let mut changed = copied(text);
    change(changed.as_mut());
    (changed.as_bytes() != text).then_some(changed)
}

fn dashed(text: &[u8], change: fn(&mut [u8])) -> Option<SecretBytes> {
    if text.len() != 32 || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let part = |range| text.get(range).unwrap_or_default();
    let parts = [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ];
    let [first, second, third, fourth, fifth] = parts;
    let mut uuid = octets::joined(&[first, b"-", second, b"-", third, b"-", fourth, b"-", fifth]);
    change(uuid.as_mut());
    Some(uuid)
}

/// The outer expression with the inner one as its input.
pub(crate) fn applied(outer: &str, inner: &str) -> String {
    outer.replacen("{}", inner, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, text: &str) -> Vec<u8> {
        let octets = encoding.decode(text.as_bytes()).unwrap();
        octets.as_bytes().to_vec()
    }

    #[test]
    fn a_text_inside_of_an_encoding_may_be_folded() {
        for (encoding, text, octets) in [
            (Encoding::Base64OfHex, "MDEKMDIK", &b"\x01\x02"[..]),
            (
                Encoding::Base64OfBase64,
                "Ky92NworQT09Cg==",
                b"\xfb\xfb\xfb\xf8",
            ),
            (
                Encoding::Base64OfBase64url,
                "LV92NwotQQo=",
                b"\xfb\xfb\xfb\xf8",
            ),
            (
                Encoding::HexOfBase64url,
                "2d5f76370a2d410a",
                b"\xfb\xfb\xfb\xf8",
            ),
        ] {
            assert_eq!(decoded(encoding, text), octets, "{encoding:?}");
        }
    }

    #[test]
    fn base64_is_respelled_where_that_changes_it() {
        for (encoding, respelled) in [
            (Encoding::RespelledBase64, Some("+/+/+w==")),
            (Encoding::RespelledBase64Unpadded, Some("+/+/+w")),
            (Encoding::RespelledBase64url, Some("-_-_-w")),
            (Encoding::RespelledBase64urlPadded, None),
        ] {
            let found = encoding.decode(b"-_-_-w==");
            let found = found.as_ref().ok().map(SecretBytes::as_bytes);
            assert_eq!(found, respelled.map(str::as_bytes), "{encoding:?}");
        }
        assert_eq!(decoded(Encoding::HexOfHex, "30313041"), b"\x01\x0a");
    }

    #[test]
    fn decimal_numbers_are_octets_with_or_without_a_sign() {
        assert_eq!(
            decoded(Encoding::Decimal, "1, 255,-1 , -128"),
            b"\x01\xff\xff\x80"
        );
        for text in ["1", "1,256", "1,-129", "1,,2", "1,a", ""] {
            assert!(Encoding::Decimal.decode(text.as_bytes()).is_err(), "{text}");
        }
    }
}
