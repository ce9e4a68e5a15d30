//! Keys in the forms that tools write: read, or refused with a message that names the form and the next step.
//! Once per backend. `tests/data/README.md` says how each file was made.

mod altered;
mod certificates;
#[cfg(unix)]
mod commands;
mod jwk;
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

/// What is recognised and not read, and a command that its message has to name.
#[test]
fn other_forms_are_named_with_the_command_that_converts_them() {
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        P256_PEM.encode_utf16().flat_map(order).collect()
    };
    let jwk_set = format!(r#"{{"keys":[{}]}}"#, P256_JWK.trim_end());
    each_backend(|backend| {
        let private = |text: &str| KeyPair::from_pem_with_backend(text, backend).unwrap_err();
        let private_der =
            |der: &[u8]| KeyPair::from_pkcs8_der_with_backend(der, backend).unwrap_err();
        let private_jwk = |text: &str| KeyPair::from_jwk_with_backend(text, backend).unwrap_err();
        for (error, found, command) in [
            (
                private(include_str!("../../data/forms/openssh")),
                KeyForm::OpenSsh,
                "ssh-keygen -p -m PKCS8",
            ),
            (
                private(include_str!("../../data/forms/openssh.pub")),
                KeyForm::OpenSsh,
                "ssh-keygen -e -m PKCS8",
            ),
            (
                private(include_str!("../../data/forms/openssh.rfc4716.pub")),
                KeyForm::Ssh2,
                "ssh-keygen -i",
            ),
            (
                private("PuTTY-User-Key-File-3: ecdsa"),
                KeyForm::Putty,
                "puttygen",
            ),
            (
                private(CERTIFICATE),
                KeyForm::Certificate,
                "openssl x509 -in CERT -out cert.pem",
            ),
            (
                private(include_str!("../../data/forms/p256.csr")),
                KeyForm::CertificateRequest,
                "openssl req",
            ),
            (
                private(include_str!("../../data/forms/certificate.p7.pem")),
                KeyForm::Pkcs7,
                "openssl pkcs7",
            ),
            (private(P256_PUBLIC), KeyForm::PublicKey, "private key"),
            (private(P256_JWK), KeyForm::Jwk, "JWK"),
            (
                private_der(include_bytes!("../../data/forms/p256.p12")),
                KeyForm::Pkcs12,
                "openssl pkcs12",
            ),
            (
                private_der(include_bytes!("../../data/forms/p256.jks")),
                KeyForm::JavaKeyStore,
                "keytool",
            ),
            (
                private_der(&der(CERTIFICATE)),
                KeyForm::Certificate,
                "openssl x509",
            ),
            (
                private_der(&der(include_str!("../../data/forms/p256.csr"))),
                KeyForm::CertificateRequest,
                "openssl req",
            ),
            (
                private_der(&der(include_str!("../../data/forms/certificate.p7.pem"))),
                KeyForm::Pkcs7,
                "openssl pkcs7",
            ),
            (
                private_der(&der(P256_PUBLIC)),
                KeyForm::PublicKey,
                "private key",
            ),
            (private_der(P256_PEM.as_bytes()), KeyForm::Pem, "PEM"),
            (
                private_der(&utf16(u16::to_le_bytes)),
                KeyForm::Utf16 { big_endian: false },
                "iconv -f UTF-16LE",
            ),
            (
                private_der(&utf16(u16::to_be_bytes)),
                KeyForm::Utf16 { big_endian: true },
                "iconv -f UTF-16BE",
            ),
            (
                private_der(&[&[0xff, 0xfe][..], &utf16(u16::to_le_bytes)].concat()),
                KeyForm::Utf16 { big_endian: false },
                "iconv",
            ),
            (
                private(&String::from_utf8(utf16(u16::to_le_bytes)).unwrap()),
                KeyForm::Utf16 { big_endian: false },
                "iconv",
            ),
            (private_jwk(&jwk_set), KeyForm::JwkSet, "jq"),
            (
                private_jwk(&format!("[{}]", P256_JWK.trim_end())),
                KeyForm::JwkArray,
                "jq '.[0]'",
            ),
            (
                private_jwk(&format!("{P256_JWK:?}")),
                KeyForm::QuotedText,
                "jq -r .",
            ),
            (
                private_der(b"\xce\xce\xce\xce\0\0\0\x02"),
                KeyForm::JavaKeyStore,
                "JCEKS",
            ),
            (private_jwk(P256_PEM), KeyForm::Pem, "PEM"),
        ] {
            assert_eq!(error, form(found));
            assert!(error.to_string().contains(command), "{error}");
        }
        for explicit in [
            include_str!("../../data/forms/ec.expl.p8.pem"),
            include_str!("../../data/p256-explicit.sec1.pem"),
        ] {
            let error = private(explicit);
            assert_eq!(error, key(KeyProblem::ExplicitCurve));
            assert!(
                error.to_string().contains("-param_enc named_curve"),
                "{error}"
            );
        }
        for (encrypted, problem) in [
            (
                include_str!("../../data/p256-encrypted.pem"),
                KeyProblem::Encrypted,
            ),
            (
                include_str!("../../data/rsa2048-proc-type.pem"),
                KeyProblem::OldPemEncryption,
            ),
        ] {
            let error = private(encrypted);
            assert_eq!(error, key(problem));
            assert!(
                error.to_string().contains("openssl pkey -in KEY"),
                "{error}"
            );
        }
    });
    let set = PublicKey::from_jwk(&format!(r#"{{"keys":[{}]}}"#, public_half(P256_JWK)));
    assert_eq!(set, Err(form(KeyForm::JwkSet)));
    let p12 = include_bytes!("../../data/forms/p256.p12");
    assert_eq!(PublicKey::from_spki_der(p12), Err(form(KeyForm::Pkcs12)));
    let ssh = include_str!("../../data/forms/openssh.pub");
    assert_eq!(PublicKey::from_pem(ssh), Err(form(KeyForm::OpenSsh)));
    assert_eq!(PublicKey::from_wire(ssh), Err(form(KeyForm::OpenSsh)));
    let request = include_str!("../../data/forms/p256.csr");
    assert_eq!(
        PublicKey::from_pem(request),
        Err(form(KeyForm::CertificateRequest))
    );
}

#[test]
fn a_key_that_travels_may_be_folded() {
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

/// JSON of Python or with comments, PEM with headers, and what openssl prints for people.
#[test]
fn keys_that_are_nearly_in_a_form_are_told_what_is_wrong() {
    let public = public_half(P256_JWK);
    for (jwk, found) in [
        (public.replacen(',', ", // the curve\n", 1), "a comment"),
        (public.replace('"', "'"), "single quotation marks"),
        (public.replace('}', ",}"), "a comma"),
    ] {
        let error = PublicKey::from_jwk(&jwk).unwrap_err();
        assert!(error.to_string().contains(found), "{jwk}: {error}");
        assert_eq!(error.code(), "key.not_strict_json");
        let wire = STANDARD.encode(&jwk);
        assert_eq!(PublicKey::from_wire(&wire), Err(error));
    }
    let headers = |pem: &str| pem.replacen("-----\n", "-----\nComment: a key\n\n", 1);
    let pem = PublicKey::from_pem(&headers(P256_PUBLIC));
    assert_eq!(pem, Err(key(KeyProblem::PemHeaders)));
    let text = |private| form(KeyForm::OpensslText { private });
    let printed =
        "Private-Key: (256 bit)\npriv:\n    00:01\npub:\n    04:02\nASN1 OID: prime256v1\n";
    each_backend(|backend| {
        let private = |text: &str| KeyPair::from_pem_with_backend(text, backend).unwrap_err();
        let jwk = P256_JWK.replace('"', "'");
        let error = KeyPair::from_jwk_with_backend(&jwk, backend).unwrap_err();
        assert_eq!(error.code(), "key.not_strict_json");
        assert_eq!(private(&headers(P256_PEM)), key(KeyProblem::PemHeaders));
        for printed in [
            printed.to_owned(),
            printed.replace("Private", "RSA Private"),
            "ED25519 Private-Key:\npriv:\n    00:01\n".to_owned(),
        ] {
            assert_eq!(private(&printed), text(true), "{printed}");
            let der = KeyPair::from_pkcs8_der_with_backend(printed.as_bytes(), backend);
            assert_eq!(der.unwrap_err(), text(true), "{printed}");
        }
        // The key itself is beside it.
        KeyPair::from_pem_with_backend(&format!("{printed}{P256_PEM}"), backend).unwrap();
    });
    let printed = "Public-Key: (256 bit)\npub:\n    04:02\n";
    assert_eq!(PublicKey::from_pem(printed), Err(text(false)));
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
