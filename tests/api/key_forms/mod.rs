//! Keys in the forms that tools write: read, or refused with a message that names the form and the next step.
//! Once per backend. `tests/data/README.md` says how each file was made.

mod altered;
mod certificates;
#[cfg(unix)]
mod commands;
mod curves;
mod jwk;
mod named;
mod points;

use crate::common::{each_backend, rsa_2048};
use bankezy_crypto::{Error, KeyForm, KeyPair, KeyProblem, PrivateKeyOpener, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const P256_PEM: &str = include_str!("../../data/p256.pem");
const P256_SEC1: &str = include_str!("../../data/p256.sec1.pem");
const P256_PUBLIC: &str = include_str!("../../data/p256.pub.pem");
const P256_JWK: &str = include_str!("../../data/p256.jwk.json");
const CERTIFICATE: &str = include_str!("../../data/certificate.pem");
const RSA_PEM: &str = include_str!("../../data/rsa2048.pem");
const RSA_PKCS1: &str = include_str!("../../data/rsa2048.pkcs1.pem");
const RSA_PUBLIC: &str = include_str!("../../data/rsa2048.pub.pem");
const RSA_JWK: &str = include_str!("../../data/rsa2048.jwk.json");
const RSA_CERTIFICATE: &str = include_str!("../../data/forms/rsa.crt");

fn key(problem: KeyProblem) -> Error {
    Error::from(problem)
}

fn form(found: KeyForm) -> Error {
    key(KeyProblem::OtherForm { found })
}

fn der(pem: &str) -> Vec<u8> {
    der::Document::from_pem(pem).unwrap().1.into_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// The text of a JSON object with a member more.
fn with(json: &str, member: &str) -> String {
    format!("{},{member}}}", json.trim_end().strip_suffix('}').unwrap())
}

/// The members of a private JWK that make the public one.
fn public_half(jwk: &str) -> String {
    format!("{}}}", jwk.split_once(",\"d\"").unwrap().0)
}

fn opens(pair: Result<KeyPair, Error>, sealed: &str) {
    let opened = PrivateKeyOpener::new(pair.unwrap()).open(sealed).unwrap();
    assert_eq!(opened.as_bytes().trim_ascii(), br#"{"a":1}"#);
}

#[test]
fn private_keys_with_something_around_them_open_what_was_sealed_to_them() {
    let ec = include_str!("../../data/forms/ec.bom.pem");
    let ec_sealed = include_str!("../../data/forms/ec.jwe").trim_end();
    let short_sealed = include_str!("../../data/forms/sz.jwe").trim_end();
    let bag = include_str!("../../data/forms/rsa.bag.pem");
    assert!(ec.starts_with('\u{feff}') && bag.starts_with("Bag Attributes"));
    each_backend(|backend| {
        let read = |text: &str| KeyPair::from_pem_with_backend(text, backend);
        opens(read(ec), ec_sealed);
        let sec1 = include_bytes!("../../data/forms/ec.sec1.der");
        opens(
            KeyPair::from_sec1_der_with_backend(sec1, backend),
            ec_sealed,
        );
        opens(
            read(include_str!("../../data/forms/sz.short.sec1.pem")),
            short_sealed,
        );
        opens(
            read(include_str!("../../data/forms/sz.short.p8.pem")),
            short_sealed,
        );
        if rsa_2048(backend).is_some() {
            opens(
                read(bag),
                include_str!("../../data/forms/rsa.jwe").trim_end(),
            );
        }
    });
}

#[test]
fn private_pem_is_read_whatever_stands_around_and_inside_it() {
    let block = P256_PEM.trim_end();
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    let sec1 = der(P256_SEC1);
    for text in [
        format!("# the key of our bank\n\n{block}\nthe end"),
        format!("\u{feff}{block}"),
        format!("\r\n\t {block}"),
        block.replace('\n', r"\n"),
        block.replace('\n', r"\r\n"),
        block.replace('\n', r"\\n"),
        format!("\"{}\"", block.replace('\n', r"\n").replace('/', r"\/")),
        block.replace('\n', "\r\n"),
        block.replace('\n', "\r"),
        format!("{CERTIFICATE}{P256_PEM}"),
        format!("{P256_PEM}{CERTIFICATE}{RSA_CERTIFICATE}"),
        format!("{P256_PUBLIC}{P256_PEM}"),
        format!("{P256_PEM}{RSA_PUBLIC}"),
        format!(
            "{CERTIFICATE}{}",
            include_str!("../../data/p256-with-parameters.pem")
        )
        .replace("-----BEGIN EC PRIVATE", "between\n-----BEGIN EC PRIVATE"),
        // The structure decides, and not the label.
        block.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        block.replace("PRIVATE KEY", "EC PRIVATE KEY"),
        pem("PRIVATE KEY", &sec1),
        pem("RSA PRIVATE KEY", &sec1),
    ] {
        each_backend(|backend| {
            let pair = KeyPair::from_pem_with_backend(&text, backend);
            let pair = pair.unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(
                *pair.public_key() == public || text.contains("between"),
                "{text}"
            );
        });
    }
    each_backend(|backend| {
        if rsa_2048(backend).is_none() {
            return;
        }
        for text in [
            RSA_PEM.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
            RSA_PKCS1.replace("RSA PRIVATE KEY", "PRIVATE KEY"),
            RSA_PKCS1.replace("RSA PRIVATE KEY", "EC PRIVATE KEY"),
        ] {
            let pair = KeyPair::from_pem_with_backend(&text, backend).unwrap();
            assert_eq!(*pair.public_key(), PublicKey::from_pem(RSA_PUBLIC).unwrap());
        }
    });
}

#[test]
fn public_pem_is_read_by_its_structure() {
    let rsa = PublicKey::from_pem(RSA_PUBLIC).unwrap();
    let spki_as_pkcs1 = RSA_PUBLIC.replace("PUBLIC KEY", "RSA PUBLIC KEY");
    // The RSAPublicKey is what the SubjectPublicKeyInfo ends with.
    let pkcs1 = pem("PUBLIC KEY", &der(RSA_PUBLIC)[24..]);
    for text in [spki_as_pkcs1, pkcs1, RSA_PUBLIC.replace('\n', r"\n")] {
        assert_eq!(PublicKey::from_pem(&text).as_ref(), Ok(&rsa), "{text}");
    }
}

#[test]
fn a_key_in_wire_form_may_be_folded() {
    for public in [P256_PUBLIC, RSA_PUBLIC].map(|pem| PublicKey::from_pem(pem).unwrap()) {
        let wire = public.to_wire();
        let folded = |by: usize, end: &str| {
            let lines: Vec<_> = wire
                .as_bytes()
                .chunks(by)
                .map(|line| str::from_utf8(line).unwrap())
                .collect();
            lines.join(end)
        };
        for text in [
            format!("{wire}\n"),
            format!("{wire}\r\n"),
            format!("\n{wire}\n\n"),
            folded(64, "\n"),
            folded(76, "\r\n"),
            folded(75, "\r\n "),
            folded(75, "\n\t") + "\n",
            STANDARD.encode(format!("\n{}\n", public.to_jwk())),
            STANDARD.encode(format!("\u{feff}{}", public.to_jwk())),
        ] {
            assert_eq!(
                PublicKey::from_wire(&text).as_ref(),
                Ok(&public),
                "{text:?}"
            );
        }
    }
}

/// As OpenSSL reads it too, although RFC 3279 section 2.3.1 asks for NULL.
#[test]
fn rsa_encryption_without_parameters_is_read() {
    // The algorithm identifier, and what is around it, without the two octets of NULL.
    let without = |der: &[u8], algorithm: usize| {
        let mut der = der.to_vec();
        assert_eq!(der[algorithm..algorithm + 2], [0x30, 13]);
        assert_eq!(
            der.drain(algorithm + 13..algorithm + 15)
                .collect::<Vec<_>>(),
            [5, 0]
        );
        der[algorithm + 1] = 11;
        let len = u16::from_be_bytes([der[2], der[3]]) - 2;
        der[2..4].copy_from_slice(&len.to_be_bytes());
        der
    };
    let public = PublicKey::from_pem(RSA_PUBLIC).unwrap();
    let spki = without(&der(RSA_PUBLIC), 4);
    assert_eq!(PublicKey::from_spki_der(&spki).as_ref(), Ok(&public));
    let pkcs8 = without(&der(RSA_PEM), 7);
    each_backend(
        |backend| match KeyPair::from_pkcs8_der_with_backend(&pkcs8, backend) {
            Ok(pair) => assert_eq!(*pair.public_key(), public),
            Err(error) => assert!(matches!(error, Error::Unsupported { .. }), "{error}"),
        },
    );
}

/// A private key in place of a public one is never read as one, in whatever form it comes.
#[test]
fn a_private_key_given_as_a_public_one_is_refused() {
    let private_member = key(KeyProblem::PrivateMember);
    for text in [
        P256_PEM,
        P256_SEC1,
        RSA_PKCS1,
        include_str!("../../data/p256-encrypted.pem"),
        include_str!("../../data/forms/openssh"),
        include_str!("../../data/forms/rsa.bag.pem"),
        include_str!("../../data/forms/ec.bom.pem"),
        &P256_PEM.replace('\n', r"\n"),
        &format!("{CERTIFICATE}{P256_PEM}"),
    ] {
        assert_eq!(PublicKey::from_pem(text).unwrap_err(), private_member);
    }
    for text in [
        P256_PEM,
        P256_SEC1,
        RSA_PEM,
        RSA_PKCS1,
        include_str!("../../data/p256-encrypted.pem"),
    ] {
        let der = der(text);
        assert_eq!(PublicKey::from_spki_der(&der).unwrap_err(), private_member);
        assert_eq!(
            PublicKey::from_wire(&STANDARD.encode(&der)).unwrap_err(),
            private_member
        );
    }
    for jwk in [P256_JWK, RSA_JWK] {
        assert_eq!(PublicKey::from_jwk(jwk).unwrap_err(), private_member);
    }
}
