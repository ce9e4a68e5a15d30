//! Key pairs, public keys in their wire form, agreement. Once per backend.

use crate::common::{each_backend, each_pair, p256, rsa_2048, shown};
use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{
    Derivation, Error, KeyPair, KeyProblem, KeyType, PayloadCipher, PayloadSecret,
    PrivateKeyOpener, PublicKey, PublicKeySealer, SecretBytes, SharedSecret,
};
use proptest::prelude::*;

const DERIVATIONS: [Derivation<'static>; 9] = [
    Derivation::RawSharedSecret,
    Derivation::Sha256,
    Derivation::ConcatKdf { apu: b"", apv: b"" },
    Derivation::ConcatKdf {
        apu: b"Alice",
        apv: b"Bob",
    },
    Derivation::HkdfSha256 {
        salt: b"",
        info: b"",
    },
    Derivation::HkdfSha256 {
        salt: b"salt",
        info: b"info",
    },
    Derivation::X963Sha256 { shared_info: b"" },
    Derivation::X963Sha256 {
        shared_info: b"info",
    },
    Derivation::Custom(&reversed),
];

/// The shared secret with its bytes in reverse.
fn reversed(shared: &SharedSecret) -> Result<PayloadSecret, Error> {
    let mut bytes = *shared.as_bytes();
    bytes.reverse();
    PayloadSecret::from_bytes(&bytes)
}

