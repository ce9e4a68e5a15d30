//! Private keys: how they are read in every form, and hostile ones as JWK.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Error, KeyForm, KeyPair, KeyProblem as P};

use crate::private_der::{p256, pkcs1, rsa_numbers};
use crate::public_keys::public_jwk;
use crate::recipients::{P256_JWK, RSA_JWK, member, private_rsa};
use crate::{KEY_CAP, KEY_MARGIN, Row, Table, base64url, der_of, form, key, swapped};

pub(crate) const P256_PEM: &str = include_str!("../data/p256.pem");
pub(crate) const SEC1_PEM: &str = include_str!("../data/p256.sec1.pem");
pub(crate) const RSA_PEM: &str = include_str!("../data/rsa2048.pem");
pub(crate) const RSA_OTHER_PEM: &str = include_str!("../data/rsa2048-other.pem");
pub(crate) const PKCS1_PEM: &str = include_str!("../data/rsa2048.pkcs1.pem");

/// The order of P-256 (NIST SP 800-186 section 3.2.1.3).
pub(crate) const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub(crate) type Row4<'a> = (&'a str, Vec<u8>, P);

pub(crate) fn row<'a>(name: &'a str, input: impl Into<Vec<u8>>, problem: P) -> Row4<'a> {
    (name, input.into(), problem)
}

pub(crate) type Reader = fn(&[u8], &bankezy_crypto::backend::Backend) -> Result<KeyPair, Error>;

