//! What implementers are known to put into apu, apv, salt and info.

use core::fmt;
use std::sync::Arc;

use crate::diagnose::encoding::Encoding;
use crate::printable::printable;

/// A value that is tried as `apu`, `apv`, `salt` and `info`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Info {
    /// No bytes.
    Empty,
    /// A public key of the agreement.
    #[non_exhaustive]
    Key {
        /// Whose key it is.
        owner: KeyOwner,
        /// Its form.
        form: KeyForm,
    },
    /// Both public keys of the agreement, one after the other.
    #[non_exhaustive]
    BothKeys {
        /// Whose is the first.
        first: KeyOwner,
        /// Their form.
        form: KeyForm,
    },
    /// A member of the message's own header.
    #[non_exhaustive]
    Header {
        /// Its name.
        member: &'static str,
        /// Whether it is decoded from base64url, as RFC 7518 section 4.6.1.2 says.
        is_decoded: bool,
    },
    /// A text that implementers are known to use.
    Known(&'static str),
    /// A text that the caller gave.
    Further(FurtherText),
    /// The octets that a text of the caller encodes.
    #[non_exhaustive]
    FurtherDecoded {
        /// The text.
        text: FurtherText,
        /// [`Encoding::Hex`], [`Encoding::Base64`] or [`Encoding::Base64url`].
        encoding: Encoding,
    },
}

/// Whose public key an [`Info`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOwner {
    /// Of the key pair that was given.
    Ours,
    /// Of the peer.
    Theirs,
}

/// The form of a public key in an [`Info`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyForm {
    /// The wire form: [`PublicKey::to_wire`](bankezy_crypto::PublicKey::to_wire).
    Wire,
    /// The JSON of the JWK: [`PublicKey::to_jwk`](bankezy_crypto::PublicKey::to_jwk).
    Jwk,
    /// The uncompressed point, 65 bytes.
    Point,
    /// The x coordinate of the point, 32 bytes.
    XCoordinate,
    /// The compressed point, 33 bytes.
    CompressedPoint,
    /// The DER SubjectPublicKeyInfo: [`PublicKey::to_spki_der`](bankezy_crypto::PublicKey::to_spki_der).
    Spki,
    /// The uncompressed point in base64.
    PointBase64,
    /// The uncompressed point in lower-case hexadecimal digits.
    PointHex,
    /// The SubjectPublicKeyInfo in base64, in one line.
    SpkiBase64,
    /// The x and y coordinates of the point, 64 bytes.
    Coordinates,
    /// The SubjectPublicKeyInfo in lower-case hexadecimal digits.
    SpkiHex,
    /// The compressed point in base64.
    CompressedPointBase64,
    /// The compressed point in lower-case hexadecimal digits.
    CompressedPointHex,
    /// The x coordinate in base64.
    XCoordinateBase64,
    /// The x coordinate in lower-case hexadecimal digits.
    XCoordinateHex,
    /// The uncompressed point in base64url, without padding.
    PointBase64url,
    /// The uncompressed point in upper-case hexadecimal digits.
    PointHexUpper,
    /// The SubjectPublicKeyInfo in base64url, without padding.
    SpkiBase64url,
    /// The SubjectPublicKeyInfo in upper-case hexadecimal digits.
    SpkiHexUpper,
    /// The SubjectPublicKeyInfo in PEM: [`PublicKey::to_pem`](bankezy_crypto::PublicKey::to_pem).
    Pem,
}

/// A text that the caller gave to try. `Display` shows it in quotes, `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct FurtherText(pub(crate) Arc<str>);

impl FurtherText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyOwner {
    fn words(self) -> &'static str {
        match self {
            Self::Ours => "our",
            Self::Theirs => "their",
        }
    }
}

impl KeyForm {
    fn words(self) -> &'static str {
        match self {
            Self::Wire => "key in wire form",
            Self::Jwk => "key's JWK",
            Self::Point => "point",
            Self::XCoordinate => "x coordinate",
            Self::CompressedPoint => "compressed point",
            Self::Spki => "SubjectPublicKeyInfo",
            Self::PointBase64 => "point in base64",
            Self::PointHex => "point in hex",
            Self::SpkiBase64 => "SubjectPublicKeyInfo in base64",
            Self::Coordinates => "x and y coordinates",
            Self::SpkiHex => "SubjectPublicKeyInfo in hex",
            Self::CompressedPointBase64 => "compressed point in base64",
            Self::CompressedPointHex => "compressed point in hex",
            Self::XCoordinateBase64 => "x coordinate in base64",
            Self::XCoordinateHex => "x coordinate in hex",
            Self::PointBase64url => "point in base64url",
            Self::PointHexUpper => "point in upper-case hex",
            Self::SpkiBase64url => "SubjectPublicKeyInfo in base64url",
            Self::SpkiHexUpper => "SubjectPublicKeyInfo in upper-case hex",
            Self::Pem => "SubjectPublicKeyInfo in PEM",
        }
    }
}

