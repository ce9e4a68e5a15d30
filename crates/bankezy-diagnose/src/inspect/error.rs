//! Why an input cannot be explained.

use core::fmt;

use bankezy_crypto::Error;

use crate::serialization::BeyondCompact;

/// Why [`inspect`](crate::inspect) cannot explain an input. Holds no part of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InspectError {
    /// The input is empty, or white space alone.
    Empty,
    /// The input is not UTF-8, does not start as DER does, and has no other form that can be named.
    NeitherTextNorDer,
    /// The input has several different sealed texts with something around them.
    #[non_exhaustive]
    SeveralMessages {
        /// How many.
        found: usize,
    },
    /// The number of parts separated by dots is that of neither a compact JWE nor a JWT.
    #[non_exhaustive]
    PartCount {
        /// Parts found.
        found: usize,
    },
    /// Five parts separated by dots, but not a compact JWE.
    #[non_exhaustive]
    SealedText {
        /// What is wrong with it.
        error: Error,
    },
    /// A JWE in JSON serialization that has no compact form.
    #[non_exhaustive]
    JsonSerialization {
        /// What it has that no compact JWE can have.
        beyond: BeyondCompact,
    },
    /// Three parts separated by dots, but not a JWT.
    #[non_exhaustive]
    Jwt {
        /// The part that is not base64url of a JSON object.
        part: JwtPart,
    },
    /// PEM, JSON or DER, but not a public key of the profile.
    #[non_exhaustive]
    PublicKey {
        /// What is wrong with it.
        error: Error,
    },
    /// A text without dots that is not a public key in base64, or octets of a form that is named.
    #[non_exhaustive]
    UnknownForm {
        /// Why it is not a public key.
        error: Error,
    },
}

/// The parts of a JWT that [`inspect`](crate::inspect) reads (RFC 7519 section 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtPart {
    /// The first part.
    Header,
    /// The second part.
    Claims,
}

impl InspectError {
    /// A stable identifier, such as `inspect.empty`; that of the [`Error`] inside if a sealed text or a
    /// public key is not valid.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "inspect.empty",
            Self::NeitherTextNorDer => "inspect.neither_text_nor_der",
            Self::SeveralMessages { .. } => "inspect.several_messages",
            Self::PartCount { .. } => "inspect.part_count",
            Self::JsonSerialization { .. } => "inspect.json_serialization",
            Self::Jwt { .. } => "inspect.jwt",
            Self::UnknownForm { .. } => "inspect.unknown_form",
            Self::SealedText { error } | Self::PublicKey { error } => error.code(),
        }
    }
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is nothing to explain: the input is empty"),
            Self::NeitherTextNorDer => f.write_str("the input is neither text nor DER"),
            Self::SeveralMessages { found } => write!(
                f,
                "the input has {found} different encrypted messages: give one of them alone"
            ),
            Self::PartCount { found } => write!(
                f,
                "a compact JWE has 5 parts separated by dots and a JWT has 3, this has {found}"
            ),
            Self::JsonSerialization { beyond } => write!(
                f,
                "this is a JWE in JSON serialization (RFC 7516 section 7.2) with {beyond}, which \
                 compact JWE, the form that this profile uses, cannot express"
            ),
            Self::Jwt { part } => write!(
                f,
                "it has the three parts of a JWT, but its {part} part is not base64url of a JSON object"
            ),
            Self::UnknownForm { error } => write!(
                f,
                "neither a sealed text, nor a JWT, nor a public key: {error}"
            ),
            Self::SealedText { error } | Self::PublicKey { error } => error.fmt(f),
        }
    }
}

impl core::error::Error for InspectError {}

impl fmt::Display for JwtPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
        })
    }
}
