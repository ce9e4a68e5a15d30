//! Messages: sealed, opened and refused, under a payload secret, to a public key, and many at once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Channel, Derivation, Inspection, KeyPair, KeyRing, Opened, PayloadCipher, PayloadSecret,
    Previous, PrivateKeyOpener, PublicKey, PublicKeySealer,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::common::{each_backend, public_rsa};
use super::exceptions::rsa_numbers;
use super::secrets::Secrets;
use super::watch::{Left, Watch};
use super::{
    MARKER, P256_JWK, RSA_JWK, all_of_messages, bytes_of, cipher, key_pair, numbers, payload,
    payload_secret,
};

const LENGTHS: [usize; 5] = [1, 700, 769, 5_000, 300_000];

/// What the crate `rsa` leaves of each decryption.
const LEFT_OF_UNWRAPPING: &[&str] = &["content key", "p", "q"];

fn json_payload() -> Value {
    json!({"name": MARKER, "nested": {"list": [MARKER, payload(3000)]}, "amount": 100})
}

/// With a character of its last part changed.
fn tag_changed(sealed: &str) -> String {
    let at = sealed.len() - 10;
    let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &sealed[..at], &sealed[at + 1..])
}

/// What does not open, with the parts of what does.
fn refused(sealed: &str) -> Vec<String> {
    let parts: Vec<&str> = sealed.split('.').collect();
    let [header, key, iv, ciphertext, tag] = parts[..] else {
        panic!("five parts");
    };
    let shorter = (ciphertext.len() - 1) / 4 * 4;
    vec![
        tag_changed(sealed),
        format!("{header}.{key}.{tag}.{ciphertext}.{tag}"),
        format!("{header}.{key}.{iv}.{}.{tag}", &ciphertext[..shorter]),
        format!("{header}.{key}.{iv}.{ciphertext}!.{tag}"),
        format!(
            "{header}.{key}.{iv}.{}=.{tag}",
            &ciphertext[..ciphertext.len() - 1]
        ),
        format!("{header}.{key}.{iv}.{ciphertext}"),
        format!("{header}.{key}AAAA.{iv}.{ciphertext}.{tag}"),
        format!("AAAA{header}.{key}.{iv}.{ciphertext}.{tag}"),
        sealed.repeat(2),
        String::new(),
    ]
}

#[test]
fn nothing_is_left_of_messages_under_a_payload_secret() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    each_backend(|backend| {
        let left = watch.left(&secrets, || cipher(backend));
        assert_eq!(left, Left::new(), "set up on {backend}");
        for len in LENGTHS {
            let plaintext = payload(len);
            let sealed = cipher(backend).seal(plaintext.as_bytes()).unwrap();
            let wrong = refused(&sealed);
            let left = watch.left(&secrets, || {
                let cipher = cipher(backend);
                let mut text = String::with_capacity(100);
                cipher.seal_into(plaintext.as_bytes(), &mut text).unwrap();
                cipher.seal_into(plaintext.as_bytes(), &mut text).unwrap();
                drop(
                    cipher
                        .open(cipher.seal(plaintext.as_bytes()).unwrap())
                        .unwrap(),
                );
                let mut opened = Opened::new();
                for wrong in &wrong {
                    cipher.open_into(&sealed, &mut opened).unwrap();
                    cipher.open_into(wrong, &mut opened).unwrap_err();
                    cipher.open(wrong).unwrap_err();
                    cipher
                        .open_in_place(wrong.clone().into_bytes())
                        .unwrap_err();
                    cipher.open_in_place(sealed.clone().into_bytes()).unwrap();
                    let _ = Inspection::parse(wrong);
                }
                let spent = cipher.with_nonce_budget(0);
                spent.seal(plaintext.as_bytes()).unwrap_err();
                let capped = spent.with_max_sealed_len(10);
                capped.seal(plaintext.as_bytes()).unwrap_err();
                capped.open(&sealed).unwrap_err();
                let secret = PayloadSecret::from_bytes(&[7; 32]).unwrap();
                let other = PayloadCipher::with_backend(&secret, backend).unwrap();
                other.open(&sealed).unwrap_err();
            });
            assert_eq!(left, Left::new(), "{len} B on {backend}");
        }
    });
}

/// A value that fails while it is written, its secret part first.
struct Unwritable;

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error as _, SerializeMap as _};
        let mut map = serializer.serialize_map(None)?;
        for _ in 0..100 {
            map.serialize_entry("marker", MARKER)?;
        }
        Err(S::Error::custom(MARKER.len()))
    }
}

