//! Keys on other curves than P-256, as OpenSSL wrote them, and parameters without a key.

use super::{P256_JWK, P256_PUBLIC, der, form, pem, public_half};
use crate::common::each_backend;
use bankezy_crypto::{Error, KeyForm, KeyPair, KeyProblem, PublicKey};

/// PKCS#8, SEC 1, SubjectPublicKeyInfo and a certificate in each file.
const CURVES: [(&str, &str); 8] = [
    (
        "P-192 (secp192r1)",
        include_str!("../../data/curves/secp192r1.pem"),
    ),
    (
        "P-224 (secp224r1)",
        include_str!("../../data/curves/secp224r1.pem"),
    ),
    (
        "P-384 (secp384r1)",
        include_str!("../../data/curves/secp384r1.pem"),
    ),
    (
        "P-521 (secp521r1)",
        include_str!("../../data/curves/secp521r1.pem"),
    ),
    ("secp256k1", include_str!("../../data/curves/secp256k1.pem")),
    (
        "brainpoolP256r1",
        include_str!("../../data/curves/brainpoolP256r1.pem"),
    ),
    (
        "brainpoolP384t1",
        include_str!("../../data/curves/brainpoolP384t1.pem"),
    ),
    (
        "brainpoolP512r1",
        include_str!("../../data/curves/brainpoolP512r1.pem"),
    ),
];

fn blocks(file: &str) -> [&str; 4] {
    let mut starts: Vec<_> = file
        .match_indices("-----BEGIN ")
        .map(|(at, _)| at)
        .collect();
    starts.push(file.len());
    let blocks: Vec<_> = starts
        .windows(2)
        .map(|ends| &file[ends[0]..ends[1]])
        .collect();
    blocks.try_into().unwrap()
}

/// The curve that was found, the one that is needed, and a command that makes such a key; no word about JWKs.
fn is_told(error: &Error, found: &'static str) {
    assert_eq!(*error, KeyProblem::WrongCurve { found }.into());
    let text = error.to_string();
    let command = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";
    for part in [found, "P-256 is needed", command] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("JWK"), "{text}");
}

#[test]
fn the_curve_of_a_key_in_pem_or_der_is_named() {
    for (found, file) in CURVES {
        let [pkcs8, sec1, public, certificate] = blocks(file);
        each_backend(|backend| {
            for text in [pkcs8, sec1, file] {
                let error = KeyPair::from_pem_with_backend(text, backend).err();
                if text == file {
                    // Two private keys.
                    assert_eq!(error, Some(KeyProblem::SeveralKeys.into()));
                } else {
                    is_told(&error.unwrap(), found);
                }
            }
            let error = KeyPair::from_pkcs8_der_with_backend(&der(pkcs8), backend);
            is_told(&error.unwrap_err(), found);
            let error = KeyPair::from_sec1_der_with_backend(&der(sec1), backend);
            is_told(&error.unwrap_err(), found);
        });
        is_told(&PublicKey::from_pem(public).unwrap_err(), found);
        is_told(&PublicKey::from_spki_der(&der(public)).unwrap_err(), found);
        is_told(&PublicKey::from_pem(certificate).unwrap_err(), found);
        let der = der(certificate);
        is_told(&PublicKey::from_certificate_der(&der).unwrap_err(), found);
    }
}

#[test]
fn the_curve_of_a_jwk_is_named_and_other_names_of_p256_are_told_apart() {
    let jwk = public_half(P256_JWK);
    let with = |crv: &str| PublicKey::from_jwk(&jwk.replace("P-256", crv)).unwrap_err();
    for (crv, found) in [
        ("P-384", "P-384 (secp384r1)"),
        ("p-521", "P-521 (secp521r1)"),
        ("secp384r1", "P-384 (secp384r1)"),
        ("secp256k1", "secp256k1"),
        ("BP-256", "brainpoolP256r1"),
        ("brainpoolP512r1", "brainpoolP512r1"),
        ("(", "unknown"),
        ("X25519", "unknown"),
    ] {
        is_told(&with(crv), found);
    }
    for crv in ["p-256", "P256", "secp256r1", "prime256v1"] {
        let error = with(crv);
        assert_eq!(error, KeyProblem::CurveName.into());
        assert!(error.to_string().contains("write `P-256`"), "{error}");
    }
}

#[test]
fn parameters_without_a_key_are_named_and_beside_a_key_ignored() {
    // The name of P-256.
    let curve = pem("EC PARAMETERS", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    let parameters = form(KeyForm::Parameters);
    assert!(
        parameters.to_string().contains("parameters alone"),
        "{parameters}"
    );
    for text in [&curve, &pem("DH PARAMETERS", &[0x30, 0])] {
        each_backend(|backend| {
            let error = KeyPair::from_pem_with_backend(text, backend).unwrap_err();
            assert_eq!(error, parameters, "{text}");
        });
        assert_eq!(PublicKey::from_pem(text), Err(parameters.clone()), "{text}");
    }
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    assert_eq!(
        PublicKey::from_pem(&format!("{curve}{P256_PUBLIC}")),
        Ok(public)
    );
    // The certificate is what is there.
    let certificate = format!("{curve}{}", super::CERTIFICATE);
    PublicKey::from_pem(&certificate).unwrap();
    each_backend(|backend| {
        let error = KeyPair::from_pem_with_backend(&certificate, backend).unwrap_err();
        assert_eq!(error, form(KeyForm::Certificate));
    });
}
