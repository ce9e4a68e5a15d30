//! Private keys: made, read, written, refused, and used to agree on a secret.

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{Derivation, Error, KeyPair, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::common::each_backend;
use super::exceptions::rsa_numbers;
use super::secrets::Secrets;
use super::watch::{Left, Watch};
use super::{P256_JWK, RSA_JWK, RSA_MEMBERS, bytes_of, key_pair, member, numbers};

const P256_PEM: &str = include_str!("../data/p256.pem");
const P256_SEC1: &str = include_str!("../data/p256.sec1.pem");
const RSA_PEM: &str = include_str!("../data/rsa2048.pem");
const RSA_PKCS1: &str = include_str!("../data/rsa2048.pkcs1.pem");

/// What the crate `rsa` leaves of a key that it takes in.
const LEFT_OF_IMPORT: &[&str] = &RSA_MEMBERS;

/// The bytes inside a PEM block.
fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(lines).unwrap()
}

/// The uncompressed point and the scalar.
fn x963() -> Vec<u8> {
    let [x, y, d] = ["x", "y", "d"].map(|name| member(P256_JWK, name));
    [&[4], x.as_slice(), &y, &d].concat()
}

type Refusal<'a> = &'a dyn Fn() -> Result<PublicKey, Error>;
type Read = Box<dyn Fn(&Backend) -> Result<KeyPair, Error>>;

/// Every way to read a private key.
fn ways(jwk: &'static str, pkcs8: &'static str, other: &'static str) -> Vec<(&'static str, Read)> {
    let from_pem = |pem: String| -> Read {
        Box::new(move |backend| KeyPair::from_pem_with_backend(&pem, backend))
    };
    let der = der(pkcs8);
    vec![
        ("PKCS#8 PEM", from_pem(pkcs8.to_owned())),
        ("other PEM", from_pem(other.to_owned())),
        ("PEM of one line", from_pem(pkcs8.replace('\n', ""))),
        (
            "PKCS#8 DER",
            Box::new(move |backend| KeyPair::from_pkcs8_der_with_backend(&der, backend)),
        ),
        (
            "JWK",
            Box::new(move |backend| KeyPair::from_jwk_with_backend(jwk, backend)),
        ),
    ]
}

fn is_unsupported(read: &Result<KeyPair, Error>) -> bool {
    matches!(read, Err(Error::Unsupported { .. }))
}

#[test]
fn nothing_is_left_of_a_private_key_that_is_read_and_written() {
    let watch = Watch::begin();
    let mut rsa = ways(RSA_JWK, RSA_PEM, RSA_PKCS1);
    let pkcs1 = der(RSA_PKCS1);
    rsa.push((
        "PKCS#1 DER",
        Box::new(move |backend| KeyPair::from_pkcs1_der_with_backend(&pkcs1, backend)),
    ));
    let mut p256 = ways(P256_JWK, P256_PEM, P256_SEC1);
    let (sec1, x963) = (der(P256_SEC1), x963());
    p256.push((
        "SEC 1 DER",
        Box::new(move |backend| KeyPair::from_sec1_der_with_backend(&sec1, backend)),
    ));
    p256.push((
        "X9.63",
        Box::new(move |backend| KeyPair::from_x963_with_backend(&x963, backend)),
    ));
    for (jwk, ways) in [(P256_JWK, p256), (RSA_JWK, rsa)] {
        let secrets = numbers(jwk);
        each_backend(|backend| {
            for (way, read) in &ways {
                if is_unsupported(&read(backend)) {
                    assert_eq!(watch.left(&secrets, || read(backend)), Left::new(), "{way}");
                    continue;
                }
                let left = watch.left(&secrets, || read(backend).unwrap());
                let expected = match jwk == RSA_JWK {
                    true => rsa_numbers(backend, LEFT_OF_IMPORT),
                    false => Left::new(),
                };
                assert_eq!(left, expected, "{way} on {backend}");
            }
            let Some(pair) = key_pair(jwk, backend) else {
                return;
            };
            for (form, left) in [
                ("DER", watch.left(&secrets, || pair.to_pkcs8_der().unwrap())),
                ("PEM", watch.left(&secrets, || pair.to_pem().unwrap())),
                ("JWK", watch.left(&secrets, || pair.to_jwk().unwrap())),
                ("Debug", watch.left(&secrets, || format!("{pair:?}"))),
            ] {
                assert_eq!(left, Left::new(), "{form} on {backend}");
            }
        });
    }
}

