//! Sealed texts under `RSA-OAEP-256` and `ECDH-ES`.

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Algorithm, Error, HeaderProblem as H, KeyPair, Malformed, PrivateKeyOpener, PublicKeySealer,
};

use crate::{OPEN_MARGIN, Row, Table, base64url, header, malformed, swapped};

pub(crate) const P256_JWK: &str = include_str!("../data/p256.jwk.json");
pub(crate) const RSA_JWK: &str = include_str!("../data/rsa2048.jwk.json");
const PLAINTEXT: &[u8] = br#"{"secretAmount":4711}"#;
const EPK: &str = r#"{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#;

/// Whether this build can use private RSA keys on a backend.
pub(crate) fn private_rsa(backend: &Backend) -> bool {
    backend.name() == "aws-lc-rs" || cfg!(feature = "rust-crypto-private-rsa-timing-risk")
}

type Rows = Vec<(String, Vec<u8>, Error)>;

fn check(jwk: &str, rows: impl Fn(&str) -> Rows) {
    let mut table = Table::default();
    for backend in AVAILABLE {
        if jwk == RSA_JWK && !private_rsa(backend) {
            continue;
        }
        let pair = KeyPair::from_jwk_with_backend(jwk, backend).unwrap();
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let genuine = sealer.seal(PLAINTEXT).unwrap();
        let opener = PrivateKeyOpener::new(pair);
        table.control("the genuine text", opener.open(&genuine));
        for (name, input, expected) in rows(&genuine) {
            let row = Row {
                name: &format!("{name} on {}", backend.name()),
                input: &input,
                expected,
                secrets: &[member(jwk, "d"), "secretAmount"],
                peak: 2 * input.len() + OPEN_MARGIN,
            };
            table.row(&row, || opener.open(&input));
        }
        let small = opener.with_max_sealed_len(genuine.len() - 1);
        let (asked, _) = crate::memory::measure(|| small.open(&genuine).map(|_| ()));
        assert_eq!(asked.count, 0, "beyond the cap");
    }
    table.finish();
}

/// The text of a JWK's member.
pub(crate) fn member<'a>(jwk: &'a str, name: &str) -> &'a str {
    let (_, rest) = jwk.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split_once('"').unwrap().0
}

/// A text with one of its parts replaced.
fn with_part(text: &str, index: usize, part: &str) -> Vec<u8> {
    let mut parts: Vec<&str> = text.split('.').collect();
    parts[index] = part;
    parts.join(".").into_bytes()
}

fn with_header(text: &str, json: &str) -> Vec<u8> {
    with_part(text, 0, &base64url(json))
}

fn agreement(epk: &str, more: &str) -> String {
    format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","epk":{epk}{more}}}"#)
}

/// The text of `dir` in a header, and of the two others with what they need.
fn headers() -> [(Algorithm, String); 3] {
    [
        (
            Algorithm::Dir,
            r#"{"enc":"A256GCM","alg":"dir"}"#.to_owned(),
        ),
        (
            Algorithm::RsaOaep256,
            r#"{"enc":"A256GCM","alg":"RSA-OAEP-256"}"#.to_owned(),
        ),
        (Algorithm::EcdhEs, agreement(EPK, "")),
    ]
}

fn confusions(genuine: &str, needed: Algorithm) -> Rows {
    headers()
        .into_iter()
        .filter(|(found, _)| *found != needed)
        .map(|(found, json)| {
            let problem = H::AlgorithmMismatch { needed, found };
            (
                format!("a header of {found}"),
                with_header(genuine, &json),
                header(problem),
            )
        })
        .collect()
}

