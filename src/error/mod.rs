//! What can go wrong, and whose fault it is. No variant holds a secret, a token, a URL or a body.

mod display;

use crate::names::{Algorithm, KeyKind};

/// Everything that can go wrong in this crate.
///
/// An error never holds key material, plaintext, a sealed text or any part of one, so it can be
/// logged as it is. Match on the variant, or on [`Error::code`] where a stable text is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A payload secret decoded to something else than 32 bytes.
    SecretLength {
        /// Length found, in bytes after decoding.
        found: usize,
    },
    /// A payload secret is not written in the encoding that was named.
    SecretEncoding {
        /// The encoding that the caller named.
        expected: &'static str,
    },
    /// A sealed text is longer than the cap; nothing of it was decoded.
    SealedTooLong {
        /// Length found, in bytes.
        len: usize,
        /// The cap, in bytes.
        max: usize,
    },
    /// A text is not a compact JWE of five parts (RFC 7516 section 7.1). Depends on no secret.
    Malformed {
        /// What is wrong with its outside form.
        problem: Malformed,
    },
    /// The protected header is refused. Depends on no secret.
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
    Json {
        /// What is wrong with it.
        problem: JsonProblem,
        /// Line in the payload, from 1; 0 where there is none.
        line: usize,
        /// Column in the line, in bytes from 1; 0 where there is none.
        column: usize,
    },
    /// A public or private key is refused.
    Key {
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// A key of one kind was given where another is needed.
    WrongKeyKind {
        /// What the operation needs.
        needed: KeyKind,
        /// What it was given.
        found: KeyKind,
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
    /// A key ring holds as many older keys as it was bounded to, all of them still needed.
    KeyRingFull {
        /// The bound.
        max_older: usize,
    },
    /// A key ring already has a key with this identifier.
    DuplicateKeyId,
    /// A base URL or a path is refused; it is not shown.
    BaseUrl {
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// A field of a request is refused; its value is not shown.
    Field {
        /// Its name, as documented.
        name: &'static str,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// The chosen backend was built without what the operation needs.
    Unsupported {
        /// Name of the backend.
        backend: &'static str,
        /// What is missing and which feature brings it.
        needs: &'static str,
    },
    /// A cryptographic backend failed where no input can be blamed.
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
pub enum Fault {
    /// What came in: a message, a key or a secret from outside.
    Input,
    /// How this crate was called.
    Misuse,
    /// The cryptographic backend or the operating system.
    Backend,
    /// A provider's server: it refused, failed, or answered otherwise than documented.
    Provider,
}

/// What is wrong with the outside form of a compact JWE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Nothing was given.
    Empty,
    /// Clear JSON stands where a sealed text is due.
    ClearJson,
    /// Not five parts separated by dots.
    PartCount {
        /// How many were found.
        found: usize,
    },
    /// A part is not canonical unpadded base64url (RFC 4648 section 5).
    NotBase64url {
        /// RFC 7516's name of the part.
        part: &'static str,
    },
    /// A part has the wrong length.
    PartLength {
        /// RFC 7516's name of the part.
        part: &'static str,
        /// Length found, in base64url characters.
        found: usize,
        /// Length needed, in base64url characters.
        needed: usize,
    },
}

/// What is wrong with a protected header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// Longer than any header that this profile can need.
    TooLong {
        /// The cap, in base64url characters.
        max: usize,
    },
    /// Not canonical unpadded base64url.
    NotBase64url,
    /// Not a JSON object in UTF-8.
    NotJsonObject,
    /// A member stands twice.
    DuplicateMember,
    /// More than 64 members.
    TooManyMembers,
    /// A required member is missing.
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// A member has the wrong JSON type or form.
    Invalid {
        /// Its name.
        member: &'static str,
    },
    /// `alg` is outside the locked profile.
    UnknownAlgorithm,
    /// `alg` is in the profile, but it is not what the caller's key is for.
    AlgorithmMismatch {
        /// What the key is for.
        needed: Algorithm,
        /// What the header says.
        found: Algorithm,
    },
    /// `enc` is not `A256GCM`.
    UnknownEncryption,
    /// `zip` is present: compressed plaintext is refused.
    Compressed,
    /// `crit` is present: no extension is understood (RFC 7515 section 4.1.11).
    Critical,
}

/// What is wrong with a base URL or a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// Not an absolute URL.
    Invalid,
    /// Neither `https`, nor `http` on the loopback address.
    NotHttps,
    /// It holds a user name or password.
    UserInfo,
    /// It holds a query or a fragment.
    Query,
    /// A path that does not start with a slash, or with characters that no path has.
    Path,
}

/// What is wrong with a field of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It is required and empty.
    Missing,
    /// It is too long.
    TooLong {
        /// The most, in characters.
        max: usize,
    },
    /// It is not a number in plain digits.
    NotANumber,
    /// There is no such day.
    NotADate,
    /// It was given already, or has a name of its own.
    Twice,
    /// It holds characters that no header can carry.
    NotAHeaderValue,
}

