//! The derivations that are tried.

use core::fmt;

use bankezy_crypto::Derivation;

use crate::diagnose::info::{Candidate, Info};

/// A [`Derivation`] whose inputs are named instead of given as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TriedDerivation {
    /// [`Derivation::RawSharedSecret`].
    RawSharedSecret,
    /// [`Derivation::Sha256`].
    Sha256,
    /// [`Derivation::ConcatKdf`].
    #[non_exhaustive]
    ConcatKdf {
        /// PartyUInfo.
        apu: Info,
        /// PartyVInfo.
        apv: Info,
    },
    /// [`Derivation::HkdfSha256`].
    #[non_exhaustive]
    HkdfSha256 {
        /// Salt.
        salt: Info,
        /// Context information.
        info: Info,
    },
}

/// A derivation that did not open the message, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DerivationAttempt {
    /// What was tried.
    pub derivation: TriedDerivation,
    /// Why it did not open the message.
    pub outcome: DerivationOutcome,
}

/// Why a derivation does not open a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DerivationOutcome {
    /// The derivation gives a key, but the message does not open with it.
    OtherKey,
    /// A further text is longer than `apu` and `apv` may be, so no key was derived.
    #[non_exhaustive]
    PartyInfoTooLong {
        /// Length found, in bytes.
        len: usize,
        /// Most that is allowed, in bytes.
        max: usize,
    },
}

/// All derivations, the simple ones first, then those with every ordered pair of the candidates:
/// swapped roles are among them.
pub(crate) fn derivations(
    candidates: &[Candidate],
) -> impl Iterator<Item = (TriedDerivation, Derivation<'_>)> {
    let simple = [
        (
            TriedDerivation::RawSharedSecret,
            Derivation::RawSharedSecret,
        ),
        (TriedDerivation::Sha256, Derivation::Sha256),
    ];
    let with_infos = candidates.iter().flat_map(move |first| {
        candidates
            .iter()
            .flat_map(move |second| [concat_kdf(first, second), hkdf_sha256(first, second)])
    });
    simple.into_iter().chain(with_infos)
}

fn concat_kdf<'a>(apu: &'a Candidate, apv: &'a Candidate) -> (TriedDerivation, Derivation<'a>) {
    (
        TriedDerivation::ConcatKdf {
            apu: apu.info.clone(),
            apv: apv.info.clone(),
        },
        Derivation::ConcatKdf {
            apu: &apu.bytes,
            apv: &apv.bytes,
        },
    )
}

fn hkdf_sha256<'a>(salt: &'a Candidate, info: &'a Candidate) -> (TriedDerivation, Derivation<'a>) {
    (
        TriedDerivation::HkdfSha256 {
            salt: salt.info.clone(),
            info: info.info.clone(),
        },
        Derivation::HkdfSha256 {
            salt: &salt.bytes,
            info: &info.bytes,
        },
    )
}

impl fmt::Display for TriedDerivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RawSharedSecret => f.write_str("raw"),
            Self::Sha256 => f.write_str("sha256"),
            Self::ConcatKdf { apu, apv } => {
                write!(f, "concat-kdf with apu {apu}, apv {apv}")
            }
            Self::HkdfSha256 { salt, info } => {
                write!(f, "hkdf-sha256 with salt {salt}, info {info}")
            }
        }
    }
}

impl fmt::Display for DerivationAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.derivation, self.outcome)
    }
}

impl fmt::Display for DerivationOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKey => f.write_str("another key"),
            Self::PartyInfoTooLong { len, max } => {
                write!(f, "apu or apv has {len} bytes, at most {max} are allowed")
            }
        }
    }
}
