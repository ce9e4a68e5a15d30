//! Names each form of the shared secret in Rust.

use crate::diagnose::shared::{SharedForm, SharedOctets, SharedText};

/// The octets of a y coordinate.
macro_rules! y {
    () => {
        "&y_coordinate(shared.as_bytes(), parity)[..]"
    };
}

impl SharedForm {
    /// A Rust expression of `shared`, a [`SharedSecret`](bankezy_crypto::SharedSecret), whose type is
    /// `AsRef<[u8]>`. Its functions are among [`functions`](Self::functions).
    pub(crate) fn rust(self) -> String {
        let octets = match self.octets {
            SharedOctets::X => "shared.as_bytes()",
            SharedOctets::JavaInteger => "big_integer(shared.as_bytes())",
            SharedOctets::WithoutZeros => "without_leading_zeros(shared.as_bytes())",
            SharedOctets::Xy => concat!(
                "Zeroizing::new([&shared.as_bytes()[..], ",
                y!(),
                "].concat())"
            ),
            SharedOctets::Uncompressed => {
                concat!(
                    "Zeroizing::new([&[4][..], &shared.as_bytes()[..], ",
                    y!(),
                    "].concat())"
                )
            }
            SharedOctets::Compressed => {
                "Zeroizing::new([&[2 + parity][..], &shared.as_bytes()[..]].concat())"
            }
            SharedOctets::Y => "y_coordinate(shared.as_bytes(), parity)",
            SharedOctets::Reversed => {
                "Zeroizing::new(shared.as_bytes().iter().rev().copied().collect::<Vec<u8>>())"
            }
            SharedOctets::Sha256 => "Sha256::digest(shared.as_bytes())",
        };
        match self.text {
            SharedText::None => octets.to_owned(),
            SharedText::LowerHex => format!("hex::encode({octets}).as_bytes()"),
            SharedText::UpperHex => format!("hex::encode_upper({octets}).as_bytes()"),
            SharedText::Base64 => format!("BASE64_STANDARD.encode({octets}).as_bytes()"),
            SharedText::Base64Unpadded => {
                format!("BASE64_STANDARD_NO_PAD.encode({octets}).as_bytes()")
            }
            SharedText::Base64url => format!("BASE64_URL_SAFE_NO_PAD.encode({octets}).as_bytes()"),
            SharedText::Base64urlPadded => format!("BASE64_URL_SAFE.encode({octets}).as_bytes()"),
            SharedText::HexInteger => {
                format!("hex::encode({octets}).trim_start_matches('0').as_bytes()")
            }
            SharedText::HexIntegerUpper => {
                format!("hex::encode_upper({octets}).trim_start_matches('0').as_bytes()")
            }
            SharedText::Decimal => format!("decimal({octets}).as_bytes()"),
        }
    }

    /// The functions that the expression calls, as text.
    pub(crate) fn functions(self) -> Option<&'static str> {
        if self.text == SharedText::Decimal {
            return Some(include_str!("printed/decimal.rs"));
        }
        match self.octets {
            SharedOctets::JavaInteger => Some(include_str!("printed/big_integer.rs")),
            SharedOctets::WithoutZeros => Some(include_str!("printed/without_leading_zeros.rs")),
            SharedOctets::Xy | SharedOctets::Uncompressed | SharedOctets::Y => {
                Some(include_str!("printed/y_coordinate.rs"))
            }
            SharedOctets::X
            | SharedOctets::Compressed
            | SharedOctets::Reversed
            | SharedOctets::Sha256 => None,
        }
    }
}

/// A Rust expression of a reference to octets, made from the one of a form.
pub(crate) fn referenced(expression: &str) -> String {
    let is_reference =
        expression.ends_with("as_bytes()") || expression.starts_with("without_leading_zeros(");
    if is_reference {
        expression.to_owned()
    } else {
        format!("&{expression}[..]")
    }
}
