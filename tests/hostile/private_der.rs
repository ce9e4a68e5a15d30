//! Hostile private keys as PKCS#8, PKCS#1 and PEM.

use bankezy_crypto::{KeyForm, KeyProblem as P};

use crate::private_keys::{
    DER, ORDER, P256_PEM, PEM, PKCS1_DER, PKCS1_PEM, RSA_OTHER_PEM, RSA_PEM, SEC1_PEM, check, row,
};
use crate::public_der::{integer, tlv};
use crate::recipients::{P256_JWK, RSA_JWK, member};
use crate::{KEY_CAP, PRIVATE_LABEL, der_of, form, swapped};

const P256_OTHER_PEM: &str = include_str!("../data/p256-other.pem");

const PKCS8: P = P::NotDer {
    structure: "PKCS#8 PrivateKeyInfo",
};
const PKCS1: P = P::NotDer {
    structure: "PKCS#1 RSAPrivateKey",
};
const SEC1: P = P::NotDer {
    structure: "ECPrivateKey",
};

/// The numbers of the RSA key, in the order of PKCS#1: n e d p q dp dq qi.
pub(crate) fn rsa_numbers() -> Vec<Vec<u8>> {
    use base64::Engine as _;
    ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
        .map(|name| {
            base64::engine::general_purpose::URL_SAFE_NO_PAD
                .decode(member(RSA_JWK, name))
                .unwrap()
        })
        .to_vec()
}

pub(crate) fn pkcs1(numbers: &[Vec<u8>]) -> Vec<u8> {
    let numbers: Vec<_> = numbers.iter().map(|number| integer(number)).collect();
    tlv(0x30, &[&[2, 1, 0], &numbers.concat()])
}

/// The key with one number changed.
fn pkcs1_with(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut numbers = rsa_numbers();
    change(&mut numbers);
    pkcs1(&numbers)
}

pub(crate) fn ec_algorithm() -> Vec<u8> {
    // id-ecPublicKey, secp256r1: as in a genuine key, after the version.
    der_of(P256_PEM)[6..27].to_vec()
}

pub(crate) fn sec1(scalar: &[u8], more: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&[2, 1, 1], &tlv(4, &[scalar]), more])
}

fn pkcs8(algorithm: &[u8], inner: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&[2, 1, 0], algorithm, &tlv(4, &[inner])])
}

/// PKCS#8 of a P-256 scalar alone.
pub(crate) fn p256(scalar: &[u8]) -> Vec<u8> {
    pkcs8(&ec_algorithm(), &sec1(scalar, &[]))
}