/// The key, the password, and the key that was derived from it, as Python's `hashlib` derives it.
#[cfg(feature = "encrypted-keys")]
#[test]
fn nothing_is_left_of_an_encrypted_key_that_is_read() {
    const PASSWORD: &[u8] = b"correct horse battery";
    const PBKDF2: [u8; 32] = *b"\x58\x9a\x74\x3a\x49\x14\xc1\xd4\xeb\x09\x09\x12\xc9\x09\x14\x33\
        \x0c\x1b\x3b\xf1\x22\x10\xf5\xb7\x9f\x32\xa6\x12\x38\x6a\xff\x7c";
    const SCRYPT: [u8; 32] = *b"\x35\x3f\xd0\xe0\x0b\xab\xb7\x86\x18\x81\x1a\x0b\x03\xaf\xec\xc9\
        \x90\x32\x53\x14\xd3\x5d\x0d\xcd\x4b\x11\x9e\x6b\x20\x1f\x30\x8c";
    let watch = Watch::begin();
    for (pem, stretched) in [
        (include_str!("../data/p256-pbkdf2.pem"), PBKDF2),
        (include_str!("../data/p256-scrypt.pem"), SCRYPT),
    ] {
        let secrets = numbers(P256_JWK)
            .and("password", PASSWORD)
            .and("stretched password", &stretched);
        let encrypted = der(pem);
        each_backend(|backend| {
            for (case, password) in [("right", PASSWORD), ("wrong", b"correct horse batterx")] {
                let read = || KeyPair::from_encrypted_pem_with_backend(pem, password, backend);
                assert_eq!(read().is_ok(), case == "right");
                assert_eq!(watch.left(&secrets, read), Left::new(), "{case}, PEM");
                let read = || {
                    KeyPair::from_encrypted_pkcs8_der_with_backend(&encrypted, password, backend)
                };
                assert_eq!(watch.left(&secrets, read), Left::new(), "{case}, DER");
            }
        });
    }
}

