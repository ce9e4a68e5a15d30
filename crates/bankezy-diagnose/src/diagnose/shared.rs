//! The forms in which implementers use the shared secret of a key agreement.

use core::fmt;
use std::sync::OnceLock;

use bankezy_crypto::{Derivation, Error, KeyPair, PayloadSecret, PublicKey, SecretBytes};
use p256::AffinePoint;
use p256::elliptic_curve::point::{AffineCoordinates as _, DecompressPoint as _};
use p256::elliptic_curve::subtle::Choice;
use zeroize::Zeroizing;

use crate::diagnose::function::Hash;
use crate::diagnose::octets::{
    self, BASE64, BASE64_UNPADDED, BASE64URL, BASE64URL_UNPADDED, copied,
};

/// A form of the shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedForm {
    /// The octets.
    pub octets: SharedOctets,
    /// How they are written as text, if they are.
    pub text: SharedText,
}

/// Octets of the shared point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedOctets {
    /// The x coordinate, 32 octets: as in NIST SP 800-56A.
    X,
    /// The x coordinate as Java's `BigInteger.toByteArray` writes it: without leading zeros, and with a
    /// zero in front of a first bit that is set. It differs from [`X`](Self::X) in one session of two.
    JavaInteger,
    /// The x coordinate without leading zeros. It differs from [`X`](Self::X) in one session of 256.
    WithoutZeros,
    /// x and y, 64 octets.
    Xy,
    /// `04`, x and y, 65 octets.
    Uncompressed,
    /// `02` or `03`, and x, 33 octets.
    Compressed,
    /// The y coordinate.
    Y,
    /// The x coordinate, last octet first.
    Reversed,
    /// SHA-256 of the x coordinate, as input of what has further inputs.
    Sha256,
}

/// How octets are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedText {
    /// Not at all: the octets themselves.
    None,
    /// Lower-case hexadecimal digits.
    LowerHex,
    /// Upper-case hexadecimal digits.
    UpperHex,
    /// base64.
    Base64,
    /// base64 without padding.
    Base64Unpadded,
    /// base64url without padding.
    Base64url,
    /// base64url with padding.
    Base64urlPadded,
    /// Hexadecimal digits without leading zeros (Java's `BigInteger.toString(16)`).
    HexInteger,
    /// The same in upper case.
    HexIntegerUpper,
    /// Decimal digits (Java's `BigInteger.toString()`).
    Decimal,
}

impl SharedForm {
    pub(crate) const X: Self = Self {
        octets: SharedOctets::X,
        text: SharedText::None,
    };

    /// `parity` is that of y, as in compressed points: 2 or 3. `None` if nothing is left.
    pub(crate) fn write(self, x: &[u8], y: &[u8], parity: u8) -> Option<SecretBytes> {
        let octets = self.octets.write(x, y, parity);
        // A point is not a number, and each form of x is the same one.
        if self.text == SharedText::Decimal && self.octets != SharedOctets::X {
            return None;
        }
        // The text of a hash is a function.
        if self.text != SharedText::None && self.octets == SharedOctets::Sha256 {
            return None;
        }
        self.text.write(octets.as_bytes())
    }

    /// Whether it goes into constructions that have further inputs.
    pub(crate) fn is_common(self) -> bool {
        // Digits without leading zeros are often those of a number without zero octets.
        let is_number = matches!(
            self.octets,
            SharedOctets::JavaInteger | SharedOctets::WithoutZeros
        );
        self.text == SharedText::None
            || self.octets == SharedOctets::X
            || is_number && self.text == SharedText::LowerHex
    }

    /// Whether it is x as an integer, as used by implementers who read a standard and then use a number type.
    pub(crate) fn is_integer(self) -> bool {
        matches!(
            self.octets,
            SharedOctets::JavaInteger | SharedOctets::WithoutZeros
        ) && self.text == SharedText::None
    }