impl Info {
    /// A Rust expression for it, where `ours` and `theirs` are the public keys, and `header` is a map from
    /// the members of the message's header to their texts.
    pub(crate) fn rust(&self) -> String {
        let compressed = |key: &str| {
            format!(
                "[&[2 | {key}.to_spki_der()[90] & 1][..], &{key}.to_spki_der()[27..59]].concat()"
            )
        };
        let key = |owner: KeyOwner, form: KeyForm| {
            let key = match owner {
                KeyOwner::Ours => "ours",
                KeyOwner::Theirs => "theirs",
            };
            match form {
                KeyForm::Wire => format!("{key}.to_wire().as_bytes()"),
                KeyForm::Jwk => format!("{key}.to_jwk().as_bytes()"),
                KeyForm::Point => format!("&{key}.to_spki_der()[26..]"),
                KeyForm::XCoordinate => format!("&{key}.to_spki_der()[27..59]"),
                KeyForm::CompressedPoint => format!("&{}[..]", compressed(key)),
                KeyForm::Coordinates => format!("&{key}.to_spki_der()[27..]"),
                KeyForm::SpkiHex => format!("hex::encode({key}.to_spki_der()).as_bytes()"),
                KeyForm::CompressedPointBase64 => {
                    format!("BASE64_STANDARD.encode({}).as_bytes()", compressed(key))
                }
                KeyForm::CompressedPointHex => {
                    format!("hex::encode({}).as_bytes()", compressed(key))
                }
                KeyForm::XCoordinateBase64 => {
                    format!("BASE64_STANDARD.encode(&{key}.to_spki_der()[27..59]).as_bytes()")
                }
                KeyForm::XCoordinateHex => {
                    format!("hex::encode(&{key}.to_spki_der()[27..59]).as_bytes()")
                }
                KeyForm::Spki => format!("&{key}.to_spki_der()[..]"),
                KeyForm::PointBase64 => {
                    format!("BASE64_STANDARD.encode(&{key}.to_spki_der()[26..]).as_bytes()")
                }
                KeyForm::PointHex => format!("hex::encode(&{key}.to_spki_der()[26..]).as_bytes()"),
                KeyForm::SpkiBase64 => {
                    format!("BASE64_STANDARD.encode({key}.to_spki_der()).as_bytes()")
                }
                KeyForm::PointBase64url => {
                    format!("BASE64_URL_SAFE_NO_PAD.encode(&{key}.to_spki_der()[26..]).as_bytes()")
                }
                KeyForm::PointHexUpper => {
                    format!("hex::encode_upper(&{key}.to_spki_der()[26..]).as_bytes()")
                }
                KeyForm::SpkiBase64url => {
                    format!("BASE64_URL_SAFE_NO_PAD.encode({key}.to_spki_der()).as_bytes()")
                }
                KeyForm::SpkiHexUpper => {
                    format!("hex::encode_upper({key}.to_spki_der()).as_bytes()")
                }
                KeyForm::Pem => format!("{key}.to_pem().as_bytes()"),
            }
        };
        match self {
            Self::Empty => r#"b"""#.to_owned(),
            Self::Key { owner, form } => key(*owner, *form),
            Self::BothKeys { first, form } => {
                let second = match first {
                    KeyOwner::Ours => KeyOwner::Theirs,
                    KeyOwner::Theirs => KeyOwner::Ours,
                };
                format!("&[{}, {}].concat()", key(*first, *form), key(second, *form))
            }
            Self::Header {
                member,
                is_decoded: true,
            } => {
                format!("&BASE64_URL_SAFE_NO_PAD.decode(header[\"{member}\"]).unwrap_or_default()")
            }
            Self::Header { member, .. } => format!("header[\"{member}\"].as_bytes()"),
            Self::Known(text) => format!("b{text:?}"),
            // Only ASCII can be written as a byte string.
            Self::Further(text) if text.as_str().is_ascii() => {
                format!("b\"{}\"", text.as_str().as_bytes().escape_ascii())
            }
            Self::Further(text) => format!("{:?}.as_bytes()", text.as_str()),
            Self::FurtherDecoded { text, encoding } => {
                let octets = encoding.decode(text.as_str().as_bytes());
                let octets = octets.unwrap_or_default();
                format!("b\"{}\"", octets.as_bytes().escape_ascii())
            }
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Key { owner, form } => write!(f, "{} {}", owner.words(), form.words()),
            Self::BothKeys { first, form } => {
                write!(f, "{} {} and the other's", first.words(), form.words())
            }
            Self::Header { member, is_decoded } => {
                let decoded = if *is_decoded { ", decoded" } else { " as text" };
                write!(f, "the header's {member}{decoded}")
            }
            Self::Known(text) => write!(f, "\"{text}\""),
            Self::Further(text) => text.fmt(f),
            Self::FurtherDecoded { text, encoding } => {
                let encoding = encoding.flag().unwrap_or_default();
                write!(f, "{text} decoded from {encoding}")
            }
        }
    }
}

impl fmt::Display for FurtherText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", printable(&self.0))
    }
}

impl fmt::Debug for FurtherText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FurtherText([redacted])")
    }
}
