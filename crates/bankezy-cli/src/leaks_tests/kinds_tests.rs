//! Secrets of every kind that a user may put in the wrong place.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Pieces of this many characters of a secret are not printed.
const PIECE: usize = 8;

/// A secret, and the parts of it that no other text contains.
pub(crate) struct Secret {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    parts: Vec<String>,
}

impl Secret {
    fn whole(kind: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        let parts = vec![text.clone()];
        Self { kind, text, parts }
    }

    /// The first piece of it in a text.
    pub(crate) fn piece_in<'a>(&'a self, text: &str) -> Option<&'a [u8]> {
        let pieces = self.parts.iter().flat_map(|part| {
            let length = PIECE.min(part.len());
            part.as_bytes().windows(length)
        });
        pieces
            .into_iter()
            .find(|piece| memchr::memmem::find(text.as_bytes(), piece).is_some())
    }
}

pub(crate) fn all() -> Vec<Secret> {
    let key: Vec<u8> = (0..32_u8).map(|n| n.wrapping_mul(151) ^ 0xb7).collect();
    let base64url = URL_SAFE_NO_PAD.encode(&key);
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let pem = bankezy_test_support::keys::P256;
    let pem_lines = pem.lines().filter(|line| !line.starts_with('-'));
    let jwk = format!(r#"{{"kty":"EC","crv":"P-256","d":"{base64url}"}}"#);
    let signed = URL_SAFE_NO_PAD.encode(r#"{"sub":"1234567890","iat":1516239022}"#);
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{signed}.{base64url}");
    let jwe = format!(
        "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..q7-Zt0PpXw3uVd1K.{base64url}.{}",
        &base64url[4..26]
    );
    vec![
        Secret::whole("base64", STANDARD.encode(&key)),
        Secret::whole("base64url", base64url.clone()),
        Secret::whole("hex", hex.clone()),
        Secret::whole("32 characters", "k3y.with/dots-and 32 characters!"),
        Secret::whole(
            "32 characters after dashes",
            "--q8#Lz0vR!tB2nW5xKp7uYc4eHa9sDf",
        ),
        Secret::whole(
            "32 characters after a dash",
            "-Vt6=mQ1zXc8/rBn3kLp0wHs5yGd7uJa",
        ),
        Secret::whole(
            "folded",
            format!("{}\n{}\n", &base64url[..20], &base64url[20..]),
        ),
        Secret {
            kind: "PEM",
            text: pem.to_owned(),
            parts: pem_lines.map(str::to_owned).collect(),
        },
        Secret {
            kind: "JWK",
            text: jwk,
            parts: vec![base64url.clone()],
        },
        Secret::whole("JWT", jwt),
        // The header of all messages is no secret.
        Secret {
            kind: "JWE",
            parts: vec![jwe.split("..").last().unwrap_or_default().to_owned()],
            text: jwe,
        },
        Secret::whole("API key", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        Secret::whole("short API key", "AKIAIOSFODNN7EXAMPLE"),
        Secret::whole("passphrase", "correct-horse-battery-staple"),
        Secret::whole("dotted passphrase", "correct.horse.battery.staple"),
        Secret::whole("password", "hunter2"),
        Secret::whole("password with a year", "My.Pa55word.2024"),
        Secret::whole("password with a slash", "tr0ub4dor/3"),
        Secret::whole("PIN", "47110815"),
        Secret::whole("negative number", "-90471108"),
        Secret::whole("UUID", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    ]
}