    /// A hint about a form that is the usual one in most sessions.
    #[must_use]
    pub fn note(self) -> Option<&'static str> {
        match (self.octets, self.text) {
            (SharedOctets::JavaInteger, _) => Some(
                "the other side writes the shared secret with Java's BigInteger.toByteArray, so with \
                 the plain x coordinate one session in 2 fails (sign octet), or one of 256 (leading \
                 zero removed)",
            ),
            (
                SharedOctets::Xy
                | SharedOctets::Uncompressed
                | SharedOctets::Compressed
                | SharedOctets::Y,
                _,
            ) => Some(
                "x does not determine y: `parity` is 0 or 1, and one of \
                 the two keys opens the message",
            ),
            (_, SharedText::HexInteger | SharedText::HexIntegerUpper) => Some(
                "the other side writes the shared secret in hexadecimal digits without leading zeros, so with \
                 all 64 digits one session in 16 fails",
            ),
            (SharedOctets::WithoutZeros, _) => Some(
                "the other side removes leading zero octets of the shared secret, so with the plain x \
                 coordinate one session in 256 fails",
            ),
            _ => None,
        }
    }
}

/// The x coordinate of the shared point.
pub(crate) fn shared_secret(pair: &KeyPair, peer: &PublicKey) -> Result<SecretBytes, Error> {
    let copy = OnceLock::new();
    pair.agree(
        peer,
        &Derivation::Custom(&|shared| {
            let _ = copy.set(copied(shared.as_bytes()));
            PayloadSecret::from_bytes(shared.as_bytes())
        }),
    )?;
    Ok(copy.into_inner().unwrap_or_default())
}

/// All forms from common to rare. One that is the same as an earlier one in this session is left out.
pub(crate) fn forms(x: &SecretBytes) -> Vec<(SharedForm, SecretBytes)> {
    let mut all: Vec<(SharedForm, SecretBytes)> = Vec::new();
    for (form, octets) in every_form(x) {
        let is_other = |(_, other): &(_, SecretBytes)| other.as_bytes() != octets.as_bytes();
        if all.iter().all(is_other) {
            all.push((form, octets));
        }
    }
    all
}

/// The forms that differ from this one in the octets or in how they are written, and are the same in this session.
pub(crate) fn alike(x: &SecretBytes, form: SharedForm) -> Vec<SharedForm> {
    let all = every_form(x);
    let octets_of = |form| all.iter().filter(move |(other, _)| *other == form);
    let is_alike = |octets: &SecretBytes| {
        octets_of(form).any(|(_, found)| found.as_bytes() == octets.as_bytes())
    };
    let is_near = |other: SharedForm| (other.octets == form.octets) != (other.text == form.text);
    let mut alike: Vec<SharedForm> = Vec::new();
    for (other, octets) in &all {
        if is_near(*other) && is_alike(octets) && !alike.contains(other) {
            alike.push(*other);
        }
    }
    alike
}

fn every_form(x: &SecretBytes) -> Vec<(SharedForm, SecretBytes)> {
    let x = x.as_bytes();
    let ys = [0, 1].map(|parity| y_coordinate(x, parity));
    let mut all: Vec<(SharedForm, SecretBytes)> = Vec::new();
    for text in SharedText::ALL {
        for form in SharedOctets::ALL {
            // x does not determine the sign of y, so each form with y in it occurs twice.
            for (parity, y) in (2..).zip(&ys) {
                let y = y.as_ref().map_or(&[][..], |y| y.as_slice());
                let form = SharedForm { octets: form, text };
                all.extend(form.write(x, y, parity).map(|octets| (form, octets)));
            }
        }
    }
    all
}

/// One of the two y coordinates for an x: only the message shows which is right.
pub(crate) fn y_coordinate(x: &[u8], parity: u8) -> Option<Zeroizing<[u8; 32]>> {
    let point = AffinePoint::decompress(x.try_into().ok()?, Choice::from(parity));
    let point = Zeroizing::new(Option::<AffinePoint>::from(point)?);
    Some(Zeroizing::new(point.y().into()))
}

