//! What each error says: a stable code, whose fault it is, and one line with the numbers and names that it holds.

use std::collections::BTreeSet;

use bankezy_crypto::ErrorCategory::{Backend, Input, Misuse};
use bankezy_crypto::{
    Algorithm, Error, ErrorCategory, HeaderProblem, KeyProblem, KeyType, Malformed,
};

#[test]
fn each_error_has_its_code_and_its_fault() {
    let faults: &[(&str, &[ErrorCategory])] = &[
        ("backend", &[Backend, Misuse]),
        ("cipher", &[Misuse]),
        ("envelope", &[Input]),
        ("header", &[Input]),
        ("key", &[Input, Misuse]),
        ("key_ring", &[Misuse]),
        ("payload", &[Input, Misuse]),
        ("secret", &[Input]),
    ];
    let mut codes = BTreeSet::new();
    for error in Error::examples() {
        let code = error.code();
        let (kind, name) = code.split_once('.').unwrap();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.chars().all(plain), "{code}");
        let (_, faults) = faults.iter().find(|(it, _)| *it == kind).unwrap();
        assert!(faults.contains(&error.category()), "{error:?}");
        assert!(codes.insert(code), "two errors have the code {code}");
    }
    for (error, code, fault) in [
        (Error::from(KeyProblem::Encrypted), "key.encrypted", Input),
        (KeyProblem::PrivateMember.into(), "key.is_private", Input),
        (Malformed::ClearJson.into(), "envelope.not_encrypted", Input),
        (HeaderProblem::Compressed.into(), "header.compressed", Input),
        (Error::RsaKeySize { bits: 1 }, "key.rsa_size", Misuse),
        (Error::Randomness, "backend.randomness", Backend),
    ] {
        assert_eq!((error.code(), error.category()), (code, fault));
    }
}

#[test]
fn each_error_says_in_one_line_what_it_knows() {
    let mut texts = BTreeSet::new();
    for error in Error::examples() {
        let (text, debug) = (error.to_string(), format!("{error:?}"));
        assert!(text.len() > 15, "{debug}: {text}");
        assert!(
            !text.contains('\n') && !text.ends_with(['.', ' ']),
            "{text}"
        );
        for known in ["1001", "1000", "NAME", "FEATURE", "OPERATION"] {
            assert_eq!(
                text.contains(known),
                debug.contains(known),
                "{debug}: {text}"
            );
        }
        assert!(texts.insert(text), "two errors say the same as {debug}");
    }
}

/// Implementations of `Seal` and `Open` outside of this crate fail in the same way as those in it.
#[test]
fn an_implementation_elsewhere_can_make_the_errors_it_needs() {
    let failed = Error::backend("an HSM", "sealing");
    assert_eq!(failed.code(), "backend.failed");
    assert_eq!(failed.to_string(), "the backend an HSM failed at sealing");
    let unsupported = Error::unsupported("an HSM", "firmware 2");
    assert_eq!(unsupported.code(), "backend.unsupported");
    let text = "the backend an HSM cannot do this: it needs firmware 2";
    assert_eq!(unsupported.to_string(), text);
}

#[test]
fn a_position_in_json_is_named_if_it_is_known() {
    let texts: Vec<String> = Error::examples()
        .iter()
        .filter(|error| matches!(error, Error::Json { .. }))
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts[0], "the payload is not JSON (line 1001, column 1000)");
    assert_eq!(texts[3], "the value cannot be written as JSON");
}

/// The names of key types and algorithms are those of the standards.
#[test]
fn key_types_and_algorithms_have_their_standard_names() {
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
