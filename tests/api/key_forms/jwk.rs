//! Public and private JWKs, their identifiers and thumbprints.

use bankezy_crypto::{KeyForm, KeyPair, KeyProblem, PrivateKeyOpener, PublicKey, PublicKeySealer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{P256_JWK, P256_PUBLIC, RSA_JWK, form, key, opens, public_half, with};
use crate::common::{each_backend, rsa_2048};

#[test]
fn null_and_empty_members_of_a_jwk_are_absent() {
    let dotnet =
        PublicKey::from_jwk(include_str!("../../data/forms/dotnet-empty-lists-ec.jwk")).unwrap();
    assert_eq!(dotnet.key_id(), Some("7f4"));
    for jwk in [public_half(P256_JWK), public_half(RSA_JWK)] {
        let expected = PublicKey::from_jwk(&jwk).unwrap();
        for member in [
            "d", "p", "q", "dp", "dq", "qi", "k", "oth", "use", "alg", "key_ops", "x5c", "kid",
        ] {
            for empty in ["null", r#""""#, r#"" ""#, "[]", "[ ]", "{}", "{\n}"] {
                let more = with(&jwk, &format!(r#""{member}":{empty}"#));
                assert_eq!(PublicKey::from_jwk(&more).as_ref(), Ok(&expected), "{more}");
            }
        }
        // An alarm where a secret value stands.
        for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            for none in ["false", "true", "0"] {
                let more = with(&jwk, &format!(r#""{member}":{none}"#));
                assert_eq!(PublicKey::from_jwk(&more).as_ref(), Ok(&expected), "{more}");
            }
            for value in [r#""AQ""#, r#"" A""#, "1", "[1]", r#"{"a":1}"#] {
                let more = with(&jwk, &format!(r#""{member}":{value}"#));
                let found = PublicKey::from_jwk(&more);
                assert_eq!(found, Err(key(KeyProblem::PrivateMember)), "{more}");
            }
        }
        let oth = with(&jwk, r#""oth":[{"r":"AQ"}]"#);
        assert_eq!(
            PublicKey::from_jwk(&oth),
            Err(key(KeyProblem::PrivateMember))
        );
    }
    each_backend(|backend| {
        for jwk in [P256_JWK, RSA_JWK] {
            if jwk == RSA_JWK && rsa_2048(backend).is_none() {
                continue;
            }
            for member in ["oth", "use", "alg", "key_ops", "x5c", "kid"] {
                for empty in ["null", r#""""#, "[]", "{}"] {
                    let more = with(jwk, &format!(r#""{member}":{empty}"#));
                    assert!(
                        KeyPair::from_jwk_with_backend(&more, backend).is_ok(),
                        "{member}"
                    );
                }
            }
        }
        let bom = format!("\u{feff}{P256_JWK}");
        assert!(KeyPair::from_jwk_with_backend(&bom, backend).is_ok());
    });
}

#[test]
fn lengths_of_coordinates_are_named() {
    let short = PublicKey::from_jwk(include_str!("../../data/forms/xz.short.jwk"));
    let problem = KeyProblem::MemberLength {
        member: "x",
        found: 31,
        needed: 32,
    };
    assert_eq!(short, Err(key(problem)));
    let message = key(problem).to_string();
    assert!(
        message.contains("`x` has 31 octets, 32 are needed"),
        "{message}"
    );
}

/// RFC 7518 section 6.3.1.1 warns of libraries that write them.
#[test]
fn leading_zero_octets_of_rsa_numbers_are_taken_off() {
    let jwk = public_half(RSA_JWK);
    let value: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let [n, e] = ["n", "e"].map(|name| value[name].as_str().unwrap());
    let zeros = |text: &str, count| {
        let number = URL_SAFE_NO_PAD.decode(text).unwrap();
        URL_SAFE_NO_PAD.encode([&vec![0; count][..], &number].concat())
    };
    let expected = PublicKey::from_jwk(&jwk).unwrap();
    for (n_zeros, e_zeros) in [(1, 0), (0, 1), (2, 5)] {
        let longer = jwk
            .replace(n, &zeros(n, n_zeros))
            .replace(e, &zeros(e, e_zeros));
        let found = PublicKey::from_jwk(&longer).unwrap();
        assert_eq!((found.bits(), found.to_jwk()), (2048, expected.to_jwk()));
        assert_eq!(found.thumbprint(), expected.thumbprint());
    }
}

#[test]
fn a_key_id_is_kept_and_goes_nowhere() {
    let kid = "caf\u{e9} \u{202e}\n\"";
    let json = serde_json::to_string(kid).unwrap();
    let named =
        PublicKey::from_jwk(&with(&public_half(P256_JWK), &format!(r#""kid":{json}"#))).unwrap();
    let plain = PublicKey::from_jwk(&public_half(P256_JWK)).unwrap();
    assert_eq!((named.key_id(), plain.key_id()), (Some(kid), None));
    assert_eq!(named, plain);
    assert_eq!(named.clone().key_id(), Some(kid));
    assert_eq!(
        format!("{named:?}"),
        r#"PublicKey(P-256, 256 bits, kid "caf\u{e9} \u{202e}\n\"")"#
    );
    for (ours, theirs) in [
        (named.to_jwk(), plain.to_jwk()),
        (named.to_wire(), plain.to_wire()),
        (named.to_pem(), plain.to_pem()),
        (named.thumbprint(), plain.thumbprint()),
    ] {
        assert_eq!(ours, theirs);
    }
    assert_eq!(named.to_spki_der(), plain.to_spki_der());
    let of = |kid: &str| {
        let json = with(&public_half(P256_JWK), &format!(r#""kid":{kid}"#));
        let key = PublicKey::from_jwk(&json).unwrap();
        (key.key_id().map(str::len), key.key_id_len())
    };
    let long = |len: usize| format!("\"{}\"", "k".repeat(len));
    assert_eq!(of(&long(256)), (Some(256), Some(256)));
    // Of a longer one, that there is one.
    assert_eq!(of(&long(257)), (None, Some(257)));
    let key = with(&public_half(P256_JWK), &format!(r#""kid":{}"#, long(257)));
    let shown = format!("{:?}", PublicKey::from_jwk(&key).unwrap());
    assert_eq!(shown, "PublicKey(P-256, 256 bits, kid of 257 bytes)");
    for ignored in ["5", "[\"a\"]", "null", r#""""#] {
        assert_eq!(of(ignored), (None, None), "{ignored}");
    }
    each_backend(|backend| {
        let private = with(P256_JWK, r#""kid":"2026-11""#);
        let pair = KeyPair::from_jwk_with_backend(&private, backend).unwrap();
        assert_eq!(pair.public_key().key_id(), Some("2026-11"));
        let private = with(P256_JWK, &format!(r#""kid":{}"#, long(257)));
        let long = KeyPair::from_jwk_with_backend(&private, backend).unwrap();
        assert_eq!(long.public_key().key_id_len(), Some(257));
        assert!(!pair.to_jwk().unwrap().as_str().contains("kid"));
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let sealed = sealer.seal(b"{}").unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(sealed.split('.').next().unwrap())
            .unwrap();
        assert!(!String::from_utf8(header).unwrap().contains("kid"));
        // A key of another name opens it: the identifier selects nothing.
        let other = with(P256_JWK, r#""kid":"other""#);
        let opener =
            PrivateKeyOpener::new(KeyPair::from_jwk_with_backend(&other, backend).unwrap());
        assert_eq!(opener.open(&sealed).unwrap().as_bytes(), b"{}");
    });
}

/// The first is the example of RFC 7638 section 3.1; the other was computed with Python's `hashlib` and
/// `json` from the members of `data/p256.jwk.json`.
#[test]
fn thumbprints_are_those_of_the_standard() {
    let n = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst",
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI",
        "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    );
    let rsa = PublicKey::from_jwk(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).unwrap();
    assert_eq!(
        rsa.thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    let p256 = PublicKey::from_pem(P256_PUBLIC).unwrap();
    assert_eq!(
        p256.thumbprint(),
        "6o8zjYBa_90lFnj-hYNRWSI7cLifzFbbOqNa3-STOJo"
    );
}

/// The same of the numbers of a private key.
#[test]
fn leading_zero_octets_of_private_rsa_numbers_are_taken_off() {
    let value: serde_json::Value = serde_json::from_str(RSA_JWK).unwrap();
    let public = PublicKey::from_jwk(&public_half(RSA_JWK)).unwrap();
    let members = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let longer = |member: &str| {
        let text = value[member].as_str().unwrap();
        let number = URL_SAFE_NO_PAD.decode(text).unwrap();
        let zeros = URL_SAFE_NO_PAD.encode([&[0, 0][..], &number].concat());
        (format!("\"{text}\""), format!("\"{zeros}\""))
    };
    let all = members.iter().fold(RSA_JWK.to_owned(), |jwk, member| {
        let (text, zeros) = longer(member);
        jwk.replace(&text, &zeros)
    });
    let one = members.iter().map(|member| {
        let (text, zeros) = longer(member);
        RSA_JWK.replace(&text, &zeros)
    });
    each_backend(|backend| {
        if rsa_2048(backend).is_none() {
            return;
        }
        let sealer = PublicKeySealer::with_backend(&public, backend).unwrap();
        let sealed = sealer.seal(br#"{"a":1}"#).unwrap();
        for jwk in one.clone().chain([all.clone()]) {
            assert!(jwk.len() > RSA_JWK.len());
            opens(KeyPair::from_jwk_with_backend(&jwk, backend), &sealed);
        }
    });
}

/// What to do differs by whether octets are missing or too many.
#[test]
fn a_member_that_is_too_long_is_not_to_be_padded() {
    for (found, told) in [(31, "put zero octets in front"), (33, "take them off")] {
        let problem = KeyProblem::MemberLength {
            member: "d",
            found,
            needed: 32,
        };
        let message = key(problem).to_string();
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn a_public_jwk_is_no_private_one() {
    let public = form(KeyForm::PublicKey);
    for jwk in [public_half(P256_JWK), public_half(RSA_JWK)] {
        for jwk in [
            with(&jwk, r#""d":null"#),
            with(&jwk, r#""key_ops":["encrypt"]"#),
            jwk,
        ] {
            each_backend(|backend| {
                let error = KeyPair::from_jwk_with_backend(&jwk, backend).unwrap_err();
                assert_eq!(error, public, "{jwk}");
            });
        }
    }
}

/// RFC 7518 section 6.3.2: only `d` is required of a private RSA key.
#[test]
fn an_rsa_jwk_without_primes_is_named() {
    let value: serde_json::Value = serde_json::from_str(RSA_JWK).unwrap();
    let whole = with(&public_half(RSA_JWK), &format!(r#""d":{}"#, value["d"]));
    let with_one = with(&whole, &format!(r#""p":{}"#, value["p"]));
    let missing = key(KeyProblem::Missing { member: "q" });
    each_backend(|backend| {
        let error = |jwk| KeyPair::from_jwk_with_backend(jwk, backend).unwrap_err();
        assert_eq!(error(&whole), form(KeyForm::RsaWithoutPrimes));
        assert_eq!(error(&with_one), missing);
    });
}

#[test]
fn padding_and_the_standard_alphabet_of_a_member_are_named() {
    each_backend(|backend| {
        for (jwk, members) in [
            (P256_JWK, &["x", "y", "d"][..]),
            (RSA_JWK, &["n", "e", "d", "qi"]),
        ] {
            let value: serde_json::Value = serde_json::from_str(jwk).unwrap();
            for member in members {
                let text = value[member].as_str().unwrap();
                let changed = |to: String| {
                    let jwk = jwk.replace(&format!("\"{text}\""), &format!("\"{to}\""));
                    KeyPair::from_jwk_with_backend(&jwk, backend).unwrap_err()
                };
                let padded = key(KeyProblem::MemberPadding { member });
                assert_eq!(changed(format!("{text}=")), padded);
                let standard = key(KeyProblem::MemberAlphabet { member });
                assert_eq!(changed(format!("+{}", &text[1..])), standard);
                let invalid = key(KeyProblem::Invalid { member });
                assert_eq!(changed(format!("!{}", &text[1..])), invalid);
            }
        }
    });
}
