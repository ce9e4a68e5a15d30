//! Why a key that opens a message is weak.

use core::fmt;

/// Why a key is weaker than 256 bits, although it opens the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// All octets of the key are hexadecimal digits: at most 128 bits.
    HexDigits,
    /// All octets of the key are characters of base64 or base64url: at most 192 bits.
    Base64Characters,
    /// All octets of the key are printable ASCII characters: at most 210 bits.
    Ascii,
    /// Every second octet of the key is zero, as in UTF-16: at most 128 bits.
    HalfZero,
    /// The key is computed from an input that has fewer bits, such as a short password.
    #[non_exhaustive]
    ShortInput {
        /// Number of octets of the input.
        octets: usize,
        /// Most bits that the input has, judging by its characters.
        bits: usize,
    },
}

/// Bits of a key for AES-256.
const NEEDED: usize = 256;

impl Weakness {
    /// Of a key that is made from `input`.
    pub(crate) fn of(key: &[u8], input: &[u8]) -> Option<Self> {
        let bits = most_bits(input);
        let of_input = (bits < NEEDED).then_some(Self::ShortInput {
            octets: input.len(),
            bits,
        });
        // What the key looks like is reported before what it is made from, unless the latter says more.
        [Self::of_key(key), of_input]
            .into_iter()
            .flatten()
            .min_by_key(|weakness| weakness.bits())
    }

    fn of_key(key: &[u8]) -> Option<Self> {
        let all = |is: fn(&u8) -> bool| key.iter().all(is);
        if all(u8::is_ascii_hexdigit) {
            Some(Self::HexDigits)
        } else if all(|octet| octet.is_ascii_alphanumeric() || b"+/-_=".contains(octet)) {
            Some(Self::Base64Characters)
        } else if all(|octet| matches!(octet, b' '..=b'~')) {
            Some(Self::Ascii)
        } else if is_half_zero(key) {
            Some(Self::HalfZero)
        } else {
            None
        }
    }

    /// The most that a key can have.
    fn bits(self) -> usize {
        match self {
            Self::HexDigits | Self::HalfZero => 128,
            Self::Base64Characters => 192,
            Self::Ascii => 210,
            Self::ShortInput { bits, .. } => bits,
        }
    }
}

/// Every second octet is zero, as in UTF-16 of ASCII.
fn is_half_zero(octets: &[u8]) -> bool {
    let zero = |start| {
        octets
            .iter()
            .skip(start)
            .step_by(2)
            .all(|octet| *octet == 0)
    };
    zero(0) || zero(1)
}

/// The most bits that octets have, if each of their characters is chosen at random.
fn most_bits(octets: &[u8]) -> usize {
    // A byte order mark and the zeros of UTF-16 carry no information.
    let octets = match octets {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] if is_half_zero(rest) => rest,
        octets => octets,
    };
    let is_utf16 = octets.len() > 1 && is_half_zero(octets);
    let kept = || octets.iter().filter(|octet| !is_utf16 || **octet != 0);
    let count = |is: fn(u8) -> bool| kept().filter(|octet| is(**octet)).count();
    let len = kept().count();
    // All characters are of one kind, apart from what separates or pads them.
    let only = |symbols: fn(u8) -> bool, others: fn(u8) -> bool, each: usize| {
        let is_all = count(symbols).saturating_add(count(others)) == len;
        is_all.then(|| count(symbols).saturating_mul(each))
    };
    let separates = |octet: u8| octet.is_ascii_whitespace() || b"-:,".contains(&octet);
    let pads = |octet: u8| octet.is_ascii_whitespace() || octet == b'=';
    let base64 = |octet: u8| octet.is_ascii_alphanumeric() || b"+/-_".contains(&octet);
    let printable = |octet: u8| matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let is_text = core::str::from_utf8(octets).is_ok()
        && kept().all(|octet| !octet.is_ascii() || printable(*octet));
    // A list of octets as numbers: separators and signs carry information too.
    let of_list = |octet: u8| octet.is_ascii_digit() || b"-,[]{} \t\r\n".contains(&octet);
    let commas = count(|octet| octet == b',');
    if commas > 0 && count(of_list) == len {
        return commas.saturating_add(1).saturating_mul(8);
    }
    only(
        |octet| octet.is_ascii_digit(),
        separates,
        MILLIBITS_OF_DIGIT,
    )
    .or_else(|| only(|octet| octet.is_ascii_hexdigit(), separates, 4_000))
    .or_else(|| only(base64, pads, 6_000))
    .unwrap_or_else(|| {
        let characters = if is_text { count(printable) } else { 0 };
        let others = len.saturating_sub(characters);
        let millibits = characters.saturating_mul(MILLIBITS_OF_PRINTABLE);
        millibits.saturating_add(others.saturating_mul(8_000))
    })
    .div_euclid(1_000)
}

