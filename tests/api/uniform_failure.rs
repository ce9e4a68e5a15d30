//! Whatever depends on a key fails as one error with one text, and leaves an empty buffer: thousands
//! of changes to every part of messages of every kind, on each backend. Whether failures take equally
//! long, `cargo bench --bench timing` measures.

use std::time::{Duration, SystemTime};

use crate::common::{cipher, each_backend, p256, rsa_2048};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
    Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};
use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Error, KeyPair, KeyRing, Opened, PayloadCipher, PayloadSecret, Previous, PrivateKeyOpener,
    PublicKey, PublicKeySealer,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const PLAINTEXT: &[u8] =
    br#"{"referenceId":"uniform","accountNumber":1234567890,"note":"of some length"}"#;

type Open<'a> = &'a (dyn Fn(&str, &mut Opened) -> Result<(), Error> + Sync);

/// A message by its parts, decoded, but for the header, which counts as it is written.
#[derive(Clone)]
struct Parts {
    header: String,
    parts: [Vec<u8>; 4],
}

const ENCRYPTED_KEY: usize = 0;
const CIPHERTEXT: usize = 2;

impl Parts {
    fn of(sealed: &str) -> Self {
        let mut parts = sealed.split('.');
        let header = parts.next().unwrap().to_owned();
        let mut next = || URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap();
        Self {
            header,
            parts: [next(), next(), next(), next()],
        }
    }

    fn sealed(&self) -> String {
        let [key, iv, ciphertext, tag] = self.parts.each_ref().map(|p| URL_SAFE_NO_PAD.encode(p));
        format!("{}.{key}.{iv}.{ciphertext}.{tag}", self.header)
    }

    fn with(&self, part: usize, value: &[u8]) -> Self {
        let mut changed = self.clone();
        changed.parts[part] = value.to_vec();
        changed
    }

    fn with_header(&self, json: &str) -> Self {
        let header = URL_SAFE_NO_PAD.encode(json);
        assert_ne!(header, self.header);
        Self {
            header,
            ..self.clone()
        }
    }

    fn header_json(&self) -> String {
        String::from_utf8(URL_SAFE_NO_PAD.decode(&self.header).unwrap()).unwrap()
    }

    fn with_bit_flipped(&self, part: usize, bit: usize) -> Self {
        let mut changed = self.clone();
        changed.parts[part][bit / 8] ^= 1 << (bit % 8);
        changed
    }
}

/// Each bit of vector, ciphertext and tag, one of each byte of the encrypted key; other lengths of
/// what may have any; other parts of another message under the same key.
fn changed(message: &Parts, other: &Parts) -> Vec<Parts> {
    let mut changed = Vec::new();
    for (part, bytes) in message.parts.iter().enumerate() {
        let step = if part == ENCRYPTED_KEY { 9 } else { 1 };
        for bit in (0..bytes.len() * 8).step_by(step) {
            changed.push(message.with_bit_flipped(part, bit));
        }
        if bytes != &other.parts[part] {
            changed.push(message.with(part, &other.parts[part]));
        }
        for value in [0, 0xff] {
            if !bytes.is_empty() {
                changed.push(message.with(part, &vec![value; bytes.len()]));
            }
        }
    }
    let ciphertext = &message.parts[CIPHERTEXT];
    for len in 0..ciphertext.len() {
        changed.push(message.with(CIPHERTEXT, &ciphertext[..len]));
    }
    for more in 1..40 {
        let longer = [ciphertext.as_slice(), &vec![0; more]].concat();
        changed.push(message.with(CIPHERTEXT, &longer));
    }
    let json = message.header_json();
    for (from, to) in [
        ("{", "{ "),
        ("}", "}\n"),
        (":", " : "),
        ("{", r#"{"kid":"1","#),
        ("{", r#"{"typ":"JWE","cty":"json","#),
        ("\"enc\"", "\"\\u0065nc\""),
        ("A256GCM", "\\u0041256GCM"),
    ] {
        changed.push(message.with_header(&json.replacen(from, to, 1)));
    }
    changed
}

/// Opens into a buffer that holds something; `right` is what does open. On all processors, since private RSA
/// is slow.
fn fails_alike(name: &str, open: Open<'_>, right: &str, wrong: impl IntoIterator<Item = Parts>) {
    let wrong: Vec<Parts> = wrong.into_iter().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for start in 0..threads {
            let share = wrong.iter().skip(start).step_by(threads);
            scope.spawn(move || all_fail_alike(name, open, right, share));
        }
    });
    let count = wrong.len();
    println!("{name}: {count} changes, one failure");
    assert!(count > 0);
}

