//! Names of the profile that keys, headers and errors share.

use core::fmt;
use core::str::FromStr;

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// Elliptic curve P-256 (NIST SP 800-186), for key agreement and `ECDH-ES`.
    P256,
    /// RSA, for `RSA-OAEP-256`.
    Rsa,
}

/// A text is not the name of an [`Algorithm`] or [`KeyType`]; it is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// The names that are known.
    expected: &'static str,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown name: expected {}", self.expected)
    }
}

impl core::error::Error for UnknownName {}

/// The inverse of `Display`.
impl FromStr for KeyType {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "P-256" => Ok(Self::P256),
            "RSA" => Ok(Self::Rsa),
            _ => Err(UnknownName {
                expected: "P-256 or RSA",
            }),
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::Rsa => "RSA",
        })
    }
}

/// The key management algorithms of the profile (RFC 7518 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// `dir`: the shared key encrypts the content itself (RFC 7518 section 4.5).
    Dir,
    /// `RSA-OAEP-256`: a fresh key, encrypted to an RSA key (RFC 7518 section 4.3).
    RsaOaep256,
    /// `ECDH-ES`: a fresh key agreed with a P-256 key (RFC 7518 section 4.6).
    EcdhEs,
}

impl Algorithm {
    /// Its name in `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Dir, Self::RsaOaep256, Self::EcdhEs]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }
}

/// The inverse of `Display`.
impl FromStr for Algorithm {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::from_name(name).ok_or(UnknownName {
            expected: "dir, RSA-OAEP-256 or ECDH-ES",
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
