//! Hex and base64, also with characters that users put between theirs: in memory that wipes itself.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A text without the byte order mark that some editors put in front of UTF-8.
pub(crate) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// PEM as text, although names around its blocks may be in Latin-1 or another encoding, as `openssl pkcs12` writes
/// them. What is not ASCII is not part of a block, and becomes a question mark. `None` for what is UTF-8 or not PEM.
pub(crate) fn pem_in_other_code(bytes: &[u8]) -> Option<SecretBytes> {
    memchr::memmem::find(bytes, b"-----BEGIN ")?;
    str::from_utf8(bytes).err()?;
    let mut text = SecretBytes::with_capacity(bytes.len());
    for octet in bytes {
        let character = if octet.is_ascii() { *octet } else { b'?' };
        // A SecretBytes takes whatever is written to it.
        let _ = text.write_all(&[character]);
    }
    Some(text)
}

/// Some of the characters of a text, in memory that wipes itself.
pub(crate) fn kept(text: &[u8], is_kept: impl Fn(u8) -> bool) -> SecretBytes {
    let mut kept = SecretBytes::with_capacity(text.len());
    for character in text.iter().filter(|character| is_kept(**character)) {
        // A SecretBytes takes whatever is written to it.
        let _ = kept.write_all(std::slice::from_ref(character));
    }
    kept
}

/// The octet that two hexadecimal digits stand for.
pub(crate) fn octet(high: u8, low: u8) -> Option<u8> {
    let digit = |c: u8| char::from(c).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

/// How octets are written as text.
#[derive(Clone, Copy)]
enum Code {
    Hex,
    Base64,
    Base64url,
}

/// A text without white space and separators, and the encoding that it may be in, if it is as long as a key.
fn packed(text: &[u8]) -> Option<(SecretBytes, Code)> {
    let packed = kept(unmarked(text), |character| !character.is_ascii_whitespace());
    let packed = digits(packed.as_bytes()).unwrap_or(packed);
    let text = packed.as_bytes();
    let is_hex = text.iter().all(u8::is_ascii_hexdigit) && text.len().is_multiple_of(2);
    let code = match text.len() {
        // 32 octets.
        ..43 => return None,
        64.. if is_hex => Code::Hex,
        _ if text.iter().any(|c| b"-_".contains(c)) => Code::Base64url,
        _ => Code::Base64,
    };
    Some((packed, code))
}

/// The digits of hex with `0x` in front, or with colons or hyphens between octets.
fn digits(text: &[u8]) -> Option<SecretBytes> {
    let prefixed = text
        .strip_prefix(b"0x")
        .or_else(|| text.strip_prefix(b"0X"));
    let rest = prefixed.unwrap_or(text);
    let separator = rest.get(2).filter(|c| b":-".contains(c));
    let is_digit = |(place, c): (usize, &u8)| match separator {
        Some(separator) if place % 3 == 2 => c == separator,
        _ => c.is_ascii_hexdigit(),
    };
    let is_changed = prefixed.is_some() || separator.is_some();
    (is_changed && rest.iter().enumerate().all(is_digit))
        .then(|| kept(rest, |c| c.is_ascii_hexdigit()))
}

pub(crate) fn is_hex(text: &[u8]) -> bool {
    matches!(packed(text), Some((_, Code::Hex)))
}

/// The octets of hex or base64, in memory that wipes itself.
pub(crate) fn decoded(text: &[u8]) -> Option<SecretBytes> {
    let (packed, code) = packed(text)?;
    let packed = packed.as_bytes();
    let alphabet = match code {
        Code::Hex => {
            let pairs = packed.chunks_exact(2);
            let bytes = pairs.filter_map(|pair| octet(pair[0], pair[1]));
            return Some(bytes.collect::<Vec<u8>>().into());
        }
        Code::Base64 => base64::alphabet::STANDARD,
        Code::Base64url => base64::alphabet::URL_SAFE,
    };
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet, config)
        .decode(packed)
        .ok()
        .map(Into::into)
}

/// The command that writes the octets of hex or base64.
pub(crate) fn decoding(bytes: &[u8]) -> Option<String> {
    decoded(bytes)?;
    let (packed, code) = packed(bytes)?;
    if let Code::Hex = code {
        return Some("tr -d '[:space:]:-' < TEXT | sed 's/^0[xX]//' | xxd -r -p > FILE".to_owned());
    }
    let alphabet = match code {
        Code::Base64url => " | tr _- /+",
        _ => "",
    };
    let padding = match packed.as_bytes().len() % 4 {
        2 => "; printf ==",
        3 => "; printf =",
        _ => "",
    };
    Some(format!(
        "(tr -d '[:space:]' < TEXT{alphabet}{padding}) | base64 -d > FILE"
    ))
}
