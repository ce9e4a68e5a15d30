//! Sealing to public keys: `RSA-OAEP-256` and `ECDH-ES`. Once per pair of backends.

use crate::common::{cipher, each_backend, each_pair, p256, public_rsa, rsa_2048};
use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Algorithm, Error, HeaderProblem, Inspection, KeyPair, KeyType, Opened, PrivateKeyOpener,
    PublicKeySealer,
};
use proptest::prelude::*;

#[test]
fn what_is_sealed_to_a_key_opens_with_its_private_half() {
    each_pair(|sealing, opening| {
        let rsa = rsa_2048(opening).filter(|_| public_rsa(sealing));
        for pair in [Some(p256(opening)), rsa].into_iter().flatten() {
            let algorithm = pair.public_key().key_type();
            let sealer = PublicKeySealer::with_backend(pair.public_key(), sealing).unwrap();
            let opener = PrivateKeyOpener::new(pair);
            let mut opened = Opened::new();
            for len in [0, 1, 500, 100_000] {
                let sealed = sealer.seal(&vec![b'x'; len]).unwrap();
                opener.open_into(&sealed, &mut opened).unwrap();
                assert_eq!(*opened, vec![b'x'; len], "{algorithm}");
            }
            let sealed = sealer.seal_json(&[1, 2, 3]).unwrap();
            assert_eq!(opener.open_json::<Vec<u8>>(&sealed), Ok(vec![1, 2, 3]));
        }
    });
}

