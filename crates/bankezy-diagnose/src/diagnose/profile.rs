//! What a message is whose `alg` or `enc` is not of the locked profile.

use core::fmt;

use serde_json::Value;

/// The `alg` or `enc` of a header that this library does not implement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherAlgorithm {
    /// `alg` or `enc`.
    pub member: &'static str,
    /// Its value, of the registered ones (RFC 7518).
    pub value: &'static str,
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

/// `enc` first, as the content is what both sides have to agree on.
pub(crate) fn other_algorithm(header: &str) -> Option<OtherAlgorithm> {
    let header: Value = serde_json::from_str(header).ok()?;
    let registered = |member: &'static str, known: &[(&'static str, &'static str)]| {
        let value = header.get(member)?.as_str()?;
        let (value, meaning) = known.iter().find(|(known, _)| *known == value)?;
        Some(OtherAlgorithm {
            member,
            value,
            meaning,
        })
    };
    registered("enc", &ENCRYPTIONS).or_else(|| registered("alg", &ALGORITHMS))
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
        write!(
            f,
            "the message's `{member}` is {value}: {meaning}. This library implements only {implemented}: \
             ask the bank whether it can send that"
        )
    }
}
