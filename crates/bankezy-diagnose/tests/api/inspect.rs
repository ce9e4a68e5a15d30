//! Each kind of input.

use bankezy_crypto::{DEFAULT_MAX_SEALED_LEN, PayloadSecret};
use bankezy_diagnose::{Report, inspect};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{SECRET, key_pair, seal};

const P256_PEM: &str = bankezy_test_support::keys::P256_PUBLIC;

fn report(input: impl AsRef<[u8]>) -> Report {
    inspect(input.as_ref(), DEFAULT_MAX_SEALED_LEN).unwrap()
}

#[test]
fn a_sealed_text() {
    let sealed = seal(&PayloadSecret::from_base64url(SECRET).unwrap());
    let text = "\
kind: compact JWE (not opened, nothing is authenticated)
header: {\"enc\":\"A256GCM\",\"alg\":\"dir\"}
encrypted key: 0 bytes
initialization vector: 12 bytes
ciphertext: 4 bytes
authentication tag: 16 bytes
profile: met (dir with A256GCM)
";
    assert_eq!(report(&sealed).to_string(), text);
    assert_eq!(report(format!(" {sealed}\r\n")).to_string(), text);
    let report = report(&sealed);
    let line = &report.lines()[4];
    assert_eq!((line.name(), line.value()), ("ciphertext", "4 bytes"));
}

#[test]
fn a_sealed_text_outside_of_the_profile() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"zip":"DEF","enc":"A256GCM","alg":"dir"}"#);
    let text = report(format!("{header}..AAAA.AAAA.AAAA")).to_string();
    assert!(
        text.contains("profile: not met: ") && text.contains("`zip`"),
        "{text}"
    );
}

#[test]
fn public_keys() {
    let key = key_pair();
    let key = key.public_key();
    let (wire, jwk, der) = (key.to_wire(), key.to_jwk(), key.to_spki_der());
    let base64 = STANDARD.encode(&der);
    for (input, kind) in [
        (wire.as_bytes(), "public key in base64"),
        (base64.as_bytes(), "public key in base64"),
        (jwk.as_bytes(), "public key as JWK"),
        (&der, "DER SubjectPublicKeyInfo"),
    ] {
        let text =
            format!("kind: {kind}\nkey: P-256, 256 bits\nJWK: {jwk}\nas it travels: {wire}\n");
        assert_eq!(report(input).to_string(), text);
    }
    assert!(
        report(P256_PEM)
            .to_string()
            .starts_with("kind: public key as PEM\nkey: P-256")
    );
}

#[test]
fn a_jwt() {
    let claims = "{\"iat\":1688888888.5,\"nbf\":\"\u{202e}\",\"a\":1,\"a\":2}";
    let jwt = format!(
        "{}.{}.CANARY",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let text = r#"kind: JWT (not verified: anyone could have written this)
header: {"alg":"none"}
claims: {"iat":1688888888.5,"nbf":"\u{202e}","a":1,"a":2}
issued: 2023-07-09T07:48:08Z (1688888888.5)
not before: not a date: "\u{202e}"
"#;
    assert_eq!(report(&jwt).to_string(), text);
    assert_eq!(report(format!("Bearer {jwt}\n")).to_string(), text);
}

#[test]
fn a_jwe_in_json_serialization() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let json =
        format!(r#"{{"protected":"{header}","iv":"AAAA","ciphertext":"AAAA","tag":"AAAA"}}"#);
    let text = report(&json).to_string();
    let compact = report(format!("{header}..AAAA.AAAA.AAAA")).to_string();
    let (kind, rest) = text.split_once('\n').unwrap();
    assert_eq!(
        kind,
        "kind: JWE in JSON serialization (not opened, nothing is authenticated)"
    );
    assert_eq!(rest, compact.split_once('\n').unwrap().1);
    let with_aad = json.replace('}', r#","aad":"AAAA"}"#);
    let error = inspect(with_aad.as_bytes(), 1000).unwrap_err();
    assert_eq!(error.code(), "inspect.json_serialization");
    assert!(error.to_string().contains("with `aad`"), "{error}");
}

#[test]
fn debug_shows_no_value() {
    let header = URL_SAFE_NO_PAD.encode("{\"CANARY\":\"\u{1b}[31m\"}");
    let report = report(format!("{header}..AAAA.AAAA.AAAA"));
    assert!(report.to_string().contains(r#"{"CANARY":"\u{1b}[31m"}"#));
    let debug = format!("{report:?}");
    assert!(
        debug.contains("header") && !debug.contains("CANARY"),
        "{debug}"
    );
}

/// With a byte order mark it is no UTF-8, and its NULs are not the fault.
#[test]
fn text_in_other_encodings_is_named() {
    let marked = format!("\u{feff}{P256_PEM}");
    let utf16 = |to: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let utf32 = |to: fn(u32) -> [u8; 4]| {
        let characters = marked.chars().map(u32::from);
        characters.flat_map(to).collect::<Vec<u8>>()
    };
    for (input, command) in [
        (utf16(u16::to_le_bytes), "iconv -f UTF-16LE -t UTF-8"),
        (utf16(u16::to_be_bytes), "iconv -f UTF-16BE -t UTF-8"),
        (utf32(u32::to_le_bytes), "iconv -f UTF-32LE -t UTF-8"),
        (utf32(u32::to_be_bytes), "iconv -f UTF-32BE -t UTF-8"),
        (b"\x1f\x8b\x08\0\xff".to_vec(), "gzip -dc"),
    ] {
        let error = inspect(&input, DEFAULT_MAX_SEALED_LEN).unwrap_err();
        assert!(error.to_string().contains(command), "{error}");
    }
}
