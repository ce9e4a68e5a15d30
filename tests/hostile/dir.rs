//! Genuine texts under `dir`, changes to them, and how they are all opened.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{
    Error, Inspection, KeyRing, Malformed as M, Opened, PayloadCipher, PayloadSecret,
};

use crate::{OPEN_MARGIN, Row, Table, base64url, malformed};

/// As hexadecimal, so that it would be seen in an error.
pub(crate) const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
pub(crate) const KEY_TEXTS: [&str; 3] = [
    "0123456789abcdef0123456789abcdef",
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",
    "3031323334353637383961626364656630313233343536373839616263646566",
];
pub(crate) const PLAINTEXT: &[u8] = br#"{"secretAmount":4711}"#;
const NONCE: [u8; 12] = [0x5a; 12];
pub(crate) const DIR: &str = r#"{"enc":"A256GCM","alg":"dir"}"#;

pub(crate) const HEADER: &str = "protected header";
pub(crate) const ENCRYPTED_KEY: &str = "encrypted key";
pub(crate) const IV: &str = "initialization vector";
pub(crate) const CIPHERTEXT: &str = "ciphertext";
pub(crate) const TAG: &str = "authentication tag";

/// A genuine text under `KEY` with this header, sealed by the library underneath: what is refused
/// about it is the header and nothing else.
pub(crate) fn sealed(json: impl AsRef<[u8]>) -> String {
    sealed_as(&base64url(json), &KEY, PLAINTEXT)
}

/// The same with the header as it is to stand in the text.
pub(crate) fn sealed_as(encoded_header: &str, key: &[u8; 32], plaintext: &[u8]) -> String {
    let (ciphertext, tag) = encrypt(key, encoded_header.as_bytes(), plaintext);
    let [iv, ciphertext, tag] = [&NONCE[..], &ciphertext, &tag].map(base64url);
    format!("{encoded_header}..{iv}.{ciphertext}.{tag}")
}

#[cfg(feature = "aws-lc-rs")]
fn encrypt(key: &[u8; 32], aad: &[u8], plaintext: &[u8]) -> (Vec<u8>, [u8; 16]) {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut text = plaintext.to_vec();
    let tag = key
        .seal_in_place_separate_tag(Nonce::from(&NONCE), Aad::from(aad), &mut text)
        .unwrap();
    (text, tag.as_ref().try_into().unwrap())
}

#[cfg(not(feature = "aws-lc-rs"))]
fn encrypt(key: &[u8; 32], aad: &[u8], plaintext: &[u8]) -> (Vec<u8>, [u8; 16]) {
    use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
    let mut text = plaintext.to_vec();
    let tag = aes_gcm::Aes256Gcm::new(key.into())
        .encrypt_inout_detached((&NONCE).into(), aad, text.as_mut_slice().into())
        .unwrap();
    (text, tag.into())
}

/// The five parts of a genuine text, one of them changed.
pub(crate) fn with_part(index: usize, change: impl FnOnce(&str) -> String) -> Vec<u8> {
    let text = sealed(DIR);
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    parts[index] = change(&parts[index]);
    parts.join(".").into_bytes()
}

/// The last character replaced by the next one: the same bytes, with unused bits set.
pub(crate) fn with_trailing_bits(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(part.len() % 4, 0, "it has no unused bits");
    let (rest, last) = part.split_at(part.len() - 1);
    let value = ALPHABET
        .iter()
        .position(|c| *c == last.as_bytes()[0])
        .unwrap();
    format!("{rest}{}", char::from(ALPHABET[value | 1]))
}

pub(crate) fn cipher(backend: &bankezy_crypto::backend::Backend) -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&KEY).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

/// Opens each text on each backend, in every way.
pub(crate) fn check(rows: Vec<(&str, Vec<u8>, Error)>) {
    let mut table = Table::default();
    for backend in AVAILABLE {
        let cipher = cipher(backend);
        table.control("the genuine text", cipher.open(sealed(DIR)));
        let ring = KeyRing::new("new", cipher);
        let other = PayloadSecret::from_bytes(&[0x17; 32]).unwrap();
        let other = PayloadCipher::with_backend(&other, backend).unwrap();
        ring.add_for_opening("newer", other).unwrap();
        let cipher = self::cipher(backend);
        for (name, input, expected) in &rows {
            let row = Row {
                name: &format!("{name} on {}", backend.name()),
                input,
                expected: expected.clone(),
                secrets: &KEY_TEXTS,
                peak: 2 * input.len() + OPEN_MARGIN,
            };
            table.row(&row, || cipher.open(input));
            table.row(&row, || ring.open(input));
            let mut opened = Opened::new();
            cipher
                .open_into(cipher.seal(&[1; 2000]).unwrap(), &mut opened)
                .unwrap();
            table.row(&row, || cipher.open_into(input, &mut opened));
            assert!(
                opened.is_empty(),
                "{name}: something is left of an earlier payload"
            );
        }
    }
    // Inspecting a text without a key finds the same faults, as far as they depend on none.
    for (name, input, expected) in &rows {
        let profile = Inspection::parse(input).and_then(|inspection| inspection.profile);
        let without_key = !matches!(
            expected,
            Error::OpenFailed
                | Error::Header {
                    problem: bankezy_crypto::HeaderProblem::AlgorithmMismatch { .. },
                    ..
                }
        );
        assert_eq!(profile.is_err(), without_key, "{name}: {profile:?}");
    }
    table.finish();
}

pub(crate) fn part_length(part: &'static str, found: usize, needed: usize) -> Error {
    malformed(M::PartLength {
        part,
        found,
        needed,
    })
}

pub(crate) fn not_base64url(part: &'static str) -> Error {
    malformed(M::NotBase64url { part })
}
