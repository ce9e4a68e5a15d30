//! `PayloadCipher`: what users and the documentation's samples rely on. Once per backend.

use std::collections::{BTreeMap, HashSet};

use crate::common::{cipher, each_backend, each_pair, secret, shown};
use bankezy_crypto::{
    Error, ErrorCategory, JsonProblem, Malformed, NonceSource, Opened, PayloadCipher,
    PayloadSecret, SecretBytes,
};
use proptest::prelude::*;

const PREFIX: &str = "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..";

#[test]
fn sealed_texts_have_the_form_of_the_documentation() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        for len in [0, 1, 2, 3, 15, 16, 17, 300, 767, 768, 769, 4096, 100_000] {
            let plaintext = vec![b'x'; len];
            let sealed = cipher.seal(&plaintext).unwrap();
            assert!(sealed.starts_with(PREFIX));
            assert_eq!(sealed.len(), 81 + (4 * len).div_ceil(3), "{len}");
            assert_eq!(sealed.len(), PayloadCipher::sealed_len(len));
            let parts: Vec<&str> = sealed.split('.').collect();
            assert_eq!(
                (parts.len(), parts[1], parts[2].len(), parts[4].len()),
                (5, "", 16, 22)
            );
            assert_eq!(cipher.open(&sealed).unwrap().as_bytes(), plaintext);
        }
    });
}

#[test]
fn no_two_messages_share_a_nonce() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let nonces: HashSet<String> = (0..2000)
            .map(|_| cipher.seal(b"").unwrap()[PREFIX.len()..PREFIX.len() + 16].to_owned())
            .collect();
        assert_eq!(nonces.len(), 2000);
        for place in 0..16 {
            let seen: HashSet<u8> = nonces.iter().map(|it| it.as_bytes()[place]).collect();
            assert!(seen.len() > 32, "character {place} is not random");
        }
    });
}

#[test]
fn every_changed_character_is_noticed() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let sealed = cipher.seal(b"{\"amount\":100}").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(cipher.open(&changed).is_err(), "character {place}");
        }
        for end in 0..sealed.len() {
            assert!(cipher.open(&sealed[..end]).is_err(), "cut at {end}");
        }
    });
}

#[test]
fn wrong_key_and_changed_message_are_one_error() {
    each_backend(|backend| {
        let sealed = cipher(backend).seal(b"{}").unwrap();
        let other = PayloadCipher::with_backend(&PayloadSecret::generate().unwrap(), backend);
        let wrong_key = other.unwrap().open(&sealed).unwrap_err();
        let mut changed = sealed.into_bytes();
        let tag = changed.len() - 5;
        changed[tag] = if changed[tag] == b'A' { b'B' } else { b'A' };
        let changed = cipher(backend).open(&changed).unwrap_err();
        assert_eq!(wrong_key, Error::OpenFailed);
        assert_eq!(
            (changed.to_string(), changed.code()),
            (wrong_key.to_string(), "envelope.open_failed")
        );
    });
}

#[test]
fn buffers_are_replaced_and_empty_after_a_failure() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let mut sealed = "what was there before, and longer than nothing".to_owned();
        cipher.seal_into(b"first", &mut sealed).unwrap();
        let mut opened = Opened::new();
        cipher.open_into(&sealed, &mut opened).unwrap();
        assert_eq!(&*opened, b"first");
        cipher.seal_into(b"2", &mut sealed).unwrap();
        cipher.open_into(&sealed, &mut opened).unwrap();
        assert_eq!(&*opened, b"2");
        for broken in [
            &sealed[..sealed.len() - 1],
            "",
            "a.b",
            &sealed.replace(PREFIX, "e30.."),
        ] {
            opened = cipher.open(&sealed).unwrap();
            assert!(cipher.open_into(broken, &mut opened).is_err());
            assert!(opened.is_empty(), "after {broken:?}");
        }
        let spent = PayloadCipher::with_backend(&secret(), backend)
            .unwrap()
            .with_nonce_budget(0);
        assert!(spent.seal_into(b"x", &mut sealed).is_err());
        assert!(sealed.is_empty());
    });
}