#[test]
fn nothing_is_left_of_values_that_travel_as_json() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    let value = json_payload();
    each_backend(|backend| {
        let sealed = cipher(backend).seal_json(&value).unwrap();
        let left = watch.left(&secrets, || {
            let cipher = cipher(backend);
            cipher.seal_json(&value).unwrap();
            cipher.seal_json(&Unwritable).unwrap_err();
            // Of another type, and JSON that breaks off.
            cipher.open_json::<Vec<u8>>(&sealed).unwrap_err();
            cipher.open_json::<bool>(&sealed).unwrap_err();
            let ring = KeyRing::new("1", cipher);
            ring.seal_json(&value).unwrap();
            ring.open_json::<u8>(&sealed).unwrap_err();
        });
        assert_eq!(left, Left::new(), "{backend}");
        // What is read is the caller's: taken out, so that only the way to it is looked at.
        let (read, freed) = watch.freed(|| cipher(backend).open_json::<Value>(&sealed).unwrap());
        assert_eq!(freed.holding(&secrets), Left::new(), "read on {backend}");
        assert_eq!(read, value);
    });
}

#[test]
fn nothing_is_left_of_a_key_ring() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    let later = SystemTime::now() + Duration::from_secs(60);
    let until = Previous::OpensUntil(later);
    each_backend(|backend| {
        let plaintext = payload(1000);
        let sealed = cipher(backend).seal(plaintext.as_bytes()).unwrap();
        let wrong = refused(&sealed);
        let left = watch.left(&secrets, || {
            let other = |byte: u8| {
                let secret = PayloadSecret::from_bytes(&[byte; 32]).unwrap();
                PayloadCipher::with_backend(&secret, backend).unwrap()
            };
            let ring = KeyRing::new("1", cipher(backend)).with_max_opening_keys(1);
            drop(ring.seal(plaintext.as_bytes()).unwrap());
            ring.rotate("1", other(1), until).unwrap_err();
            ring.add_for_opening("2", cipher(backend)).unwrap_err();
            ring.add_for_opening("2", other(2)).unwrap();
            ring.promote("2", until).unwrap();
            ring.rotate("3", other(3), until).unwrap_err();
            drop(ring.open(&sealed).unwrap());
            drop(ring.seal_with("1", plaintext.as_bytes()).unwrap());
            let mut opened = Opened::new();
            for wrong in &wrong {
                ring.open_into(&sealed, &mut opened).unwrap();
                ring.open_into(wrong, &mut opened).unwrap_err();
            }
            ring.purge_at(later);
            ring.open(&sealed).unwrap_err();
            ring.rotate("4", cipher(backend), until).unwrap();
            ring.retire("2").unwrap();
            ring.rotate("5", other(5), Previous::Drop).unwrap();
            let channel = Channel::from(ring);
            drop(channel.seal_answer(None, plaintext.as_bytes()).unwrap());
            channel.open(&sealed).unwrap_err();
        });
        assert_eq!(left, Left::new(), "{backend}");
    });
}

#[cfg(feature = "rayon")]
#[test]
fn nothing_is_left_of_many_messages() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    each_backend(|backend| {
        let cipher = cipher(backend);
        let plaintexts: Vec<String> = (0..300).map(|n| payload(n * 10)).collect();
        let mut sealed: Vec<String> = cipher
            .seal_many(&plaintexts)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        for text in sealed.iter_mut().step_by(7) {
            *text = tag_changed(text);
        }
        let left = watch.left(&secrets, || {
            (cipher.seal_many(&plaintexts), cipher.open_many(&sealed))
        });
        assert_eq!(left, Left::new(), "{backend}");
    });
}

/// The key of a message, told by the private key of its recipient.
fn content_key(sealed: &str, jwk: &str) -> Secrets {
    let parts: Vec<&str> = sealed.split('.').collect();
    let [header, key] = [parts[0], parts[1]].map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let header: Value = serde_json::from_slice(&header).unwrap();
    if header["alg"] == "RSA-OAEP-256" {
        return Secrets::of("content key", &unwrapped(&key, jwk));
    }
    let pair = key_pair(jwk, &bankezy_crypto::backend::AVAILABLE[0]).unwrap();
    let epk = PublicKey::from_jwk(&header["epk"].to_string()).unwrap();
    let agreed = |derivation| bytes_of(&pair.agree(&epk, &derivation).unwrap());
    let info = |name: &str| {
        let text = header[name].as_str().unwrap_or_default();
        URL_SAFE_NO_PAD.decode(text).unwrap()
    };
    let (apu, apv) = (info("apu"), info("apv"));
    let (apu, apv) = (apu.as_slice(), apv.as_slice());
    Secrets::of("shared secret", &agreed(Derivation::RawSharedSecret))
        .and("content key", &agreed(Derivation::ConcatKdf { apu, apv }))
}

