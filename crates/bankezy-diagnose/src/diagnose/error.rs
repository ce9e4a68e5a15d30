//! Why a diagnosis has no finding.

use core::fmt;

use bankezy_crypto::{Algorithm, Error};

use crate::diagnose::capture_find::TAG_LEN;
use crate::diagnose::class::Classes;
use crate::diagnose::derivation::DerivationAttempt;
use crate::diagnose::encoding::Encoding;
use crate::diagnose::profile::OtherAlgorithm;
use crate::diagnose::reading::ReadingAttempt;
use crate::serialization::BeyondCompact;

/// Why a diagnosis has no finding. Holds no key and no part of the message. The further texts that the
/// caller gave are in [`NoDerivation`](Self::NoDerivation), and neither `Display` nor `Debug` shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiagnoseError {
    /// The message is not a sealed text of the profile, the keys are of the wrong type, or a backend
    /// failed.
    #[non_exhaustive]
    Crypto {
        /// What is wrong.
        error: Error,
    },
    /// The capture has several different messages, and none of them alone is in the body of an HTTP message or the
    /// data of a curl command.
    #[non_exhaustive]
    SeveralMessages {
        /// How many.
        found: usize,
    },
    /// The message is a JWE that lacks its end.
    #[non_exhaustive]
    CutOff {
        /// How many of the 5 parts it has.
        parts: usize,
        /// Characters of the authentication tag, 0 where that is missing. 22 are needed.
        tag: usize,
    },
    /// The capture is compressed with gzip, or a part of it.
    Compressed,
    /// The capture has no message, but a JWT, or another JWS: a signed text, which is not encrypted.
    Jwt,
    /// The message is a JWE in JSON serialization that has no compact form.
    #[non_exhaustive]
    JsonSerialization {
        /// What it has that no compact JWE can have.
        beyond: BeyondCompact,
    },
    /// The message is a JWE outside of the profile.
    #[non_exhaustive]
    OtherAlgorithm {
        /// Its `alg` or `enc`, and what that is.
        algorithm: OtherAlgorithm,
    },
    /// The message is sealed to a public key, so only the private key can open it.
    #[non_exhaustive]
    SealedToPublicKey {
        /// The algorithm that its header names.
        algorithm: Algorithm,
    },
    /// The message is sealed under a shared key (`dir`), so a private key alone cannot open it.
    SealedUnderSharedKey,
    /// The secret is longer than any secret can be.
    #[non_exhaustive]
    SecretTooLong {
        /// Length found, in bytes.
        found: usize,
        /// Most that is allowed, in bytes.
        max: usize,
    },
    /// The private key does not open the message, which is sealed to a public key.
    NotThisPrivateKey,
    /// No reading of the payload secret opens the message.
    #[non_exhaustive]
    NoReading {
        /// All readings, and the outcome of each.
        tried: Vec<ReadingAttempt>,
    },
    /// No derivation opens the message.
    #[non_exhaustive]
    NoDerivation {
        /// All derivations, and the outcome of each.
        tried: Vec<DerivationAttempt>,
    },
}

impl DiagnoseError {
    /// A stable identifier, such as `diagnose.no_reading`; that of the [`Error`] inside
    /// [`Crypto`](Self::Crypto).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Crypto { error } => error.code(),
            Self::SeveralMessages { .. } => "diagnose.several_messages",
            Self::CutOff { .. } => "diagnose.cut_off",
            Self::Compressed => "diagnose.compressed",
            Self::Jwt => "diagnose.jwt",
            Self::JsonSerialization { .. } => "diagnose.json_serialization",
            Self::OtherAlgorithm { .. } => "diagnose.other_algorithm",
            Self::SealedToPublicKey { .. } => "diagnose.sealed_to_public_key",
            Self::SealedUnderSharedKey => "diagnose.sealed_under_shared_key",
            Self::SecretTooLong { .. } => "diagnose.secret_too_long",
            Self::NotThisPrivateKey => "diagnose.not_this_private_key",
            Self::NoReading { .. } => "diagnose.no_reading",
            Self::NoDerivation { .. } => "diagnose.no_derivation",
        }
    }
}