#[test]
fn absurd_lengths_do_not_overflow() {
    assert_eq!(PayloadCipher::sealed_len(usize::MAX), usize::MAX);
}

#[test]
fn json_goes_in_and_out() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let request = BTreeMap::from([("referenceId", "1"), ("sdkApiKey", "k")]);
        let sealed = cipher.seal_json(&request).unwrap();
        assert_eq!(
            cipher.open(&sealed).unwrap().as_str(),
            Ok(r#"{"referenceId":"1","sdkApiKey":"k"}"#)
        );
        let back: BTreeMap<String, String> = cipher.open_json(&sealed).unwrap();
        assert_eq!(back["referenceId"], "1");
    });
}

#[test]
fn json_errors_never_quote_the_payload() {
    let cipher = cipher(&bankezy_crypto::backend::AVAILABLE[0]);
    let cases: [(&[u8], JsonProblem); 5] = [
        (b"{\"pan\":\"4111111111111111\"}", JsonProblem::Mismatch),
        (b"\"4111111111111111\"", JsonProblem::Mismatch),
        (b"4111111111111111 4111111111111111", JsonProblem::Mismatch),
        (b"[4111111111111111", JsonProblem::Mismatch),
        (b"pan=4111111111111111", JsonProblem::Syntax),
    ];
    for (payload, expected) in cases {
        let sealed = cipher.seal(payload).unwrap();
        let error = cipher
            .open_json::<BTreeMap<String, u8>>(&sealed)
            .unwrap_err();
        let Error::Json { problem, line, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            (problem, line),
            (expected, 1),
            "{}",
            String::from_utf8_lossy(payload)
        );
        for text in [error.to_string(), shown(&error)] {
            assert!(!text.contains("4111") && !text.contains("pan"), "{text}");
        }
    }
    let truncated = cipher.seal(b"{\"a\":").unwrap();
    assert!(matches!(
        cipher.open_json::<BTreeMap<String, u8>>(&truncated),
        Err(Error::Json {
            problem: JsonProblem::Truncated,
            ..
        })
    ));
    let not_text = cipher.open(cipher.seal(b"\xff").unwrap()).unwrap();
    assert_eq!(not_text.as_str(), Err(Error::PayloadNotUtf8));
}

#[test]
fn values_that_are_no_json_are_refused() {
    let cipher = cipher(&bankezy_crypto::backend::AVAILABLE[0]);
    let keys_must_be_text = BTreeMap::from([(vec!["4111111111111111"], 1)]);
    let error = cipher.seal_json(&keys_must_be_text).unwrap_err();
    assert!(matches!(
        error,
        Error::Json {
            problem: JsonProblem::NotSerializable,
            ..
        }
    ));
    assert!(!error.to_string().contains("4111"));
}

#[test]
fn the_cap_holds_before_anything_is_read() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_max_sealed_len(100);
        let fits = cipher.seal(&[0; 14]).unwrap();
        assert_eq!(fits.len(), 100);
        assert!(cipher.open(&fits).is_ok());
        let refused = Error::SealedTooLong { len: 101, max: 100 };
        let too_long = cipher.with_max_sealed_len(101).seal(&[0; 15]).unwrap();
        let cipher = self::cipher(backend).with_max_sealed_len(100);
        assert_eq!(cipher.open(&too_long).unwrap_err(), refused);
        assert_eq!(cipher.open([b'.'; 101]).unwrap_err(), refused);
    });
    let cipher = cipher(&bankezy_crypto::backend::AVAILABLE[0]);
    let (max, long) = (8 * 1024 * 1024, vec![b'.'; 8 * 1024 * 1024 + 1]);
    let refused = cipher.open(&long[1..]).unwrap_err();
    assert_eq!(refused.code(), "envelope.part_count");
    let refused = cipher.open(&long).unwrap_err();
    assert_eq!(refused, Error::SealedTooLong { len: max + 1, max });
}

