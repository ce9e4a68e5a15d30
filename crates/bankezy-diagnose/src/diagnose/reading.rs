//! The ways in which a payload secret may be written.

use core::fmt;

use bankezy_crypto::{Error, PayloadSecret, SecretBytes};

/// How a payload secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// base64url: [`PayloadSecret::from_base64url`].
    Base64url,
    /// base64: [`PayloadSecret::from_base64`].
    Base64,
    /// Hexadecimal digits: [`PayloadSecret::from_hex`].
    Hex,
    /// 32 characters that are the key themselves: [`PayloadSecret::from_utf8`].
    Utf8,
    /// 32 bytes that need not be text: [`PayloadSecret::from_bytes`].
    RawBytes,
}

/// A reading that did not open the message, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadingAttempt {
    /// What was tried.
    pub reading: Reading,
    /// Why it did not open the message.
    pub outcome: ReadingOutcome,
}

/// Why a reading does not open a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadingOutcome {
    /// The reading gives a key, but the message does not open with it.
    OtherKey,
    /// The reading gives another number of bytes than 32.
    #[non_exhaustive]
    Length {
        /// Length found, in bytes.
        found: usize,
    },
    /// The secret is not UTF-8 text.
    NotText,
    /// The secret is not valid in this encoding.
    Invalid,
}

impl Reading {
    /// In the order in which they are tried.
    pub(crate) const ALL: [Self; 5] = [
        Self::Base64url,
        Self::Base64,
        Self::Hex,
        Self::Utf8,
        Self::RawBytes,
    ];

    pub(crate) fn read(self, secret: &SecretBytes) -> Result<PayloadSecret, ReadingOutcome> {
        let read_text = |from: fn(&str) -> Result<PayloadSecret, Error>| {
            text(secret)
                .ok_or(ReadingOutcome::NotText)
                .and_then(|text| from(text).map_err(outcome))
        };
        match self {
            Self::Base64url => read_text(PayloadSecret::from_base64url),
            Self::Base64 => read_text(PayloadSecret::from_base64),
            Self::Hex => read_text(PayloadSecret::from_hex),
            Self::Utf8 => read_text(PayloadSecret::from_utf8),
            Self::RawBytes => PayloadSecret::from_bytes(secret.as_bytes()).map_err(outcome),
        }
    }
}

/// The secret as text, without the line end that editors add.
fn text(secret: &SecretBytes) -> Option<&str> {
    core::str::from_utf8(secret.as_bytes())
        .ok()
        .map(|text| text.trim_end_matches(['\r', '\n']))
}

fn outcome(error: Error) -> ReadingOutcome {
    match error {
        Error::SecretLength { found } => ReadingOutcome::Length { found },
        _ => ReadingOutcome::Invalid,
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64url => "base64url",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Utf8 => "utf8",
            Self::RawBytes => "the 32 raw bytes (PayloadSecret::from_bytes)",
        })
    }
}

impl fmt::Display for ReadingAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reading, self.outcome)
    }
}

impl fmt::Display for ReadingOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKey => f.write_str("32 bytes, but another key"),
            Self::Length { found } => write!(f, "{found} bytes"),
            Self::NotText => f.write_str("not text"),
            Self::Invalid => f.write_str("not valid"),
        }
    }
}
