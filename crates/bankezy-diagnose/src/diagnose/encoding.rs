//! From a secret as it is written to octets.

use bankezy_crypto::SecretBytes;

use crate::diagnose::octets::{self, BASE64, BASE64URL, BASE64URL_UNPADDED, copied};
use crate::diagnose::wrapper::text;

/// Which octets a secret as it is written stands for.
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
    /// base64 of a text in base64, both decoded.
    Base64OfBase64,
    /// base64 of a text of hexadecimal digits, both decoded.
    Base64OfHex,
    /// Hexadecimal digits of a text in base64, both decoded.
    HexOfBase64,
    /// The characters in lower case.
    LowerText,
    /// The characters in upper case.
    UpperText,
    /// 32 hexadecimal digits with the dashes of a UUID.
    DashedText,
    /// The decoded base64, as lower-case hexadecimal digits, taken as text.
    LowerHexText,
    /// The decoded base64, as upper-case hexadecimal digits, taken as text.
    UpperHexText,
    /// The decoded hexadecimal digits, as base64, taken as text.
    Base64Text,
    /// The decoded hexadecimal digits, as unpadded base64url, taken as text.
    Base64urlText,
    /// The characters in UTF-16, little-endian.
    Utf16Le,
    /// The characters in UTF-16, big-endian.
    Utf16Be,
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
    pub(crate) const ALL: [Self; 17] = [
        Self::Base64url,
        Self::Base64,
        Self::Hex,
        Self::Utf8,
        Self::RawBytes,
        Self::Base64OfBase64,
        Self::Base64OfHex,
        Self::HexOfBase64,
        Self::LowerText,
        Self::UpperText,
        Self::DashedText,
        Self::LowerHexText,
        Self::UpperHexText,
        Self::Base64Text,
        Self::Base64urlText,
        Self::Utf16Le,
        Self::Utf16Be,
    ];

    pub(crate) fn decode(self, value: &[u8]) -> Result<SecretBytes, Undecodable> {
        if self == Self::RawBytes {
            return Ok(copied(value));
        }
        let text = text(value).ok_or(Undecodable::NotText)?;
        self.decode_text(text).ok_or(Undecodable::Invalid)
    }

    fn decode_text(self, text: &str) -> Option<SecretBytes> {
        let octets = text.as_bytes();
        let twice = |outer: Option<SecretBytes>, inner: fn(&[u8]) -> Option<SecretBytes>| {
            inner(outer?.as_bytes().trim_ascii())
        };
        match self {
            Self::Base64url => octets::from_base64(octets, &BASE64URL),
            Self::Base64 => octets::from_base64(octets, &BASE64),
            Self::Hex => octets::from_hex(octets),
            Self::Utf8 | Self::RawBytes => Some(copied(octets)),
            Self::Base64OfBase64 => twice(either_base64(octets), either_base64),
            Self::Base64OfHex => twice(either_base64(octets), octets::from_hex),
            Self::HexOfBase64 => twice(octets::from_hex(octets), either_base64),
            Self::LowerText => changed(octets, <[u8]>::make_ascii_lowercase),
            Self::UpperText => changed(octets, <[u8]>::make_ascii_uppercase),
            Self::DashedText => dashed(octets),
            Self::LowerHexText => Some(octets::to_hex(either_base64(octets)?.as_bytes(), false)),
            Self::UpperHexText => Some(octets::to_hex(either_base64(octets)?.as_bytes(), true)),
            Self::Base64Text => {
                let decoded = octets::from_hex(octets)?;
                Some(octets::to_base64(decoded.as_bytes(), &BASE64))
            }
            Self::Base64urlText => {
                let decoded = octets::from_hex(octets)?;
                Some(octets::to_base64(decoded.as_bytes(), &BASE64URL_UNPADDED))
            }
            Self::Utf16Le => Some(octets::to_utf16(text, u16::to_le_bytes)),
            Self::Utf16Be => Some(octets::to_utf16(text, u16::to_be_bytes)),
        }
    }
}

fn either_base64(text: &[u8]) -> Option<SecretBytes> {
    octets::from_base64(text, &BASE64URL).or_else(|| octets::from_base64(text, &BASE64))
}

/// `None` where nothing changes: then it is the text itself.
fn changed(text: &[u8], change: fn(&mut [u8])) -> Option<SecretBytes> {
    let mut changed = copied(text);
    change(changed.as_mut());
    (changed.as_bytes() != text).then_some(changed)
}

fn dashed(text: &[u8]) -> Option<SecretBytes> {
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
    Some(octets::joined(&[
        first, b"-", second, b"-", third, b"-", fourth, b"-", fifth,
    ]))
}

/// The outer expression with the inner one as its input.
pub(crate) fn applied(outer: &str, inner: &str) -> String {
    outer.replacen("{}", inner, 1)
}