/// Around the pieces of 4,096 characters that are decoded at a time, and with a byte of each kind at places everywhere.
#[test]
fn a_text_opens_in_place_as_it_does_elsewhere_or_fails_alike() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let both = |text: &[u8]| {
            let elsewhere = cipher.open(text).map(|opened| opened.to_vec());
            let in_place = cipher.open_in_place(text.to_vec());
            assert_eq!(in_place.map(|opened| opened.to_vec()), elsewhere);
            elsewhere
        };
        for len in [0, 1, 2, 3, 47, 3_071, 3_072, 3_073, 6_143, 6_146, 10_000] {
            let payload: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
            let sealed = cipher.seal(&payload).unwrap().into_bytes();
            assert_eq!(both(&sealed), Ok(payload), "{len}");
            for place in (0..sealed.len()).step_by(1 + sealed.len() / 97) {
                for byte in [b'A', b'_', b'.', b'=', b'\n', 0xff] {
                    let mut changed = sealed.clone();
                    changed[place] = byte;
                    let _ = both(&changed);
                }
                let _ = both(&sealed[..place]);
            }
            for end in ["=", "A", ".", "\n"] {
                let _ = both(&[&sealed, end.as_bytes()].concat());
            }
        }
        let capped = self::cipher(backend).with_max_sealed_len(100);
        let too_long = cipher.seal(&[0; 15]).unwrap();
        assert_eq!(
            capped.open_in_place(too_long.into_bytes()).unwrap_err(),
            Error::SealedTooLong { len: 101, max: 100 }
        );
    });
}

/// The caps of both directions are one figure, so what is sealed can be opened.
#[test]
fn what_is_sealed_by_default_opens_by_default() {
    let longest = bankezy_crypto::DEFAULT_MAX_SEALED_LEN;
    each_backend(|backend| {
        let cipher = cipher(backend);
        let mut payload = vec![b'7'; longest / 4 * 3];
        while PayloadCipher::sealed_len(payload.len()) > longest {
            payload.pop();
        }
        let sealed = cipher.seal(&payload).unwrap();
        assert!(sealed.len() > longest - 3);
        assert_eq!(cipher.open(&sealed).unwrap().as_bytes(), payload);

        payload.push(b'7');
        let mut text = sealed;
        let refused = cipher.seal_into(&payload, &mut text).unwrap_err();
        let sealed_len = PayloadCipher::sealed_len(payload.len());
        assert_eq!(
            refused,
            Error::PayloadTooLong {
                len: payload.len(),
                sealed_len,
                max: longest
            }
        );
        for figure in [payload.len(), sealed_len, longest] {
            assert!(refused.to_string().contains(&figure.to_string()));
        }
        assert!(text.is_empty());
        // It used up no nonce.
        assert_eq!(cipher.nonce_budget().used(), 1);
        let raised = cipher.with_max_sealed_len(usize::MAX);
        let sealed = raised.seal(&payload).unwrap();
        assert_eq!(raised.open(&sealed).unwrap().as_bytes(), payload);
    });
}

#[test]
fn the_nonce_budget_is_enforced_and_reported() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        assert_eq!(
            (cipher.nonce_budget().limit(), cipher.nonce_budget().used()),
            (1 << 31, 0)
        );
        let cipher = cipher.with_nonce_budget(u64::MAX);
        assert_eq!(
            cipher.nonce_budget().limit(),
            1 << 32,
            "no more than NIST allows"
        );
        let cipher = cipher.with_nonce_budget(4);
        for used in 0..4 {
            assert_eq!(
                (
                    cipher.nonce_budget().used(),
                    cipher.nonce_budget().remaining()
                ),
                (used, 4 - used)
            );
            cipher.seal(b"").unwrap();
        }
        let spent = cipher.seal(b"").unwrap_err();
        assert_eq!(
            (spent.clone(), spent.category()),
            (Error::NonceBudgetSpent { limit: 4 }, ErrorCategory::Misuse)
        );
        assert_eq!(cipher.nonce_budget().remaining_share(), 0.0);
        let sealed = crate::common::cipher(backend).seal(b"x").unwrap();
        assert!(cipher.open(&sealed).is_ok(), "a spent cipher still opens");
        let again = cipher.with_nonce_budget(5);
        assert_eq!(
            again.nonce_budget().remaining(),
            1,
            "what was sealed still counts"
        );
        again.seal(b"").unwrap();
        assert!(again.seal(b"").is_err());
        assert_eq!(again.with_nonce_budget(2).nonce_budget().remaining(), 0);
    });
}

