//! Messages that do not open: by their tag, by their key, and by their wrapped key.

use std::hint::black_box;

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};
use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Error, KeyPair, Opened, PayloadCipher, PayloadSecret, PrivateKeyOpener, PublicKey,
    PublicKeySealer,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::welch::{Finding, Random, compare};
use super::{Kind, Report};

const SAMPLES: usize = 300_000;
const REPEAT: usize = 4;
const RSA_SAMPLES: usize = 40_000;
const INPUTS: usize = 500;

pub(crate) fn measure(report: &mut Report) {
    for backend in AVAILABLE {
        under_a_payload_secret(report, backend);
        under_a_wrapped_key(report, backend);
    }
}

fn cipher(byte: u8, backend: &Backend) -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&[byte; 32]).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

/// With a bit of the decoded part changed.
fn changed(sealed: &str, part: usize, bit: impl Fn(usize) -> usize) -> Vec<u8> {
    with_part(sealed, part, |value| {
        let bit = bit(value.len() * 8);
        value[bit / 8] ^= 1 << (bit % 8);
    })
}

fn with_part(sealed: &str, part: usize, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut parts: Vec<String> = sealed.split('.').map(str::to_owned).collect();
    let mut value = URL_SAFE_NO_PAD.decode(&parts[part]).unwrap();
    change(&mut value);
    parts[part] = URL_SAFE_NO_PAD.encode(&value);
    parts.join(".").into_bytes()
}

fn many(make: impl FnMut(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    (0..INPUTS).map(make).collect()
}

const CIPHERTEXT: usize = 3;
const TAG: usize = 4;

fn under_a_payload_secret(report: &mut Report, backend: &Backend) {
    let (ours, other) = (cipher(1, backend), cipher(2, backend));
    let plaintext = [0x5a; 256];
    let seal = |cipher: &PayloadCipher| cipher.seal(&plaintext).unwrap();
    let sealed = || seal(&ours);
    let first = many(|_| changed(&sealed(), TAG, |_| 0));
    let last = many(|_| changed(&sealed(), TAG, |bits| bits - 1));
    let start = many(|_| changed(&sealed(), CIPHERTEXT, |_| 0));
    let end = many(|_| changed(&sealed(), CIPHERTEXT, |bits| bits - 1));
    let foreign = many(|_| seal(&other).into_bytes());
    let mut opened = Opened::with_capacity(plaintext.len());
    for (name, classes) in [
        ("tag: first byte / last byte wrong", [&first, &last]),
        ("tag wrong / ciphertext wrong", [&first, &start]),
        ("ciphertext: first byte / last byte wrong", [&start, &end]),
        ("tag wrong / another key", [&first, &foreign]),
    ] {
        let finding = compare(
            report.samples(SAMPLES),
            REPEAT,
            classes.map(Vec::as_slice),
            |sealed| assert_eq!(ours.open_into(sealed, &mut opened), Err(Error::OpenFailed)),
        );
        report.add(Kind::Promise, &format!("{backend}, {name}"), finding);
    }
}

/// Puts encrypted keys of its own making into a message: they unwrap, to a key that does not fit or
/// to something that is none, or they do not.
fn under_a_wrapped_key(report: &mut Report, backend: &Backend) {
    let pem = include_str!("../../tests/data/rsa2048.pem");
    let Ok(pair) = KeyPair::from_pem_with_backend(pem, backend) else {
        println!("{backend} has no private RSA in this build");
        return;
    };
    let wrap = Wrap::new(pair.public_key());
    let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
    let sealed = || sealer.seal(&[0x5a; 64]).unwrap();
    let with_key = |key: Vec<u8>| with_part(&sealed(), 1, |value| *value = key);
    let mut random = Random(3);
    let valid = many(|_| changed(&sealed(), TAG, |_| 0));
    let short = many(|_| with_key(wrap.oaep(&random.bytes::<16>())));
    let padding = many(|_| with_key(wrap.pkcs1(&random.bytes::<32>())));
    let noise = many(|_| {
        // Below the modulus.
        let mut key = random.bytes::<256>();
        key[0] &= 0x3f;
        with_key(key.to_vec())
    });
    let opener = PrivateKeyOpener::new(pair);
    // Slow, and not promised: a tenth of the samples shows enough.
    let (kind, samples) = match backend.name() {
        "aws-lc-rs" => (Kind::Promise, report.samples(RSA_SAMPLES)),
        _ => (Kind::Contrast, report.samples(RSA_SAMPLES / 10)),
    };
    for (name, classes) in [
        ("unwraps / padding of PKCS #1 v1.5", [&valid, &padding]),
        ("unwraps / random number", [&valid, &noise]),
        ("unwraps to 32 bytes / to 16 bytes", [&valid, &short]),
    ] {
        let finding: Finding = compare(samples, 1, classes.map(Vec::as_slice), |sealed| {
            assert_eq!(
                black_box(opener.open(sealed)).unwrap_err(),
                Error::OpenFailed
            );
        });
        report.add(kind, &format!("{backend}, wrapped key: {name}"), finding);
    }
}

/// Encrypts what this crate never would.
struct Wrap(PublicEncryptingKey);

impl Wrap {
    fn new(key: &PublicKey) -> Self {
        Self(PublicEncryptingKey::from_der(&key.to_spki_der()).unwrap())
    }

    fn oaep(&self, key: &[u8]) -> Vec<u8> {
        let rsa = OaepPublicEncryptingKey::new(self.0.clone()).unwrap();
        let mut out = vec![0; rsa.ciphertext_size()];
        rsa.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut out, None)
            .unwrap()
            .to_vec()
    }

    fn pkcs1(&self, key: &[u8]) -> Vec<u8> {
        let rsa = Pkcs1PublicEncryptingKey::new(self.0.clone()).unwrap();
        let mut out = vec![0; rsa.ciphertext_size()];
        rsa.encrypt(key, &mut out).unwrap().to_vec()
    }
}
