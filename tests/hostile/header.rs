//! Protected headers under `dir`. Each text is genuine under its header: the tag matches, so only the header can be
//! the reason to refuse it.

use bankezy_crypto::{Algorithm, Error, HeaderProblem as H};

use crate::dir::{DIR, KEY, PLAINTEXT, check, cipher, sealed, sealed_as};
use crate::public_keys::public_jwk;
use crate::recipients::P256_JWK;
use crate::{Table, base64url, header};

const MAX: usize = 8 * 1024;

fn json(name: &'static str, json: impl AsRef<[u8]>, problem: H) -> (&'static str, Vec<u8>, Error) {
    (name, sealed(json).into_bytes(), header(problem))
}

/// `{"enc":"A256GCM","alg":"dir",…}`
fn with(member: &str) -> String {
    format!(r#"{{"enc":"A256GCM","alg":"dir",{member}}}"#)
}

#[test]
fn headers_that_are_no_json_object_are_refused() {
    let n = H::NotJsonObject;
    let raw = |name, text: &str, problem| {
        (
            name,
            sealed_as(text, &KEY, PLAINTEXT).into_bytes(),
            header(problem),
        )
    };
    check(vec![
        json("nothing", "", n),
        json("a NUL", "\0", n),
        json("null", "null", n),
        json("a number", "1", n),
        json("a string", r#""dir""#, n),
        json("an array", r#"["dir","A256GCM"]"#, n),
        json("cut short", r#"{"enc":"A256GCM","alg":"dir""#, n),
        json("cut inside a string", r#"{"enc":"A256GCM","alg":"di"#, n),
        json("a comma too much", r#"{"enc":"A256GCM","alg":"dir",}"#, n),
        json("two objects", format!("{DIR}{DIR}"), n),
        json("something after it", format!("{DIR}x"), n),
        json("a NUL after it", format!("{DIR}\0"), n),
        json("a byte order mark", format!("\u{feff}{DIR}"), n),
        json("single quotes", "{'enc':'A256GCM','alg':'dir'}", n),
        json("a comment", format!("/**/{DIR}"), n),
        json(
            "not UTF-8 in a value",
            b"{\"enc\":\"A256GCM\",\"alg\":\"dir\",\"x\":\"\xff\"}",
            n,
        ),
        json(
            "not UTF-8 in a name",
            b"{\"enc\":\"A256GCM\",\"alg\":\"dir\",\"\xc0\x80\":1}",
            n,
        ),
        json(
            "UTF-16",
            DIR.encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect::<Vec<_>>(),
            n,
        ),
        json("a control character in a string", with("\"x\":\"\n\""), n),
        json("half a surrogate pair in a name", with(r#""\ud800":1"#), n),
        json("NaN", with(r#""x":NaN"#), n),
        json("brackets that do not match", with(r#""x":[[[}]]]"#), n),
        json(
            "6000 open brackets",
            with(&format!(r#""x":{}"#, "[".repeat(6000))),
            n,
        ),
        raw("not base64url", "{\"enc\":\"A256GCM\"}", H::NotBase64url),
        raw("a length that nothing has", "eyJ9A", H::NotBase64url),
        raw("standard alphabet", "eyJ+/w", H::NotBase64url),
        raw("percent signs", "eyJ%3D", H::NotBase64url),
    ]);
}

#[test]
fn members_outside_the_profile_are_refused() {
    let alg = |value: &str| format!(r#"{{"enc":"A256GCM","alg":{value}}}"#);
    let enc = |value: &str| format!(r#"{{"enc":{value},"alg":"dir"}}"#);
    let invalid = |member| H::Invalid { member };
    let missing = |member| H::Missing { member };
    let mut rows = vec![
        json("no member", "{}", missing("alg")),
        json("no alg", r#"{"enc":"A256GCM"}"#, missing("alg")),
        json("no enc", r#"{"alg":"dir"}"#, missing("enc")),
        json("Alg", r#"{"enc":"A256GCM","Alg":"dir"}"#, missing("alg")),
        json("alg null", alg("null"), invalid("alg")),
        json("alg a number", alg("1"), invalid("alg")),
        json("alg true", alg("true"), invalid("alg")),
        json("alg an array", alg(r#"["dir"]"#), invalid("alg")),
        json("alg an object", alg(r#"{"dir":1}"#), invalid("alg")),
        json(
            "alg with half a surrogate pair",
            alg(r#""\ud800""#),
            invalid("alg"),
        ),
        json("enc null", enc("null"), invalid("enc")),
        json("enc a number", enc("256"), invalid("enc")),
        json("enc an array", enc(r#"["A256GCM"]"#), invalid("enc")),
        json("zip DEF", with(r#""zip":"DEF""#), H::Compressed),
        json("zip null", with(r#""zip":null"#), H::Compressed),
        json(
            "zip spelt with an escape",
            with(r#""z\u0069p":"DEF""#),
            H::Compressed,
        ),
        json("crit", with(r#""crit":["exp"],"exp":1"#), H::Critical),
        json("crit empty", with(r#""crit":[]"#), H::Critical),
        json("crit null", with(r#""crit":null"#), H::Critical),
        json(
            "crit before zip",
            with(r#""zip":"DEF","crit":["b64"]"#),
            H::Critical,
        ),
        json(
            "crit in a header with an unknown alg",
            r#"{"alg":"x","crit":["x"]}"#,
            H::Critical,
        ),
        json("alg twice", with(r#""alg":"dir""#), H::DuplicateMember),
        json("enc twice", with(r#""enc":"none""#), H::DuplicateMember),
        json(
            "alg twice, once with an escape",
            with(r#""\u0061lg":"none""#),
            H::DuplicateMember,
        ),
        json(
            "enc twice, all escapes",
            with(r#""\u0065\u006E\u0063":1"#),
            H::DuplicateMember,
        ),
        json(
            "an unknown member twice",
            with(r#""x":1,"x":1"#),
            H::DuplicateMember,
        ),
        json(
            "an empty name twice",
            with(r#""":1,"":2"#),
            H::DuplicateMember,
        ),
        json(
            "62 more members, two alike",
            with(&members(62, 61)),
            H::DuplicateMember,
        ),
        json("63 more members", with(&members(63, 63)), H::TooManyMembers),
        json(
            "700 members, two alike late",
            with(&members(700, 699)),
            H::TooManyMembers,
        ),
    ];
    for name in [
        "none",
        "",
        "DIR",
        "Dir",
        "dir ",
        " dir",
        "dir\\u0000",
        "RSA1_5",
        "RSA-OAEP",
        "RSA-OAEP-384",
        "RSA-OAEP-512",
        "rsa-oaep-256",
        "ECDH-ES+A128KW",
        "ECDH-ES+A256KW",
        "A128KW",
        "A256KW",
        "A256GCMKW",
        "PBES2-HS256+A128KW",
        "HS256",
        "RS256",
        "ECDH-1PU",
        "A256GCM",
    ] {
        rows.push(json(
            "an alg that is not",
            alg(&format!("\"{name}\"")),
            H::UnknownAlgorithm,
        ));
    }
    for name in [
        "none",
        "",
        "a256gcm",
        "A256GCM ",
        "A128GCM",
        "A192GCM",
        "A256CBC-HS512",
        "A128CBC-HS256",
        "C20P",
        "XC20P",
        "dir",
    ] {
        rows.push(json(
            "an enc that is not",
            enc(&format!("\"{name}\"")),
            H::UnknownEncryption,
        ));
    }
    check(rows);
}

#[test]
fn headers_of_other_keys_are_refused() {
    let mismatch = |found| H::AlgorithmMismatch {
        needed: Algorithm::Dir,
        found,
    };
    let alg = |name: &str, more: &str| format!(r#"{{"enc":"A256GCM","alg":"{name}"{more}}}"#);
    check(vec![
        json(
            "of an RSA key",
            alg("RSA-OAEP-256", ""),
            mismatch(Algorithm::RsaOaep256),
        ),
        json(
            "of a P-256 key",
            alg("ECDH-ES", &format!(r#","epk":{}"#, public_jwk(P256_JWK))),
            mismatch(Algorithm::EcdhEs),
        ),
    ]);
}

#[test]
fn headers_beyond_their_cap_are_refused() {
    let text = |name, encoded: String| {
        (
            name,
            sealed_as(&encoded, &KEY, PLAINTEXT).into_bytes(),
            header(H::TooLong { max: MAX }),
        )
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(vec![
        text("one over the cap", "A".repeat(MAX + 1)),
        text("5 MiB of no base64url", "=".repeat(5 << 20)),
        text(
            "100,000 arrays in an unknown member",
            base64url(with(&format!(r#""x":{}"#, nested(100_000)))),
        ),
        text(
            "100,000 arrays in epk",
            base64url(with(&format!(r#""epk":{}"#, nested(100_000)))),
        ),
        text(
            "100,000 objects",
            base64url(with(&format!(
                r#""x":{}1{}"#,
                r#"{"a":"#.repeat(100_000),
                "}".repeat(100_000)
            ))),
        ),
    ]);
}

#[test]
fn unusual_headers_of_the_profile_open() {
    let mut table = Table::default();
    let deep = format!(r#""x":{}{}"#, "[".repeat(3000), "]".repeat(3000));
    let mut longest = with(r#""x":1"#);
    // The cap is in characters of base64url.
    longest.push_str(&" ".repeat(MAX / 4 * 3 - longest.len()));
    for backend in bankezy_crypto::backend::AVAILABLE {
        let cipher = cipher(backend);
        for (name, json) in [
            (
                "white space",
                "\r\n{ \"enc\" :\t\"A256GCM\", \"alg\":\"dir\" } ".to_owned(),
            ),
            (
                "escapes",
                r#"{"\u0065nc":"A256\u0047CM","alg":"d\u0069r"}"#.to_owned(),
            ),
            (
                "kid, cty and typ",
                with(r#""kid":"1","cty":"json","typ":"JWE""#),
            ),
            (
                "an epk that nobody asked for",
                with(r#""epk":{"kty":"EC"}"#),
            ),
            ("64 members", with(&members(62, 62))),
            ("as long as the cap", longest.clone()),
            ("3000 arrays in an unknown member", with(&deep)),
            ("a number beyond all", with(r#""x":1e999999"#)),
            (
                "the same name at two depths",
                with(r#""x":{"alg":"none","zip":1}"#),
            ),
        ] {
            let opened = cipher.open(sealed(json));
            table.control(
                name,
                opened.map(|opened| assert_eq!(opened.as_bytes(), PLAINTEXT)),
            );
        }
    }
    table.finish();
}

/// That many, of so many names.
fn members(count: usize, names: usize) -> String {
    let members: Vec<_> = (0..count)
        .map(|i| format!("\"{:x}\":0", i % names))
        .collect();
    members.join(",")
}
