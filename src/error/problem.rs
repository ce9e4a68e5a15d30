//! What exactly is wrong, kind by kind.

use crate::keys::algorithm::Algorithm;

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
    /// It holds a control character, such as the line break at the end of a file.
    ControlCharacter,
    /// It holds a colon, which separates name and password in Basic authentication (RFC 7617
    /// section 2).
    Colon,
    /// It is not a match pattern for web pages.
    MatchPattern {
        /// What is wrong with it.
        problem: PatternProblem,
    },
}

/// What is wrong with a Chrome match pattern, `<scheme>://<host>:<port>/<path>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternProblem {
    /// `<all_urls>`, under which any website could use the token.
    AllUrls,
    /// White space, which no URL holds.
    WhiteSpace,
    /// The scheme, up to `://`, is none of `https`, `http` and `*`.
    Scheme,
    /// The host is empty or no name, or has a `*` that neither stands alone nor before the first dot.
    Host,
    /// The port is neither `*` nor a number from 1 to 65535.
    Port,
    /// There is no path, where at least a slash has to follow the host, or one beyond ASCII.
    Path,
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
    /// The primes of an RSA private key are not of half the length of the modulus each.
    PrimeLengths,
    /// The numbers of an RSA private key break a relation of RFC 8017 section 3.2.
    PrivateNumbers {
        /// The relation, such as `d < n`.
        relation: &'static str,
    },
    /// An RSA private key of more than two primes.
    MultiPrime,
}
