//! Private keys beside or inside other text: whether any part of a text holds one, however that part is written.

use bankezy_crypto::SecretBytes;

use crate::members::{has_private_element, has_private_jwk, has_private_name};
use crate::octet_text::{kept, octet, unmarked};
use crate::private_text::{is_private_form, percent_decoded};

/// Text may be base64 of base64, or of JSON with base64 in it.
const DEPTH: usize = 3;

/// How many octets of DER say what it is.
const START: usize = 48;

/// Whether a file or an argument holds a private key, beside a public one too.
pub(crate) fn holds_private_key(bytes: &[u8]) -> bool {
    let decoded = percent_decoded(bytes);
    is_private(bytes, DEPTH) || decoded.is_some_and(|it| is_private(it.as_bytes(), DEPTH))
}

fn is_private(bytes: &[u8], depth: usize) -> bool {
    if is_private_cng(bytes) {
        return true;
    }
    let mut structure = unmarked(bytes);
    while let Some((len, inside)) = sequence(structure) {
        if is_private_der(structure) {
            return true;
        }
        structure = inside.get(len..).unwrap_or_default();
    }
    // Without the NULs of UTF-16 and UTF-32.
    let text = kept(bytes, |c| c != 0);
    let text = text.as_bytes();
    is_private_form(bytes)
        || begins_private_pem(text)
        || has_private_jwk(text)
        || has_private_name(text)
        || has_private_element(text)
        || has_private_part(text, depth)
}

/// Whether a BEGIN line names a private key.
fn begins_private_pem(text: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let name = b"PRIVATE KEY";
    memchr::memmem::find_iter(text, b"-----BEGIN ").any(|place| {
        let line = text.get(place..).unwrap_or_default();
        let line = line.get(..LONGEST).unwrap_or(line);
        let end = line.iter().position(|c| b"\r\n\\".contains(c));
        let line = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        let mut parts = line.windows(name.len());
        parts.any(|part| part.eq_ignore_ascii_case(name))
    })
}

/// Whether octets start as PKCS#8, also encrypted, PKCS#1 or SEC 1 do: RFC 5208, RFC 8017 and RFC 5915. The lengths
/// may be those of more than is there.
fn is_private_der(octets: &[u8]) -> bool {
    /// The smallest key is one of 32 octets.
    const SHORTEST: usize = 32;
    let Some((SHORTEST.., inside)) = sequence(octets) else {
        return false;
    };
    match inside {
        // A version, then an algorithm, a modulus or a scalar.
        [2, 1, 0 | 1, 2 | 4 | 0x30, ..] => true,
        // The algorithms of PKCS#5 and PKCS#12, which are for passwords.
        _ => sequence(inside).is_some_and(|(_, algorithm)| {
            matches!(
                algorithm,
                [6, _, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5 | 12, ..]
            )
        }),
    }
}

/// Whether octets start as a private key blob of Windows (CNG) does: BCRYPT_ECCKEY_BLOB and BCRYPT_RSAKEY_BLOB of
/// `bcrypt.h`, which have a length of two octets or fewer behind their magic.
fn is_private_cng(octets: &[u8]) -> bool {
    matches!(
        octets,
        [b'E', b'C', b'K' | b'S', b'2' | b'4' | b'6', _, 0, 0, 0, ..]
            | [b'R', b'S', b'A', b'2' | b'3', _, _, 0, 0, ..]
    )
}

/// The length that a SEQUENCE has, and what follows that.
pub(crate) fn sequence(octets: &[u8]) -> Option<(usize, &[u8])> {
    let (&len, rest) = octets.strip_prefix(&[0x30])?.split_first()?;
    match len {
        0..0x80 => Some((usize::from(len), rest)),
        0x80 => Some((usize::MAX, rest)),
        0x81..=0x84 => {
            let (len, rest) = rest.split_at_checked(usize::from(len & 0x7f))?;
            let len = len
                .iter()
                .fold(0, |len, octet| len << 8 | usize::from(*octet));
            Some((len, rest))
        }
        _ => None,
    }
}

/// Whether what starts at a place in the text is octets of a private key, or another text with one.
fn has_private_part(text: &[u8], depth: usize) -> bool {
    let mut decoded_to = 0;
    for (place, rest) in starts(text) {
        let is_private_as = |code: Code| {
            let octets = code.octets(rest, START).0;
            is_private_der(octets.as_bytes()) || is_private_cng(octets.as_bytes())
        };
        // Otherwise any octets would be their own text.
        let before = place.checked_sub(1).and_then(|before| text.get(before));
        let is_quoted = before.is_some_and(|c| b"\"'`".contains(c));
        let may_be = |code: &Code| is_quoted || !matches!(code, Code::Escaped);
        let mut codes = Code::ALL.into_iter().filter(may_be);
        if codes.any(|code| code.may_start(rest) && is_private_as(code)) {
            return true;
        }
        if depth == 0 || place < decoded_to {
            continue;
        }
        for code in [Code::Base64, Code::Hex, Code::Decimal] {
            let is_text = code.octets(rest, 12).0;
            if !is_like_text(is_text.as_bytes()) {
                continue;
            }
            let (inside, len) = code.octets(rest, usize::MAX);
            if is_private(inside.as_bytes(), depth - 1) {
                return true;
            }
            decoded_to = place.saturating_add(len);
        }
    }
    false
}

/// Text that somebody encoded, not letters that happen to be valid in some encoding.
fn is_like_text(octets: &[u8]) -> bool {
    let is_text = |c: &u8| matches!(c, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0);
    octets.len() == 12 && unmarked(octets).iter().all(is_text)
}