#[test]
fn a_p256_key_travels_in_the_form_of_the_documentation() {
    each_backend(|backend| {
        let public = p256(backend).public_key().clone();
        let wire = public.to_wire();
        assert_eq!(wire.len(), 168);
        assert!(
            wire.bytes().all(|c| c.is_ascii_alphanumeric()),
            "one text in both alphabets"
        );
        let jwk = public.to_jwk();
        assert_eq!(jwk.len(), 126);
        let (start, x, middle, y, end) = (
            &jwk[..31],
            &jwk[31..74],
            &jwk[74..81],
            &jwk[81..124],
            &jwk[124..],
        );
        assert_eq!(
            (start, middle, end),
            (r#"{"kty":"EC","crv":"P-256","x":""#, r#"","y":""#, "\"}")
        );
        assert!(!x.contains('"') && !y.contains('"'));
        assert_eq!(PublicKey::from_wire(&wire).unwrap(), public);
        assert_eq!(PublicKey::from_jwk(&jwk).unwrap(), public);
        assert_eq!((public.key_type(), public.bits()), (KeyType::P256, 256));
    });
}

#[test]
fn an_rsa_key_travels_as_spki_or_jwk() {
    each_backend(|backend| {
        let Some(pair) = rsa_2048(backend) else {
            return;
        };
        let public = pair.public_key();
        let wire = public.to_wire();
        assert!(
            wire.starts_with("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"),
            "{wire}"
        );
        let jwk = base64url(public.to_jwk().as_bytes());
        let url_safe = wire.replace('+', "-").replace('/', "_");
        for travelling in [&wire, wire.trim_end_matches('='), &jwk, &url_safe] {
            assert_eq!(PublicKey::from_wire(travelling).as_ref(), Ok(public));
        }
        assert_eq!((public.key_type(), public.bits()), (KeyType::Rsa, 2048));
    });
}

#[test]
fn public_keys_survive_every_encoding() {
    each_backend(|backend| {
        let pairs = [Some(p256(backend)), rsa_2048(backend)];
        for public in pairs.iter().flatten().map(KeyPair::public_key) {
            assert_eq!(
                PublicKey::from_spki_der(&public.to_spki_der()).as_ref(),
                Ok(public)
            );
            assert_eq!(PublicKey::from_pem(&public.to_pem()).as_ref(), Ok(public));
            assert_eq!(PublicKey::from_jwk(&public.to_jwk()).as_ref(), Ok(public));
            assert_eq!(PublicKey::from_wire(&public.to_wire()).as_ref(), Ok(public));
        }
    });
}

#[test]
fn private_keys_survive_every_encoding() {
    each_backend(|backend| {
        let pairs = [Some(p256(backend)), rsa_2048(backend)];
        for pair in pairs.iter().flatten() {
            let der = pair.to_pkcs8_der().unwrap();
            let pem = pair.to_pem().unwrap();
            let jwk = pair.to_jwk().unwrap();
            let again = [
                KeyPair::from_pkcs8_der_with_backend(der.as_bytes(), backend),
                KeyPair::from_pem_with_backend(pem.as_str(), backend),
                KeyPair::from_jwk_with_backend(jwk.as_str(), backend),
            ];
            for again in again {
                let again = again.unwrap();
                assert_eq!(again.public_key(), pair.public_key());
                assert_eq!(again.to_pkcs8_der().unwrap().as_bytes(), der.as_bytes());
            }
            for shown in [shown(pair), shown(&der), shown(&pem), shown(&jwk)] {
                assert!(shown.contains("[redacted]") && shown.len() < 200, "{shown}");
            }
        }
    });
}

#[test]
fn keys_written_by_openssl_are_read() {
    const PKCS8: &str = include_str!("../data/p256.pem");
    const SEC1: &str = include_str!("../data/p256.sec1.pem");
    const PUBLIC: &str = include_str!("../data/p256.pub.pem");
    each_backend(|backend| {
        let public = PublicKey::from_pem(PUBLIC).unwrap();
        for pem in [PKCS8, SEC1] {
            let pair = KeyPair::from_pem_with_backend(pem, backend).unwrap();
            assert_eq!(*pair.public_key(), public);
        }
        if rsa_2048(backend).is_some() {
            let public = PublicKey::from_pem(include_str!("../data/rsa2048.pub.pem")).unwrap();
            let pkcs1 = include_str!("../data/rsa2048.pkcs1.pem");
            let pair = KeyPair::from_pem_with_backend(pkcs1, backend).unwrap();
            assert_eq!(*pair.public_key(), public);
        }
    });
}

/// The DER is what the crate `pkcs8`'s own reader finds, whose PEM is stricter.
#[test]
fn a_pem_block_is_its_label_and_its_der() {
    let pem = include_str!("../data/p256.pem");
    let (label, der) = SecretBytes::from_pem(pem).unwrap();
    let (expected_label, expected) = der::pem::decode_vec(pem.as_bytes()).unwrap();
    assert_eq!((label, der.as_bytes()), (expected_label, &expected[..]));
    let certificate = include_str!("../data/certificate.pem");
    assert_eq!(SecretBytes::from_pem(certificate).unwrap().0, "CERTIFICATE");
    let refused = |text: &str| SecretBytes::from_pem(text).unwrap_err();
    let key = |problem| Error::from(problem);
    assert_eq!(refused(""), key(KeyProblem::Empty));
    assert_eq!(refused("MIGH"), key(KeyProblem::NotPem));
    assert_eq!(refused(&pem.repeat(2)), key(KeyProblem::SeveralKeys));
    assert_eq!(
        refused(include_str!("../data/p256-encrypted.pem")),
        key(KeyProblem::Encrypted)
    );
}

#[test]
fn both_sides_agree_under_every_derivation_on_every_backend() {
    each_pair(|first, second| {
        let (ours, theirs) = (p256(first), p256(second));
        let mut keys: Vec<PayloadSecret> = Vec::new();
        for derivation in DERIVATIONS {
            let here = ours.agree(theirs.public_key(), &derivation).unwrap();
            let there = theirs.agree(ours.public_key(), &derivation).unwrap();
            assert!(here == there, "{derivation:?}");
            assert!(
                keys.iter().all(|key| *key != here),
                "{derivation:?} is like another"
            );
            keys.push(here);
        }
    });
}

/// Computed with Python's `hashlib` and `hmac` from the shared secret of RFC 7518 appendix C.
#[test]
fn derivations_give_the_keys_that_other_code_gives() {
    let example = include_str!("../../test-vectors/rfc7518-appendix-c.json");
    let example: serde_json::Value = serde_json::from_str(example).unwrap();
    let hkdf = |salt, info| Derivation::HkdfSha256 { salt, info };
    each_backend(|backend| {
        let pair = |name: &str| {
            KeyPair::from_jwk_with_backend(&example[name].to_string(), backend).unwrap()
        };
        let (alice, bob) = (pair("alice"), pair("bob"));
        for (derivation, key) in [
            (
                Derivation::Sha256,
                "2b92ca8baf77d6bcc4862c27a6a039ff4c44150f917a83443bb3e46f4f5796e8",
            ),
            (
                hkdf(b"", b""),
                "57b250df8891f017df4498abd2c6681ee3e31687a38aa6f653dfcca152cc562a",
            ),
            (
                hkdf(b"salt", b"info"),
                "02352df588a6adbbe38f1c1bc04e9a7c48d95af5625fd5a93e91f6e9ebc3d16b",
            ),
        ] {
            let expected = PayloadSecret::from_hex(key).unwrap();
            let agreed = alice.agree(bob.public_key(), &derivation).unwrap();
            assert!(agreed == expected, "{derivation:?}");
        }
    });
}

/// The message is from a case that failed in the field. The key for a shared info was computed with
/// `X963KDF` of Python's `cryptography` 50.0.
#[test]
fn x963_gives_the_keys_that_other_code_gives() {
    each_backend(|backend| {
        let ours = include_str!("../data/x963.pem");
        let ours = KeyPair::from_pem_with_backend(ours, backend).unwrap();
        let theirs = PublicKey::from_jwk(include_str!("../data/x963-peer.jwk.json")).unwrap();
        let agree = |shared_info| {
            let derivation = Derivation::X963Sha256 { shared_info };
            ours.agree(&theirs, &derivation).unwrap()
        };
        let cipher = PayloadCipher::with_backend(&agree(b""), backend).unwrap();
        let opened = cipher.open(include_str!("../data/x963.jwe").trim_end());
        assert_eq!(opened.unwrap().as_bytes(), br#"{"a":1}"#);
        let expected = "jx2UpnH3wJqcJBctOsCgJk54tIJn2_DoNObduV3aTxg";
        assert!(agree(b"BankEzy iOS") == PayloadSecret::from_base64url(expected).unwrap());
    });
}

#[test]
fn derivations_are_compared_and_shown_without_their_functions() {
    for (place, first) in DERIVATIONS.iter().enumerate() {
        for (other, second) in DERIVATIONS.iter().enumerate() {
            let is_custom = matches!(first, Derivation::Custom(_));
            assert_eq!(first == second, place == other && !is_custom, "{first:?}");
        }
    }
    let shown = DERIVATIONS.map(|derivation| format!("{derivation:?}"));
    assert!(shown.iter().all(|shown| !shown.contains("97")));
    assert_eq!(shown[8], "Custom(..)");
}

#[test]
fn a_custom_derivation_is_given_the_shared_secret() {
    each_backend(|backend| {
        let (ours, theirs) = (p256(backend), p256(backend));
        let agree = |derivation| ours.agree(theirs.public_key(), &derivation).unwrap();
        let same = |shared: &SharedSecret| PayloadSecret::from_bytes(shared.as_bytes());
        assert!(agree(Derivation::Custom(&same)) == agree(Derivation::RawSharedSecret));
    });
}

#[test]
fn a_custom_derivation_fails_as_its_function_does() {
    each_backend(|backend| {
        let fails = |shared: &SharedSecret| {
            assert_eq!(format!("{shared:?}"), "SharedSecret([redacted])");
            PayloadSecret::from_bytes(&shared.as_bytes()[1..])
        };
        let refused = p256(backend).agree(p256(backend).public_key(), &Derivation::Custom(&fails));
        assert_eq!(refused, Err(Error::SecretLength { found: 31 }));
    });
}

#[test]
fn hkdf_takes_long_salts_and_infos_and_concat_kdf_does_not() {
    let long = [7; 1025];
    each_pair(|first, second| {
        let (ours, theirs) = (p256(first), p256(second));
        let hkdf = Derivation::HkdfSha256 {
            salt: &long,
            info: &long,
        };
        let here = ours.agree(theirs.public_key(), &hkdf).unwrap();
        assert!(here == theirs.agree(ours.public_key(), &hkdf).unwrap());
        for (apu, apv) in [(&long[..], &[][..]), (&[], &long)] {
            let refused = ours.agree(theirs.public_key(), &Derivation::ConcatKdf { apu, apv });
            assert_eq!(
                refused,
                Err(Error::PartyInfoTooLong {
                    len: 1025,
                    max: 1024
                })
            );
        }
    });
}

#[test]
fn agreement_needs_two_p256_keys() {
    each_backend(|backend| {
        let Some(rsa) = rsa_2048(backend) else { return };
        let ec = p256(backend);
        let refused = Err(Error::WrongKeyType {
            needed: KeyType::P256,
            found: KeyType::Rsa,
        });
        assert_eq!(ec.agree(rsa.public_key(), &Derivation::Sha256), refused);
        assert_eq!(rsa.agree(ec.public_key(), &Derivation::Sha256), refused);
    });
}

/// A peer that sends a public key back, or its negative, which has the same x, would otherwise get an agreement
/// that succeeds.
#[test]
fn agreement_with_the_own_public_key_is_refused() {
    each_pair(|first, second| {
        let ours = p256(first);
        let again = ours.to_pkcs8_der().unwrap();
        let again = KeyPair::from_pkcs8_der_with_backend(again.as_bytes(), second).unwrap();
        let negative = negative(ours.public_key());
        assert!(negative != *ours.public_key());
        for derivation in DERIVATIONS {
            for peer in [ours.public_key(), again.public_key(), &negative] {
                let problem = KeyProblem::OwnPublicKey;
                assert_eq!(ours.agree(peer, &derivation), Err(Error::from(problem)));
            }
        }
        // Sealing a message to oneself is different: its ephemeral key is fresh.
        let sealer = PublicKeySealer::with_backend(ours.public_key(), first).unwrap();
        let sealed = sealer.seal(b"{}").unwrap();
        let opened = PrivateKeyOpener::new(again).open(&sealed).unwrap();
        assert_eq!(opened.as_bytes(), b"{}");
    });
}

/// The point with the same x: y is the prime of the field less y.
fn negative(key: &PublicKey) -> PublicKey {
    const PRIME: [u8; 32] = [
        255, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255,
    ];
    let mut der = key.to_spki_der();
    let y = der.len() - 32;
    let mut borrow = 0;
    for (digit, prime) in der[y..].iter_mut().zip(PRIME).rev() {
        let less = i16::from(prime) - i16::from(*digit) - borrow;
        *digit = less.rem_euclid(256) as u8;
        borrow = i16::from(less < 0);
    }
    PublicKey::from_spki_der(&der).unwrap()
}

#[test]
fn a_key_may_be_as_long_as_the_cap() {
    let jwk = include_str!("../data/p256.jwk.json").trim_end();
    let filled = |len: usize| format!("{jwk}{}", " ".repeat(len - jwk.len()));
    let read = |len| KeyPair::from_jwk_with_backend(&filled(len), &AVAILABLE[0]).map(drop);
    assert_eq!(read(64 * 1024), Ok(()));
    let problem = KeyProblem::TooLong { max: 64 * 1024 };
    assert_eq!(read(64 * 1024 + 1), Err(Error::from(problem)));
}

#[test]
fn debug_shows_only_type_and_size() {
    let read = |pem| PublicKey::from_pem(pem).unwrap();
    let point = read(include_str!("../data/p256.pub.pem"));
    assert_eq!(format!("{point:?}"), "PublicKey(P-256, 256 bits)");
    let modulus = read(include_str!("../data/rsa2048.pub.pem"));
    assert_eq!(format!("{modulus:?}"), "PublicKey(RSA, 2048 bits)");
    each_backend(|backend| {
        let pair = format!("{:?}", p256(backend));
        assert_eq!(pair, format!("KeyPair({point:?}, [redacted])"));
    });
}

#[test]
fn rsa_keys_are_generated_in_four_sizes_only() {
    each_backend(|backend| {
        for bits in [0, 1024, 2047, 2056, 16384] {
            let refused = KeyPair::generate_rsa_with_backend(bits, backend);
            assert_eq!(refused.unwrap_err(), Error::RsaKeySize { bits });
        }
        // Larger ones take many seconds.
        let sizes: &[usize] = match backend.name() {
            "aws-lc-rs" => &[2048, 3072, 4096],
            _ => &[2048],
        };
        for bits in sizes {
            match KeyPair::generate_rsa_with_backend(*bits, backend) {
                Ok(pair) => assert_eq!(pair.public_key().bits(), *bits),
                Err(error) => assert!(rsa_2048(backend).is_none(), "{error}"),
            }
        }
    });
}

proptest! {
    #[test]
    fn no_text_makes_reading_a_key_panic(text in ".{0,300}") {
        let _ = PublicKey::from_wire(&text);
        let _ = PublicKey::from_jwk(&text);
        let _ = PublicKey::from_pem(&text);
        let _ = PublicKey::from_wire(&base64url(text.as_bytes()));
        each_backend(|backend| {
            let _ = KeyPair::from_pem_with_backend(&text, backend);
            let _ = KeyPair::from_jwk_with_backend(&text, backend);
            let _ = KeyPair::from_pkcs8_der_with_backend(text.as_bytes(), backend);
        });
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