/// Texts that are almost a private key, and how each is read.
fn almost(jwk: &str, pkcs8: &str, other: &str) -> Vec<(&'static str, String)> {
    let public = include_str!("../data/p256.pub.pem");
    let mut other_half: serde_json::Value = serde_json::from_str(jwk).unwrap();
    let peer: serde_json::Value = serde_json::from_str(match jwk == P256_JWK {
        true => RSA_JWK,
        false => P256_JWK,
    })
    .unwrap();
    let mut wrong = vec![
        ("label", pkcs8.replace("PRIVATE KEY", "PRIVATE KEYS")),
        ("other label", other.replace("RSA PRIVATE", "EC PRIVATE")),
        ("another label", other.replace("EC PRIVATE", "RSA PRIVATE")),
        ("two keys", format!("{pkcs8}{other}")),
        ("public behind", format!("{pkcs8}{public}")),
        ("encrypted", pkcs8.replace("PRIVATE", "ENCRYPTED PRIVATE")),
        ("no base64", pkcs8.replacen("\n-----END", "!\n-----END", 1)),
        ("cut PEM", pkcs8[..pkcs8.len() / 2].to_owned()),
        (
            "cut JWK",
            jwk.trim_end()[..jwk.trim_end().len() - 1].to_owned(),
        ),
        ("member twice", jwk.replacen('{', r#"{"d":"AA","#, 1)),
        ("use", jwk.replacen('{', r#"{"use":"sig","#, 1)),
        ("alg", jwk.replacen('{', r#"{"alg":"RS256","#, 1)),
        (
            "operations",
            jwk.replacen('{', r#"{"key_ops":["sign"],"#, 1),
        ),
        ("primes", jwk.replacen('{', r#"{"oth":[],"#, 1)),
    ];
    for name in ["d", "p", "q", "dp", "dq", "qi", "x", "n"] {
        let Some(text) = other_half[name].as_str().map(str::to_owned) else {
            continue;
        };
        for (what, text) in [
            ("a number cut", text[..text.len() - 3].to_owned()),
            ("a number longer", format!("{text}AAAA")),
            ("a number that is no base64url", format!("{text}!!!!")),
            (
                "a number with an escape",
                text.replacen(&text[..1], "\\u0041", 1),
            ),
            ("a number changed", swapped(&text)),
        ] {
            let mut changed = other_half.clone();
            changed[name] = serde_json::Value::String("@".into());
            let changed = changed.to_string().replace("\"@\"", &format!("\"{text}\""));
            wrong.push((what, changed));
        }
    }
    for name in ["kty", "crv", "x", "y", "n", "e"] {
        if let Some(theirs) = peer.get(name) {
            other_half[name] = theirs.clone();
        }
    }
    wrong.push(("another public half", other_half.to_string()));
    wrong
}

/// With two characters in the middle exchanged, or one changed where they are the same.
fn swapped(text: &str) -> String {
    let mut text = text.as_bytes().to_vec();
    let middle = text.len() / 2;
    match text[middle] == text[middle + 1] {
        true => text[middle] = if text[middle] == b'A' { b'B' } else { b'A' },
        false => text.swap(middle, middle + 1),
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn nothing_is_left_of_a_private_key_that_is_refused() {
    let watch = Watch::begin();
    for (jwk, pkcs8, other) in [
        (P256_JWK, P256_PEM, P256_SEC1),
        (RSA_JWK, RSA_PEM, RSA_PKCS1),
    ] {
        let secrets = numbers(jwk);
        let wrong = almost(jwk, pkcs8, other);
        each_backend(|backend| {
            for (what, text) in &wrong {
                let read = || match text.starts_with('{') {
                    true => KeyPair::from_jwk_with_backend(text, backend),
                    false => KeyPair::from_pem_with_backend(text, backend),
                };
                let mut code = "read";
                let left = watch.left(&secrets, || {
                    if let Err(error) = read() {
                        code = error.code();
                    }
                });
                // How far the crate `rsa` gets depends on what is wrong.
                let expected = match jwk == RSA_JWK {
                    true => rsa_numbers(backend, LEFT_OF_IMPORT),
                    false => Left::new(),
                };
                assert!(
                    left.is_subset(&expected),
                    "{left:?}: {what} on {backend}, {code}"
                );
            }
            let whole = der(pkcs8);
            for len in (0..whole.len()).step_by(whole.len() / 20) {
                let part = &whole[..len];
                let left = watch.left(&secrets, || {
                    KeyPair::from_pkcs8_der_with_backend(part, backend).unwrap_err();
                    KeyPair::from_pkcs1_der_with_backend(part, backend).unwrap_err();
                });
                assert_eq!(left, Left::new(), "DER cut at {len}");
            }
        });
    }
}

#[test]
fn nothing_is_left_of_a_private_key_that_is_given_for_a_public_one() {
    let watch = Watch::begin();
    for (jwk, pkcs8, other) in [
        (P256_JWK, P256_PEM, P256_SEC1),
        (RSA_JWK, RSA_PEM, RSA_PKCS1),
    ] {
        let secrets = numbers(jwk);
        let (pkcs8_der, other_der) = (der(pkcs8), der(other));
        let wires = [jwk.as_bytes(), &pkcs8_der, &other_der].map(|key| STANDARD.encode(key));
        let cut = &wires[0][..wires[0].len() - 5];
        let renamed = pkcs8.replace("PRIVATE KEY", "PUBLIC KEY");
        let refusals: [(&str, Refusal<'_>); 11] = [
            ("JWK", &|| PublicKey::from_jwk(jwk)),
            ("PKCS#8 PEM", &|| PublicKey::from_pem(pkcs8)),
            ("other PEM", &|| PublicKey::from_pem(other)),
            ("PEM renamed", &|| PublicKey::from_pem(&renamed)),
            ("PKCS#8", &|| PublicKey::from_spki_der(&pkcs8_der)),
            ("other", &|| PublicKey::from_spki_der(&other_der)),
            ("JWK as it travels", &|| PublicKey::from_wire(&wires[0])),
            ("PKCS#8 as it travels", &|| PublicKey::from_wire(&wires[1])),
            ("other as it travels", &|| PublicKey::from_wire(&wires[2])),
            ("cut as it travels", &|| PublicKey::from_wire(cut)),
            ("not encoded", &|| PublicKey::from_wire(jwk)),
        ];
        for (what, read) in refusals {
            let left = watch.left(&secrets, || read().unwrap_err());
            assert_eq!(left, Left::new(), "{what}");
        }
    }
}

#[test]
fn nothing_is_left_of_a_key_pair_that_is_made() {
    let watch = Watch::begin();
    each_backend(|backend| {
        let (pair, mut freed) = watch.freed(|| KeyPair::generate_with_backend(backend).unwrap());
        let jwk = pair.to_jwk().unwrap();
        let secrets = numbers(jwk.as_str());
        assert_eq!(freed.holding(&secrets), Left::new(), "P-256 on {backend}");
        ((), freed) = watch.freed(|| drop(pair));
        assert_eq!(freed.holding(&secrets), Left::new(), "P-256 on {backend}");

        let (pair, freed) = watch.freed(|| KeyPair::generate_rsa_with_backend(2048, backend));
        let Ok(pair) = pair else { return };
        let jwk = pair.to_jwk().unwrap();
        let secrets = numbers(jwk.as_str());
        let expected = rsa_numbers(backend, LEFT_OF_IMPORT);
        assert_eq!(freed.holding(&secrets), expected, "RSA on {backend}");
        let ((), freed) = watch.freed(|| drop(pair));
        assert_eq!(freed.holding(&secrets), Left::new(), "RSA on {backend}");
    });
}

#[test]
fn nothing_is_left_of_a_shared_secret() {
    let watch = Watch::begin();
    let long = [0x61; 1025];
    each_backend(|backend| {
        let ours = key_pair(P256_JWK, backend).unwrap();
        let theirs = KeyPair::generate_with_backend(backend).unwrap();
        let peer = theirs.public_key();
        let shared = bytes_of(&ours.agree(peer, &Derivation::RawSharedSecret).unwrap());
        for derivation in [
            Derivation::RawSharedSecret,
            Derivation::Sha256,
            Derivation::ConcatKdf {
                apu: b"us",
                apv: b"them",
            },
            Derivation::HkdfSha256 {
                salt: b"",
                info: b"",
            },
            Derivation::HkdfSha256 {
                salt: &long,
                info: b"about",
            },
            Derivation::X963Sha256 {
                shared_info: b"about",
            },
            Derivation::Custom(&|shared| {
                bankezy_crypto::PayloadSecret::from_bytes(shared.as_bytes())
            }),
        ] {
            let agreed = bytes_of(&ours.agree(peer, &derivation).unwrap());
            let secrets = numbers(P256_JWK)
                .and("shared secret", &shared)
                .and("agreed key", &agreed);
            let left = watch.left(&secrets, || {
                let secret = ours.agree(peer, &derivation).unwrap();
                assert!(secret == theirs.agree(ours.public_key(), &derivation).unwrap());
            });
            assert_eq!(left, Left::new(), "{derivation:?} on {backend}");
        }
        let secrets = numbers(P256_JWK).and("shared secret", &shared);
        let rsa = PublicKey::from_pem(include_str!("../data/rsa2048.pub.pem")).unwrap();
        let left = watch.left(&secrets, || {
            ours.agree(&rsa, &Derivation::Sha256).unwrap_err();
            let too_long = Derivation::ConcatKdf {
                apu: &long,
                apv: b"",
            };
            ours.agree(peer, &too_long).unwrap_err();
        });
        assert_eq!(left, Left::new(), "refused on {backend}");
    });
}

/// One number stands in both: what is looked for is what was put in.
#[test]
fn the_numbers_looked_for_are_those_of_the_keys() {
    // Not to be watched by another test.
    let _watch = Watch::begin();
    let secrets = numbers(P256_JWK);
    assert_eq!(secrets.found_in(&der(P256_SEC1)), Left::from(["d"]));
    let secrets: Secrets = numbers(RSA_JWK);
    assert_eq!(secrets.found_in(&der(RSA_PKCS1)).len(), 6);
    let without_lines: String = RSA_PEM.lines().collect();
    assert_eq!(secrets.found_in(without_lines.as_bytes()).len(), 6);
}
