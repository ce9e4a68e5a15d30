//! Public keys as JWK, and the same JWKs in their wire form.

use bankezy_crypto::{Error, KeyForm, KeyProblem as P, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::public_der::rsa_spki;
use crate::recipients::{P256_JWK, RSA_JWK, member};
use crate::{KEY_CAP, KEY_MARGIN, Row, Table, base64url, der_of, form, key, swapped};

pub(crate) const P256_PEM: &str = include_str!("../data/p256.pub.pem");
pub(crate) const RSA_PEM: &str = include_str!("../data/rsa2048.pub.pem");

/// Points on P-256 with a coordinate so small that the prime can be added to it.
const SMALL_X: [&str; 2] = [
    "0000000000000000000000000000000000000000000000000000000000000005",
    "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
];
const SMALL_Y: [&str; 2] = [
    "d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7",
    "0000000000000000000000000000000000000000000000000000000000000005",
];
const P_PLUS_5: &str = "ffffffff00000001000000000000000000000001000000000000000000000004";
pub(crate) const P: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const X_ZERO_Y: &str = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";

pub(crate) type Rows = Vec<(String, Vec<u8>, Error)>;

pub(crate) fn row(
    name: impl Into<String>,
    input: impl Into<Vec<u8>>,
    problem: P,
) -> (String, Vec<u8>, Error) {
    (name.into(), input.into(), key(problem))
}

pub(crate) fn check(rows: &Rows, read: impl Fn(&[u8]) -> Result<PublicKey, Error>) {
    let mut table = Table::default();
    for (name, input, expected) in rows {
        let row = Row {
            name,
            input,
            expected: expected.clone(),
            secrets: &[member(P256_JWK, "d"), member(RSA_JWK, "d")],
            peak: input.len() + KEY_MARGIN,
        };
        table.row(&row, || read(input));
    }
    table.finish();
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn ec(x: &[u8], y: &[u8]) -> String {
    format!(
        r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#,
        base64url(x),
        base64url(y)
    )
}

fn rsa(n: &[u8], e: &[u8]) -> String {
    format!(
        r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#,
        base64url(n),
        base64url(e)
    )
}

/// An odd number of that many bits, in place of a modulus.
pub(crate) fn odd(bits: usize) -> Vec<u8> {
    let mut number = vec![0xa5; bits.div_ceil(8)];
    number[0] = 1 << ((bits - 1) % 8);
    number
}

pub(crate) fn public_jwk(private: &str) -> String {
    format!("{}}}", private.split_once(",\"d\"").unwrap().0)
}

#[test]
fn genuine_keys_in_every_form_are_read() {
    let mut table = Table::default();
    let p256 = public_jwk(P256_JWK);
    let rsa_jwk = public_jwk(RSA_JWK);
    let [small_x, small_y] = [SMALL_X, SMALL_Y].map(|[x, y]| ec(&hex(x), &hex(y)));
    for jwk in [
        &p256,
        &rsa_jwk,
        &small_x,
        &small_y,
        &ec(&[0; 32], &hex(X_ZERO_Y)),
    ] {
        table.control(jwk, PublicKey::from_jwk(jwk));
        table.control(jwk, PublicKey::from_wire(&base64url(jwk)));
        table.control(jwk, PublicKey::from_wire(&STANDARD_NO_PAD.encode(jwk)));
    }
    for pem in [P256_PEM, RSA_PEM] {
        table.control(pem, PublicKey::from_pem(pem));
        table.control(pem, PublicKey::from_spki_der(&der_of(pem)));
    }
    table.control(
        "RSA on the wire",
        PublicKey::from_wire(&base64url(der_of(RSA_PEM))),
    );
    for bits in [2048, 2049, 8191, 8192] {
        table.control("bits", PublicKey::from_jwk(&rsa(&odd(bits), &[1, 0, 1])));
        table.control(
            "bits",
            PublicKey::from_spki_der(&rsa_spki(&odd(bits), &[1, 0, 1])),
        );
    }
    // A private member without a value.
    for member in [r#""d":true"#, r#""d":0"#, r#""d":" ""#, r#""k":false"#] {
        let jwk = public_jwk(P256_JWK);
        let jwk = format!("{},{member}}}", jwk.strip_suffix('}').unwrap());
        table.control(member, PublicKey::from_jwk(&jwk));
    }
    table.control(
        "the largest e",
        PublicKey::from_jwk(&rsa(&odd(2048), &[1, 255, 255, 255, 255])),
    );
    table.finish();
}

/// What is wrong with a JWK is the same on the wire.
fn jwk_rows() -> Rows {
    let genuine = public_jwk(P256_JWK);
    let genuine_rsa = public_jwk(RSA_JWK);
    let (x, y) = (member(P256_JWK, "x"), member(P256_JWK, "y"));
    let n = member(RSA_JWK, "n");
    let missing = |member| P::Missing { member };
    let invalid = |member| P::Invalid { member };
    let not_text = |member| P::NotText { member };
    let bits = |found| P::ModulusBits { found };
    let with = |member: &str| format!("{},{member}}}", genuine.strip_suffix('}').unwrap());
    let with_rsa = |member: &str| format!("{},{member}}}", genuine_rsa.strip_suffix('}').unwrap());
    let [x5, y5] = [SMALL_X, SMALL_Y].map(|point| point.map(hex));
    let f65537 = [1, 0, 1];
    let mut rows = vec![
        row("no member", "{}", missing("kty")),
        row("kty null", r#"{"kty":null}"#, missing("kty")),
        row("kty a number", r#"{"kty":2}"#, not_text("kty")),
        row("kty ec", swapped(&genuine, "EC", "ec"), P::UnknownKeyType),
        row("oct without k", r#"{"kty":"oct"}"#, P::UnknownKeyType),
        row("oct", r#"{"kty":"oct","k":"AAAA"}"#, P::PrivateMember),
        row(
            "Ed25519",
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            P::UnknownKeyType,
        ),
        row(
            "X25519",
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#),
            P::UnknownKeyType,
        ),
        row(
            "no crv",
            swapped(&genuine, r#""crv":"P-256","#, ""),
            missing("crv"),
        ),
        row(
            "crv a number",
            swapped(&genuine, r#""P-256""#, "256"),
            not_text("crv"),
        ),
        row(
            "crv p-256",
            swapped(&genuine, "P-256", "p-256"),
            P::CurveName,
        ),
        row(
            "P-384",
            swapped(&genuine, "P-256", "P-384"),
            P::WrongCurve {
                found: "P-384 (secp384r1)",
            },
        ),
        row(
            "P-521",
            swapped(&genuine, "P-256", "P-521"),
            P::WrongCurve {
                found: "P-521 (secp521r1)",
            },
        ),
        row(
            "secp256k1",
            swapped(&genuine, "P-256", "secp256k1"),
            P::WrongCurve { found: "secp256k1" },
        ),
        row(
            "no x",
            swapped(&genuine, &format!(r#""x":"{x}","#), ""),
            missing("x"),
        ),
        row(
            "no y",
            swapped(&genuine, &format!(r#","y":"{y}""#), ""),
            missing("y"),
        ),
        row(
            "x a number",
            swapped(&genuine, &format!("\"{x}\""), "5"),
            invalid("x"),
        ),
        row(
            "y null",
            swapped(&genuine, &format!("\"{y}\""), "null"),
            missing("y"),
        ),
        row(
            "x padded",
            swapped(&genuine, x, &format!("{x}=")),
            P::MemberPadding { member: "x" },
        ),
        row(
            "x with a blank",
            swapped(&genuine, x, &format!("{} ", &x[..42])),
            invalid("x"),
        ),
        row(
            "x of the standard alphabet",
            swapped(&genuine, x, &format!("+/{}", &x[2..])),
            P::MemberAlphabet { member: "x" },
        ),
        row(
            "x with unused bits",
            swapped(&genuine, x, &format!("{}B", &x[..42])),
            invalid("x"),
        ),
        row(
            "x as hex",
            swapped(&genuine, x, &"5a".repeat(32)),
            P::MemberLength {
                member: "x",
                found: 48,
                needed: 32,
            },
        ),
        row("x empty", ec(&[], &y5[1]), missing("x")),
        row(
            "x of 31 bytes",
            ec(&[1; 31], &y5[1]),
            P::MemberLength {
                member: "x",
                found: 31,
                needed: 32,
            },
        ),
        row(
            "x of 33 bytes",
            ec(&[&[0][..], &x5[0]].concat(), &x5[1]),
            P::MemberLength {
                member: "x",
                found: 33,
                needed: 32,
            },
        ),
        row(
            "x without its leading zeros",
            ec(&[5], &x5[1]),
            P::MemberLength {
                member: "x",
                found: 1,
                needed: 32,
            },
        ),
        row(
            "y of 31 bytes",
            ec(&x5[0], &[1; 31]),
            P::MemberLength {
                member: "y",
                found: 31,
                needed: 32,
            },
        ),
        row(
            "y of 33 bytes",
            ec(&x5[0], &[&[0][..], &x5[1]].concat()),
            P::MemberLength {
                member: "y",
                found: 33,
                needed: 32,
            },
        ),
        row(
            "coordinates of 48 bytes",
            ec(&[1; 48], &[1; 48]),
            P::MemberLength {
                member: "x",
                found: 48,
                needed: 32,
            },
        ),
        row("zero", ec(&[0; 32], &[0; 32]), P::ZeroPoint),
        row("off the curve", ec(&[1; 32], &[2; 32]), P::OffCurve),
        row("x and y swapped", ec(&x5[1], &x5[0]), P::OffCurve),
        row("y zero", ec(&x5[0], &[0; 32]), P::OffCurve),
        row("x the prime", ec(&hex(P), &hex(X_ZERO_Y)), P::OffCurve),
        row("x and the prime", ec(&hex(P_PLUS_5), &x5[1]), P::OffCurve),
        row("y and the prime", ec(&y5[0], &hex(P_PLUS_5)), P::OffCurve),
        row("both the prime", ec(&hex(P), &hex(P)), P::OffCurve),
        row("all bits", ec(&[255; 32], &[255; 32]), P::OffCurve),
        row("private", P256_JWK, P::PrivateMember),
        row("private RSA", RSA_JWK, P::PrivateMember),
        row("d a number", with(r#""d":123"#), P::PrivateMember),
        row(
            "d spelt with an escape",
            with(r#""\u0064":"AAAA""#),
            P::PrivateMember,
        ),
        row(
            "key_ops of a signature",
            with(r#""key_ops":["sign"]"#),
            P::KeyOps,
        ),
        row("key_ops a number", with(r#""key_ops":5"#), P::KeyOps),
        row("use sig", with(r#""use":"sig""#), P::Use),
        row("use an array", with(r#""use":["enc"]"#), not_text("use")),
        row("alg ES256", with(r#""alg":"ES256""#), P::Algorithm),
        row(
            "alg ECDH-ES+A256KW",
            with(r#""alg":"ECDH-ES+A256KW""#),
            P::Algorithm,
        ),
        row("alg of RSA", with(r#""alg":"RSA-OAEP-256""#), P::Algorithm),
        row("alg dir", with(r#""alg":"dir""#), P::Algorithm),
        row(
            "x twice",
            with(&format!(r#""x":"{x}""#)),
            P::DuplicateMember,
        ),
        row(
            "kty twice, once with an escape",
            with(r#""\u006bty":"RSA""#),
            P::DuplicateMember,
        ),
        row(
            "an unknown member twice",
            with(r#""a":1,"a":1"#),
            P::DuplicateMember,
        ),
        row("no n", r#"{"kty":"RSA","e":"AQAB"}"#, missing("n")),
        row(
            "no e",
            format!(r#"{{"kty":"RSA","n":"{n}"}}"#),
            missing("e"),
        ),
        row(
            "e a number",
            format!(r#"{{"kty":"RSA","n":"{n}","e":65537}}"#),
            invalid("e"),
        ),
        row("n empty", rsa(&[], &f65537), missing("n")),
        row("n zero", rsa(&[0], &f65537), invalid("n")),
        row("n one", rsa(&[1], &f65537), bits(1)),
        row("n even", rsa(&[0x80; 256], &f65537), P::ModulusEven),
        row("e empty", rsa(&odd(2048), &[]), missing("e")),
        row(
            "RSA private without d",
            with_rsa(r#""p":"AQAB""#),
            P::PrivateMember,
        ),
        row(
            "RSA alg RSA-OAEP",
            with_rsa(r#""alg":"RSA-OAEP""#),
            P::Algorithm,
        ),
        row("RSA alg RS256", with_rsa(r#""alg":"RS256""#), P::Algorithm),
        row("RSA use sig", with_rsa(r#""use":"sig""#), P::Use),
        row(
            "RSA key_ops verify",
            with_rsa(r#""key_ops":["verify"]"#),
            P::KeyOps,
        ),
        row(
            "RSA key_ops a string",
            with_rsa(r#""key_ops":"encrypt""#),
            P::KeyOps,
        ),
        row(
            "RSA key_ops of numbers",
            with_rsa(r#""key_ops":[1]"#),
            P::KeyOps,
        ),
    ];
    for size in [512, 1024, 2040, 2047, 8193, 16384] {
        rows.push(row(
            format!("{size} bits"),
            rsa(&odd(size), &f65537),
            bits(size),
        ));
    }
    let exponents: [(&str, &[u8]); 8] = [
        ("e 1", &[1]),
        ("e 2", &[2]),
        ("e 3", &[3]),
        ("e 17", &[17]),
        ("e 65535", &[255, 255]),
        ("e even", &[1, 0, 0]),
        ("e 2^33 + 1", &[2, 0, 0, 0, 1]),
        ("e of 256 bytes", &[0xa5; 256]),
    ];
    for (name, e) in exponents {
        rows.push(row(name, rsa(&odd(2048), e), P::Exponent));
    }
    rows
}

#[test]
fn hostile_jwks_and_the_same_on_the_wire() {
    let rows = jwk_rows();
    check(&rows, |json| PublicKey::from_jwk(text(json)));
    let wire: Rows = rows
        .into_iter()
        .map(|(name, json, error)| {
            (
                format!("{name}, on the wire"),
                base64url(json).into_bytes(),
                error,
            )
        })
        .collect();
    check(&wire, |wire| PublicKey::from_wire(text(wire)));
}

#[test]
fn texts_that_are_no_jwk() {
    let genuine = public_jwk(P256_JWK);
    let nested = |depth| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let cut = |at: &str, more: usize| genuine[..genuine.find(at).unwrap() + more].to_owned();
    let missing = P::Missing { member: "kty" };
    check(
        &vec![
            row("empty", "", P::Empty),
            row("a blank", " ", P::Empty),
            row("null", "null", P::NotJsonObject),
            row("an array", format!("[{genuine}]"), form(KeyForm::JwkArray)),
            row("a string", "\"EC\"", form(KeyForm::QuotedText)),
            row(
                "a JWK set",
                format!(r#"{{"keys":[{genuine}]}}"#),
                form(KeyForm::JwkSet),
            ),
            row("no keys", r#"{"keys":[]}"#, form(KeyForm::EmptyJwkSet)),
            row("keys null", r#"{"keys":null}"#, form(KeyForm::EmptyJwkSet)),
            row(
                "a JWK in a member",
                format!(r#"{{"jwk":{genuine}}}"#),
                form(KeyForm::NestedJwk),
            ),
            row(
                "a JWK further inside",
                format!(r#"{{"a":{{"b":[{genuine}]}}}}"#),
                form(KeyForm::NestedJwk),
            ),
            row("PEM", P256_PEM, form(KeyForm::Pem)),
            row("on the wire", base64url(&genuine), P::NotJsonObject),
            row(
                "something after it",
                format!("{genuine},"),
                P::NotJsonObject,
            ),
            row("a NUL after it", format!("{genuine}\0"), P::NotJsonObject),
            row("cut inside y", cut("\"y\"", 20), P::CutShort),
            row("cut after y", cut("\"y\"", 3), P::CutShort),
            row(
                "cut before the last brace",
                &genuine[..genuine.len() - 1],
                P::CutShort,
            ),
            row(
                "3270 members of one name",
                format!("{{{}}}", vec!["\"\":1"; 3270].join(",")),
                P::DuplicateMember,
            ),
            row(
                "2000 members",
                format!("{{{}}}", numbered(2000)),
                P::TooManyMembers,
            ),
            row("5000 operations", with_ops(r#""","#, 5000), P::KeyOps),
            row(
                "7500 operations that are no strings",
                with_ops("1,", 7500),
                P::KeyOps,
            ),
            row("8000 arrays deep", nested(8000), missing),
            row(
                "100,000 arrays deep",
                nested(100_000),
                P::TooLong { max: KEY_CAP },
            ),
            row(
                "one over the cap",
                "{".repeat(KEY_CAP + 1),
                P::TooLong { max: KEY_CAP },
            ),
            row("10 MiB", " ".repeat(10 << 20), P::TooLong { max: KEY_CAP }),
        ],
        |json| PublicKey::from_jwk(text(json)),
    );
}

fn with_ops(operation: &str, count: usize) -> String {
    let genuine = public_jwk(P256_JWK);
    let operations = operation.repeat(count);
    swapped(
        &genuine,
        "{",
        &format!(r#"{{"key_ops":[{}],"#, operations.trim_end_matches(',')),
    )
}

fn numbered(count: usize) -> String {
    let members: Vec<_> = (0..count).map(|i| format!("\"{i:x}\":0")).collect();
    members.join(",")
}
