//! What turns octets into a key: a hash, and a selection of 32 octets.

use bankezy_crypto::SecretBytes;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::{Digest, FixedOutput};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use sha3::Sha3_256;

use crate::diagnose::octets::{self, BASE64, copied};

/// A function of octets, without further input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// The octets themselves.
    Identity,
    /// SHA-256.
    Sha256,
    /// SHA-384, 48 octets.
    Sha384,
    /// SHA-512, 64 octets.
    Sha512,
    /// SHA-256 twice.
    Sha256Twice,
    /// MD5 as 32 lower-case hexadecimal digits, taken as text.
    Md5Hex,
    /// MD5 as 32 upper-case hexadecimal digits, taken as text.
    Md5HexUpper,
    /// SHA-256 as 64 lower-case hexadecimal digits, taken as text.
    Sha256Hex,
    /// SHA-256 as 64 upper-case hexadecimal digits, taken as text.
    Sha256HexUpper,
    /// SHA-512 as 128 lower-case hexadecimal digits, taken as text.
    Sha512Hex,
    /// SHA-512 as 128 upper-case hexadecimal digits, taken as text.
    Sha512HexUpper,
    /// SHA-1 as 40 lower-case hexadecimal digits, taken as text.
    Sha1Hex,
    /// SHA-1 as 40 upper-case hexadecimal digits, taken as text.
    Sha1HexUpper,
    /// SHA-256 as 44 characters of base64, taken as text.
    Sha256Base64,
    /// SHA3-256.
    Sha3,
}

impl Function {
    /// From common to rare.
    pub(crate) const ALL: [Self; 15] = [
        Self::Identity,
        Self::Sha256,
        Self::Sha512,
        Self::Sha384,
        Self::Md5Hex,
        Self::Md5HexUpper,
        Self::Sha256Hex,
        Self::Sha256HexUpper,
        Self::Sha512Hex,
        Self::Sha512HexUpper,
        Self::Sha1Hex,
        Self::Sha1HexUpper,
        Self::Sha256Base64,
        Self::Sha256Twice,
        Self::Sha3,
    ];

    pub(crate) fn apply(self, input: &[u8]) -> SecretBytes {
        let sha256 = || digest::<Sha256>(&[input]);
        let sha512 = || digest::<Sha512>(&[input]);
        let sha1 = || digest::<Sha1>(&[input]);
        let md5 = || digest::<Md5>(&[input]);
        match self {
            Self::Identity => copied(input),
            Self::Sha256 => sha256(),
            Self::Sha384 => digest::<Sha384>(&[input]),
            Self::Sha512 => sha512(),
            Self::Sha256Twice => digest::<Sha256>(&[sha256().as_bytes()]),
            Self::Sha3 => digest::<Sha3_256>(&[input]),
            Self::Md5Hex => octets::to_hex(md5().as_bytes(), false),
            Self::Md5HexUpper => octets::to_hex(md5().as_bytes(), true),
            Self::Sha256Hex => octets::to_hex(sha256().as_bytes(), false),
            Self::Sha256HexUpper => octets::to_hex(sha256().as_bytes(), true),
            Self::Sha512Hex => octets::to_hex(sha512().as_bytes(), false),
            Self::Sha512HexUpper => octets::to_hex(sha512().as_bytes(), true),
            Self::Sha1Hex => octets::to_hex(sha1().as_bytes(), false),
            Self::Sha1HexUpper => octets::to_hex(sha1().as_bytes(), true),
            Self::Sha256Base64 => octets::to_base64(sha256().as_bytes(), &BASE64),
        }
    }
}

/// Which octets are the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Take {
    /// All of them, if there are 32.
    Whole,
    /// The first 32 of more.
    First32,
    /// The last 32 of more.
    Last32,
    /// Fewer than 32, followed by zeros (Java's `Arrays.copyOf`).
    ZeroPadded,
    /// All of 32, last octet first.
    Reversed,
    /// All of 16, twice.
    Twice,
}

