//! Forms that are recognised and not read: named, with what to do.

use super::{CERTIFICATE, P256_JWK, P256_PEM, P256_PUBLIC, der, form, key, public_half};
use crate::common::each_backend;
use bankezy_crypto::{KeyForm, KeyPair, KeyProblem, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
            (
                private_jwk(r#"{"type":"Buffer","data":[48,65]}"#),
                KeyForm::Decimal,
                "a Buffer as Node prints it",
            ),
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

/// Some tools mix up the labels.
#[test]
fn a_private_key_under_the_label_of_a_certificate_is_named() {
    let mixed = P256_PEM.replace("PRIVATE KEY", "CERTIFICATE");
    each_backend(|backend| {
        let expected = "PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY";
        assert_eq!(
            KeyPair::from_pem_with_backend(&mixed, backend).unwrap_err(),
            key(KeyProblem::PemLabel { expected })
        );
    });
    let private = Err(key(KeyProblem::PrivateMember));
    assert_eq!(PublicKey::from_pem(&mixed), private);
    assert_eq!(PublicKey::from_certificate_pem(&mixed), private);
    assert_eq!(PublicKey::from_certificate_der(&der(P256_PEM)), private);
}

/// As .NET writes its `JsonWebKey`.
#[test]
fn a_private_jwk_in_capital_letters_is_no_public_key() {
    let capital = P256_JWK.replace("\"kty", "\"Kty").replace("\"d\"", "\"D\"");
    let error = PublicKey::from_jwk(&capital).unwrap_err();
    assert_eq!(error, key(KeyProblem::PrivateMember));
}