/// Where words start: what is in front is not a letter or digit, or it is the letter of an escape such as `\n`.
fn starts(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let is_in_word = |c: &u8| c.is_ascii_alphanumeric() || b"+/".contains(c);
    (0..text.len()).filter_map(move |place| {
        let before = text.get(..place)?;
        let is_start = match before {
            [.., b'\\', b'n' | b'r' | b't'] => true,
            [.., last] => !is_in_word(last),
            [] => true,
        };
        let rest = text.get(place..)?;
        let is_code = rest.first().is_some_and(|c| is_in_word(c) || *c == b'\\');
        (is_start && is_code).then_some((place, rest))
    })
}

/// How a part of a text writes octets.
#[derive(Clone, Copy)]
enum Code {
    /// With either alphabet, folded, and with the escapes of JSON.
    Base64,
    /// In a row, or with blanks, commas, colons, quotation marks, `0x` or `\x`.
    Hex,
    /// As arrays are printed: with a sign, in Java.
    Decimal,
    /// As Python and C write octets that are not printable.
    Escaped,
}

impl Code {
    const ALL: [Self; 4] = [Self::Base64, Self::Hex, Self::Decimal, Self::Escaped];

    /// Whether the first octets may be those of a SEQUENCE, or of a blob of Windows.
    fn may_start(self, text: &[u8]) -> bool {
        let starts: &[&[u8]] = match self {
            Self::Base64 => &[b"M", b"RUN", b"UlNB"],
            Self::Hex => &[
                b"30",
                b"0x30",
                b"0X30",
                b"\\x30",
                b"4543",
                b"0x4543",
                b"525341",
                b"0x525341",
            ],
            Self::Decimal => &[b"48", b"69", b"82"],
            Self::Escaped => &[b"0", b"\\x30"],
        };
        starts.iter().any(|start| text.starts_with(start))
    }

    /// As many octets as there are, but no more than this, and the length of their text.
    fn octets(self, text: &[u8], max: usize) -> (SecretBytes, usize) {
        let most = text.len().min(max);
        let mut octets = Vec::with_capacity(most.saturating_add(2));
        let mut rest = text;
        while octets.len() < most {
            let next = match self {
                Self::Base64 => base64(rest, &mut octets),
                Self::Hex => hex(rest, &mut octets),
                Self::Decimal => decimal(rest, &mut octets),
                Self::Escaped => escaped(rest, &mut octets),
            };
            match next {
                Some(next) => rest = next,
                None => break,
            }
        }
        octets.truncate(most);
        (octets.into(), text.len().saturating_sub(rest.len()))
    }
}

/// Four characters, or the fewer of the end.
fn base64<'a>(text: &'a [u8], octets: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = text;
    let mut bits = 0_u32;
    let mut count = 0;
    while count < 4 {
        let (first, after) = match rest {
            [b'\\', b'n' | b'r' | b't', after @ ..] => (b' ', after),
            [b'\\', after @ ..] => (b' ', after),
            [first, after @ ..] => (*first, after),
            [] => break,
        };
        let value = match first {
            b'A'..=b'Z' => first - b'A',
            b'a'..=b'z' => first - b'a' + 26,
            b'0'..=b'9' => first - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ if first.is_ascii_whitespace() => {
                rest = after;
                continue;
            }
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 1;
        rest = after;
    }
    let [_, high, middle, low] = (bits << (6 * (4 - count))).to_be_bytes();
    let group = [high, middle, low];
    let whole = group.get(..3.min(count * 3 / 4))?;
    octets.extend_from_slice(whole);
    (!whole.is_empty()).then_some(rest)
}

fn hex<'a>(text: &'a [u8], octets: &mut Vec<u8>) -> Option<&'a [u8]> {
    let rest = between(text);
    let prefixes = [&b"0x"[..], b"0X", b"\\x"];
    let digits = prefixes.iter().find_map(|it| rest.strip_prefix(*it));
    let (octet, rest) = match (digits, digits.unwrap_or(rest)) {
        // As Go writes it.
        (Some(_), [low, rest @ ..]) if !rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (octet(b'0', *low)?, rest)
        }
        (_, [high, low, rest @ ..]) => (octet(*high, *low)?, rest),
        _ => return None,
    };
    octets.push(octet);
    Some(rest)
}

fn decimal<'a>(text: &'a [u8], octets: &mut Vec<u8>) -> Option<&'a [u8]> {
    let rest = between(text);
    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
    let len = digits.iter().take_while(|c| c.is_ascii_digit()).count();
    let (number, after) = digits.split_at_checked(len.min(3))?;
    let number: i16 = str::from_utf8(number).ok()?.parse().ok()?;
    let number = if rest.len() == digits.len() {
        number
    } else {
        -number
    };
    // What Java prints as -1 is 255.
    (-128..256).contains(&number).then_some(())?;
    octets.push(number as u8);
    Some(after)
}

fn between(text: &[u8]) -> &[u8] {
    // The type of a number in Rust.
    let text = text.strip_prefix(b"u8").unwrap_or(text);
    let is_between = |c: &u8| c.is_ascii_whitespace() || b",:;\"'".contains(c);
    let end = text.iter().position(|c| !is_between(c));
    text.get(end.unwrap_or(text.len())..).unwrap_or_default()
}

fn escaped<'a>(text: &'a [u8], octets: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (escaped, rest) = match text {
        [b'\\', b'x', high, low, rest @ ..] => (octet(*high, *low)?, rest),
        [b'\\', b'n', rest @ ..] => (b'\n', rest),
        [b'\\', b'r', rest @ ..] => (b'\r', rest),
        [b'\\', b't', rest @ ..] => (b'\t', rest),
        [b'\\', c, rest @ ..] => (*c, rest),
        [c, rest @ ..] => (*c, rest),
        [] => return None,
    };
    octets.push(escaped);
    Some(rest)
}
