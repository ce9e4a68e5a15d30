//! Public keys as SubjectPublicKeyInfo and as PEM.

use bankezy_crypto::{KeyForm, KeyProblem as P, PublicKey};

use crate::public_keys::{P as PRIME, P256_PEM, RSA_PEM, check, hex, odd, public_jwk, row, text};
use crate::recipients::P256_JWK;
use crate::{KEY_CAP, PUBLIC_LABEL, base64url, der_of, form, swapped};

/// OIDs as the content of their DER.
const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

/// A DER value: tag, length, content.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        len @ ..=0x7f => vec![len as u8],
        len @ ..=0xff => vec![0x81, len as u8],
        len => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [&[tag][..], &length, &content].concat()
}

/// An INTEGER of a number without leading zeros.
pub(crate) fn integer(number: &[u8]) -> Vec<u8> {
    match number.first() {
        Some(0x80..) => tlv(2, &[&[0], number]),
        _ => tlv(2, &[number]),
    }
}

fn spki(oid: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, &[&tlv(6, &[oid]), parameters]);
    tlv(0x30, &[&algorithm, &tlv(3, &[&[0], key])])
}

fn ec_spki(point: &[u8]) -> Vec<u8> {
    spki(EC_OID, &tlv(6, &[P256_OID]), point)
}

pub(crate) fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    spki(RSA_OID, &[5, 0], &tlv(0x30, &[&integer(n), &integer(e)]))
}

pub(crate) fn rsa_pkcs1() -> Vec<u8> {
    tlv(0x30, &[&integer(&odd(2048)), &integer(&[1, 0, 1])])
}