impl SharedOctets {
    pub(crate) const ALL: [Self; 9] = [
        Self::X,
        Self::JavaInteger,
        Self::WithoutZeros,
        Self::Xy,
        Self::Uncompressed,
        Self::Compressed,
        Self::Reversed,
        Self::Y,
        Self::Sha256,
    ];

    fn write(self, x: &[u8], y: &[u8], parity: u8) -> SecretBytes {
        let stripped = octets::without_leading_zeros(x);
        match self {
            Self::X => copied(x),
            Self::JavaInteger if stripped.first().is_none_or(|first| *first >= 0x80) => {
                octets::joined(&[&[0], stripped])
            }
            Self::JavaInteger | Self::WithoutZeros => copied(stripped),
            Self::Xy => octets::joined(&[x, y]),
            Self::Uncompressed => octets::joined(&[&[4], x, y]),
            Self::Compressed => octets::joined(&[&[parity], x]),
            Self::Y => copied(y),
            Self::Reversed => octets::reversed(x),
            Self::Sha256 => Hash::Sha256.digest(&[x]),
        }
    }
}

impl SharedText {
    pub(crate) const ALL: [Self; 10] = [
        Self::None,
        Self::LowerHex,
        Self::UpperHex,
        Self::Base64,
        Self::Base64Unpadded,
        Self::Base64url,
        Self::Base64urlPadded,
        Self::HexInteger,
        Self::HexIntegerUpper,
        Self::Decimal,
    ];

    /// `None` if nothing is left.
    fn write(self, octets: &[u8]) -> Option<SecretBytes> {
        let text = match self {
            Self::None => copied(octets),
            Self::LowerHex => octets::to_hex(octets, false),
            Self::UpperHex => octets::to_hex(octets, true),
            Self::Base64 => octets::to_base64(octets, &BASE64),
            Self::Base64Unpadded => octets::to_base64(octets, &BASE64_UNPADDED),
            Self::Base64url => octets::to_base64(octets, &BASE64URL_UNPADDED),
            Self::Base64urlPadded => octets::to_base64(octets, &BASE64URL),
            Self::HexInteger | Self::HexIntegerUpper => {
                let digits = octets::to_hex(octets, self == Self::HexIntegerUpper);
                let zeros = digits.as_bytes().iter().take_while(|digit| **digit == b'0');
                copied(digits.as_bytes().get(zeros.count()..)?)
            }
            Self::Decimal => octets::to_decimal(octets),
        };
        (!text.as_bytes().is_empty()).then_some(text)
    }
}

impl fmt::Display for SharedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.text {
            SharedText::None => "",
            SharedText::LowerHex => "the lower-case hex text of ",
            SharedText::UpperHex => "the upper-case hex text of ",
            SharedText::Base64 => "the base64 text of ",
            SharedText::Base64Unpadded => "the unpadded base64 text of ",
            SharedText::Base64url => "the base64url text of ",
            SharedText::Base64urlPadded => "the padded base64url text of ",
            SharedText::HexInteger => "the hex text without leading zeros of ",
            SharedText::HexIntegerUpper => "the upper-case hex text without leading zeros of ",
            SharedText::Decimal => "the decimal text of ",
        })?;
        f.write_str(match self.octets {
            SharedOctets::X => "x",
            SharedOctets::JavaInteger => "x as BigInteger.toByteArray",
            SharedOctets::WithoutZeros => "x without leading zeros",
            SharedOctets::Xy => "x and y",
            SharedOctets::Uncompressed => "04, x and y",
            SharedOctets::Compressed => "the compressed point",
            SharedOctets::Y => "y",
            SharedOctets::Reversed => "x reversed",
            SharedOctets::Sha256 => "SHA-256 of x",
        })
    }
}
