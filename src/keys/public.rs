//! Public keys, checked: a value of these types is one that the profile accepts.

use core::fmt;
use core::hash::{Hash, Hasher};

use crate::backend;
use crate::error::{Error, KeyProblem};
use crate::keys::algorithm::KeyType;

/// A public key: P-256 for key agreement and `ECDH-ES`, or RSA for `RSA-OAEP-256`.
///
/// A value is a checked key: a point on P-256 other than zero, or an RSA key of 2048 to 8192 bits
/// with an odd modulus and an odd exponent from 65537 to 2^33 - 1.
///
/// Two keys are equal if their points or numbers are: the identifier of a JWK is no part of it.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{KeyPair, KeyType, PublicKey};
///
/// let pair = KeyPair::generate()?;
/// let key = PublicKey::from_pem(&pair.public_key().to_pem())?;
/// assert_eq!((key.key_type(), key.bits()), (KeyType::P256, 256));
/// assert_eq!(&key, pair.public_key());
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Clone)]
pub struct PublicKey {
    kind: Kind,
    key_id: KeyId,
}

/// The `kid` of a JWK.
#[derive(Clone)]
enum KeyId {
    Absent,
    Kept(Box<str>),
    TooLong { len: usize },
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    P256(P256Point),
    Rsa(RsaPublicNumbers),
}

impl PublicKey {
    /// Its type.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self.kind {
            Kind::P256(_) => KeyType::P256,
            Kind::Rsa(_) => KeyType::Rsa,
        }
    }

    /// Size in bits: 256 for P-256, the length of the modulus for RSA.
    #[must_use]
    pub fn bits(&self) -> usize {
        match &self.kind {
            Kind::P256(_) => 256,
            Kind::Rsa(rsa) => rsa.bits(),
        }
    }

    pub(crate) fn inner(&self) -> &Kind {
        &self.kind
    }

    /// The `kid` of the JWK that the key was read from (RFC 7517 section 4.5), if it is a string of 1 to 256
    /// bytes.
    ///
    /// It is text from outside: escape it where it is printed, as `{:?}` of the key does. This crate never
    /// writes it into a message or another form of the key, and never selects a key by it.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match &self.key_id {
            KeyId::Kept(key_id) => Some(key_id),
            KeyId::Absent | KeyId::TooLong { .. } => None,
        }
    }

    /// How long the `kid` of the JWK is, in bytes, also where it is too long to be kept.
    #[must_use]
    pub fn key_id_len(&self) -> Option<usize> {
        match &self.key_id {
            KeyId::Kept(key_id) => Some(key_id.len()),
            KeyId::TooLong { len } => Some(*len),
            KeyId::Absent => None,
        }
    }

    /// Keeps an identifier that is short enough, and the length of any.
    pub(crate) fn with_key_id(mut self, key_id: Option<&str>) -> Self {
        self.key_id = match key_id {
            None | Some("") => KeyId::Absent,
            Some(key_id) if key_id.len() > MAX_KEY_ID => KeyId::TooLong { len: key_id.len() },
            Some(key_id) => KeyId::Kept(key_id.into()),
        };
        self
    }

    pub(crate) fn p256(&self) -> Result<&P256Point, Error> {
        match &self.kind {
            Kind::P256(point) => Ok(point),
            Kind::Rsa(_) => Err(NEEDS_P256),
        }
    }
}

/// Longest `kid` that is kept, in bytes.
const MAX_KEY_ID: usize = 256;

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    /// Covers what equality compares: not the identifier.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
    }
}

/// Where only a P-256 key will do.
pub(crate) const NEEDS_P256: Error = Error::WrongKeyType {
    needed: KeyType::P256,
    found: KeyType::Rsa,
};

impl From<Kind> for PublicKey {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            key_id: KeyId::Absent,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {} bits", self.key_type(), self.bits())?;
        match &self.key_id {
            KeyId::Absent => {}
            KeyId::Kept(key_id) => write!(f, ", kid \"{}\"", key_id.escape_default())?,
            KeyId::TooLong { len } => write!(f, ", kid of {len} bytes")?,
        }
        f.write_str(")")
    }
}

/// A point on P-256, uncompressed (SEC 1 section 2.3.3): `04`, x, y; never zero.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct P256Point([u8; 65]);

impl P256Point {
    pub(crate) fn from_sec1(bytes: &[u8]) -> Result<Self, KeyProblem> {
        if bytes == [0] {
            return Err(KeyProblem::ZeroPoint);
        }
        let point: &[u8; 65] = bytes.try_into().map_err(|_| KeyProblem::PointForm)?;
        match point {
            [4, coordinates @ ..] if *coordinates == [0; 64] => Err(KeyProblem::ZeroPoint),
            [4, ..] if backend::is_on_p256(point) => Ok(Self(*point)),
            [4, ..] => Err(KeyProblem::OffCurve),
            _ => Err(KeyProblem::PointForm),
        }
    }

    /// The point of a key pair that a backend has just made, which need not be checked.
    pub(crate) fn of_new_pair(point: [u8; 65]) -> Self {
        Self(point)
    }

    pub(crate) fn as_sec1(&self) -> &[u8; 65] {
        &self.0
    }

    pub(crate) fn x(&self) -> &[u8] {
        &self.0[1..33]
    }

    pub(crate) fn y(&self) -> &[u8] {
        &self.0[33..]
    }
}

/// Modulus and public exponent of an RSA key, big-endian without leading zeros.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RsaPublicNumbers {
    n: Box<[u8]>,
    e: Box<[u8]>,
}

impl RsaPublicNumbers {
    pub(crate) fn new(n: &[u8], e: &[u8]) -> Result<Self, KeyProblem> {
        let found = bit_len(n);
        if !(2048..=8192).contains(&found) {
            return Err(KeyProblem::ModulusBits { found });
        }
        if is_even(n) {
            return Err(KeyProblem::ModulusEven);
        }
        // At most 33 bits is what both backends take; at least 65537 is FIPS 186-5 section A.1.1.
        if is_even(e) || !(17..=33).contains(&bit_len(e)) {
            return Err(KeyProblem::Exponent);
        }
        Ok(Self {
            n: n.into(),
            e: e.into(),
        })
    }

    pub(crate) fn n(&self) -> &[u8] {
        &self.n
    }

    pub(crate) fn e(&self) -> &[u8] {
        &self.e
    }

    pub(crate) fn bits(&self) -> usize {
        bit_len(&self.n)
    }
}

/// Bits of a big-endian number without leading zero bytes.
pub(crate) fn bit_len(number: &[u8]) -> usize {
    match number.first() {
        None => 0,
        Some(first) => {
            let unused = first.leading_zeros() as usize;
            number.len().saturating_mul(8).saturating_sub(unused)
        }
    }
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|last| last & 1 == 0)
}