impl Take {
    /// The 32 octets, if there are that many.
    pub(crate) fn apply(self, octets: &[u8]) -> Option<SecretBytes> {
        match (self, octets.len()) {
            (Self::Whole, 32) => Some(octets),
            (Self::First32, 33..) => octets.first_chunk::<32>().map(<[u8; 32]>::as_slice),
            (Self::Last32, 33..) => octets.last_chunk::<32>().map(<[u8; 32]>::as_slice),
            (Self::Reversed, 32) => return Some(octets::reversed(octets)),
            (Self::Twice, 16) => return Some(octets::joined(&[octets, octets])),
            (Self::ZeroPadded, 24..=31) => {
                return octets::joined(&[octets, &[0; 8]])
                    .as_bytes()
                    .first_chunk::<32>()
                    .map(|key| copied(key));
            }
            _ => None,
        }
        .map(copied)
    }
}

/// The hash of a key derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Whether it has fewer octets than a key.
    pub(crate) fn is_short(self) -> bool {
        matches!(self, Self::Sha1 | Self::Sha224)
    }

    pub(crate) fn digest(self, parts: &[&[u8]]) -> SecretBytes {
        match self {
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha224 => digest::<Sha224>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha384 => digest::<Sha384>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
        }
    }

    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> Option<SecretBytes> {
        fn of<M: Mac + KeyInit + FixedOutput>(key: &[u8], message: &[u8]) -> Option<SecretBytes> {
            let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
            Mac::update(&mut mac, message);
            let mut out = zeros(M::output_size());
            FixedOutput::finalize_into(mac, out.as_mut().try_into().ok()?);
            Some(out)
        }
        match self {
            Self::Sha1 => of::<Hmac<Sha1>>(key, message),
            Self::Sha224 => of::<Hmac<Sha224>>(key, message),
            Self::Sha256 => of::<Hmac<Sha256>>(key, message),
            Self::Sha384 => of::<Hmac<Sha384>>(key, message),
            Self::Sha512 => of::<Hmac<Sha512>>(key, message),
        }
    }

    /// HKDF, extract and expand, 32 octets.
    pub(crate) fn hkdf(self, salt: &[u8], input: &[u8], info: &[u8]) -> Option<SecretBytes> {
        let mut out = zeros(32);
        let key = out.as_mut();
        match self {
            Self::Sha1 => hkdf::Hkdf::<Sha1>::new(Some(salt), input).expand(info, key),
            Self::Sha224 => hkdf::Hkdf::<Sha224>::new(Some(salt), input).expand(info, key),
            Self::Sha256 => hkdf::Hkdf::<Sha256>::new(Some(salt), input).expand(info, key),
            Self::Sha384 => hkdf::Hkdf::<Sha384>::new(Some(salt), input).expand(info, key),
            Self::Sha512 => hkdf::Hkdf::<Sha512>::new(Some(salt), input).expand(info, key),
        }
        .ok()?;
        Some(out)
    }

    /// The second step of HKDF alone, 32 octets. `None` if its key is shorter than the hash.
    pub(crate) fn hkdf_expand(self, key: &[u8], info: &[u8]) -> Option<SecretBytes> {
        let mut out = zeros(32);
        let octets = out.as_mut();
        match self {
            Self::Sha1 => hkdf::Hkdf::<Sha1>::from_prk(key).ok()?.expand(info, octets),
            Self::Sha224 => hkdf::Hkdf::<Sha224>::from_prk(key)
                .ok()?
                .expand(info, octets),
            Self::Sha256 => hkdf::Hkdf::<Sha256>::from_prk(key)
                .ok()?
                .expand(info, octets),
            Self::Sha384 => hkdf::Hkdf::<Sha384>::from_prk(key)
                .ok()?
                .expand(info, octets),
            Self::Sha512 => hkdf::Hkdf::<Sha512>::from_prk(key)
                .ok()?
                .expand(info, octets),
        }
        .ok()?;
        Some(out)
    }
}

fn zeros(len: usize) -> SecretBytes {
    vec![0; len].into()
}

fn digest<D: Digest + FixedOutput>(parts: &[&[u8]]) -> SecretBytes {
    let mut hash = D::new();
    for part in parts {
        Digest::update(&mut hash, part);
    }
    let mut out = zeros(<D as Digest>::output_size());
    if let Ok(place) = out.as_mut().try_into() {
        Digest::finalize_into(hash, place);
    }
    out
}