#[test]
fn hostile_pkcs8() {
    let genuine = der_of(P256_PEM);
    let algorithm = ec_algorithm();
    let other = der_of(P256_OTHER_PEM);
    let public_of = |point: &[u8]| tlv(0xa1, &[&tlv(3, &[&[0], point])]);
    let scalar = &genuine[36..68];
    let v2 = |public: &[u8]| {
        let key = tlv(4, &[&sec1(scalar, &[])]);
        let public = tlv(0x81, &[&[0], public]);
        tlv(0x30, &[&[2, 1, 1], &algorithm, &key, &public])
    };
    let rsa_algorithm = &der_of(RSA_PEM)[7..22].to_vec();
    let p384 = tlv(0xa0, &[&[6, 5, 0x2b, 0x81, 4, 0, 0x22]]);
    let encrypted = der_of(include_str!("../data/p256-encrypted.pem"));
    check(
        &[
            row("empty", [], P::Empty),
            row("a zero", [0], PKCS8),
            row("an empty sequence", [0x30, 0], PKCS8),
            row("cut short", &genuine[..100], PKCS8),
            row("a byte after it", [&genuine[..], &[0]].concat(), PKCS8),
            row(
                "version 9",
                [&genuine[..5], &[9], &genuine[6..]].concat(),
                PKCS8,
            ),
            row(
                "public SPKI",
                der_of(include_str!("../data/p256.pub.pem")),
                form(KeyForm::PublicKey),
            ),
            row(
                "public SPKI of RSA",
                der_of(include_str!("../data/rsa2048.pub.pem")),
                form(KeyForm::PublicKey),
            ),
            row("PKCS#1", der_of(PKCS1_PEM), PKCS8),
            row("SEC 1", der_of(SEC1_PEM), PKCS8),
            row("encrypted", encrypted, P::Encrypted),
            row(
                "another public half",
                pkcs8(
                    &algorithm,
                    &sec1(scalar, &public_of(&other[other.len() - 65..])),
                ),
                P::PrivateInvalid,
            ),
            row(
                "public half off the curve",
                pkcs8(
                    &algorithm,
                    &sec1(scalar, &public_of(&[&[4][..], &[1; 64]].concat())),
                ),
                P::OffCurve,
            ),
            row(
                "public half at infinity",
                pkcs8(&algorithm, &sec1(scalar, &public_of(&[0]))),
                P::ZeroPoint,
            ),
            row(
                "version 2, another public half",
                v2(&other[other.len() - 65..]),
                P::PrivateInvalid,
            ),
            row(
                "version 2, a public half that is none",
                v2(&[1, 2, 3]),
                P::PointForm,
            ),
            row(
                "version 2, RSA for a public half",
                v2(&pkcs1(&rsa_numbers()[..2])),
                P::PointForm,
            ),
            row("scalar 0", p256(&[0; 32]), P::PrivateInvalid),
            row("scalar the order", p256(&ORDER), P::PrivateInvalid),
            row("scalar all bits", p256(&[255; 32]), P::PrivateInvalid),
            row(
                "scalar of 31 bytes",
                p256(&[1; 31]),
                P::ScalarLength { found: 31 },
            ),
            row(
                "scalar of 33 bytes",
                p256(&[1; 33]),
                P::ScalarLength { found: 33 },
            ),
            row("no scalar", p256(&[]), P::ScalarLength { found: 0 }),
            row(
                "P-384 inside P-256",
                pkcs8(&algorithm, &sec1(scalar, &p384)),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "RSA inside P-256",
                pkcs8(&algorithm, &pkcs1(&rsa_numbers())),
                SEC1,
            ),
            row(
                "P-256 inside RSA",
                pkcs8(rsa_algorithm, &sec1(scalar, &[])),
                PKCS1,
            ),
            row(
                "P-384",
                der_of(include_str!("../data/p384.pem")),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "secp256k1",
                der_of(include_str!("../data/secp256k1.pem")),
                P::WrongCurve { found: "secp256k1" },
            ),
            row(
                "Ed25519",
                der_of(include_str!("../data/ed25519.pem")),
                P::DerAlgorithm {
                    found: "Ed25519 (1.3.101.112)",
                },
            ),
            row(
                "X25519",
                der_of(include_str!("../data/x25519.pem")),
                P::DerAlgorithm {
                    found: "X25519 (1.3.101.110)",
                },
            ),
            row(
                "RSASSA-PSS",
                der_of(include_str!("../data/rsa-pss.pem")),
                P::DerAlgorithm {
                    found: "RSASSA-PSS (1.2.840.113549.1.1.10)",
                },
            ),
            row(
                "RSA of 1024 bits",
                der_of(include_str!("../data/rsa1024.pem")),
                P::ModulusBits { found: 1024 },
            ),
            row(
                "RSA with e 3",
                der_of(include_str!("../data/rsa2048-e3.pem")),
                P::Exponent,
            ),
            row(
                "RSA, n even",
                pkcs8(rsa_algorithm, &pkcs1_with(|key| key[0] = vec![0x40; 257])),
                P::ModulusEven,
            ),
            row(
                "one over the cap",
                vec![0x30; KEY_CAP + 1],
                P::TooLong { max: KEY_CAP },
            ),
            row(
                "100 MiB",
                vec![0x30; 100 << 20],
                P::TooLong { max: KEY_CAP },
            ),
        ],
        DER,
    );
}

