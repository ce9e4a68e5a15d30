//! What exactly is wrong, kind by kind.

use crate::keys::algorithm::Algorithm;

/// What is wrong with the outside form of a compact JWE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Nothing was given.
    Empty,
    /// Unencrypted JSON instead of a sealed text.
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
    /// A duplicate member.
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
    /// A duplicate member of a JWK.
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
    /// A member of a JWK is base64url with padding, which RFC 7515 section 2 leaves out.
    MemberPadding {
        /// Its name.
        member: &'static str,
    },
    /// A member of a JWK is in the standard base64 alphabet (RFC 4648 section 4) instead of base64url.
    MemberAlphabet {
        /// Its name.
        member: &'static str,
    },
    /// A coordinate or the private key of a JWK on P-256 has the wrong length: leading zero octets belong
    /// to it (RFC 7518 sections 6.2.1.2 and 6.2.2.1).
    MemberLength {
        /// Its name.
        member: &'static str,
        /// Length found, in octets after decoding.
        found: usize,
        /// Length needed, in octets.
        needed: usize,
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
    /// An elliptic-curve key on a curve other than P-256.
    WrongCurve {
        /// Name of the curve, such as `P-384 (secp384r1)`, if it is a known one.
        found: &'static str,
    },
    /// The `crv` of a JWK is another name of P-256 than the one that RFC 7518 section 6.2.1.1 gives it.
    CurveName,
    /// A compressed or otherwise unusual form of point.
    PointForm,
    /// The point is not on P-256.
    OffCurve,
    /// The point is zero (0, 0) or the point at infinity.
    ZeroPoint,
    /// A private key instead of a public one.
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
    /// PEM without its END line.
    PemNoEnd,
    /// PEM with a mark in front of each line, such as that of a comment.
    PemCommented,
    /// PEM with header lines inside of its block, which RFC 7468 does not have.
    PemHeaders,
    /// PEM with more than one key.
    SeveralKeys,
    /// PEM with more than one certificate and no key.
    SeveralCertificates,
    /// PEM with a label that is not expected here.
    PemLabel {
        /// The labels that are.
        expected: &'static str,
    },
    /// A key, or a container of keys, in a form that is not read here.
    OtherForm {
        /// What it is.
        found: KeyForm,
    },
    /// An elliptic-curve key whose curve is written out as parameters instead of named.
    ExplicitCurve,
    /// The private scalar of a P-256 key in DER has the wrong length. One with leading zero octets is taken,
    /// and a shorter one if the public half is there to check it.
    ScalarLength {
        /// Length found, in octets.
        found: usize,
    },
    /// The `keyUsage` of a certificate does not allow what its key is used for (RFC 5280 section 4.2.1.3).
    CertificateKeyUsage {
        /// The bit that is needed.
        needed: &'static str,
    },
    /// JSON as other languages write it, which RFC 8259 does not allow.
    NotStrictJson {
        /// What it has.
        found: &'static str,
    },
    /// The private key is in OpenSSL's old form of encrypted PEM (`Proc-Type: 4,ENCRYPTED`).
    OldPemEncryption,
    /// The private key is encrypted with a password.
    Encrypted,
    /// The private key is not encrypted, although a password was given.
    NotEncrypted,
    /// The private key is encrypted in a way that is not read.
    Encryption {
        /// Name of the scheme, such as `pbeWithSHA1AndDES-CBC`.
        scheme: &'static str,
    },
    /// Stretching the password of an encrypted private key would cost too much.
    EncryptionCost {
        /// What is counted: `iterations` or `bytes of memory`.
        unit: &'static str,
        /// How many the key asks for.
        found: u64,
        /// The most that is spent.
        max: u64,
    },
    /// The password does not open the encrypted private key, or the key was damaged.
    WrongPassword,
    /// Not valid DER of the named structure.
    NotDer {
        /// Name of the structure.
        structure: &'static str,
    },
    /// A DER structure for an algorithm other than rsaEncryption and P-256, or with odd parameters.
    DerAlgorithm {
        /// Its name and object identifier, such as `Ed25519 (1.3.101.112)`, if it is a known one.
        found: &'static str,
    },
    /// The private half does not belong to the public half, or is no valid private key.
    PrivateInvalid,
    /// The public key of the other side has the x coordinate of one's own: it was sent back.
    OwnPublicKey,
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

/// Forms of keys that are recognized if they are not the ones that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyForm {
    /// An X.509 certificate (RFC 5280).
    Certificate,
    /// A certificate request (RFC 2986).
    CertificateRequest,
    /// A key of OpenSSH, private or public.
    OpenSsh,
    /// A key in the format of SSH2 (RFC 4716).
    Ssh2,
    /// A key file of PuTTY.
    Putty,
    /// PKCS#12 (RFC 7292).
    Pkcs12,
    /// PKCS#7 or CMS (RFC 5652).
    Pkcs7,
    /// A private RSA key of Microsoft in a PVK file.
    Pvk,
    /// An RSA key of Microsoft in a key blob (PUBLICKEYBLOB or PRIVATEKEYBLOB).
    MsBlob {
        /// Whether it is a private one.
        private: bool,
    },
    /// Compressed data.
    Compressed {
        /// The command that reads it, such as `gzip -dc <`.
        with: &'static str,
    },
    /// What openssl prints with `-text`.
    OpensslText {
        /// Whether it is of a private key.
        private: bool,
    },
    /// A Java key store (JKS or JCEKS).
    JavaKeyStore,
    /// PEM (RFC 7468).
    Pem,
    /// PEM whose BEGIN or END line is missing or was changed, such as by a word processor.
    AlteredPem,
    /// A JWK's JSON (RFC 7517).
    Jwk,
    /// A JWK set (RFC 7517 section 5).
    JwkSet,
    /// A JWK set without a key in it.
    EmptyJwkSet,
    /// JSON with a JWK inside.
    NestedJwk,
    /// JSON without a JWK, but with a long text that may be a key in base64, as AWS KMS writes it.
    NestedText,
    /// A JWK whose names start with capital letters, as .NET writes its `JsonWebKey`.
    CapitalJwk,
    /// The `RSAParameters` of .NET as JSON.
    RsaParameters,
    /// A JSON array of objects, such as the `keys` of a JWK set.
    JwkArray,
    /// XML, such as .NET writes RSA keys, or HTML.
    Xml,
    /// Decimal numbers.
    Decimal,
    /// Text in quotation marks, such as a JSON string that holds a JWK.
    QuotedText,
    /// Text in UTF-16.
    Utf16 {
        /// The order of its octets.
        big_endian: bool,
    },
    /// Text in UTF-32.
    Utf32 {
        /// The order of its octets.
        big_endian: bool,
    },
    /// Parameters alone, such as the name of a curve, as `openssl ecparam` writes them.
    Parameters,
    /// A public key where a private one is needed.
    PublicKey,
    /// An RSA private JWK without its primes (RFC 7518 section 6.3.2).
    RsaWithoutPrimes,
    /// An RSA public key in DER of PKCS#1 (RFC 8017 appendix A.1.1).
    Pkcs1PublicKey,
    /// A public point without a structure around it.
    RawPublicPoint {
        /// 65, or 64 without the octet in front that says its form, or 33 if it is compressed.
        octets: usize,
    },
    /// A public point and the private scalar behind it, 97 octets.
    RawPrivateKey,
    /// 32 octets, such as a payload secret or a private scalar.
    RawScalar,
}