/// log2(10), rounded up.
const MILLIBITS_OF_DIGIT: usize = 3_322;

/// log2(95), rounded up.
const MILLIBITS_OF_PRINTABLE: usize = 6_570;

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HexDigits => {
                f.write_str("the key consists of hexadecimal digits, so it has at most 128 bits")
            }
            Self::Base64Characters => {
                f.write_str("the key consists of base64 characters, so it has at most 192 bits")
            }
            Self::Ascii => {
                f.write_str("the key consists of ASCII characters, so it has at most 210 bits")
            }
            Self::HalfZero => {
                f.write_str("every second octet of the key is zero, so it has at most 128 bits")
            }
            Self::ShortInput { octets, bits } => write!(
                f,
                "the key is made from {octets} octets that have at most {bits} bits, less than the 256 of \
                 its length"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that shows nothing about what it is made from.
    const KEY: [u8; 32] = [0xfe; 32];

    #[test]
    fn the_input_is_weak_below_256_bits_by_its_characters() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let marked = |text: &str| [&b"\xff\xfe"[..], &utf16(text)].concat();
        for (input, bits) in [
            (b"hunter2!".to_vec(), Some(52)),
            (b"a 20-character text!".to_vec(), Some(131)),
            ([b'!'; 38].to_vec(), Some(249)),
            ([b'!'; 39].to_vec(), None),
            ("p\u{e4}ssword".into(), Some(61)),
            // A UUID, without and with dashes.
            (b"0123456789abcdef0123456789ABCDEF".to_vec(), Some(128)),
            (b"01234567-89ab-cdef-0123-456789abcdef".to_vec(), Some(128)),
            ([b'a'; 63].to_vec(), Some(252)),
            ([b'a'; 64].to_vec(), None),
            (b"0123456789".repeat(6), Some(199)),
            // A list of octets.
            (b"-12, 5, 77".to_vec(), Some(24)),
            (b"[-12,5,77,0,1,2,3,4,5,6,7,8,9,1,2,3]".to_vec(), Some(128)),
            (b"7,".repeat(31), None),
            ([b'x'; 42].to_vec(), Some(252)),
            (b"-_".repeat(21), Some(252)),
            ([b'x'; 43].to_vec(), None),
            ([&[b'+'; 43][..], b"="].concat(), None),
            ([b"-_".repeat(22), b"\n".to_vec()].concat(), None),
            ([0xfd; 31].to_vec(), Some(248)),
            ([0xfd; 32].to_vec(), None),
            ([0xfd; 16].to_vec(), Some(128)),
            (utf16(&"x!".repeat(16)), Some(210)),
            (marked("Sixteen*letters!"), Some(105)),
            (utf16(&"x!".repeat(20)), None),
        ] {
            let expected = bits.map(|bits| Weakness::ShortInput {
                octets: input.len(),
                bits,
            });
            assert_eq!(Weakness::of(&KEY, &input), expected, "{input:?}");
        }
    }

    #[test]
    fn the_smaller_bound_is_said() {
        let hex = [b'0'; 32];
        assert_eq!(Weakness::of(&hex, &KEY), Some(Weakness::HexDigits));
        let short = Weakness::ShortInput {
            octets: 7,
            bits: 42,
        };
        assert_eq!(Weakness::of(&hex, b"hunter2"), Some(short));
        assert_eq!(
            Weakness::of(&[b'x'; 32], &KEY),
            Some(Weakness::Base64Characters)
        );
    }
}
