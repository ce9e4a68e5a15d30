//! Why a key that opens a message is a weak one.

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
    /// The key is computed from few octets, so it has no more bits than they have.
    #[non_exhaustive]
    ShortInput {
        /// Number of these octets.
        octets: usize,
    },
}

impl Weakness {
    /// Of a key that is made from `input`.
    pub(crate) fn of(key: &[u8], input: &[u8]) -> Option<Self> {
        let all = |is: fn(&u8) -> bool| key.iter().all(is);
        let zero = |start| key.iter().skip(start).step_by(2).all(|octet| *octet == 0);
        if all(u8::is_ascii_hexdigit) {
            Some(Self::HexDigits)
        } else if all(|octet| octet.is_ascii_alphanumeric() || b"+/-_=".contains(octet)) {
            Some(Self::Base64Characters)
        } else if all(|octet| matches!(octet, b' '..=b'~')) {
            Some(Self::Ascii)
        } else if zero(0) || zero(1) {
            Some(Self::HalfZero)
        } else if input.len() <= 16 {
            Some(Self::ShortInput {
                octets: input.len(),
            })
        } else {
            None
        }
    }
}

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
            Self::ShortInput { octets } => {
                let bits = octets.saturating_mul(8);
                write!(
                    f,
                    "the key is made from {octets} octets, so it has at most {bits} bits"
                )
            }
        }
    }
}
