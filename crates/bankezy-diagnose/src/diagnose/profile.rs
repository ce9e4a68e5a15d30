//! Describes a message whose `alg` or `enc` is not in the locked profile.

use core::fmt;

use serde_json::Value;

/// The `alg` or `enc` of a header that this library does not implement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherAlgorithm {
    /// `alg` or `enc`.
    pub member: &'static str,
    /// Its value, if that is the name of an algorithm that is known, in letters of either case: other values are text of
    /// whoever wrote the message.
    pub value: Option<Box<str>>,
    /// What it is.
    pub meaning: &'static str,
}

const ENCRYPTIONS: [(&str, &str); 5] = [
    (
        "A128CBC-HS256",
        "AES-128-CBC with HMAC-SHA-256, under a key of 32 bytes",
    ),
    (
        "A192CBC-HS384",
        "AES-192-CBC with HMAC-SHA-384, under a key of 48 bytes",
    ),
    (
        "A256CBC-HS512",
        "AES-256-CBC with HMAC-SHA-512, under a key of 64 bytes",
    ),
    ("A128GCM", "AES-128-GCM, under a key of 16 bytes"),
    ("A192GCM", "AES-192-GCM, under a key of 24 bytes"),
];

const ALGORITHMS: [(&str, &str); 15] = [
    ("RSA1_5", "RSA with PKCS #1 v1.5 padding"),
    ("RSA-OAEP", "RSA-OAEP with SHA-1"),
    ("RSA-OAEP-384", "RSA-OAEP with SHA-384"),
    ("RSA-OAEP-512", "RSA-OAEP with SHA-512"),
    ("A128KW", "AES key wrap with a shared key of 16 bytes"),
    ("A192KW", "AES key wrap with a shared key of 24 bytes"),
    ("A256KW", "AES key wrap with a shared key of 32 bytes"),
    (
        "A128GCMKW",
        "AES-GCM key wrap with a shared key of 16 bytes",
    ),
    (
        "A192GCMKW",
        "AES-GCM key wrap with a shared key of 24 bytes",
    ),
    (
        "A256GCMKW",
        "AES-GCM key wrap with a shared key of 32 bytes",
    ),
    ("ECDH-ES+A128KW", "key agreement with AES-128 key wrap"),
    ("ECDH-ES+A192KW", "key agreement with AES-192 key wrap"),
    ("ECDH-ES+A256KW", "key agreement with AES-256 key wrap"),
    ("PBES2-HS256+A128KW", "a password with AES-128 key wrap"),
    ("PBES2-HS512+A256KW", "a password with AES-256 key wrap"),
];

/// Not of RFC 7518, but used.
const UNREGISTERED: [(&str, &str); 12] = [
    ("C20P", "ChaCha20-Poly1305, which is not registered"),
    ("XC20P", "XChaCha20-Poly1305, which is not registered"),
    (
        "ECDH-1PU",
        "key agreement with a static key of the sender, which is not registered",
    ),
    (
        "ECDH-1PU+A256KW",
        "key agreement with a static key of the sender and AES-256 key wrap, which is not registered",
    ),
    (
        "RSA-OAEP-224",
        "RSA-OAEP with SHA-224, which is not registered",
    ),
    ("none", "no encryption"),
    ("HS256", "an algorithm of signatures, not of encryption"),
    ("RS256", "an algorithm of signatures, not of encryption"),
    ("PS256", "an algorithm of signatures, not of encryption"),
    ("ES256", "an algorithm of signatures, not of encryption"),
    ("EdDSA", "an algorithm of signatures, not of encryption"),
    (
        "AES",
        "the name of a cipher, not of an algorithm of RFC 7518",
    ),
];

const IMPLEMENTED: [&str; 4] = ["A256GCM", "dir", "RSA-OAEP-256", "ECDH-ES"];

/// Longer values are no names.
const MAX_NAME: usize = 40;

const OTHER_LETTERS: &str =
    "the name of an algorithm in the wrong case, and names are case-sensitive (RFC 7515)";

/// `enc` first, as the content is what both sides have to agree on.
pub(crate) fn other_algorithm(header: &str) -> Option<OtherAlgorithm> {
    let header: Value = serde_json::from_str(header).ok()?;
    let [enc, algs @ ..] = IMPLEMENTED;
    of(&header, "enc", &[enc], &ENCRYPTIONS).or_else(|| of(&header, "alg", &algs, &ALGORITHMS))
}

fn of(
    header: &Value,
    member: &'static str,
    implemented: &[&str],
    known: &[(&str, &'static str)],
) -> Option<OtherAlgorithm> {
    let value = header.get(member)?.as_str()?;
    if implemented.contains(&value) || !is_name(value) {
        return None;
    }
    let others = known.iter().chain(&UNREGISTERED);
    let (value, meaning) = match others.clone().find(|(name, _)| *name == value) {
        Some((_, meaning)) => (Some(value), *meaning),
        None => {
            let mut names = others.map(|(name, _)| name).chain(&IMPLEMENTED);
            if names.any(|name| name.eq_ignore_ascii_case(value)) {
                (Some(value), OTHER_LETTERS)
            } else {
                (None, "not an algorithm of RFC 7518")
            }
        }
    };
    Some(OtherAlgorithm {
        member,
        value: value.map(Box::from),
        meaning,
    })
}

/// Whether it looks like the name of an algorithm, and not like an error in the header.
fn is_name(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/_-".contains(c);
    (1..=MAX_NAME).contains(&value.len()) && value.chars().all(is_part)
}

impl fmt::Display for OtherAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            member,
            value,
            meaning,
        } = self;
        let implemented = match *member {
            "enc" => "A256GCM",
            _ => "dir, RSA-OAEP-256 and ECDH-ES",
        };
        let value = value.as_deref().map(|value| format!("{value}: "));
        let value = value.unwrap_or_default();
        write!(
            f,
            "the message's `{member}` is {value}{meaning}. This library implements only {implemented}: \
             ask the bank whether it can send that"
        )
    }
}