#[cfg(feature = "aws-lc-rs")]
fn unwrapped(wrapped: &[u8], jwk: &str) -> Vec<u8> {
    use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
    let pair = KeyPair::from_jwk(jwk).unwrap();
    let der = pair.to_pkcs8_der().unwrap();
    let key = PrivateDecryptingKey::from_pkcs8(der.as_bytes()).unwrap();
    let key = OaepPrivateDecryptingKey::new(key).unwrap();
    let mut out = vec![0; key.min_output_size()];
    key.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut out, None)
        .unwrap()
        .to_vec()
}

#[cfg(all(not(feature = "aws-lc-rs"), feature = "rust-crypto-rsa"))]
fn unwrapped(wrapped: &[u8], jwk: &str) -> Vec<u8> {
    use rsa::pkcs8::DecodePrivateKey as _;
    let pair = key_pair(jwk, &bankezy_crypto::backend::AVAILABLE[0]).unwrap();
    let der = pair.to_pkcs8_der().unwrap();
    let key = rsa::RsaPrivateKey::from_pkcs8_der(der.as_bytes()).unwrap();
    key.decrypt(rsa::Oaep::new::<rsa::sha2::Sha256>(), wrapped)
        .unwrap()
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto-rsa")))]
fn unwrapped(_: &[u8], _: &str) -> Vec<u8> {
    panic!("nothing here seals to an RSA key")
}

/// A sealer to a key's public half, and the key where the backend takes it.
fn recipient(jwk: &str, backend: &Backend) -> (PublicKeySealer, Option<Arc<KeyPair>>) {
    let public = match jwk == P256_JWK {
        true => include_str!("../data/p256.pub.pem"),
        false => include_str!("../data/rsa2048.pub.pem"),
    };
    let sealer = PublicKeySealer::with_backend(&PublicKey::from_pem(public).unwrap(), backend);
    let sealer = sealer.unwrap();
    let sealer = match jwk == P256_JWK {
        true => sealer.with_party_info(b"us", b"them").unwrap(),
        false => sealer,
    };
    (sealer, key_pair(jwk, backend).map(Arc::new))
}

#[test]
fn nothing_is_left_of_messages_to_a_public_key() {
    let watch = Watch::begin();
    let plaintext = payload(1000);
    let secrets = |sealed: &str, jwk| content_key(sealed, jwk).and("plaintext", MARKER.as_bytes());
    each_backend(|backend| {
        for jwk in [P256_JWK, RSA_JWK] {
            if jwk == RSA_JWK && !public_rsa(backend) {
                return;
            }
            let (sealer, pair) = recipient(jwk, backend);
            if pair.is_none() && cfg!(not(feature = "aws-lc-rs")) {
                return;
            }
            let (sealed, freed) = watch.freed(|| sealer.seal(plaintext.as_bytes()).unwrap());
            let left = freed.holding(&secrets(&sealed, jwk));
            assert_eq!(left, Left::new(), "sealed on {backend}");
            let (json, freed) = watch.freed(|| sealer.seal_json(&json_payload()).unwrap());
            let left = freed.holding(&content_key(&json, jwk));
            assert_eq!(left, Left::new(), "sealed as JSON on {backend}");

            let Some(pair) = pair else { continue };
            let opener = PrivateKeyOpener::new(pair);
            let expected = match jwk == RSA_JWK {
                true => rsa_numbers(backend, LEFT_OF_UNWRAPPING),
                false => Left::new(),
            };
            let (opened, freed) = watch.freed(|| opener.open(&sealed).unwrap());
            let looked_for = secrets(&sealed, jwk).with_all(numbers(jwk));
            assert_eq!(freed.holding(&looked_for), expected, "opened on {backend}");
            let left = watch.left(&looked_for, || opened);
            assert_eq!(left, Left::new(), "dropped on {backend}");
            for wrong in refused(&sealed) {
                let (error, freed) = watch.freed(|| opener.open(&wrong).unwrap_err());
                let left = freed.holding(&looked_for);
                // How far the crate `rsa` gets depends on what is wrong.
                let fits = left.is_subset(&expected);
                assert!(fits, "{left:?}: {error:?} on {backend}");
            }
        }
    });
}

/// Under one payload secret, agreed or given, the secret outlives nothing.
#[test]
fn nothing_is_left_of_a_secret_that_a_cipher_was_made_of() {
    let watch = Watch::begin();
    let secrets = all_of_messages();
    each_backend(|backend| {
        let secret = payload_secret();
        let (cipher, freed) = watch.freed(|| {
            let cipher = PayloadCipher::with_backend(&secret, backend).unwrap();
            drop(secret);
            cipher
        });
        assert_eq!(freed.holding(&secrets), Left::new(), "{backend}");
        assert_eq!(watch.left(&secrets, || cipher), Left::new(), "{backend}");
    });
}
