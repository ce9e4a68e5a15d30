//! Keys that were changed or wrapped after a tool wrote them, and forms that no other program reads: each is named.

use bankezy_crypto::{Error, KeyForm, KeyPair, KeyProblem, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{P256_PEM, P256_PUBLIC, form, key};
use crate::common::each_backend;

const PVK: &[u8] = include_bytes!("../../data/forms/rsa.pvk");
const BLOB: &[u8] = include_bytes!("../../data/forms/rsa.msblob");
const PUBLIC_BLOB: &[u8] = include_bytes!("../../data/forms/rsa.pub.msblob");
const GZIP: &[u8] = include_bytes!("../../data/forms/p256.pem.gz");

/// How word processors, chats and hands change the lines with BEGIN and END.
fn altered(pem: &str) -> Vec<String> {
    let boundary = |from: &str, to: &str| pem.replace(from, to);
    vec![
        boundary("-----", "\u{2014}\u{2014}-"),
        boundary("-----", "\u{2013}\u{2013}\u{2013}\u{2013}\u{2013}"),
        boundary("-----", "\u{2011}".repeat(5).as_str()),
        boundary("-----", "\u{2212}".repeat(5).as_str()),
        boundary("-----", "----"),
        boundary("-----BEGIN ", "----- BEGIN "),
        boundary("BEGIN ", "BEGIN  "),
        boundary("BEGIN ", "BEGIN  ").replace("END ", "END  "),
        boundary(" KEY", "  KEY"),
        boundary("BEGIN", "Begin"),
        pem.replace("BEGIN ", "BEGIN\t"),
        boundary("END ", "END RSA "),
        boundary(" KEY-----", "\u{a0}KEY-----"),
        boundary(" KEY-----", " key-----"),
        pem.split_once('\n').unwrap().1.to_owned(),
    ]
}

fn commented(pem: &str, mark: &str) -> String {
    pem.lines().map(|line| format!("{mark}{line}\n")).collect()
}

fn each_reader(text: &str, check: impl Fn(Error)) {
    each_backend(|backend| {
        check(KeyPair::from_pem_with_backend(text, backend).unwrap_err());
    });
}

#[test]
fn pem_with_other_boundaries_is_named() {
    let expected = form(KeyForm::AlteredPem);
    for text in altered(P256_PEM) {
        each_reader(&text, |error| assert_eq!(error, expected, "{text}"));
        if !text.contains("-----BEGIN ") {
            each_backend(|backend| {
                let found = KeyPair::from_pkcs8_der_with_backend(text.as_bytes(), backend);
                assert_eq!(found.unwrap_err(), expected, "{text}");
            });
        }
    }
    for text in altered(P256_PUBLIC) {
        assert_eq!(PublicKey::from_pem(&text), Err(expected.clone()), "{text}");
        if !text.contains("-----BEGIN ") {
            assert_eq!(PublicKey::from_wire(&text), Err(expected.clone()), "{text}");
        }
    }
}

#[test]
fn pem_that_is_commented_or_has_no_end_is_named() {
    let (end, marked) = (key(KeyProblem::PemNoEnd), key(KeyProblem::PemCommented));
    for mark in ["# ", "#", "> ", "// ", " * ", "; ", "\t# "] {
        let text = commented(P256_PEM, mark);
        each_reader(&text, |error| assert_eq!(error, marked, "{text}"));
        let text = commented(P256_PUBLIC, mark);
        assert_eq!(PublicKey::from_pem(&text), Err(marked.clone()), "{text}");
    }
    for pem in [P256_PEM, P256_PUBLIC] {
        let cut = pem.find("-----END").unwrap();
        for text in [&pem[..cut], &pem[..cut - 20], &pem[..cut + 8]] {
            each_reader(text, |error| assert_eq!(error, end, "{text}"));
        }
    }
    let cut = P256_PUBLIC.find("-----END").unwrap();
    assert_eq!(PublicKey::from_pem(&P256_PUBLIC[..cut]), Err(end));
}

#[test]
fn what_is_no_key_in_der_is_named() {
    let decimal = "1234567890".repeat(8);
    // As Java prints them.
    let octets = format!("[{}]", ["107, -94, 122, 17"; 8].join(", "));
    let xml = "<RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>";
    let with = |with| KeyForm::Compressed { with };
    let rows: &[(&[u8], KeyForm)] = &[
        (PVK, KeyForm::Pvk),
        (BLOB, KeyForm::MsBlob { private: true }),
        (PUBLIC_BLOB, KeyForm::MsBlob { private: false }),
        (GZIP, with("gzip -dc <")),
        (b"BZh91AY&SY", with("bzip2 -dc <")),
        (b"\xfd7zXZ\0\0\x04", with("xz -dc <")),
        (b"\x28\xb5\x2f\xfd\x04", with("zstd -dc <")),
        (b"PK\x03\x04\x14", with("unzip -p")),
        (xml.as_bytes(), KeyForm::Xml),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n", KeyForm::Xml),
        (decimal.as_bytes(), KeyForm::Decimal),
        (octets.as_bytes(), KeyForm::Decimal),
    ];
    for (bytes, found) in rows {
        let expected = form(*found);
        each_backend(|backend| {
            let read = KeyPair::from_pkcs8_der_with_backend(bytes, backend);
            assert_eq!(read.unwrap_err(), expected);
            if let Ok(text) = str::from_utf8(bytes)
                && !matches!(found, KeyForm::Compressed { .. })
            {
                let read = KeyPair::from_pem_with_backend(text, backend);
                assert_eq!(read.unwrap_err(), expected);
                let read = KeyPair::from_jwk_with_backend(text, backend);
                assert_eq!(read.unwrap_err(), expected);
            }
        });
        // A private key given as a public one is an alarm.
        let expected = match found {
            KeyForm::Pvk | KeyForm::MsBlob { private: true } => key(KeyProblem::PrivateMember),
            _ => expected,
        };
        assert_eq!(PublicKey::from_spki_der(bytes), Err(expected.clone()));
        let wire = STANDARD.encode(bytes);
        assert_eq!(PublicKey::from_wire(&wire), Err(expected), "{wire}");
    }
    // 32 digits may be a payload secret.
    each_backend(|backend| {
        let found = KeyPair::from_pkcs8_der_with_backend(&decimal.as_bytes()[..32], backend);
        assert_eq!(found.unwrap_err(), form(KeyForm::RawScalar));
    });
}