/// For a fleet, whose processes get further shares while they seal.
#[test]
fn the_budget_of_a_cipher_in_use_is_extended_to_what_a_key_may_seal_at_most() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_nonce_budget(1);
        cipher.seal(b"").unwrap();
        assert!(cipher.seal(b"").is_err());
        assert_eq!(cipher.extend_budget(2), 3);
        assert!(cipher.seal(b"").is_ok() && cipher.seal(b"").is_ok() && cipher.seal(b"").is_err());
        assert_eq!(cipher.extend_budget(u64::MAX), 1 << 32);
        assert_eq!(cipher.nonce_budget().used(), 3);

        // Whatever is set afterwards but another budget.
        let extended = || {
            let cipher = self::cipher(backend).with_nonce_budget(10);
            assert_eq!(cipher.extend_budget(5), 15);
            cipher
        };
        let limit = |cipher: PayloadCipher| cipher.nonce_budget().limit();
        assert_eq!(limit(extended().with_used(4)), 15);
        assert_eq!(
            limit(extended().with_nonce_source(NonceSource::random())),
            15
        );
        assert_eq!(limit(extended().with_nonce_budget(7)), 7);
    });
}

#[test]
fn one_cipher_serves_many_threads() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    each_backend(|backend| {
        let cipher = cipher(backend);
        is_send_and_sync(&cipher);
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                let cipher = &cipher;
                scope.spawn(move || {
                    for round in 0..200 {
                        let payload = vec![thread; round];
                        let sealed = cipher.seal(&payload).unwrap();
                        assert_eq!(cipher.open(&sealed).unwrap().as_bytes(), payload);
                    }
                });
            }
        });
        assert_eq!(cipher.nonce_budget().used(), 1600);
    });
}

#[test]
fn debug_shows_no_secret() {
    each_backend(|backend| {
        let text = secret().to_base64url();
        assert_eq!(text.as_str(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        let cipher = cipher(backend);
        let opened = cipher.open(cipher.seal(b"the payload").unwrap()).unwrap();
        for shown in [
            shown(&secret()),
            shown(&text),
            shown(&cipher),
            shown(&opened),
            shown(&SecretBytes::from(b"the payload".to_vec())),
        ] {
            assert!(shown.contains("[redacted]"), "{shown}");
            for canary in ["AAEC", "0, 1, 2", "the payload", "116, 104"] {
                assert!(!shown.contains(canary), "{shown}");
            }
        }
    });
}

#[test]
fn unencrypted_json_is_named() {
    let cipher = cipher(&bankezy_crypto::backend::AVAILABLE[0]);
    let clear = Error::from(Malformed::ClearJson);
    assert_eq!(cipher.open(r#" {"resCode":200}"#).unwrap_err(), clear);
}

proptest! {
    #[test]
    fn what_one_backend_seals_every_backend_opens(
        payload in proptest::collection::vec(any::<u8>(), 0..5000),
        key in any::<[u8; 32]>(),
    ) {
        let secret = PayloadSecret::from_bytes(&key).unwrap();
        each_pair(|sealing, opening| {
            let sealed = PayloadCipher::with_backend(&secret, sealing).unwrap().seal(&payload);
            let cipher = PayloadCipher::with_backend(&secret, opening).unwrap();
            assert_eq!(cipher.open(sealed.unwrap()).unwrap().as_bytes(), payload);
        });
    }

    #[test]
    fn backends_agree_on_every_mutated_text(
        payload in proptest::collection::vec(any::<u8>(), 0..100),
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        each_backend(|sealing| {
            let mut text = cipher(sealing).seal(&payload).unwrap().into_bytes();
            let place = place.index(text.len());
            text[place] = byte;
            let outcomes: Vec<_> = bankezy_crypto::backend::AVAILABLE
                .iter()
                .map(|backend| cipher(backend).open(&text).map(|opened| opened.as_bytes().to_vec()))
                .collect();
            assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{outcomes:?}");
        });
    }
}