#[test]
fn party_info_travels_and_is_bound_in() {
    each_pair(|sealing, opening| {
        let pair = p256(opening);
        let sealer = PublicKeySealer::with_backend(pair.public_key(), sealing).unwrap();
        let sealed = sealer
            .with_party_info(b"Alice", b"Bob")
            .unwrap()
            .seal(b"x")
            .unwrap();
        let header = Inspection::parse(&sealed).unwrap().header;
        assert!(
            header.contains(r#""apu":"QWxpY2U","apv":"Qm9i""#),
            "{header}"
        );
        assert!(PrivateKeyOpener::new(pair).open(&sealed).is_ok());
    });
    each_backend(|backend| {
        let pair = p256(backend);
        let sealer = || PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let too_long = Error::PartyInfoTooLong {
            len: 1025,
            max: 1024,
        };
        assert_eq!(
            sealer().with_party_info(&[0; 1025], b"").unwrap_err(),
            too_long
        );
        let longest = sealer().with_party_info(&[0; 1024], &[0; 1024]).unwrap();
        assert!(
            PrivateKeyOpener::new(p256_again(&pair, backend))
                .open(longest.seal(b"").unwrap())
                .is_ok()
        );
        if let Some(rsa) = rsa_2048(backend) {
            let sealer = PublicKeySealer::with_backend(rsa.public_key(), backend).unwrap();
            let refused = sealer.with_party_info(b"a", b"b").unwrap_err();
            assert_eq!(
                refused,
                Error::WrongKeyType {
                    needed: KeyType::P256,
                    found: KeyType::Rsa
                }
            );
        }
    });
}

#[test]
fn each_message_has_a_key_of_its_own() {
    each_backend(|backend| {
        let pair = p256(backend);
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let header = |sealed: String| sealed.split('.').next().unwrap().to_owned();
        assert_ne!(
            header(sealer.seal(b"").unwrap()),
            header(sealer.seal(b"").unwrap())
        );
    });
}

/// RFC 7516 section 11.5: a wrapped key that does not unwrap looks like any changed message.
#[test]
fn every_way_for_a_wrapped_key_to_be_wrong_is_one_error() {
    each_backend(|backend| {
        let Some(pair) = rsa_2048(backend) else {
            return;
        };
        let other = include_str!("../data/rsa2048-other.pem");
        let other = KeyPair::from_pem_with_backend(other, backend).unwrap();
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let to_other = PublicKeySealer::with_backend(other.public_key(), backend).unwrap();
        let opener = PrivateKeyOpener::new(pair);
        let sealed = sealer.seal(b"x").unwrap();
        let parts: Vec<&str> = sealed.split('.').collect();
        let with_key = |key: &str| {
            let changed = [parts[0], key, parts[2], parts[3], parts[4]].join(".");
            opener.open(&changed).unwrap_err()
        };
        let flipped = format!(
            "{}{}",
            if parts[1].starts_with('A') { "B" } else { "A" },
            &parts[1][1..]
        );
        let too_large = "_".repeat(341) + "w";
        for key in [
            flipped.as_str(),
            to_other.seal(b"x").unwrap().split('.').nth(1).unwrap(),
            "",
            "AA",
            &"A".repeat(342),
            &"A".repeat(344),
            &too_large,
        ] {
            assert_eq!(with_key(key), Error::OpenFailed, "{key}");
        }
        assert_eq!(
            opener.open(to_other.seal(b"x").unwrap()).unwrap_err(),
            Error::OpenFailed
        );
    });
}

#[test]
fn the_key_decides_the_algorithm() {
    each_backend(|backend| {
        let dir = cipher(backend);
        let sealed_dir = dir.seal(b"x").unwrap();
        let (ec, rsa) = (p256(backend), rsa_2048(backend));
        let sealed_ec = PublicKeySealer::with_backend(ec.public_key(), backend)
            .unwrap()
            .seal(b"x")
            .unwrap();
        let ec = PrivateKeyOpener::new(ec);
        let mismatch =
            |needed, found| Error::from(HeaderProblem::AlgorithmMismatch { needed, found });
        assert_eq!(
            dir.open(&sealed_ec).unwrap_err(),
            mismatch(Algorithm::Dir, Algorithm::EcdhEs)
        );
        assert_eq!(
            ec.open(&sealed_dir).unwrap_err(),
            mismatch(Algorithm::EcdhEs, Algorithm::Dir)
        );
        let Some(rsa) = rsa else { return };
        let sealed_rsa = PublicKeySealer::with_backend(rsa.public_key(), backend)
            .unwrap()
            .seal(b"x")
            .unwrap();
        let rsa = PrivateKeyOpener::new(rsa);
        assert_eq!(
            rsa.open(&sealed_dir).unwrap_err(),
            mismatch(Algorithm::RsaOaep256, Algorithm::Dir)
        );
        assert_eq!(
            rsa.open(&sealed_ec).unwrap_err(),
            mismatch(Algorithm::RsaOaep256, Algorithm::EcdhEs)
        );
        assert_eq!(
            dir.open(&sealed_rsa).unwrap_err(),
            mismatch(Algorithm::Dir, Algorithm::RsaOaep256)
        );
        assert_eq!(
            ec.open(&sealed_rsa).unwrap_err(),
            mismatch(Algorithm::EcdhEs, Algorithm::RsaOaep256)
        );
    });
}

#[test]
fn the_cap_holds_here_too() {
    each_backend(|backend| {
        let pair = p256(backend);
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let opener = PrivateKeyOpener::new(pair).with_max_sealed_len(500);
        let sealed = sealer.seal(&[0; 400]).unwrap();
        let len = sealed.len();
        assert_eq!(
            opener.open(&sealed).unwrap_err(),
            Error::SealedTooLong { len, max: 500 }
        );
    });
}

#[test]
fn the_cap_holds_when_sealing_too() {
    each_backend(|backend| {
        for pair in [Some(p256(backend)), rsa_2048(backend)]
            .into_iter()
            .flatten()
        {
            let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
            let sealed_len = sealer.seal(&[0; 400]).unwrap().len();
            let capped = |max| {
                let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
                sealer.with_max_sealed_len(max).seal(&[0; 400])
            };
            assert_eq!(capped(sealed_len).unwrap().len(), sealed_len);
            let max = sealed_len - 1;
            let refused = Error::PayloadTooLong {
                len: 400,
                sealed_len,
                max,
            };
            assert_eq!(capped(max).unwrap_err(), refused);
        }
    });
}

#[test]
fn inspection_tells_the_algorithm_without_a_key() {
    each_backend(|backend| {
        let pair = p256(backend);
        let sealed = PublicKeySealer::with_backend(pair.public_key(), backend)
            .unwrap()
            .seal(b"four")
            .unwrap();
        let found = Inspection::parse(&sealed).unwrap();
        assert_eq!(found.profile, Ok(Algorithm::EcdhEs));
        let lengths = (
            found.encrypted_key_len,
            found.iv_len,
            found.ciphertext_len,
            found.tag_len,
        );
        assert_eq!(lengths, (0, 12, 4, 16));
    });
}

#[test]
fn inspection_tells_why_the_profile_is_not_met() {
    // {"alg":"dir","enc":"A128CBC-HS256"}: a longer vector, and a tag of the same length.
    let cbc = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0..AAAAAAAAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
    let found = Inspection::parse(cbc).unwrap();
    assert_eq!((found.iv_len, found.tag_len), (16, 16));
    assert_eq!(found.header, r#"{"alg":"dir","enc":"A128CBC-HS256"}"#);
    let unknown = Error::from(HeaderProblem::UnknownEncryption);
    assert_eq!(found.profile, Err(unknown));
    let shown = format!("{found:?} {found:#?}");
    assert!(
        shown.contains("header_len: 35") && !shown.contains("A128CBC"),
        "{shown}"
    );
    for broken in ["", "a.b.c", "e30..!.AAAA.AAAA", "!..AAAA.AAAA.AAAA"] {
        assert!(Inspection::parse(broken).is_err(), "{broken}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_one_backend_seals_to_a_key_every_backend_opens(
        payload in proptest::collection::vec(any::<u8>(), 0..2000),
        apu in proptest::collection::vec(any::<u8>(), 0..40),
        apv in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        each_pair(|sealing, opening| {
            let ec = p256(opening);
            let sealer = PublicKeySealer::with_backend(ec.public_key(), sealing).unwrap();
            let sealed = sealer.with_party_info(&apu, &apv).unwrap().seal(&payload).unwrap();
            assert_eq!(*PrivateKeyOpener::new(ec).open(&sealed).unwrap(), payload);
            if let Some(rsa) = rsa_2048(opening).filter(|_| public_rsa(sealing)) {
                let sealer = PublicKeySealer::with_backend(rsa.public_key(), sealing).unwrap();
                let sealed = sealer.seal(&payload).unwrap();
                assert_eq!(*PrivateKeyOpener::new(rsa).open(&sealed).unwrap(), payload);
            }
        });
    }
}

fn p256_again(pair: &KeyPair, backend: &Backend) -> KeyPair {
    let der = pair.to_pkcs8_der().unwrap();
    KeyPair::from_pkcs8_der_with_backend(der.as_bytes(), backend).unwrap()
}
