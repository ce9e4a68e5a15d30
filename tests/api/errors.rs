//! What each error says: a stable code, whose fault it is, and one line with the numbers and names that it
//! holds, so that nobody has to look for them.

use std::collections::BTreeSet;

use bankezy_crypto::ErrorCategory::{Backend, Input, Misuse};
use bankezy_crypto::{
    Algorithm, Error, FieldProblem, HeaderProblem, JsonProblem, KeyForm, KeyProblem, KeyType,
    Malformed, PatternProblem, UrlProblem,
};

const MALFORMED: [Malformed; 5] = [
    Malformed::Empty,
    Malformed::ClearJson,
    Malformed::PartCount { found: 4711 },
    Malformed::NotBase64url { part: "THE-PART" },
    Malformed::PartLength {
        part: "THE-PART",
        found: 4711,
        needed: 4712,
    },
];

const HEADER: [HeaderProblem; 12] = [
    HeaderProblem::TooLong { max: 4711 },
    HeaderProblem::NotBase64url,
    HeaderProblem::NotJsonObject,
    HeaderProblem::DuplicateMember,
    HeaderProblem::TooManyMembers,
    HeaderProblem::Missing { member: "THE-PART" },
    HeaderProblem::Invalid { member: "THE-PART" },
    HeaderProblem::UnknownAlgorithm,
    HeaderProblem::AlgorithmMismatch {
        needed: Algorithm::EcdhEs,
        found: Algorithm::Dir,
    },
    HeaderProblem::UnknownEncryption,
    HeaderProblem::Compressed,
    HeaderProblem::Critical,
];

const KEY: [KeyProblem; 40] = [
    KeyProblem::TooLong { max: 4711 },
    KeyProblem::Empty,
    KeyProblem::NotBase64,
    KeyProblem::NotAKey,
    KeyProblem::CutShort,
    KeyProblem::NotJsonObject,
    KeyProblem::DuplicateMember,
    KeyProblem::TooManyMembers,
    KeyProblem::Missing { member: "THE-PART" },
    KeyProblem::Invalid { member: "THE-PART" },
    KeyProblem::NotText { member: "THE-PART" },
    KeyProblem::WireForm,
    KeyProblem::UnknownKeyType,
    KeyProblem::WrongCurve,
    KeyProblem::PointForm,
    KeyProblem::OffCurve,
    KeyProblem::ZeroPoint,
    KeyProblem::PrivateMember,
    KeyProblem::ModulusBits { found: 4711 },
    KeyProblem::ModulusEven,
    KeyProblem::Exponent,
    KeyProblem::Use,
    KeyProblem::Algorithm,
    KeyProblem::KeyOps,
    KeyProblem::NotPem,
    KeyProblem::SeveralKeys,
    KeyProblem::SeveralCertificates,
    KeyProblem::PemLabel {
        expected: "THE-PART",
    },
    KeyProblem::ExplicitCurve,
    KeyProblem::ScalarLength { found: 4711 },
    KeyProblem::CertificateKeyUsage { needed: "THE-PART" },
    KeyProblem::MemberLength {
        member: "THE-PART",
        found: 4711,
        needed: 4712,
    },
    KeyProblem::Encrypted,
    KeyProblem::NotDer {
        structure: "THE-PART",
    },
    KeyProblem::DerAlgorithm,
    KeyProblem::PrivateInvalid,
    KeyProblem::OwnPublicKey,
    KeyProblem::PrimeLengths,
    KeyProblem::PrivateNumbers {
        relation: "THE-PART",
    },
    KeyProblem::MultiPrime,
];

const FORMS: [KeyForm; 15] = [
    KeyForm::Certificate,
    KeyForm::CertificateRequest,
    KeyForm::OpenSsh,
    KeyForm::Putty,
    KeyForm::Pkcs12,
    KeyForm::Pkcs7,
    KeyForm::JavaKeyStore,
    KeyForm::Pem,
    KeyForm::Jwk,
    KeyForm::JwkSet,
    KeyForm::Utf16,
    KeyForm::PublicKey,
    KeyForm::RawPublicPoint,
    KeyForm::RawPrivateKey,
    KeyForm::RawScalar,
];

const URL: [UrlProblem; 5] = [
    UrlProblem::Invalid,
    UrlProblem::NotHttps,
    UrlProblem::UserInfo,
    UrlProblem::Query,
    UrlProblem::Path,
];

const FIELD: [FieldProblem; 8] = [
    FieldProblem::Missing,
    FieldProblem::TooLong { max: 4711 },
    FieldProblem::NotANumber,
    FieldProblem::NotADate,
    FieldProblem::Twice,
    FieldProblem::NotAHeaderValue,
    FieldProblem::ControlCharacter,
    FieldProblem::Colon,
];

const PATTERN: [PatternProblem; 6] = [
    PatternProblem::AllUrls,
    PatternProblem::WhiteSpace,
    PatternProblem::Scheme,
    PatternProblem::Host,
    PatternProblem::Port,
    PatternProblem::Path,
];

fn field(problem: FieldProblem) -> Error {
    Error::Field {
        name: "THE-FIELD",
        problem,
    }
}

