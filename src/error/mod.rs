//! What can go wrong, and whose fault it is. No variant holds a secret, a token, a URL or a body.

mod code;
mod display;
mod display_key;
mod examples;
mod problem;

pub use problem::{HeaderProblem, JsonProblem, KeyForm, KeyProblem, Malformed};

use crate::keys::algorithm::KeyType;

/// Everything that can go wrong with keys and messages.
///
/// An error never holds key material, plaintext, a sealed text or any part of one, so it can be
/// logged as it is. Match on the variant, or on [`Error::code`] where a stable text is needed:
/// `docs/errors.md` of the repository lists every code with its cause and remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A payload secret decoded to a length other than 32 bytes.
    SecretLength {
        /// Length found, in bytes after decoding.
        found: usize,
    },
    /// A payload secret is 32 zero bytes: memory that was never filled.
    SecretZero,
    /// A payload secret is not written in the encoding that was named.
    SecretEncoding {
        /// The encoding that the caller named.
        expected: &'static str,
    },
    /// A payload secret starts with the byte order mark of UTF-8, which some editors put in front of a file.
    SecretByteOrderMark,
    /// A payload is too long to seal: its sealed text would be longer than the cap.
    PayloadTooLong {
        /// Length of the payload, in bytes.
        len: usize,
        /// Length that its sealed text would have, in bytes.
        sealed_len: usize,
        /// The cap on sealed texts, in bytes.
        max: usize,
    },
    /// A sealed text is longer than the cap; nothing of it was decoded.
    SealedTooLong {
        /// Length found, in bytes.
        len: usize,
        /// The cap, in bytes.
        max: usize,
    },
    /// A text is not a compact JWE of five parts (RFC 7516 section 7.1). Depends on no secret.
    #[non_exhaustive]
    Malformed {
        /// What is wrong with its outside form.
        problem: Malformed,
    },
    /// The protected header is refused. Depends on no secret.
    #[non_exhaustive]
    Header {
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// The message could not be opened. Wrong key, changed message, wrapped key that does not
    /// unwrap: all are this one error (RFC 7516 section 11.5).
    OpenFailed,
    /// An opened payload is not UTF-8 text.
    PayloadNotUtf8,
    /// A payload is not the JSON that was asked for, or a value cannot be written as JSON.
    #[non_exhaustive]
    Json {
        /// What is wrong with it.
        problem: JsonProblem,
        /// Line in the payload, from 1; 0 where there is none.
        line: usize,
        /// Column in the line, in bytes from 1; 0 where there is none.
        column: usize,
    },
    /// A public or private key is refused.
    #[non_exhaustive]
    Key {
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// A key of one kind was given where another is needed.
    WrongKeyType {
        /// What the operation needs.
        needed: KeyType,
        /// What it was given.
        found: KeyType,
    },
    /// `apu` or `apv` is longer than the profile allows.
    PartyInfoTooLong {
        /// Length found, in bytes.
        len: usize,
        /// The cap, in bytes.
        max: usize,
    },
    /// RSA keys are generated with 2048, 3072, 4096 or 8192 bits.
    RsaKeySize {
        /// Size asked for, in bits.
        bits: usize,
    },
    /// A cipher has sealed as many messages as one key may (NIST SP 800-38D section 8.3).
    NonceBudgetSpent {
        /// The budget, in messages.
        limit: u64,
    },
    /// Nonces were leased by the process that this one was forked from: both would use the same.
    NonceLeaseForked,
    /// A key ring has as many keys beside the newest as it may, and none of them has expired.
    KeyRingFull {
        /// The cap.
        max_opening_keys: usize,
    },
    /// A key ring already has a key with this identifier.
    DuplicateKeyId,
    /// A key ring already has a cipher of the same secret: each would count its messages separately.
    DuplicateKeySecret,
    /// A key ring has no key of this identifier, or it has expired.
    UnknownKeyId,
    /// The newest key of a key ring cannot be retired, since it seals.
    KeyIsNewest,
    /// The chosen backend was built without what the operation needs.
    #[non_exhaustive]
    Unsupported {
        /// Name of the backend.
        backend: &'static str,
        /// What is missing and which feature brings it.
        needs: &'static str,
    },
    /// A cryptographic backend failed where no input can be blamed.
    #[non_exhaustive]
    Backend {
        /// Name of the backend.
        backend: &'static str,
        /// What it was asked to do.
        operation: &'static str,
    },
    /// The operating system gave no random bytes.
    Randomness,
}

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCategory {
    /// What came in: a message, a key or a secret from outside.
    Input,
    /// How this crate was called.
    Misuse,
    /// The cryptographic backend or the operating system.
    Backend,
    /// A provider's server: it refused, failed, or answered otherwise than documented.
    Provider,
    /// The connection to the server: DNS, TCP, TLS, timeouts.
    Transport,
}

impl Error {
    /// A backend failed where no input can be blamed; for implementations of [`Seal`](crate::Seal) and
    /// [`Open`](crate::Open).
    #[must_use]
    pub const fn backend(backend: &'static str, operation: &'static str) -> Self {
        Self::Backend { backend, operation }
    }

    /// A backend cannot do this; for implementations of [`Seal`](crate::Seal) and [`Open`](crate::Open).
    #[must_use]
    pub const fn unsupported(backend: &'static str, needs: &'static str) -> Self {
        Self::Unsupported { backend, needs }
    }

    /// A stable identifier, such as `envelope.open_failed`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SecretLength { .. } => "secret.length",
            Self::SecretZero => "secret.zero",
            Self::SecretEncoding { .. } => "secret.encoding",
            Self::SecretByteOrderMark => "secret.byte_order_mark",
            Self::PayloadTooLong { .. } => "payload.too_long",
            Self::SealedTooLong { .. } => "envelope.too_long",
            Self::Malformed { problem } => problem.code(),
            Self::Header { problem } => problem.code(),
            Self::OpenFailed => "envelope.open_failed",
            Self::PayloadNotUtf8 => "payload.not_utf8",
            Self::Json { problem, .. } => problem.code(),
            Self::Key { problem } => problem.code(),
            Self::WrongKeyType { .. } => "key.wrong_type",
            Self::PartyInfoTooLong { .. } => "key.party_info_too_long",
            Self::RsaKeySize { .. } => "key.rsa_size",
            Self::NonceBudgetSpent { .. } => "cipher.budget_spent",
            Self::NonceLeaseForked => "cipher.lease_forked",
            Self::KeyRingFull { .. } => "key_ring.full",
            Self::DuplicateKeyId => "key_ring.duplicate_id",
            Self::DuplicateKeySecret => "key_ring.duplicate_secret",
            Self::UnknownKeyId => "key_ring.unknown_id",
            Self::KeyIsNewest => "key_ring.key_is_newest",
            Self::Unsupported { .. } => "backend.unsupported",
            Self::Backend { .. } => "backend.failed",
            Self::Randomness => "backend.randomness",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Json {
                problem: JsonProblem::NotSerializable,
                ..
            }
            | Self::PayloadTooLong { .. }
            | Self::WrongKeyType { .. }
            | Self::PartyInfoTooLong { .. }
            | Self::RsaKeySize { .. }
            | Self::NonceBudgetSpent { .. }
            | Self::NonceLeaseForked
            | Self::KeyRingFull { .. }
            | Self::DuplicateKeyId
            | Self::DuplicateKeySecret
            | Self::UnknownKeyId
            | Self::KeyIsNewest
            | Self::Unsupported { .. } => ErrorCategory::Misuse,
            Self::SecretLength { .. }
            | Self::SecretZero
            | Self::SecretEncoding { .. }
            | Self::SecretByteOrderMark
            | Self::SealedTooLong { .. }
            | Self::Malformed { .. }
            | Self::Header { .. }
            | Self::OpenFailed
            | Self::PayloadNotUtf8
            | Self::Json { .. }
            | Self::Key { .. } => ErrorCategory::Input,
            Self::Backend { .. } | Self::Randomness => ErrorCategory::Backend,
        }
    }
}

impl core::error::Error for Error {}

impl From<Malformed> for Error {
    fn from(problem: Malformed) -> Self {
        Self::Malformed { problem }
    }
}

impl From<HeaderProblem> for Error {
    fn from(problem: HeaderProblem) -> Self {
        Self::Header { problem }
    }
}

impl From<KeyProblem> for Error {
    fn from(problem: KeyProblem) -> Self {
        Self::Key { problem }
    }
}
