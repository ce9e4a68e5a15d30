//! Points and scalars on P-256, and numbers of RSA, in other forms than the usual ones.

use bankezy_crypto::{KeyForm, KeyPair, KeyProblem, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{P256_PEM, P256_PUBLIC, P256_SEC1, RSA_PEM, RSA_PKCS1, RSA_PUBLIC, der, form, key};
use crate::common::each_backend;

#[test]
fn a_compressed_public_point_in_a_private_key_is_compared() {
    let (p8, sec1) = (
        include_str!("../../data/forms/p256-compressed.p8.pem"),
        include_str!("../../data/forms/p256-compressed.sec1.pem"),
    );
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    each_backend(|backend| {
        for text in [p8, sec1] {
            let pair = KeyPair::from_pem_with_backend(text, backend).unwrap();
            assert_eq!(*pair.public_key(), public);
        }
        let genuine = der(p8);
        let point = genuine.len() - 33;
        // The other parity, another x, and what is no form of a point.
        for (at, flip, problem) in [
            (point, 1, KeyProblem::PrivateInvalid),
            (genuine.len() - 1, 1, KeyProblem::PrivateInvalid),
            (point, 4, KeyProblem::PointForm),
        ] {
            let mut changed = genuine.clone();
            changed[at] ^= flip;
            let found = KeyPair::from_pkcs8_der_with_backend(&changed, backend).map(drop);
            assert_eq!(found, Err(key(problem)));
        }
    });
}

/// An ECPrivateKey of a scalar, with the public point of the P-256 key where it is wanted.
pub(super) fn sec1(scalar: &[u8], point: Option<&[u8]>) -> Vec<u8> {
    let curve = [
        &[0xa0, 10, 6, 8][..],
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    ]
    .concat();
    let point = point.map_or(Vec::new(), |point| [&[0xa1, 68, 3, 66, 0], point].concat());
    let inner = [
        &[2, 1, 1, 4, scalar.len() as u8][..],
        scalar,
        &curve,
        &point,
    ]
    .concat();
    [&[0x30, inner.len() as u8][..], &inner].concat()
}

#[test]
fn scalars_are_of_32_octets_but_for_zeros_in_front() {
    let genuine = der(P256_SEC1);
    let (scalar, point) = (&genuine[7..39], &genuine[genuine.len() - 65..]);
    let one = [[0; 31].as_slice(), &[1]].concat();
    each_backend(|backend| {
        let read = |scalar: &[u8], point: Option<&[u8]>| {
            let der = sec1(scalar, point);
            KeyPair::from_sec1_der_with_backend(&der, backend).map(drop)
        };
        let zero_in_front = [&[0], scalar].concat();
        let refused = |found| Err(key(KeyProblem::ScalarLength { found }));
        assert_eq!(read(scalar, Some(point)), Ok(()));
        assert_eq!(read(&zero_in_front, Some(point)), Ok(()));
        assert_eq!(read(&zero_in_front, None), Ok(()));
        assert_eq!(read(&[&[1], scalar].concat(), Some(point)), refused(33));
        // One octet short: the public point tells that it is another key.
        let private_invalid = Err(key(KeyProblem::PrivateInvalid));
        assert_eq!(read(&scalar[..31], Some(point)), private_invalid);
        // Without a public point, nothing would.
        assert_eq!(read(&scalar[..31], None), refused(31));
        assert_eq!(read(&[], Some(point)), refused(0));
        let base = KeyPair::from_sec1_der_with_backend(&sec1(&one, None), backend).unwrap();
        let spki = base.public_key().to_spki_der();
        assert_eq!(read(&[1], Some(&spki[spki.len() - 65..])), Ok(()));
    });
    let message = key(KeyProblem::ScalarLength { found: 31 }).to_string();
    assert!(
        message.contains("31") && message.contains("openssl pkey"),
        "{message}"
    );
}

#[test]
fn points_of_x963_are_read_by_constructors_of_their_own() {
    let private = include_bytes!("../../data/forms/p256.x963-private");
    let point = include_bytes!("../../data/forms/p256.x963-public");
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    assert_eq!(PublicKey::from_x963(point).as_ref(), Ok(&public));
    each_backend(|backend| {
        let pair = KeyPair::from_x963_with_backend(private, backend).unwrap();
        assert_eq!(*pair.public_key(), public);
        let mut other = *private;
        other[96] ^= 1;
        let found = KeyPair::from_x963_with_backend(&other, backend).map(drop);
        assert_eq!(found, Err(key(KeyProblem::PrivateInvalid)));
        let found = KeyPair::from_x963_with_backend(point, backend).map(drop);
        assert_eq!(found, Err(form(KeyForm::RawPublicPoint { octets: 65 })));
        // Where DER is expected they are named, with the command that converts them.
        for (bytes, name) in [
            (&private[..], KeyForm::RawPrivateKey),
            (point, KeyForm::RawPublicPoint { octets: 65 }),
            (&point[1..], KeyForm::RawPublicPoint { octets: 64 }),
            (&private[65..], KeyForm::RawScalar),
        ] {
            let error = KeyPair::from_pkcs8_der_with_backend(bytes, backend).unwrap_err();
            assert_eq!(error, form(name));
            assert!(error.to_string().contains("| openssl "), "{error}");
        }
    });
    let private_member = Err(key(KeyProblem::PrivateMember));
    assert_eq!(PublicKey::from_x963(private), private_member);
    assert_eq!(PublicKey::from_spki_der(private), private_member);
    assert_eq!(
        PublicKey::from_wire(&STANDARD.encode(private)),
        private_member
    );
    assert_eq!(
        PublicKey::from_spki_der(point),
        Err(form(KeyForm::RawPublicPoint { octets: 65 }))
    );
    let compressed = [&[2 + point[64] % 2], &point[1..33]].concat();
    let hybrid = [&[6 + point[64] % 2], &point[1..]].concat();
    for other in [&point[1..], &compressed, &hybrid] {
        let octets = other.len();
        assert_eq!(
            PublicKey::from_x963(other),
            Err(form(KeyForm::RawPublicPoint { octets }))
        );
    }
    assert_eq!(
        PublicKey::from_x963(&point[..63]),
        Err(key(KeyProblem::PointForm))
    );
    assert_eq!(PublicKey::from_x963(&[]), Err(key(KeyProblem::Empty)));
}

#[test]
fn an_rsa_public_key_in_der_of_pkcs1_is_read_as_that() {
    let rsa = PublicKey::from_pem(RSA_PUBLIC).unwrap();
    let spki = der(RSA_PUBLIC);
    assert_eq!(PublicKey::from_pkcs1_der(&spki[24..]).as_ref(), Ok(&rsa));
    assert_eq!(
        PublicKey::from_spki_der(&spki[24..]),
        Err(form(KeyForm::Pkcs1PublicKey))
    );
    let structure = "RSAPublicKey";
    assert_eq!(
        PublicKey::from_pkcs1_der(&spki),
        Err(key(KeyProblem::NotDer { structure }))
    );
    for private in [RSA_PEM, RSA_PKCS1, P256_PEM] {
        let refused = PublicKey::from_pkcs1_der(&der(private));
        assert_eq!(refused, Err(key(KeyProblem::PrivateMember)));
    }
}
