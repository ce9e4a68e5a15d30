//! Private keys of PKCS#8 version 2, which state their public half once more (RFC 5958 section 2), and PEM
//! of several blocks.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{KeyForm, KeyProblem as P, PublicKey};

use crate::private_der::{ec_algorithm, pkcs1, rsa_numbers, sec1};
use crate::private_keys::{DER, P256_PEM, PEM, RSA_OTHER_PEM, RSA_PEM, check, row};
use crate::public_der::{integer, tlv};
use crate::recipients::private_rsa;
use crate::{Table, der_of, form, key};

fn version_2(algorithm: &[u8], inner: &[u8], public: &[u8]) -> Vec<u8> {
    let public = tlv(0x81, &[&[0], public]);
    tlv(0x30, &[&[2, 1, 1], algorithm, &tlv(4, &[inner]), &public])
}

/// The scalar and the public point of the P-256 key.
fn p256() -> ([u8; 32], [u8; 65]) {
    let der = der_of(P256_PEM);
    let (_, point) = der.split_last_chunk().unwrap();
    (der[36..68].try_into().unwrap(), *point)
}

fn rsa_version_2(n: &[u8], e: &[u8]) -> Vec<u8> {
    let algorithm = &der_of(RSA_PEM)[7..22];
    let public = tlv(0x30, &[&integer(n), &integer(e)]);
    version_2(algorithm, &pkcs1(&rsa_numbers()), &public)
}

#[test]
fn a_public_half_that_is_stated_twice_is_read() {
    let (scalar, point) = p256();
    let inside = tlv(0xa1, &[&tlv(3, &[&[0], &point])]);
    let twice = version_2(&ec_algorithm(), &sec1(&scalar, &inside), &point);
    let once = version_2(&ec_algorithm(), &sec1(&scalar, &[]), &point);
    let numbers = rsa_numbers();
    let rsa = rsa_version_2(&numbers[0], &numbers[1]);
    let mut table = Table::default();
    for backend in AVAILABLE {
        table.control("inside and outside", DER(&twice, backend));
        table.control("outside", DER(&once, backend));
        if private_rsa(backend) {
            table.control("RSA", DER(&rsa, backend));
        }
    }
    table.finish();
}

#[test]
fn a_public_half_of_another_key_is_refused() {
    let numbers = rsa_numbers();
    let mut less = numbers[0].clone();
    *less.last_mut().unwrap() -= 2;
    check(
        &[
            row(
                "RSA, another modulus",
                rsa_version_2(&less, &numbers[1]),
                P::PrivateInvalid,
            ),
            row(
                "RSA, another exponent",
                rsa_version_2(&numbers[0], &[1, 0, 3]),
                P::PrivateInvalid,
            ),
        ],
        DER,
    );
}

#[test]
fn several_blocks_are_refused_and_a_curve_alone_is_no_key() {
    let (scalar, _) = p256();
    let block = |label: &str, der: &[u8]| {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    // secp256r1, as `openssl ecparam` writes it.
    let curve = block("EC PARAMETERS", &ec_algorithm()[11..]);
    check(
        &[
            row("twice", P256_PEM.repeat(2), P::SeveralKeys),
            row(
                "two keys",
                format!("{P256_PEM}{RSA_OTHER_PEM}"),
                P::SeveralKeys,
            ),
            row(
                "two keys behind the curve",
                format!("{curve}{P256_PEM}{P256_PEM}"),
                P::SeveralKeys,
            ),
            row("the curve alone", curve, form(KeyForm::Parameters)),
            row(
                "SEC 1 that names no curve",
                block("EC PRIVATE KEY", &sec1(&scalar, &[])),
                P::WrongCurve {
                    found: "not named in it",
                },
            ),
        ],
        PEM,
    );
    let public = include_str!("../data/p256.pub.pem");
    assert_eq!(
        PublicKey::from_pem(&public.repeat(2)).unwrap_err(),
        key(P::SeveralKeys)
    );
}