#[test]
fn hostile_texts_for_an_rsa_key() {
    check(RSA_JWK, |genuine| {
        let mut rows = confusions(genuine, Algorithm::RsaOaep256);
        let key =
            |name: &str, part: &str, error| (name.to_owned(), with_part(genuine, 1, part), error);
        let own = genuine.split('.').nth(1).unwrap();
        let not_base64url = malformed(Malformed::NotBase64url {
            part: "encrypted key",
        });
        rows.extend([
            key("no encrypted key", "", Error::OpenFailed),
            key("an encrypted key of 1 byte", "AA", Error::OpenFailed),
            key("of 255 bytes", &base64url([1; 255]), Error::OpenFailed),
            key("of 257 bytes", &base64url([1; 257]), Error::OpenFailed),
            key("of 256 zeros", &base64url([0; 256]), Error::OpenFailed),
            key(
                "a one",
                &base64url([&[0; 255][..], &[1]].concat()),
                Error::OpenFailed,
            ),
            key(
                "above the modulus",
                &base64url([255; 256]),
                Error::OpenFailed,
            ),
            key("the modulus", member(RSA_JWK, "n"), Error::OpenFailed),
            key(
                "a zero byte before it",
                &base64url([&[0][..], &decoded(own)].concat()),
                Error::OpenFailed,
            ),
            key("of 5 MB", &"A".repeat(5_000_000), Error::OpenFailed),
            key("padded", &format!("{own}=="), not_base64url.clone()),
            key("of 5 characters", "AAAAA", not_base64url.clone()),
            key("with a blank", &format!(" {}", &own[1..]), not_base64url),
            (
                "a dot inside".to_owned(),
                with_part(genuine, 1, "AA.AA"),
                malformed(Malformed::PartCount { found: 6 }),
            ),
            (
                "another tag".to_owned(),
                with_part(genuine, 4, "AAAAAAAAAAAAAAAAAAAAAA"),
                Error::OpenFailed,
            ),
            (
                "another vector".to_owned(),
                with_part(genuine, 2, "AAAAAAAAAAAAAAAA"),
                Error::OpenFailed,
            ),
            (
                "a kid in the header".to_owned(),
                with_header(
                    genuine,
                    r#"{"enc":"A256GCM","alg":"RSA-OAEP-256","kid":"1"}"#,
                ),
                Error::OpenFailed,
            ),
            (
                "RSA1_5".to_owned(),
                with_header(genuine, r#"{"enc":"A256GCM","alg":"RSA1_5"}"#),
                header(H::UnknownAlgorithm),
            ),
            (
                "RSA-OAEP".to_owned(),
                with_header(genuine, r#"{"enc":"A256GCM","alg":"RSA-OAEP"}"#),
                header(H::UnknownAlgorithm),
            ),
            (
                "zip".to_owned(),
                with_header(
                    genuine,
                    r#"{"enc":"A256GCM","alg":"RSA-OAEP-256","zip":"DEF"}"#,
                ),
                header(H::Compressed),
            ),
        ]);
        for len in [0, 16, 24, 31, 33, 64] {
            if let Some(wrapped) = wrapped(len) {
                rows.push(key(
                    &format!("a wrapped key of {len} bytes"),
                    &wrapped,
                    Error::OpenFailed,
                ));
            }
        }
        rows
    });
}

#[test]
fn hostile_texts_for_a_p256_key() {
    let epk = |from: &str, to: &str| agreement(&swapped(EPK, from, to), "");
    let (x, y) = (member(EPK, "x"), member(EPK, "y"));
    let zero = "A".repeat(43);
    let d = format!(r#","d":"{zero}"}}"#);
    let invalid = |member| header(H::Invalid { member });
    let long = base64url([1; 33]);
    let deep = "[".repeat(2500) + &"]".repeat(2500);
    let both_zero = EPK.replace(x, &zero).replace(y, &zero);
    let rsa_epk = format!(
        r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#,
        member(RSA_JWK, "n")
    );
    let json: Vec<(&str, String, Error)> = vec![
        (
            "no epk",
            r#"{"alg":"ECDH-ES","enc":"A256GCM"}"#.into(),
            header(H::Missing { member: "epk" }),
        ),
        ("epk null", agreement("null", ""), invalid("epk")),
        ("epk a number", agreement("7", ""), invalid("epk")),
        ("epk a string", agreement(r#""key""#, ""), invalid("epk")),
        (
            "epk a JWK in a string",
            agreement(&format!("{EPK:?}"), ""),
            invalid("epk"),
        ),
        (
            "epk an array",
            agreement(&format!("[{EPK}]"), ""),
            invalid("epk"),
        ),
        ("epk 2500 arrays deep", agreement(&deep, ""), invalid("epk")),
        ("epk without members", agreement("{}", ""), invalid("epk")),
        (
            "epk of almost 6 KiB",
            epk(x, &"A".repeat(5900)),
            invalid("epk"),
        ),
        (
            "epk of 100 KiB",
            epk(x, &"A".repeat(100 << 10)),
            header(H::TooLong { max: 8192 }),
        ),
        (
            "epk with x of 31 bytes",
            epk(x, &base64url([1; 31])),
            invalid("epk"),
        ),
        ("epk with x of 33 bytes", epk(x, &long), invalid("epk")),
        (
            "epk without y",
            epk(&format!(r#","y":"{y}""#), ""),
            invalid("epk"),
        ),
        ("epk with x for y", epk(y, x), invalid("epk")),
        ("epk off the curve", epk(&y[..5], "AAAAA"), invalid("epk")),
        ("epk zero", agreement(&both_zero, ""), invalid("epk")),
        ("epk with y zero", epk(y, &zero), invalid("epk")),
        ("epk on P-384", epk("P-256", "P-384"), invalid("epk")),
        (
            "epk on secp256k1",
            epk("P-256", "secp256k1"),
            invalid("epk"),
        ),
        (
            "epk on X25519",
            agreement(&format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#), ""),
            invalid("epk"),
        ),
        ("epk of RSA", agreement(&rsa_epk, ""), invalid("epk")),
        (
            "epk oct",
            agreement(r#"{"kty":"oct","k":"AAAA"}"#, ""),
            invalid("epk"),
        ),
        ("epk private", epk("}", &d), invalid("epk")),
        (
            "epk with d a number",
            epk("}", r#","d":1}"#),
            invalid("epk"),
        ),
        (
            "epk with x twice",
            epk("}", &format!(r#","x":"{x}"}}"#)),
            invalid("epk"),
        ),
        (
            "epk with x twice, once with an escape",
            epk("}", &format!(r#","\u0078":"{x}"}}"#)),
            invalid("epk"),
        ),
        (
            "epk for signatures",
            epk("}", r#","use":"sig"}"#),
            invalid("epk"),
        ),
        (
            "epk of another alg",
            epk("}", r#","alg":"ECDH-ES+A256KW"}"#),
            invalid("epk"),
        ),
        (
            "epk twice",
            agreement(EPK, &format!(r#","epk":{EPK}"#)),
            header(H::DuplicateMember),
        ),
        (
            "apu a number",
            agreement(EPK, r#","apu":1"#),
            invalid("apu"),
        ),
        ("apu null", agreement(EPK, r#","apu":null"#), invalid("apu")),
        (
            "apu not base64url",
            agreement(EPK, r#","apu":"Alice!""#),
            invalid("apu"),
        ),
        (
            "apu in the standard alphabet",
            agreement(EPK, r#","apu":"+/8""#),
            invalid("apu"),
        ),
        (
            "apu padded",
            agreement(EPK, r#","apu":"QQ==""#),
            invalid("apu"),
        ),
        (
            "apu with unused bits",
            agreement(EPK, r#","apu":"QR""#),
            invalid("apu"),
        ),
        (
            "apu of 1025 bytes",
            agreement(EPK, &format!(r#","apu":"{}""#, base64url([0; 1025]))),
            invalid("apu"),
        ),
        (
            "apv of 1025 bytes",
            agreement(EPK, &format!(r#","apv":"{}""#, base64url([0; 1025]))),
            invalid("apv"),
        ),
        (
            "apv an object",
            agreement(EPK, r#","apv":{}"#),
            invalid("apv"),
        ),
        (
            "apv of 5 characters",
            agreement(EPK, r#","apv":"QQQQQ""#),
            invalid("apv"),
        ),
        (
            "apv twice",
            agreement(EPK, r#","apv":"QQ","apv":"QQ""#),
            header(H::DuplicateMember),
        ),
        ("another epk", agreement(EPK, ""), Error::OpenFailed),
        (
            "another apu",
            agreement(EPK, r#","apu":"QQ""#),
            Error::OpenFailed,
        ),
        (
            "zip",
            agreement(EPK, r#","zip":"DEF""#),
            header(H::Compressed),
        ),
        (
            "crit",
            agreement(EPK, r#","crit":["apu"]"#),
            header(H::Critical),
        ),
        (
            "ECDH-ES+A256KW",
            swapped(&agreement(EPK, ""), "ECDH-ES", "ECDH-ES+A256KW"),
            header(H::UnknownAlgorithm),
        ),
        (
            "ECDH-ES, A128GCM",
            swapped(&agreement(EPK, ""), "A256GCM", "A128GCM"),
            header(H::UnknownEncryption),
        ),
    ];
    check(P256_JWK, |genuine| {
        let mut rows = confusions(genuine, Algorithm::EcdhEs);
        rows.extend(json.iter().map(|(name, json, error)| {
            (
                (*name).to_owned(),
                with_header(genuine, json),
                error.clone(),
            )
        }));
        let length = Malformed::PartLength {
            part: "encrypted key",
            found: 54,
            needed: 0,
        };
        rows.push((
            "an encrypted key".into(),
            with_part(genuine, 1, &base64url([1; 40])),
            malformed(length),
        ));
        rows.push((
            "another tag".into(),
            with_part(genuine, 4, "AAAAAAAAAAAAAAAAAAAAAA"),
            Error::OpenFailed,
        ));
        rows
    });
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap()
}

/// Correct OAEP of a key of the wrong length: it unwraps, and is not a key.
#[cfg(feature = "aws-lc-rs")]
fn wrapped(len: usize) -> Option<String> {
    use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
    let spki = crate::der_of(include_str!("../data/rsa2048.pub.pem"));
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&spki).unwrap()).unwrap();
    let mut wrapped = [0; 256];
    key.encrypt(&OAEP_SHA256_MGF1SHA256, &vec![7; len], &mut wrapped, None)
        .unwrap();
    Some(base64url(wrapped))
}

#[cfg(not(feature = "aws-lc-rs"))]
fn wrapped(_len: usize) -> Option<String> {
    None
}
