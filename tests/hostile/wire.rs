//! Public keys in their wire form whose text itself is wrong.

use bankezy_crypto::{KeyForm, KeyProblem as P, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::public_der::rsa_pkcs1;
use crate::public_keys::{P256_PEM, RSA_PEM, check, public_jwk, row};
use crate::recipients::P256_JWK;
use crate::{KEY_CAP, base64url, der_of, form};

#[test]
fn texts_that_are_not_a_key_in_wire_form() {
    let json = public_jwk(P256_JWK);
    let wire = STANDARD_NO_PAD.encode(&json);
    let spki = "SubjectPublicKeyInfo";
    let cut = |len: usize| wire[..len].to_owned();
    check(
        &vec![
            row("empty", "", P::Empty),
            row("a NUL", "\0", P::NotBase64),
            row("four NULs", "\0\0\0\0", P::NotBase64),
            row("a blank", " ", P::Empty),
            row("padding alone", "====", P::NotBase64),
            row("the JSON itself", json.clone(), form(KeyForm::Jwk)),
            row("PEM", P256_PEM, form(KeyForm::Pem)),
            row("a blank after it", format!("{wire} "), P::NotBase64),
            row(
                "a blank inside",
                format!("{} {}", &wire[..76], &wire[76..]),
                P::NotBase64,
            ),
            row("a blank before it", format!(" {wire}"), P::NotBase64),
            row("padded in excess", format!("{wire}===="), P::NotBase64),
            row("both alphabets", "eyJ+_w", P::NotBase64),
            row("unused bits", "e31", P::NotBase64),
            row("beyond ASCII", "\u{e9}\u{e9}", P::NotBase64),
            row("cut inside y", cut(160), P::CutShort),
            row("cut inside x", cut(100), P::CutShort),
            row("cut after the first brace", base64url("{"), P::CutShort),
            row("base64 twice", base64url(&wire), P::NotAKey),
            row("an empty JSON array", base64url("[]"), P::NotAKey),
            row(
                "an array of JWKs",
                base64url(format!("[{json}]")),
                form(KeyForm::JwkArray),
            ),
            row(
                "a JWK in quotes",
                format!("{json:?}"),
                form(KeyForm::QuotedText),
            ),
            row(
                "a raw point",
                base64url([4; 65]),
                form(KeyForm::RawPublicPoint { octets: 65 }),
            ),
            row(
                "a compressed point",
                base64url([2; 33]),
                form(KeyForm::RawPublicPoint { octets: 33 }),
            ),
            row("not UTF-8", base64url(b"{\"\xff\":1}"), P::NotJsonObject),
            row("half an object", base64url("{]"), P::NotJsonObject),
            row(
                "private PKCS#8",
                base64url(der_of(include_str!("../data/p256.pem"))),
                P::PrivateMember,
            ),
            row("P-256 as SPKI", base64url(der_of(P256_PEM)), P::WireForm),
            row(
                "SPKI cut short",
                base64url(&der_of(RSA_PEM)[..200]),
                P::NotDer { structure: spki },
            ),
            row(
                "PKCS#1",
                base64url(rsa_pkcs1()),
                form(KeyForm::Pkcs1PublicKey),
            ),
            row(
                "SPKI of P-384",
                base64url(der_of(include_str!("../data/p384.pub.pem"))),
                P::WrongCurve {
                    found: "P-384 (secp384r1)",
                },
            ),
            row(
                "one over the cap",
                "A".repeat(KEY_CAP + 1),
                P::TooLong { max: KEY_CAP },
            ),
            row(
                "100 MiB",
                "A".repeat(100 << 20),
                P::TooLong { max: KEY_CAP },
            ),
        ],
        |text| PublicKey::from_wire(crate::public_keys::text(text)),
    );
}

/// One sample in BankEzy's documentation is cut short.
#[test]
fn a_key_cut_anywhere_says_so() {
    let wire = base64url(public_jwk(P256_JWK));
    let cuts = 2..wire.len();
    let rows = cuts.map(|len| row(format!("cut to {len}"), &wire[..len], P::CutShort));
    check(&rows.collect(), |text| {
        PublicKey::from_wire(crate::public_keys::text(text))
    });
}
