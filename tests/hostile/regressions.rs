//! What the tables of this folder found and what was fixed.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{KeyForm, KeyProblem as P, PublicKey};

use crate::private_keys::{DER, JWK, P256_PEM, PEM};
use crate::public_keys::public_jwk;
use crate::recipients::P256_JWK;
use crate::{base64url, der_of, form, key};

#[test]
fn a_letter_beyond_ascii_at_the_end_of_a_wire_text_does_no_harm() {
    for text in ["eyJ\u{e9}", "\u{20ac}\u{e9}", "eyJrd\u{1f511}"] {
        assert_eq!(
            PublicKey::from_wire(text).map(|_| ()),
            Err(key(P::NotBase64))
        );
    }
}

#[test]
fn a_last_character_outside_both_alphabets_is_not_base64() {
    for text in ["eyJr\0", "eyJr!", "eyJr "] {
        let found = PublicKey::from_wire(text).map(|_| ());
        assert_eq!(found, Err(key(P::NotBase64)), "{text:?}");
    }
}

#[test]
fn a_certificate_is_no_encrypted_private_key() {
    let certificate = der_of(include_str!("../data/certificate.pem"));
    let nested = [0x30, 4, 0x30, 2, 5, 0];
    let structure = "PKCS#8 PrivateKeyInfo";
    for backend in AVAILABLE {
        for (der, problem) in [
            (&certificate[..], form(KeyForm::Certificate)),
            (&nested, P::NotDer { structure }),
        ] {
            let found = DER(der, backend).map(|_| ());
            assert_eq!(found, Err(key(problem)));
        }
    }
}

#[test]
fn text_before_a_private_pem_is_skipped() {
    let pem = format!("Bag Attributes\n    friendlyName: x\n{P256_PEM}");
    for backend in AVAILABLE {
        assert_eq!(PEM(pem.as_bytes(), backend).map(|_| ()), Ok(()));
    }
}

/// As `openssl ecparam -genkey` writes them.
#[test]
fn curve_parameters_before_a_private_pem_are_skipped() {
    let pem = include_str!("../data/p256-with-parameters.pem");
    for backend in AVAILABLE {
        assert_eq!(PEM(pem.as_bytes(), backend).map(|_| ()), Ok(()));
    }
}

/// As Java's MIME encoder wraps lines, or as an environment variable holds them.
#[test]
fn lines_of_any_length_are_read() {
    let body: String = P256_PEM
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let (first, rest) = body.split_at(76);
    for body in [
        body.clone(),
        format!("{first}\r\n{rest}"),
        format!("  {first} \t{rest} "),
    ] {
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");
        for backend in AVAILABLE {
            assert_eq!(PEM(pem.as_bytes(), backend).map(|_| ()), Ok(()));
        }
    }
}

#[test]
fn an_empty_key_ops_of_a_public_p256_key_may_hold_a_blank() {
    let wire =
        |ops: &str| base64url(public_jwk(P256_JWK).replace('}', &format!(r#","key_ops":{ops}}}"#)));
    assert_eq!(PublicKey::from_wire(&wire("[]")).map(|_| ()), Ok(()));
    assert_eq!(PublicKey::from_wire(&wire("[ ]")).map(|_| ()), Ok(()));
}

/// OpenSSL finds nothing wrong with this key. With a first prime of 148 bits of 2048, decryption in the
/// crate `rsa` does not end.
#[test]
fn rsa_primes_of_different_lengths_are_refused() {
    let pem = include_str!("../data/rsa2048-short-prime.pkcs1.pem");
    let jwk = include_str!("../data/rsa2048-short-prime.jwk.json");
    for backend in AVAILABLE {
        for found in [PEM(pem.as_bytes(), backend), JWK(jwk.as_bytes(), backend)] {
            assert_eq!(found.map(|_| ()), Err(key(P::PrimeLengths)));
        }
    }
}
