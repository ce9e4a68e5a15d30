//! Public keys in X.509 certificates.

use bankezy_crypto::{KeyForm, KeyPair, KeyProblem, PublicKey, PublicKeySealer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CERTIFICATE, P256_PUBLIC, RSA_CERTIFICATE, RSA_PUBLIC, der, form, key, opens};
use crate::common::{each_backend, public_rsa, rsa_2048};

#[test]
fn the_key_of_a_certificate_is_read_and_nothing_else_of_it() {
    let rsa = PublicKey::from_pem(RSA_PUBLIC).unwrap();
    let p256 = PublicKey::from_pem(P256_PUBLIC).unwrap();
    for (text, expected) in [
        (include_str!("../../data/forms/rsa-encipherment.crt"), &rsa),
        (CERTIFICATE, &p256),
        (include_str!("../../data/forms/p256-agreement.crt"), &p256),
        (include_str!("../../data/forms/p256-v1.crt"), &p256),
    ] {
        let der = der(text);
        assert_eq!(PublicKey::from_pem(text).as_ref(), Ok(expected));
        assert_eq!(PublicKey::from_certificate_pem(text).as_ref(), Ok(expected));
        assert_eq!(PublicKey::from_certificate_der(&der).as_ref(), Ok(expected));
        let old = text.replace(" CERTIFICATE", " X509 CERTIFICATE");
        assert_eq!(PublicKey::from_pem(&old).as_ref(), Ok(expected));
        // Every octet cut off, or one more.
        for len in 0..der.len() {
            assert!(PublicKey::from_certificate_der(&der[..len]).is_err());
        }
        assert!(PublicKey::from_certificate_der(&[&der[..], &[0]].concat()).is_err());
        // Read as anything else, it is named.
        assert_eq!(
            PublicKey::from_spki_der(&der),
            Err(form(KeyForm::Certificate))
        );
        let wire = STANDARD.encode(&der);
        assert_eq!(PublicKey::from_wire(&wire), Err(form(KeyForm::Certificate)));
    }
    // The certificate of the case is sealed to, and its private key opens.
    each_backend(|backend| {
        if !public_rsa(backend) {
            return;
        }
        let public = PublicKey::from_pem(RSA_CERTIFICATE).unwrap();
        let sealer = PublicKeySealer::with_backend(&public, backend).unwrap();
        let sealed = sealer.seal(br#"{"a":1}"#).unwrap();
        if rsa_2048(backend).is_some() {
            let bag = include_str!("../../data/forms/rsa.bag.pem");
            opens(KeyPair::from_pem_with_backend(bag, backend), &sealed);
        }
    });
}

#[test]
fn a_certificate_whose_key_usage_is_another_is_refused() {
    for (text, needed) in [
        (
            include_str!("../../data/forms/rsa-sign-only.crt"),
            "keyEncipherment",
        ),
        (
            include_str!("../../data/forms/p256-sign-only.crt"),
            "keyAgreement",
        ),
    ] {
        let problem = KeyProblem::CertificateKeyUsage { needed };
        assert_eq!(PublicKey::from_pem(text), Err(key(problem)));
        assert_eq!(
            PublicKey::from_certificate_der(&der(text)),
            Err(key(problem))
        );
    }
    let several = format!("{CERTIFICATE}{RSA_CERTIFICATE}");
    let refused = Err(key(KeyProblem::SeveralCertificates));
    assert_eq!(PublicKey::from_pem(&several), refused);
    assert_eq!(PublicKey::from_certificate_pem(&several), refused);
    let expected = "CERTIFICATE";
    assert_eq!(
        PublicKey::from_certificate_pem(P256_PUBLIC),
        Err(key(KeyProblem::PemLabel { expected }))
    );
    assert_eq!(
        PublicKey::from_certificate_der(&der(P256_PUBLIC)),
        Err(key(KeyProblem::NotDer {
            structure: "X.509 certificate"
        }))
    );
}