#[test]
fn hostile_pkcs1() {
    let genuine = der_of(PKCS1_PEM);
    let invalid = P::PrivateInvalid;
    let set = |index: usize, number: &[u8]| pkcs1_with(|key| key[index] = number.to_vec());
    let add_one = |index: usize| pkcs1_with(|key| *key[index].last_mut().unwrap() ^= 2);
    check(
        &[
            row("empty", [], P::Empty),
            row("an empty sequence", [0x30, 0], PKCS1),
            row("cut short", &genuine[..genuine.len() - 1], PKCS1),
            row("a byte after it", [&genuine[..], &[0]].concat(), PKCS1),
            row("PKCS#8", der_of(RSA_PEM), PKCS1),
            row("public", pkcs1(&rsa_numbers()[..2]), PKCS1),
            row(
                "version 2",
                [&genuine[..6], &[2], &genuine[7..]].concat(),
                PKCS1,
            ),
            row(
                "three primes in all but number",
                [&genuine[..6], &[1], &genuine[7..]].concat(),
                PKCS1,
            ),
            row(
                "RSA, p and q another's",
                pkcs1_with(|key| key[3..5].clone_from_slice(&other_primes())),
                invalid,
            ),
            row(
                "RSA, p twice",
                pkcs1_with(|key| key[4] = key[3].clone()),
                P::PrivateNumbers {
                    relation: "p and q differ",
                },
            ),
            row(
                "RSA, n for p and 1 for q",
                pkcs1_with(|key| {
                    key[3] = key[0].clone();
                    key[4] = vec![1];
                }),
                P::PrimeLengths,
            ),
            row("RSA, another n", add_one(0), invalid),
            row("RSA, another d", add_one(2), invalid),
            row("RSA, another p", add_one(3), invalid),
            row("RSA, another q", add_one(4), invalid),
            row("RSA, another dp", add_one(5), invalid),
            row("RSA, another dq", add_one(6), invalid),
            row("RSA, another qi", add_one(7), invalid),
            row(
                "RSA, qi 0",
                set(7, &[0]),
                P::PrivateNumbers {
                    relation: "qInv is not zero",
                },
            ),
            row(
                "RSA, p and q swapped, nothing else",
                pkcs1_with(|key| key.swap(3, 4)),
                invalid,
            ),
            row(
                "RSA, d 0",
                set(2, &[0]),
                P::PrivateNumbers {
                    relation: "d, dP and dQ are odd",
                },
            ),
            row("RSA, p 0", set(3, &[0]), P::PrimeLengths),
            row("RSA, q 1", set(4, &[1]), P::PrimeLengths),
            row(
                "RSA, d of 8000 bytes",
                set(2, &[0x41; 8000]),
                P::PrivateNumbers { relation: "d < n" },
            ),
            row("RSA, another e", set(1, &[1, 0, 3]), invalid),
            row("RSA, e 3", set(1, &[3]), P::Exponent),
            row("RSA, e even", set(1, &[1, 0, 0]), P::Exponent),
            row(
                "RSA, n of 1024 bits",
                set(0, &[0x81; 128]),
                P::ModulusBits { found: 1024 },
            ),
            row(
                "RSA, n of 16384 bits",
                set(0, &[0x81; 2048]),
                P::ModulusBits { found: 16384 },
            ),
            row(
                "one over the cap",
                vec![0x30; KEY_CAP + 1],
                P::TooLong { max: KEY_CAP },
            ),
        ],
        PKCS1_DER,
    );
}

/// The primes of the other RSA key.
fn other_primes() -> [Vec<u8>; 2] {
    use der::Decode as _;
    let der = der_of(RSA_OTHER_PEM);
    let key = pkcs1::RsaPrivateKeyRef::from_der(&der[26..]).unwrap();
    [key.prime1, key.prime2].map(|prime| prime.as_bytes().to_vec())
}

#[test]
fn hostile_private_pem() {
    let labelled = |label: &str| P256_PEM.replace("PRIVATE KEY", label);
    check(
        &[
            row("empty", "", P::Empty),
            row("a NUL", "\0", P::NotPem),
            row("JWK", P256_JWK, form(KeyForm::Jwk)),
            row("no end", &P256_PEM[..P256_PEM.len() - 20], P::PemNoEnd),
            row("no base64", swapped(P256_PEM, "MIGH", "MI!H"), P::NotPem),
            row(
                "another label at the end",
                swapped(P256_PEM, "END ", "END EC "),
                form(KeyForm::AlteredPem),
            ),
            row(
                "a certificate",
                include_str!("../data/certificate.pem"),
                form(KeyForm::Certificate),
            ),
            row(
                "public",
                include_str!("../data/p256.pub.pem"),
                form(KeyForm::PublicKey),
            ),
            row(
                "OPENSSH",
                labelled("OPENSSH PRIVATE KEY"),
                form(KeyForm::OpenSsh),
            ),
            row(
                "a label that does not exist",
                labelled("PRIVATE KEYS"),
                PRIVATE_LABEL,
            ),
            row(
                "encrypted PKCS#8",
                include_str!("../data/p256-encrypted.pem"),
                P::Encrypted,
            ),
            row(
                "encrypted PKCS#1",
                include_str!("../data/rsa2048-proc-type.pem"),
                P::OldPemEncryption,
            ),
            row(
                "SEC 1 on P-384",
                include_str!("../data/p384.sec1.pem"),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "three primes",
                include_str!("../data/rsa2048-three-primes.pem"),
                P::MultiPrime,
            ),
            row(
                "P-384",
                include_str!("../data/p384.pem"),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "Ed25519",
                include_str!("../data/ed25519.pem"),
                P::DerAlgorithm {
                    found: "Ed25519 (1.3.101.112)",
                },
            ),
            row(
                "RSA of 1024 bits",
                include_str!("../data/rsa1024.pem"),
                P::ModulusBits { found: 1024 },
            ),
            row(
                "one over the cap",
                format!("{P256_PEM}{}", "\n".repeat(KEY_CAP + 1 - P256_PEM.len())),
                P::TooLong { max: KEY_CAP },
            ),
            row(
                "100 MiB",
                "-".repeat(100 << 20),
                P::TooLong { max: KEY_CAP },
            ),
        ],
        PEM,
    );
}