/// What is wrong with a JSON payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonProblem {
    /// Not JSON.
    Syntax,
    /// The JSON ends early.
    Truncated,
    /// JSON, but not of the expected type.
    Mismatch,
    /// The value cannot be written as JSON.
    NotSerializable,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Longer than any key that this profile accepts.
    TooLong {
        /// The cap, in bytes.
        max: usize,
    },
    /// Nothing was given.
    Empty,
    /// Neither base64 nor base64url.
    NotBase64,
    /// Base64 of neither a JWK's JSON nor a DER structure.
    NotAKey,
    /// A JWK ends early: the key was cut short.
    CutShort,
    /// Not a JSON object in UTF-8.
    NotJsonObject,
    /// A member of a JWK stands twice.
    DuplicateMember,
    /// A JWK with more than 64 members.
    TooManyMembers,
    /// A required member of a JWK is missing.
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// A member of a JWK is not canonical base64url of the right length.
    Invalid {
        /// Its name.
        member: &'static str,
    },
    /// A member of a JWK is not a string.
    NotText {
        /// Its name.
        member: &'static str,
    },
    /// A P-256 key that travels as a SubjectPublicKeyInfo instead of a JWK.
    WireForm,
    /// `kty` is neither `EC` nor `RSA`.
    UnknownKeyType,
    /// An elliptic-curve key on another curve than P-256.
    WrongCurve,
    /// A compressed or otherwise unusual form of point.
    PointForm,
    /// The point is not on P-256.
    OffCurve,
    /// The point is zero (0, 0) or the point at infinity.
    ZeroPoint,
    /// A private key stands where a public one is due.
    PrivateMember,
    /// The modulus of an RSA key has the wrong size.
    ModulusBits {
        /// Size found, in bits.
        found: usize,
    },
    /// The modulus of an RSA key is even.
    ModulusEven,
    /// The public exponent is even, below 65537 or above 2^33 - 1.
    Exponent,
    /// `use` is present and is not `enc`.
    Use,
    /// `alg` is present and names something outside the profile or for another kind of key.
    Algorithm,
    /// `key_ops` is present and does not allow what the key is used for.
    KeyOps,
    /// Not PEM (RFC 7468).
    NotPem,
    /// PEM with more than one key.
    SeveralKeys,
    /// PEM with a label that is not expected here.
    PemLabel,
    /// The private key is encrypted with a password.
    Encrypted,
    /// Not valid DER of the named structure.
    NotDer {
        /// Name of the structure.
        structure: &'static str,
    },
    /// A DER structure for another algorithm than rsaEncryption and P-256, or with odd parameters.
    DerAlgorithm,
    /// The private half does not belong to the public half, or is no valid private key.
    PrivateInvalid,
    /// An RSA private key of more than two primes.
    MultiPrime,
}

impl Error {
    /// A stable identifier, such as `envelope.open_failed`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SecretLength { .. } => "secret.length",
            Self::SecretEncoding { .. } => "secret.encoding",
            Self::SealedTooLong { .. } => "envelope.too_long",
            Self::Malformed { .. } => "envelope.malformed",
            Self::Header { .. } => "envelope.header",
            Self::OpenFailed => "envelope.open_failed",
            Self::PayloadNotUtf8 => "payload.not_utf8",
            Self::Json { .. } => "payload.json",
            Self::Key { .. } => "key.refused",
            Self::WrongKeyKind { .. } => "key.kind",
            Self::PartyInfoTooLong { .. } => "key.party_info",
            Self::RsaKeySize { .. } => "key.rsa_size",
            Self::NonceBudgetSpent { .. } => "cipher.budget_spent",
            Self::KeyRingFull { .. } => "key_ring.full",
            Self::DuplicateKeyId => "key_ring.duplicate_id",
            Self::BaseUrl { .. } => "request.base_url",
            Self::Field { .. } => "request.field",
            Self::Unsupported { .. } => "backend.unsupported",
            Self::Backend { .. } => "backend.failed",
            Self::Randomness => "backend.randomness",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Json {
                problem: JsonProblem::NotSerializable,
                ..
            }
            | Self::WrongKeyKind { .. }
            | Self::PartyInfoTooLong { .. }
            | Self::RsaKeySize { .. }
            | Self::NonceBudgetSpent { .. }
            | Self::KeyRingFull { .. }
            | Self::DuplicateKeyId
            | Self::BaseUrl { .. }
            | Self::Field { .. }
            | Self::Unsupported { .. } => Fault::Misuse,
            Self::SecretLength { .. }
            | Self::SecretEncoding { .. }
            | Self::SealedTooLong { .. }
            | Self::Malformed { .. }
            | Self::Header { .. }
            | Self::OpenFailed
            | Self::PayloadNotUtf8
            | Self::Json { .. }
            | Self::Key { .. } => Fault::Input,
            Self::Backend { .. } | Self::Randomness => Fault::Backend,
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

impl From<UrlProblem> for Error {
    fn from(problem: UrlProblem) -> Self {
        Self::BaseUrl { problem }
    }
}