fn all_fail_alike<'a>(
    name: &str,
    open: Open<'_>,
    right: &str,
    wrong: impl Iterator<Item = &'a Parts>,
) {
    let mut opened = Opened::new();
    open(right, &mut opened).unwrap();
    assert_eq!(opened.as_bytes(), PLAINTEXT, "{name}");
    // Fills the buffer again, faster than with a private key.
    let filling = cipher(&AVAILABLE[0]);
    let filled = filling.seal(PLAINTEXT).unwrap();
    for wrong in wrong {
        filling.open_into(&filled, &mut opened).unwrap();
        assert_eq!(opened.as_bytes(), PLAINTEXT);
        let sealed = wrong.sealed();
        let error = open(&sealed, &mut opened).unwrap_err();
        let context = || format!("{name}, {} {sealed}", wrong.header_json());
        assert_eq!(error, Error::OpenFailed, "{}", context());
        assert_eq!(error.code(), "envelope.open_failed");
        assert_eq!(error.to_string(), Error::OpenFailed.to_string());
        assert_eq!(format!("{error:?}"), "OpenFailed");
        assert!(opened.is_empty(), "{}", context());
    }
}

fn other_cipher(backend: &Backend) -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&[0x42; 32]).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

#[test]
fn messages_under_a_payload_secret_fail_alike() {
    each_backend(|backend| {
        let (ours, other) = (cipher(backend), other_cipher(backend));
        let sealed = ours.seal(PLAINTEXT).unwrap();
        let message = Parts::of(&sealed);
        let wrong = changed(&message, &Parts::of(&ours.seal(PLAINTEXT).unwrap()));
        assert!(wrong.len() > 900, "{}", wrong.len());
        let foreign = Parts::of(&other.seal(PLAINTEXT).unwrap());
        let reordered = message.with_header(r#"{"alg":"dir","enc":"A256GCM"}"#);
        let wrong: Vec<Parts> = wrong.into_iter().chain([foreign, reordered]).collect();
        let open = |sealed: &str, opened: &mut Opened| ours.open_into(sealed, opened);
        fails_alike(&format!("dir on {backend}"), &open, &sealed, wrong.clone());

        let third = PayloadSecret::from_bytes(&[0x17; 32]).unwrap();
        let ring = KeyRing::new("1", PayloadCipher::with_backend(&third, backend).unwrap());
        let until = Previous::OpensUntil(SystemTime::now() + Duration::from_secs(60));
        ring.rotate("2", cipher(backend), until).unwrap();
        let open = |sealed: &str, opened: &mut Opened| ring.open_into(sealed, opened).map(drop);
        fails_alike(&format!("key ring on {backend}"), &open, &sealed, wrong);
    });
}

#[test]
fn messages_under_an_agreed_key_fail_alike() {
    each_backend(|backend| {
        let ours = p256(backend);
        let public = ours.public_key().clone();
        let sealer = PublicKeySealer::with_backend(&public, backend).unwrap();
        let sealer = sealer.with_party_info(b"us", b"them").unwrap();
        let sealed = sealer.seal(PLAINTEXT).unwrap();
        let message = Parts::of(&sealed);
        let another = Parts::of(&sealer.seal(PLAINTEXT).unwrap());
        let mut wrong = changed(&message, &another);
        let json: serde_json::Value = serde_json::from_str(&message.header_json()).unwrap();
        // Another ephemeral key; the same with the other y, which agrees on the same secret.
        let theirs: serde_json::Value = serde_json::from_str(&another.header_json()).unwrap();
        let mut epk = json.clone();
        epk["epk"] = theirs["epk"].clone();
        wrong.push(message.with_header(&epk.to_string()));
        let mut own = json.clone();
        own["epk"] = serde_json::from_str(&public.to_jwk()).unwrap();
        wrong.push(message.with_header(&own.to_string()));
        let mut negated = json.clone();
        negated["epk"]["y"] = negative(json["epk"]["y"].as_str().unwrap()).into();
        wrong.push(message.with_header(&negated.to_string()));
        for (member, value) in [
            ("apu", ""),
            ("apv", ""),
            ("apu", "dGhlbQ"),
            ("apv", "dXM"),
            ("apu", "dXMA"),
        ] {
            let mut json = json.clone();
            json[member] = value.into();
            wrong.push(message.with_header(&json.to_string()));
        }
        let foreign = p256(backend);
        let foreign = PublicKeySealer::with_backend(foreign.public_key(), backend).unwrap();
        wrong.push(Parts::of(&foreign.seal(PLAINTEXT).unwrap()));
        let opener = PrivateKeyOpener::new(ours);
        let open = |sealed: &str, opened: &mut Opened| opener.open_into(sealed, opened);
        fails_alike(&format!("ECDH-ES on {backend}"), &open, &sealed, wrong);
    });
}

/// The other y of the same x: p - y.
fn negative(y: &str) -> String {
    const P: [u32; 8] = [
        0xffff_ffff,
        1,
        0,
        0,
        0,
        0xffff_ffff,
        0xffff_ffff,
        0xffff_ffff,
    ];
    let y = URL_SAFE_NO_PAD.decode(y).unwrap();
    let mut borrow = 0;
    let mut words: Vec<[u8; 4]> = P
        .iter()
        .zip(y.as_chunks().0)
        .rev()
        .map(|(p, y)| {
            let (difference, first) = p.overflowing_sub(u32::from_be_bytes(*y));
            let (difference, second) = difference.overflowing_sub(borrow);
            borrow = u32::from(first || second);
            difference.to_be_bytes()
        })
        .collect();
    words.reverse();
    URL_SAFE_NO_PAD.encode(words.concat())
}

/// A public RSA key of AWS-LC, for what this crate does not make.
struct Rsa(PublicEncryptingKey);

impl Rsa {
    fn new(key: &PublicKey) -> Self {
        Self(PublicEncryptingKey::from_der(&key.to_spki_der()).unwrap())
    }

    fn oaep(&self, algorithm: &'static OaepAlgorithm, key: &[u8], label: Option<&[u8]>) -> Vec<u8> {
        let rsa = OaepPublicEncryptingKey::new(self.0.clone()).unwrap();
        let mut out = vec![0; rsa.ciphertext_size()];
        rsa.encrypt(algorithm, key, &mut out, label)
            .unwrap()
            .to_vec()
    }

    fn pkcs1(&self, key: &[u8]) -> Vec<u8> {
        let rsa = Pkcs1PublicEncryptingKey::new(self.0.clone()).unwrap();
        let mut out = vec![0; rsa.ciphertext_size()];
        rsa.encrypt(key, &mut out).unwrap().to_vec()
    }
}

/// Encrypted keys that are wrong in every possible way: padding, label, hash, length, range.
fn wrong_keys(public: &PublicKey) -> Vec<Vec<u8>> {
    let rsa = Rsa::new(public);
    let sha256 = &OAEP_SHA256_MGF1SHA256;
    let jwk: serde_json::Value = serde_json::from_str(&public.to_jwk()).unwrap();
    let n = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let mut less = n.clone();
    *less.last_mut().unwrap() -= 1;
    let mut one = vec![0; n.len()];
    one[n.len() - 1] = 1;
    let right = rsa.oaep(sha256, &[7; 32], None);
    let mut keys: Vec<Vec<u8>> = [0, 1, 16, 31, 33, 64, 190]
        .map(|len| rsa.oaep(sha256, &vec![7; len], None))
        .into();
    keys.extend([
        right.clone(),
        rsa.oaep(sha256, &[0; 32], None),
        rsa.oaep(&OAEP_SHA1_MGF1SHA1, &[7; 32], None),
        rsa.oaep(sha256, &[7; 32], Some(b"label")),
        rsa.pkcs1(&[7; 32]),
        rsa.pkcs1(&[7; 48]),
        right[1..].to_vec(),
        right[..right.len() - 1].to_vec(),
        [&[0], right.as_slice()].concat(),
        [right.as_slice(), &[0]].concat(),
        right.repeat(2),
        vec![0],
        vec![],
        n,
        less,
        one,
    ]);
    keys
}

/// To refuse 32 zero bytes here too, as for a payload secret, would be a second error that depends on a key.
#[test]
fn a_wrapped_key_of_zeros_is_a_key_like_any_other() {
    each_backend(|backend| {
        let Some(ours) = rsa_2048(backend) else {
            return;
        };
        let public = ours.public_key().clone();
        let sealer = PublicKeySealer::with_backend(&public, backend).unwrap();
        let mut message = Parts::of(&sealer.seal(b"").unwrap());
        let zeros = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[0; 32]).unwrap());
        let mut sealed = PLAINTEXT.to_vec();
        let tag = zeros
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key([7; 12]),
                Aad::from(message.header.as_bytes()),
                &mut sealed,
            )
            .unwrap();
        let wrapped = Rsa::new(&public).oaep(&OAEP_SHA256_MGF1SHA256, &[0; 32], None);
        message.parts = [wrapped, vec![7; 12], sealed, tag.as_ref().to_vec()];
        let opened = PrivateKeyOpener::new(ours).open(message.sealed()).unwrap();
        assert_eq!(opened.as_bytes(), PLAINTEXT);
    });
}

#[test]
fn messages_under_a_wrapped_key_fail_alike() {
    each_backend(|backend| {
        let Some(ours) = rsa_2048(backend) else {
            return;
        };
        let public = ours.public_key().clone();
        let sealer = PublicKeySealer::with_backend(&public, backend).unwrap();
        let sealed = sealer.seal(PLAINTEXT).unwrap();
        let message = Parts::of(&sealed);
        let mut wrong = changed(&message, &Parts::of(&sealer.seal(PLAINTEXT).unwrap()));
        let keys = wrong_keys(&public);
        wrong.extend(keys.iter().map(|key| message.with(ENCRYPTED_KEY, key)));
        wrong.push(message.with_header(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#));
        let foreign = include_str!("../data/rsa2048-other.pem");
        let foreign = KeyPair::from_pem(foreign).unwrap();
        let foreign = PublicKeySealer::new(foreign.public_key()).unwrap();
        wrong.push(Parts::of(&foreign.seal(PLAINTEXT).unwrap()));
        let opener = PrivateKeyOpener::new(ours);
        let open = |sealed: &str, opened: &mut Opened| opener.open_into(sealed, opened);
        fails_alike(&format!("RSA-OAEP-256 on {backend}"), &open, &sealed, wrong);
    });
}