pub(crate) fn check(rows: &[Row4<'_>], read: Reader) {
    let mut table = Table::default();
    let [d, p, q, dp] = ["d", "p", "q", "dp"].map(|name| member(RSA_JWK, name));
    for backend in AVAILABLE {
        for (name, input, problem) in rows {
            let name = format!("{name} on {}", backend.name());
            // What is not seen before a backend proves the halves, one without private RSA does not say.
            if name.contains("RSA, ") && *problem == P::PrivateInvalid && !private_rsa(backend) {
                let refused = read(input, backend).err();
                assert!(
                    matches!(refused, Some(Error::Unsupported { .. }))
                        || refused == Some(key(*problem)),
                    "{name}"
                );
                continue;
            }
            let row = Row {
                name: &name,
                input,
                expected: key(*problem),
                secrets: &[member(P256_JWK, "d"), d, p, q, dp],
                peak: input.len() + KEY_MARGIN,
            };
            table.row(&row, || read(input, backend));
        }
    }
    table.finish();
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) const JWK: Reader =
    |input, backend| KeyPair::from_jwk_with_backend(text(input), backend);
pub(crate) const PEM: Reader =
    |input, backend| KeyPair::from_pem_with_backend(text(input), backend);
pub(crate) const DER: Reader = KeyPair::from_pkcs8_der_with_backend;
pub(crate) const PKCS1_DER: Reader = KeyPair::from_pkcs1_der_with_backend;

#[test]
fn genuine_keys_in_every_form_are_read() {
    let mut table = Table::default();
    let minus_one = [&ORDER[..31], &[0x50]].concat();
    for backend in AVAILABLE {
        table.control("P-256 JWK", JWK(P256_JWK.as_bytes(), backend));
        table.control("order less 1", DER(&p256(&minus_one), backend));
        table.control(
            "scalar 1",
            DER(&p256(&[&[0; 31][..], &[1]].concat()), backend),
        );
        for pem in [P256_PEM, SEC1_PEM] {
            table.control(pem, PEM(pem.as_bytes(), backend));
        }
        let found = JWK(RSA_JWK.as_bytes(), backend);
        if private_rsa(backend) {
            table.control("RSA JWK", found);
            table.control("RSA", PEM(RSA_PEM.as_bytes(), backend));
            table.control("RSA PKCS#1", PEM(PKCS1_PEM.as_bytes(), backend));
            table.control("RSA by hand", PKCS1_DER(&pkcs1(&rsa_numbers()), backend));
        } else {
            assert_eq!(found.unwrap_err().code(), "backend.unsupported");
        }
    }
    table.finish();
}

#[test]
fn hostile_private_jwks() {
    let d = member(P256_JWK, "d");
    let with = |from: &str, to: &str| swapped(P256_JWK, from, to).into_bytes();
    let more = |member: &str| with("}", &format!(",{member}}}"));
    let rsa = |from: &str, to: &str| swapped(RSA_JWK, from, to).into_bytes();
    let more_rsa = |member: &str| rsa("}", &format!(",{member}}}"));
    let scalar = |scalar: &[u8]| with(d, &base64url(scalar));
    let missing = |member| P::Missing { member };
    let invalid = |member| P::Invalid { member };
    let [n, rsa_d, p, q, qi] = ["n", "d", "p", "q", "qi"].map(|name| member(RSA_JWK, name));
    let flip = |text: &str| {
        let first = if text.starts_with('_') { "-" } else { "_" };
        format!("{first}{}", &text[1..])
    };
    let without = |name: &str| {
        let member = format!(",\"{name}\":\"{}\"", member(RSA_JWK, name));
        rsa(&member, "")
    };
    let other_n = {
        let der = der_of(RSA_OTHER_PEM);
        // PKCS#8 and PKCS#1 take 26 bytes, version and head of n 8 more.
        base64url(&der[38..38 + 256])
    };
    check(
        &[
            row("empty", "", P::Empty),
            row("a NUL", "\0", P::NotJsonObject),
            row("PEM", P256_PEM, form(KeyForm::Pem)),
            row("cut short", &P256_JWK[..P256_JWK.len() - 10], P::CutShort),
            row("public", public_jwk(P256_JWK), form(KeyForm::PublicKey)),
            row("public RSA", public_jwk(RSA_JWK), form(KeyForm::PublicKey)),
            row(
                "oct",
                format!(r#"{{"kty":"oct","k":"{d}"}}"#),
                P::UnknownKeyType,
            ),
            row(
                "Ed25519",
                format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{d}","d":"{d}"}}"#),
                P::UnknownKeyType,
            ),
            row(
                "P-384",
                with("P-256", "P-384"),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row("another d", scalar(&[7; 32]), P::PrivateInvalid),
            row("d 0", scalar(&[0; 32]), P::PrivateInvalid),
            row("d the order", scalar(&ORDER), P::PrivateInvalid),
            row("d all bits", scalar(&[255; 32]), P::PrivateInvalid),
            row(
                "d of 31 bytes",
                scalar(&[1; 31]),
                P::MemberLength {
                    member: "d",
                    found: 31,
                    needed: 32,
                },
            ),
            row(
                "d of 33 bytes",
                scalar(&[1; 33]),
                P::MemberLength {
                    member: "d",
                    found: 33,
                    needed: 32,
                },
            ),
            row("d empty", scalar(&[]), form(KeyForm::PublicKey)),
            row("d a number", with(&format!("\"{d}\""), "1"), invalid("d")),
            row(
                "d null",
                with(&format!("\"{d}\""), "null"),
                form(KeyForm::PublicKey),
            ),
            row(
                "d padded",
                with(d, &format!("{d}=")),
                P::MemberPadding { member: "d" },
            ),
            row(
                "d twice",
                more(&format!(r#""d":"{d}""#)),
                P::DuplicateMember,
            ),
            row(
                "d twice, once with an escape",
                more(&format!(r#""\u0064":"{d}""#)),
                P::DuplicateMember,
            ),
            row(
                "x of another key",
                with(member(P256_JWK, "x"), d),
                P::OffCurve,
            ),
            row("use sig", more(r#""use":"sig""#), P::Use),
            row(
                "alg ECDH-ES+A256KW",
                more(r#""alg":"ECDH-ES+A256KW""#),
                P::Algorithm,
            ),
            row("alg ES256", more(r#""alg":"ES256""#), P::Algorithm),
            row("key_ops sign", more(r#""key_ops":["sign"]"#), P::KeyOps),
            row(
                "RSA, no primes",
                format!(
                    r#"{},"d":"{rsa_d}"}}"#,
                    public_jwk(RSA_JWK).strip_suffix('}').unwrap()
                ),
                form(KeyForm::RsaWithoutPrimes),
            ),
            row("RSA, no q", without("q"), missing("q")),
            row("RSA, no dp", without("dp"), missing("dp")),
            row("RSA, no dq", without("dq"), missing("dq")),
            row(
                "RSA, no qi",
                rsa(&format!(",\"qi\":\"{qi}\""), ""),
                missing("qi"),
            ),
            row(
                "RSA, oth",
                more_rsa(r#""oth":[{"r":"AQ","d":"AQ","t":"AQ"}]"#),
                P::MultiPrime,
            ),
            row(
                "RSA, alg RSA-OAEP",
                more_rsa(r#""alg":"RSA-OAEP""#),
                P::Algorithm,
            ),
            row("RSA, alg RS256", more_rsa(r#""alg":"RS256""#), P::Algorithm),
            row("RSA, use sig", more_rsa(r#""use":"sig""#), P::Use),
            row(
                "RSA, key_ops encrypt",
                more_rsa(r#""key_ops":["encrypt"]"#),
                P::KeyOps,
            ),
            row("RSA, n of another key", rsa(n, &other_n), P::PrivateInvalid),
            row(
                "RSA, n even",
                rsa(n, &base64url([0x80; 256])),
                P::ModulusEven,
            ),
            row(
                "RSA, n of 1024 bits",
                rsa(n, &base64url([0x81; 128])),
                P::ModulusBits { found: 1024 },
            ),
            row(
                "RSA, another d",
                rsa(rsa_d, &flip(rsa_d)),
                P::PrivateNumbers { relation: "d < n" },
            ),
            row(
                "RSA, d 0",
                rsa(rsa_d, "AA"),
                P::PrivateNumbers {
                    relation: "d, dP and dQ are odd",
                },
            ),
            row("RSA, d 1", rsa(rsa_d, "AQ"), P::PrivateInvalid),
            row("RSA, d empty", rsa(rsa_d, ""), missing("d")),
            row("RSA, another p", rsa(p, &flip(p)), P::PrivateInvalid),
            row("RSA, p empty", rsa(p, ""), missing("p")),
            row("RSA, p 1", rsa(p, "AQ"), P::PrimeLengths),
            row(
                "RSA, p and q 0",
                swapped(&swapped(RSA_JWK, p, "AA"), q, "AA"),
                P::PrimeLengths,
            ),
            row(
                "RSA, p for q",
                rsa(q, p),
                P::PrivateNumbers {
                    relation: "p and q differ",
                },
            ),
            row("RSA, d not base64url", rsa(rsa_d, "!"), invalid("d")),
            row(
                "RSA, qi with a blank",
                rsa(qi, &format!(" {qi}")),
                invalid("qi"),
            ),
            row("RSA, e 3", rsa("AQAB", "Aw"), P::Exponent),
            row(
                "one over the cap",
                " ".repeat(KEY_CAP + 1),
                P::TooLong { max: KEY_CAP },
            ),
            row("10 MiB", "{".repeat(10 << 20), P::TooLong { max: KEY_CAP }),
        ],
        JWK,
    );
}