/// Every error, its code, and whose fault it is.
fn errors() -> Vec<(Error, &'static str, bankezy_crypto::ErrorCategory)> {
    let json = |problem, line, column| Error::Json {
        problem,
        line,
        column,
    };
    let mut errors = vec![
        (Error::SecretLength { found: 4711 }, "secret.length", Input),
        (
            Error::SecretEncoding {
                expected: "THE-PART",
            },
            "secret.encoding",
            Input,
        ),
        (
            Error::SealedTooLong {
                len: 4711,
                max: 4712,
            },
            "envelope.too_long",
            Input,
        ),
        (Error::SecretZero, "secret.zero", Input),
        (Error::OpenFailed, "envelope.open_failed", Input),
        (Error::PayloadNotUtf8, "payload.not_utf8", Input),
        (json(JsonProblem::Syntax, 4711, 4712), "payload.json", Input),
        (
            json(JsonProblem::Truncated, 4711, 4712),
            "payload.json",
            Input,
        ),
        (
            json(JsonProblem::Mismatch, 4711, 4712),
            "payload.json",
            Input,
        ),
        (
            json(JsonProblem::NotSerializable, 0, 0),
            "payload.json",
            Misuse,
        ),
        (
            Error::WrongKeyType {
                needed: KeyType::P256,
                found: KeyType::Rsa,
            },
            "key.kind",
            Misuse,
        ),
        (
            Error::PartyInfoTooLong {
                len: 4711,
                max: 4712,
            },
            "key.party_info",
            Misuse,
        ),
        (Error::RsaKeySize { bits: 4711 }, "key.rsa_size", Misuse),
        (
            Error::NonceBudgetSpent { limit: 4711 },
            "cipher.budget_spent",
            Misuse,
        ),
        (Error::NonceLeaseForked, "cipher.lease_forked", Misuse),
        (
            Error::KeyRingFull {
                max_opening_keys: 4711,
            },
            "key_ring.full",
            Misuse,
        ),
        (Error::DuplicateKeyId, "key_ring.duplicate_id", Misuse),
        (
            Error::DuplicateKeySecret,
            "key_ring.duplicate_secret",
            Misuse,
        ),
        (Error::UnknownKeyId, "key_ring.unknown_id", Misuse),
        (Error::KeyIsNewest, "key_ring.key_is_newest", Misuse),
        (
            Error::Unsupported {
                backend: "THE-PART",
                needs: "THE-FIELD",
            },
            "backend.unsupported",
            Misuse,
        ),
        (
            Error::Backend {
                backend: "THE-PART",
                operation: "THE-FIELD",
            },
            "backend.failed",
            Backend,
        ),
        (Error::Randomness, "backend.randomness", Backend),
    ];
    errors.extend(MALFORMED.map(|problem| (problem.into(), "envelope.malformed", Input)));
    errors.extend(HEADER.map(|problem| (problem.into(), "envelope.header", Input)));
    errors.extend(KEY.map(|problem| (problem.into(), "key.refused", Input)));
    errors.extend(FORMS.map(|found| {
        let problem = KeyProblem::OtherForm { found };
        (problem.into(), "key.refused", Input)
    }));
    errors.extend(URL.map(|problem| (problem.into(), "request.base_url", Misuse)));
    errors.extend(FIELD.map(|problem| (field(problem), "request.field", Misuse)));
    errors.extend(PATTERN.map(|problem| {
        let problem = FieldProblem::MatchPattern { problem };
        (field(problem), "request.field", Misuse)
    }));
    errors
}

#[test]
fn each_error_has_its_code_and_its_fault() {
    for (error, code, fault) in errors() {
        assert_eq!(error.code(), code, "{error:?}");
        assert_eq!(error.category(), fault, "{error:?}");
    }
}

#[test]
fn each_error_says_in_one_line_what_it_knows() {
    let mut texts = BTreeSet::new();
    for (error, ..) in errors() {
        let (text, debug) = (error.to_string(), format!("{error:?}"));
        assert!(text.len() > 15, "{debug}: {text}");
        assert!(
            !text.contains('\n') && !text.ends_with(['.', ' ']),
            "{text}"
        );
        for known in ["4711", "4712", "THE-PART", "THE-FIELD"] {
            assert_eq!(
                text.contains(known),
                debug.contains(known),
                "{debug}: {text}"
            );
        }
        assert!(texts.insert(text), "two errors say the same as {debug}");
    }
}

#[test]
fn a_place_in_json_is_told_where_there_is_one() {
    let at = |line, column| {
        let problem = JsonProblem::Syntax;
        let error = Error::Json {
            problem,
            line,
            column,
        };
        error.to_string()
    };
    assert_eq!(at(0, 0), "the payload is not JSON");
    assert_eq!(at(1, 2), "the payload is not JSON (line 1, column 2)");
}

/// The names of kinds and algorithms are those of the standards.
#[test]
fn kinds_and_algorithms_are_told_by_their_names() {
    let kinds = [(KeyType::P256, "P-256"), (KeyType::Rsa, "RSA")];
    for (kind, name) in kinds {
        assert_eq!(kind.to_string(), name);
    }
    let algorithms = [
        (Algorithm::Dir, "dir"),
        (Algorithm::RsaOaep256, "RSA-OAEP-256"),
        (Algorithm::EcdhEs, "ECDH-ES"),
    ];
    for (algorithm, name) in algorithms {
        assert_eq!(algorithm.name(), name);
        assert_eq!(algorithm.to_string(), name);
    }
    let problem = HeaderProblem::AlgorithmMismatch {
        needed: Algorithm::RsaOaep256,
        found: Algorithm::EcdhEs,
    };
    assert_eq!(
        problem.to_string(),
        "`alg` is ECDH-ES, the key given is for RSA-OAEP-256"
    );
    let error = Error::WrongKeyType {
        needed: KeyType::P256,
        found: KeyType::Rsa,
    };
    assert_eq!(
        error.to_string(),
        "this operation needs a P-256 key, but the one given is RSA"
    );
}