impl fmt::Display for DiagnoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crypto { error } => error.fmt(f),
            Self::SeveralMessages { found } => write!(
                f,
                "the capture has {found} different encrypted messages: give one of them alone"
            ),
            Self::CutOff { parts, tag } => {
                f.write_str("the message is cut off: ")?;
                if *parts < 5 {
                    write!(f, "it has {parts} of 5 parts")?;
                } else {
                    write!(f, "its authentication tag has {tag} of {TAG_LEN} characters")?;
                }
                f.write_str(". Logs and terminals cut long lines: copy it whole")
            }
            Self::Compressed => {
                f.write_str("the capture is compressed with gzip: decompress it first (`gzip -d`)")
            }
            Self::Jwt => f.write_str(
                "this is a JWT, which is signed and not encrypted: give the encrypted message, which has 5 \
                 parts separated by dots",
            ),
            Self::JsonSerialization { beyond } => write!(
                f,
                "this is a JWE in JSON serialization (RFC 7516 section 7.2) with {beyond}. \
                 Compact JWE, which this profile uses, cannot express that: ask the bank for the compact form"
            ),
            Self::OtherAlgorithm { algorithm } => algorithm.fmt(f),
            Self::SealedToPublicKey { algorithm } => write!(
                f,
                "the message is sealed to a public key ({algorithm}): open it with the private key"
            ),
            Self::SealedUnderSharedKey => f.write_str(
                "the message is sealed under a shared key (dir): give the other side's public key too",
            ),
            Self::SecretTooLong { found, max } => write!(
                f,
                "the payload secret has {found} bytes, at most {max} are allowed"
            ),
            Self::NotThisPrivateKey => write!(
                f,
                "the private key does not open the message. {WHAT_NEXT_FOR_PRIVATE_KEY}"
            ),
            Self::NoReading { tried } => {
                f.write_str("no reading of the payload secret opens the message (")?;
                for (place, attempt) in tried.iter().take(Encoding::USUAL).enumerate() {
                    let separator = if place == 0 { "" } else { "; " };
                    write!(f, "{separator}{attempt}")?;
                }
                let others = Classes::of_readings(tried.get(Encoding::USUAL..).unwrap_or_default());
                write!(f, "; and: {others}). {WHAT_NEXT_FOR_SECRET}")
            }
            Self::NoDerivation { tried } => write!(
                f,
                "none of {} derivations opens the message ({}). {WHAT_NEXT_FOR_KEYS}",
                tried.len(),
                Classes::of_derivations(tried)
            ),
        }
    }
}

/// What to do when no reading opens a message, with what to ask the bank.
pub const WHAT_NEXT_FOR_SECRET: &str = "A wrong secret and a changed message look the same. Try a second \
    message of another session: if it opens, the first message was changed or has another secret. If none \
    opens, ask the bank for a test message with its secret, and how the 32-byte AES key is made from the \
    secret (encoding, hash, truncation)";

/// What to do when no derivation opens a message, with what to ask the bank.
pub const WHAT_NEXT_FOR_KEYS: &str = "Wrong keys and a changed message look the same. Check that both keys \
    are of the session in which the message was sealed, and try a second message of another session: if it \
    opens, the first message was changed or has other keys. If none opens, ask the bank for the key \
    derivation function, its hash, its inputs (apu, apv, salt, info), the form of the shared secret and \
    the key length, and try texts that it names as further texts";

/// What to do when a private key does not open a message, with what to ask the bank.
pub const WHAT_NEXT_FOR_PRIVATE_KEY: &str = "A wrong private key and a changed message look the same. Try a \
    second message: if it opens, the first message was changed or is sealed to another key. If none opens, \
    ask the bank for the public key that it seals to and compare it with the public half of this private \
    key; for ECDH-ES also ask which apu and apv go into its Concat KDF, and for RSA-OAEP-256 whether MGF1 \
    uses SHA-256 too";

impl core::error::Error for DiagnoseError {}

impl From<Error> for DiagnoseError {
    fn from(error: Error) -> Self {
        Self::Crypto { error }
    }
}
