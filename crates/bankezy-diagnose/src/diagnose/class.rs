//! The classes of attempts, for a report that is shorter than a list.

use core::fmt;

use crate::diagnose::derivation::{DerivationAttempt, TriedDerivation};
use crate::diagnose::encoding::Encoding;
use crate::diagnose::function::{Function, Take};
use crate::diagnose::kdf::Kdf;
use crate::diagnose::reading::{Reading, ReadingAttempt};
use crate::diagnose::shared::SharedForm;

/// A class of readings or derivations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// A secret in one of the five usual encodings.
    UsualEncoding,
    /// The same after something around the secret was removed.
    Unwrapped,
    /// A secret that is encoded twice, in decimal, changed in case, padded, with a line end, re-encoded, or in
    /// UTF-16.
    OtherEncoding,
    /// Part of a longer secret, or a secret whose bytes are reversed or twice in the key.
    Part,
    /// A hash of a secret.
    HashOfSecret,
    /// A hash of a secret, as text.
    HashTextOfSecret,
    /// The shared secret or its SHA-256.
    Plain,
    /// The shared secret in another form, hashed or not.
    OtherForm,
    /// Another hash of the shared secret.
    HashOfShared,
    /// Concat KDF as RFC 7518 says for A256GCM.
    Concat,
    /// Concat KDF with another AlgorithmID or keydatalen.
    OtherConcat,
    /// HKDF.
    Hkdf,
    /// X9.63 KDF, and the one-step KDF of NIST SP 800-56C.
    X963,
    /// HMAC, or a hash with a text before or after.
    Keyed,
}

/// How many attempts each class has, in the order of the first attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(Vec<(Class, usize)>);

impl Classes {
    /// Of readings.
    #[must_use]
    pub fn of_readings(tried: &[ReadingAttempt]) -> Self {
        Self::count(tried.iter().map(|attempt| attempt.reading.class()))
    }

    /// Of derivations.
    #[must_use]
    pub fn of_derivations(tried: &[DerivationAttempt]) -> Self {
        Self::count(tried.iter().map(|attempt| attempt.derivation.class()))
    }

    /// Each class with the number of its attempts.
    #[must_use]
    pub fn as_slice(&self) -> &[(Class, usize)] {
        &self.0
    }

    fn count(classes: impl Iterator<Item = Class>) -> Self {
        let mut counts: Vec<(Class, usize)> = Vec::new();
        for class in classes {
            match counts.iter_mut().find(|(other, _)| *other == class) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => counts.push((class, 1)),
            }
        }
        Self(counts)
    }
}

impl Reading {
    /// Its class.
    #[must_use]
    pub fn class(&self) -> Class {
        match (self.function, self.take) {
            (Function::Identity, Take::Whole) => match self.encoding {
                Encoding::Base64url
                | Encoding::Base64
                | Encoding::Hex
                | Encoding::Utf8
                | Encoding::RawBytes => {
                    if self.wrappers.is_empty() {
                        Class::UsualEncoding
                    } else {
                        Class::Unwrapped
                    }
                }
                _ => Class::OtherEncoding,
            },
            (Function::Identity, _) => Class::Part,
            (
                Function::Sha256
                | Function::Sha384
                | Function::Sha512
                | Function::Sha256Twice
                | Function::Sha3,
                _,
            ) => Class::HashOfSecret,
            _ => Class::HashTextOfSecret,
        }
    }
}

impl TriedDerivation {
    /// Its class.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.kdf {
            Kdf::Function(_) if self.is_usual() => Class::Plain,
            Kdf::Function(_) if self.form == SharedForm::X => Class::HashOfShared,
            Kdf::Function(_) => Class::OtherForm,
            Kdf::CONCAT => Class::Concat,
            Kdf::Concat { .. } => Class::OtherConcat,
            Kdf::Hkdf(_) | Kdf::HkdfExpand(_) => Class::Hkdf,
            Kdf::X963(_) | Kdf::OneStep(_) => Class::X963,
            Kdf::HmacUnderShared(_)
            | Kdf::HmacOfShared(_)
            | Kdf::HashBefore(_)
            | Kdf::HashAfter(_) => Class::Keyed,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UsualEncoding => "base64url, base64, hex, utf8 and raw bytes",
            Self::Unwrapped => "the same without what is around the secret",
            Self::OtherEncoding => {
                "double encodings, base32, decimal, other spellings of base64, upper and lower case, UUID, UTF-16"
            },
            Self::Part => "the first or last 32 bytes, 32 bytes reversed, 16 bytes twice",
            Self::HashOfSecret => "SHA-256, SHA-384, SHA-512 and SHA3-256 of the secret",
            Self::HashTextOfSecret => "MD5, SHA-1, SHA-256 and SHA-512 of the secret as text",
            Self::Plain => "raw and sha256",
            Self::OtherForm => {
                "BigInteger, x and y, reversed, hex, base64 and decimal of the shared secret"
            },
            Self::HashOfShared => "other hashes of the shared secret",
            Self::Concat => "concat-kdf",
            Self::OtherConcat => "concat-kdf with another AlgorithmID, keydatalen, hash, counter or order of octets",
            Self::Hkdf => "hkdf with SHA-256, SHA-384, SHA-512 and SHA-1, and its second step alone",
            Self::X963 => "X9.63 KDF and one-step KDF",
            Self::Keyed => "HMAC, and hashes with a text before or after",
        })
    }
}

impl fmt::Display for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (class, count)) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{class} ({count})")?;
        }
        Ok(())
    }
}