#[test]
fn hostile_subject_public_key_infos() {
    let invalid = P::NotDer {
        structure: "SubjectPublicKeyInfo",
    };
    let invalid_rsa = P::NotDer {
        structure: "RSAPublicKey",
    };
    let [genuine, genuine_rsa] = [P256_PEM, RSA_PEM].map(der_of);
    let point = &genuine[26..];
    let changed = |index: usize, to: u8| {
        let mut der = genuine.clone();
        der[index] = to;
        der
    };
    let after = |der: &[u8]| [der, &[0]].concat();
    let null = &[5, 0][..];
    let p = |index: usize| [&point[..index], &hex(PRIME), &point[index + 32..]].concat();
    check(
        &vec![
            row("empty", [], P::Empty),
            row("a zero", [0], invalid),
            row("an empty sequence", [0x30, 0], invalid),
            row("indefinite length", [0x30, 0x80, 0, 0], invalid),
            row(
                "a length of 4 GiB",
                [0x30, 0x84, 255, 255, 255, 255],
                invalid,
            ),
            row(
                "a length in more bytes than it needs",
                [&[0x30, 0x81, 0x59][..], &genuine[2..]].concat(),
                invalid,
            ),
            row("sequences in sequences", [0x30, 0x7f].repeat(8000), invalid),
            row("cut short", &genuine[..90], invalid),
            row("a byte after it", after(&genuine), invalid),
            row("a byte after RSA", after(&genuine_rsa), invalid),
            row("the key no bit string", changed(23, 4), invalid),
            row("a bit string with unused bits", changed(25, 1), invalid),
            row("a set", changed(0, 0x31), invalid),
            row("PKCS#1", rsa_pkcs1(), form(KeyForm::Pkcs1PublicKey)),
            row("PEM", P256_PEM, form(KeyForm::Pem)),
            row("JWK", public_jwk(P256_JWK), form(KeyForm::Jwk)),
            row(
                "private PKCS#8",
                der_of(include_str!("../data/p256.pem")),
                P::PrivateMember,
            ),
            row(
                "a certificate",
                der_of(include_str!("../data/certificate.pem")),
                form(KeyForm::Certificate),
            ),
            row(
                "compressed",
                ec_spki(&[&[2 + (point[64] & 1)][..], &point[1..33]].concat()),
                P::PointForm,
            ),
            row(
                "compressed, by OpenSSL",
                der_of(include_str!("../data/p256-compressed.pub.pem")),
                P::PointForm,
            ),
            row(
                "hybrid",
                ec_spki(&[&[6 + (point[64] & 1)][..], &point[1..]].concat()),
                P::PointForm,
            ),
            row("infinity", ec_spki(&[0]), P::ZeroPoint),
            row(
                "zero",
                ec_spki(&[&[4][..], &[0; 64]].concat()),
                P::ZeroPoint,
            ),
            row("no point", ec_spki(&[]), P::PointForm),
            row("a point of 64 bytes", ec_spki(&point[..64]), P::PointForm),
            row("a point of 66 bytes", ec_spki(&after(point)), P::PointForm),
            row("off the curve", changed(90, genuine[90] ^ 1), P::OffCurve),
            row("x the prime", ec_spki(&p(1)), P::OffCurve),
            row("y the prime", ec_spki(&p(33)), P::OffCurve),
            row(
                "explicit parameters",
                der_of(include_str!("../data/p256-explicit.pub.pem")),
                P::ExplicitCurve,
            ),
            row(
                "no parameters",
                spki(EC_OID, &[], point),
                P::DerAlgorithm {
                    found: "id-ecPublicKey (1.2.840.10045.2.1) without the name of its curve",
                },
            ),
            row(
                "P-384",
                der_of(include_str!("../data/p384.pub.pem")),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "secp256k1",
                der_of(include_str!("../data/secp256k1.pub.pem")),
                P::WrongCurve { found: "secp256k1" },
            ),
            row(
                "Ed25519",
                der_of(include_str!("../data/ed25519.pub.pem")),
                P::DerAlgorithm {
                    found: "Ed25519 (1.3.101.112)",
                },
            ),
            row(
                "X25519",
                der_of(include_str!("../data/x25519.pub.pem")),
                P::DerAlgorithm {
                    found: "X25519 (1.3.101.110)",
                },
            ),
            row(
                "RSASSA-PSS",
                der_of(include_str!("../data/rsa-pss.pub.pem")),
                P::DerAlgorithm {
                    found: "RSASSA-PSS (1.2.840.113549.1.1.10)",
                },
            ),
            row(
                "RSA with an OID for parameters",
                spki(RSA_OID, &tlv(6, &[P256_OID]), &rsa_pkcs1()),
                P::DerAlgorithm {
                    found: "rsaEncryption (1.2.840.113549.1.1.1) with parameters other than NULL",
                },
            ),
            row(
                "Ed448",
                spki(&[0x2b, 0x65, 0x71], &[], &[7; 57]),
                P::DerAlgorithm {
                    found: "Ed448 (1.3.101.113)",
                },
            ),
            row(
                "an algorithm of nobody",
                spki(&[0x2a, 3, 4], &[], &[7; 57]),
                P::DerAlgorithm { found: "unknown" },
            ),
            row(
                "RSA holding a point",
                spki(RSA_OID, null, point),
                invalid_rsa,
            ),
            row("P-256 holding RSA", ec_spki(&rsa_pkcs1()), P::PointForm),
            row(
                "RSA, a byte after the key inside",
                spki(RSA_OID, null, &after(&rsa_pkcs1())),
                invalid_rsa,
            ),
            row(
                "RSA, n negative",
                spki(
                    RSA_OID,
                    null,
                    &tlv(0x30, &[&tlv(2, &[&[0x85; 256]]), &integer(&[1, 0, 1])]),
                ),
                invalid_rsa,
            ),
            row(
                "RSA, n with two zeros before it",
                spki(
                    RSA_OID,
                    null,
                    &tlv(
                        0x30,
                        &[&tlv(2, &[&[0, 0], &odd(2048)]), &integer(&[1, 0, 1])],
                    ),
                ),
                invalid_rsa,
            ),
            row(
                "RSA, n zero",
                rsa_spki(&[0], &[1, 0, 1]),
                P::ModulusBits { found: 0 },
            ),
            row(
                "RSA of 1024 bits",
                rsa_spki(&odd(1024), &[1, 0, 1]),
                P::ModulusBits { found: 1024 },
            ),
            row(
                "RSA of 16384 bits",
                rsa_spki(&odd(16384), &[1, 0, 1]),
                P::ModulusBits { found: 16384 },
            ),
            row(
                "RSA, n even",
                rsa_spki(&[0x40; 257], &[1, 0, 1]),
                P::ModulusEven,
            ),
            row("RSA, e 3", rsa_spki(&odd(2048), &[3]), P::Exponent),
            row("RSA, e 0", rsa_spki(&odd(2048), &[0]), P::Exponent),
            row("RSA, e even", rsa_spki(&odd(2048), &[1, 0, 0]), P::Exponent),
            row(
                "RSA, e 2^33 + 1",
                rsa_spki(&odd(2048), &[2, 0, 0, 0, 1]),
                P::Exponent,
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
        PublicKey::from_spki_der,
    );
}

#[test]
fn hostile_public_pem() {
    let labelled = |label: &str| P256_PEM.replace("PUBLIC KEY", label);
    check(
        &vec![
            row("empty", "", P::Empty),
            row("a NUL", "\0", P::NotPem),
            row("the bytes alone", base64url(der_of(P256_PEM)), P::NotPem),
            row("no end", &P256_PEM[..P256_PEM.len() - 20], P::PemNoEnd),
            row(
                "no line inside",
                "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
                P::Empty,
            ),
            row(
                "another label at the end",
                swapped(P256_PEM, "END PUBLIC", "END RSA PUBLIC"),
                form(KeyForm::AlteredPem),
            ),
            row("no base64", swapped(P256_PEM, "MFkw", "MF!w"), P::NotPem),
            row(
                "beyond ASCII",
                swapped(P256_PEM, "MFkw", "MF\u{e9}w"),
                P::NotPem,
            ),
            row(
                "private",
                include_str!("../data/p256.pem"),
                P::PrivateMember,
            ),
            row(
                "private SEC 1",
                include_str!("../data/p256.sec1.pem"),
                P::PrivateMember,
            ),
            row(
                "private RSA",
                include_str!("../data/rsa2048.pkcs1.pem"),
                P::PrivateMember,
            ),
            row(
                "private, encrypted",
                include_str!("../data/p256-encrypted.pem"),
                P::PrivateMember,
            ),
            row(
                "private behind public",
                format!("{P256_PEM}{}", include_str!("../data/p256.pem")),
                P::PrivateMember,
            ),
            row(
                "a label that does not exist",
                labelled("PUBLIC KEYS"),
                PUBLIC_LABEL,
            ),
            row(
                "P-384",
                include_str!("../data/p384.pub.pem"),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "RSASSA-PSS",
                include_str!("../data/rsa-pss.pub.pem"),
                P::DerAlgorithm {
                    found: "RSASSA-PSS (1.2.840.113549.1.1.10)",
                },
            ),
            row(
                "one over the cap",
                "-".repeat(KEY_CAP + 1),
                P::TooLong { max: KEY_CAP },
            ),
            row(
                "10 MiB",
                format!("{P256_PEM}{}", "\n".repeat(10 << 20)),
                P::TooLong { max: KEY_CAP },
            ),
        ],
        |pem| PublicKey::from_pem(text(pem)),
    );
}
