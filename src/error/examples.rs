//! One of each error: the tests of this crate and of its users compare their own tables with them.

use super::{Error, HeaderProblem, JsonProblem, KeyForm, KeyProblem, Malformed};
use crate::keys::algorithm::{Algorithm, KeyType};

/// Placeholders for names and numbers.
const NAME: &str = "NAME";
const LEN: usize = 1001;
const MAX: usize = 1000;

impl Error {
    /// One error of each kind, with made-up names and numbers: for tests of what handles errors, since not
    /// all can be made outside of this crate. New ones are added to it without a new major version.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let (found, len, max) = (LEN, LEN, MAX);
        let mut examples = vec![
            Self::SecretLength { found },
            Self::SecretZero,
            Self::SecretEncoding { expected: NAME },
            Self::SecretByteOrderMark,
            Self::PayloadTooLong {
                len,
                sealed_len: len,
                max,
            },
            Self::SealedTooLong { len, max },
            Self::OpenFailed,
            Self::PayloadNotUtf8,
            Self::WrongKeyType {
                needed: KeyType::P256,
                found: KeyType::Rsa,
            },
            Self::PartyInfoTooLong { len, max },
            Self::RsaKeySize { bits: LEN },
            Self::NonceBudgetSpent { limit: MAX as u64 },
            Self::NonceLeaseForked,
            Self::KeyRingFull {
                max_opening_keys: MAX,
            },
            Self::DuplicateKeyId,
            Self::DuplicateKeySecret,
            Self::UnknownKeyId,
            Self::KeyIsNewest,
            Self::Unsupported {
                backend: NAME,
                needs: "FEATURE",
            },
            Self::Backend {
                backend: NAME,
                operation: "OPERATION",
            },
            Self::Randomness,
        ];
        examples.extend(MALFORMED.map(Self::from));
        examples.extend(HEADER.map(Self::from));
        examples.extend(JSON.map(|problem| {
            let (line, column) = match problem {
                JsonProblem::NotSerializable => (0, 0),
                _ => (LEN, MAX),
            };
            Self::Json {
                problem,
                line,
                column,
            }
        }));
        examples.extend(KEY.map(Self::from));
        examples.extend(FORM.map(|found| Self::from(KeyProblem::OtherForm { found })));
        examples
    }
}

const MALFORMED: [Malformed; 5] = [
    Malformed::Empty,
    Malformed::ClearJson,
    Malformed::PartCount { found: LEN },
    Malformed::NotBase64url { part: NAME },
    Malformed::PartLength {
        part: NAME,
        found: LEN,
        needed: MAX,
    },
];

const HEADER: [HeaderProblem; 12] = [
    HeaderProblem::TooLong { max: MAX },
    HeaderProblem::NotBase64url,
    HeaderProblem::NotJsonObject,
    HeaderProblem::DuplicateMember,
    HeaderProblem::TooManyMembers,
    HeaderProblem::Missing { member: NAME },
    HeaderProblem::Invalid { member: NAME },
    HeaderProblem::UnknownAlgorithm,
    HeaderProblem::AlgorithmMismatch {
        needed: Algorithm::EcdhEs,
        found: Algorithm::Dir,
    },
    HeaderProblem::UnknownEncryption,
    HeaderProblem::Compressed,
    HeaderProblem::Critical,
];

const JSON: [JsonProblem; 4] = [
    JsonProblem::Syntax,
    JsonProblem::Truncated,
    JsonProblem::Mismatch,
    JsonProblem::NotSerializable,
];

const KEY: [KeyProblem; 52] = [
    KeyProblem::TooLong { max: MAX },
    KeyProblem::Empty,
    KeyProblem::NotBase64,
    KeyProblem::NotAKey,
    KeyProblem::CutShort,
    KeyProblem::NotJsonObject,
    KeyProblem::DuplicateMember,
    KeyProblem::TooManyMembers,
    KeyProblem::Missing { member: NAME },
    KeyProblem::Invalid { member: NAME },
    KeyProblem::NotText { member: NAME },
    KeyProblem::WireForm,
    KeyProblem::UnknownKeyType,
    KeyProblem::WrongCurve { found: NAME },
    KeyProblem::CurveName,
    KeyProblem::PointForm,
    KeyProblem::OffCurve,
    KeyProblem::ZeroPoint,
    KeyProblem::PrivateMember,
    KeyProblem::ModulusBits { found: LEN },
    KeyProblem::ModulusEven,
    KeyProblem::Exponent,
    KeyProblem::Use,
    KeyProblem::Algorithm,
    KeyProblem::KeyOps,
    KeyProblem::NotPem,
    KeyProblem::PemNoEnd,
    KeyProblem::PemCommented,
    KeyProblem::SeveralKeys,
    KeyProblem::SeveralCertificates,
    KeyProblem::PemLabel { expected: NAME },
    KeyProblem::ExplicitCurve,
    KeyProblem::ScalarLength { found: LEN },
    KeyProblem::CertificateKeyUsage { needed: NAME },
    KeyProblem::MemberPadding { member: NAME },
    KeyProblem::MemberAlphabet { member: NAME },
    KeyProblem::MemberLength {
        member: NAME,
        found: LEN,
        needed: MAX,
    },
    KeyProblem::Encrypted,
    KeyProblem::NotEncrypted,
    KeyProblem::Encryption { scheme: NAME },
    KeyProblem::EncryptionCost {
        unit: "UNITS",
        found: LEN as u64,
        max: MAX as u64,
    },
    KeyProblem::WrongPassword,
    KeyProblem::NotDer { structure: NAME },
    KeyProblem::DerAlgorithm { found: NAME },
    KeyProblem::PemHeaders,
    KeyProblem::NotStrictJson { found: NAME },
    KeyProblem::OldPemEncryption,
    KeyProblem::PrivateInvalid,
    KeyProblem::OwnPublicKey,
    KeyProblem::PrimeLengths,
    KeyProblem::PrivateNumbers { relation: NAME },
    KeyProblem::MultiPrime,
];

const FORM: [KeyForm; 34] = [
    KeyForm::OpensslText { private: true },
    KeyForm::Certificate,
    KeyForm::CertificateRequest,
    KeyForm::OpenSsh,
    KeyForm::Ssh2,
    KeyForm::Putty,
    KeyForm::Pkcs12,
    KeyForm::Pkcs7,
    KeyForm::Pvk,
    KeyForm::MsBlob { private: true },
    KeyForm::Compressed { with: "gzip -dc <" },
    KeyForm::JavaKeyStore,
    KeyForm::Pem,
    KeyForm::AlteredPem,
    KeyForm::Xml,
    KeyForm::Decimal,
    KeyForm::Jwk,
    KeyForm::JwkSet,
    KeyForm::EmptyJwkSet,
    KeyForm::NestedJwk,
    KeyForm::NestedText,
    KeyForm::CapitalJwk,
    KeyForm::RsaParameters,
    KeyForm::JwkArray,
    KeyForm::QuotedText,
    KeyForm::Utf16 { big_endian: false },
    KeyForm::Utf32 { big_endian: false },
    KeyForm::Parameters,
    KeyForm::PublicKey,
    KeyForm::RsaWithoutPrimes,
    KeyForm::Pkcs1PublicKey,
    KeyForm::RawPublicPoint { octets: 65 },
    KeyForm::RawPrivateKey,
    KeyForm::RawScalar,
];
