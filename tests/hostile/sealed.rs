//! Sealed texts under `dir`: their form, their size, and what does not decrypt. The header has a table of its own.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Error, Inspection, Malformed as M};

use crate::dir::{
    CIPHERTEXT, DIR, ENCRYPTED_KEY, HEADER, IV, KEY, KEY_TEXTS, PLAINTEXT, TAG, check, cipher,
    not_base64url, part_length, sealed, sealed_as, with_part, with_trailing_bits,
};
use crate::{CAP, Row, Table, base64url, header, malformed, memory};

#[test]
fn texts_of_another_form_are_refused() {
    let genuine = sealed(DIR);
    let parts = |found| malformed(M::PartCount { found });
    let header_text = || header(bankezy_crypto::HeaderProblem::NotBase64url);
    let with = |from: &str, to: &str| crate::swapped(&genuine, from, to).into_bytes();
    check(vec![
        ("empty", vec![], malformed(M::Empty)),
        ("blanks", b" \t\r\n ".to_vec(), malformed(M::Empty)),
        ("a NUL", vec![0], parts(1)),
        ("one letter", b"A".to_vec(), parts(1)),
        ("clear JSON", PLAINTEXT.to_vec(), malformed(M::ClearJson)),
        (
            "clear JSON, indented",
            b"\n  {\"a\": 1.5}".to_vec(),
            malformed(M::ClearJson),
        ),
        (
            "clear JSON with 4 dots",
            br#"{"a":"1.2.3.4.5"}"#.to_vec(),
            malformed(M::ClearJson),
        ),
        (
            "a clear JSON array",
            b"[1]".to_vec(),
            malformed(M::ClearJson),
        ),
        (
            "flattened JSON serialisation",
            json_serialisation(&genuine, false),
            malformed(M::ClearJson),
        ),
        (
            "general JSON serialisation",
            json_serialisation(&genuine, true),
            malformed(M::ClearJson),
        ),
        (
            "an HTML page",
            b"<html><body>502 Bad Gateway</body></html>".to_vec(),
            parts(1),
        ),
        ("not UTF-8", vec![0xff, 0xfe, 0xfd], parts(1)),
        (
            "a JWS of 3 parts",
            b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln".to_vec(),
            parts(3),
        ),
        (
            "with Bearer before it",
            format!("Bearer {genuine}").into_bytes(),
            header_text(),
        ),
        (
            "in quotes",
            format!("\"{genuine}\"").into_bytes(),
            not_base64url(TAG),
        ),
        (
            "4 parts",
            genuine.rsplit_once('.').unwrap().0.into(),
            parts(4),
        ),
        ("6 parts", format!("{genuine}.").into_bytes(), parts(6)),
        (
            "6 parts, the first empty",
            format!(".{genuine}").into_bytes(),
            parts(6),
        ),
        (
            "a dot inside the ciphertext",
            with_part(3, |c| format!("{}.{}", &c[..3], &c[4..])),
            parts(6),
        ),
        (
            "4 dots inside the ciphertext",
            with_part(3, |c| format!("....{}", &c[4..])),
            parts(9),
        ),
        ("5000 parts", "AAAA.".repeat(4999).into_bytes(), parts(5000)),
        (
            "dots alone",
            vec![b'.'; 4],
            header(bankezy_crypto::HeaderProblem::NotJsonObject),
        ),
        ("8 MiB of dots", vec![b'.'; CAP], parts(CAP + 1)),
        (
            "two texts in a row",
            format!("{genuine}{genuine}").into_bytes(),
            parts(9),
        ),
        (
            "two texts on two lines",
            format!("{genuine}\n{genuine}").into_bytes(),
            parts(9),
        ),
        (
            "no header",
            with_part(0, |_| String::new()),
            header(bankezy_crypto::HeaderProblem::NotJsonObject),
        ),
        (
            "an encrypted key of 4 characters",
            with_part(1, |_| "AAAA".into()),
            part_length(ENCRYPTED_KEY, 4, 0),
        ),
        (
            "an encrypted key of 342",
            with_part(1, |_| "A".repeat(342)),
            part_length(ENCRYPTED_KEY, 342, 0),
        ),
        (
            "an encrypted key of 6 MB",
            with_part(1, |_| "A".repeat(6_000_000)),
            part_length(ENCRYPTED_KEY, 6_000_000, 0),
        ),
        (
            "an encrypted key that is a blank",
            with_part(1, |_| " ".into()),
            part_length(ENCRYPTED_KEY, 1, 0),
        ),
        (
            "no initialization vector",
            with_part(2, |_| String::new()),
            part_length(IV, 0, 16),
        ),
        (
            "one of 11 bytes",
            with_part(2, |_| base64url([1; 11])),
            part_length(IV, 15, 16),
        ),
        (
            "one of 13 bytes",
            with_part(2, |_| base64url([1; 13])),
            part_length(IV, 18, 16),
        ),
        (
            "one of 16 bytes",
            with_part(2, |_| base64url([1; 16])),
            part_length(IV, 22, 16),
        ),
        (
            "no ciphertext",
            with_part(3, |_| String::new()),
            Error::OpenFailed,
        ),
        (
            "a ciphertext of 1 character",
            with_part(3, |_| "A".into()),
            not_base64url(CIPHERTEXT),
        ),
        (
            "a ciphertext of 5 characters",
            with_part(3, |_| "AAAAA".into()),
            not_base64url(CIPHERTEXT),
        ),
        (
            "no tag",
            with_part(4, |_| String::new()),
            part_length(TAG, 0, 22),
        ),
        (
            "a tag of 15 bytes",
            with_part(4, |_| base64url([1; 15])),
            part_length(TAG, 20, 22),
        ),
        (
            "a tag of 12 bytes, as GCM allows",
            with_part(4, |_| base64url([1; 12])),
            part_length(TAG, 16, 22),
        ),
        (
            "a tag of 4 bytes",
            with_part(4, |_| base64url([1; 4])),
            part_length(TAG, 6, 22),
        ),
        (
            "a tag of 17 bytes",
            with_part(4, |_| base64url([1; 17])),
            part_length(TAG, 23, 22),
        ),
        (
            "a blank before it",
            format!(" {genuine}").into_bytes(),
            header_text(),
        ),
        (
            "a line feed after it",
            format!("{genuine}\n").into_bytes(),
            not_base64url(TAG),
        ),
        (
            "a NUL after it",
            format!("{genuine}\0").into_bytes(),
            not_base64url(TAG),
        ),
        (
            "a byte order mark before it",
            format!("\u{feff}{genuine}").into_bytes(),
            header_text(),
        ),
        ("dots of another script", with(".", "\u{3002}"), parts(4)),
        (
            "UTF-16",
            genuine.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            not_base64url(ENCRYPTED_KEY),
        ),
    ]);
}

/// Under another `enc` the lengths differ too: the error names the header, which is the cause.
#[test]
fn a_header_out_of_profile_is_named_before_lengths() {
    use bankezy_crypto::HeaderProblem as H;
    let text = |json: &str, iv: usize, tag: usize| {
        let [head, iv, text, tag] = [
            json.as_bytes(),
            &vec![1; iv],
            b"0123456789abcdef",
            &vec![2; tag],
        ]
        .map(base64url);
        format!("{head}..{iv}.{text}.{tag}").into_bytes()
    };
    let cbc = r#"{"alg":"dir","enc":"A256CBC-HS512"}"#;
    check(vec![
        (
            "A256CBC-HS512",
            text(cbc, 16, 32),
            header(H::UnknownEncryption),
        ),
        (
            "a vector of GCM",
            text(cbc, 12, 32),
            header(H::UnknownEncryption),
        ),
        (
            "a tag of GCM",
            text(cbc, 16, 16),
            header(H::UnknownEncryption),
        ),
        (
            "another alg",
            text(r#"{"alg":"A256KW","enc":"A256CBC-HS512"}"#, 16, 32),
            header(H::UnknownAlgorithm),
        ),
        (
            "compressed",
            text(r#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#, 16, 32),
            header(H::Compressed),
        ),
        ("in profile", text(DIR, 16, 16), part_length(IV, 22, 16)),
        (
            "in profile, a tag of 32",
            text(DIR, 12, 32),
            part_length(TAG, 43, 22),
        ),
    ]);
}

type Change = fn(&str) -> String;

#[test]
fn parts_that_are_not_canonical_base64url_are_refused() {
    let header_text = || header(bankezy_crypto::HeaderProblem::NotBase64url);
    let changes: [(&str, Change); 7] = [
        ("padded", |part| {
            format!("{part}{}", "=".repeat(4 - part.len() % 4))
        }),
        ("padded in excess", |part| format!("{part}====")),
        ("in the standard alphabet", |part| {
            format!("+/{}", &part[2..])
        }),
        ("with a line feed inside", |part| {
            format!("{}\n{}", &part[..2], &part[3..])
        }),
        ("with a blank inside", |part| {
            format!("{} {}", &part[..2], &part[3..])
        }),
        ("with a NUL inside", |part| {
            format!("{}\0{}", &part[..2], &part[3..])
        }),
        ("with a letter beyond ASCII", |part| {
            format!("{}\u{e9}{}", &part[..2], &part[4..])
        }),
    ];
    let mut rows = Vec::new();
    for (index, part) in [HEADER, ENCRYPTED_KEY, IV, CIPHERTEXT, TAG]
        .into_iter()
        .enumerate()
    {
        for (name, change) in changes {
            // There is nothing in an encrypted key under `dir` to change, so one is put there.
            let input = match part {
                ENCRYPTED_KEY => with_part(index, |_| change("AAAAAA")),
                _ => with_part(index, change),
            };
            let expected = match part {
                HEADER => header_text(),
                ENCRYPTED_KEY => part_length(ENCRYPTED_KEY, change("AAAAAA").len(), 0),
                _ => not_base64url(part),
            };
            rows.push((format!("{part} {name}"), input, expected));
        }
    }
    let bits = with_trailing_bits;
    // An initialization vector of 12 bytes has no unused bits: one of 11 shows which check is first.
    let loose = sealed_as(&base64url(DIR), &KEY, b"12345");
    let (rest, tag) = loose.rsplit_once('.').unwrap();
    let (rest, ciphertext) = rest.rsplit_once('.').unwrap();
    rows.extend([
        (
            "unused bits in the header".into(),
            with_part(0, bits),
            header_text(),
        ),
        (
            "unused bits in the encrypted key".into(),
            with_part(1, |_| "AB".into()),
            part_length(ENCRYPTED_KEY, 2, 0),
        ),
        (
            "unused bits in the vector".into(),
            with_part(2, |_| bits("AAAAAAAAAAAAAAA")),
            not_base64url(IV),
        ),
        (
            "unused bits in the ciphertext".into(),
            format!("{rest}.{}.{tag}", bits(ciphertext)).into_bytes(),
            not_base64url(CIPHERTEXT),
        ),
        (
            "unused bits in the tag".into(),
            with_part(4, bits),
            not_base64url(TAG),
        ),
    ]);
    check(
        rows.iter()
            .map(|(name, input, error)| (name.as_str(), input.clone(), error.clone()))
            .collect(),
    );
}

#[test]
fn what_was_changed_or_sealed_otherwise_does_not_open() {
    let flip = |part: &str| {
        let first = if part.starts_with('A') { 'B' } else { 'A' };
        format!("{first}{}", &part[1..])
    };
    let dir = base64url(DIR);
    let swapped_members = base64url(r#"{"alg":"dir","enc":"A256GCM"}"#);
    check(vec![
        ("a changed vector", with_part(2, flip), Error::OpenFailed),
        (
            "a changed ciphertext",
            with_part(3, flip),
            Error::OpenFailed,
        ),
        ("a changed tag", with_part(4, flip), Error::OpenFailed),
        (
            "a tag of zeros",
            with_part(4, |_| base64url([0; 16])),
            Error::OpenFailed,
        ),
        (
            "a ciphertext cut short",
            with_part(3, |part| part[..4].into()),
            Error::OpenFailed,
        ),
        (
            "a ciphertext drawn out",
            with_part(3, |part| format!("AAAA{part}")),
            Error::OpenFailed,
        ),
        (
            "the same header in another order",
            with_part(0, |_| swapped_members.clone()),
            Error::OpenFailed,
        ),
        (
            "the same header with a blank",
            with_part(0, |_| base64url(DIR.replace(',', ", "))),
            Error::OpenFailed,
        ),
        (
            "the same header and a kid",
            with_part(0, |_| {
                base64url(r#"{"enc":"A256GCM","alg":"dir","kid":"1"}"#)
            }),
            Error::OpenFailed,
        ),
        (
            "another key",
            sealed_as(&dir, &[1; 32], PLAINTEXT).into_bytes(),
            Error::OpenFailed,
        ),
        (
            "the key of zeros",
            sealed_as(&dir, &[0; 32], PLAINTEXT).into_bytes(),
            Error::OpenFailed,
        ),
        (
            "6 MB of nothing",
            with_part(3, |_| "A".repeat(8_000_000)),
            Error::OpenFailed,
        ),
    ]);
}

#[test]
fn texts_beyond_the_cap_are_refused_before_anything_is_asked_for() {
    let too_long = |len, max| Error::SealedTooLong { len, max };
    let genuine = sealed(DIR);
    let long = |len: usize, fill: u8| {
        let mut text = genuine.clone().into_bytes();
        text.resize(len, fill);
        text
    };
    let rows = [
        ("one over the cap", long(CAP + 1, b'A'), CAP),
        ("100 MiB of a text", long(100 << 20, b'A'), CAP),
        ("100 MiB of dots", vec![b'.'; 100 << 20], CAP),
        ("100 MiB of blanks", vec![b' '; 100 << 20], CAP),
        ("100 MiB of clear JSON", vec![b'['; 100 << 20], CAP),
        (
            "a genuine text, one over a smaller cap",
            genuine.clone().into_bytes(),
            genuine.len() - 1,
        ),
        (
            "a genuine text under a cap of nothing",
            genuine.clone().into_bytes(),
            0,
        ),
    ];
    let mut table = Table::default();
    for backend in AVAILABLE {
        for (name, input, max) in &rows {
            let cipher = cipher(backend).with_max_sealed_len(*max);
            let (asked, found) = memory::measure(|| cipher.open(input).map(|_| ()));
            assert_eq!(found, Err(too_long(input.len(), *max)), "{name}");
            assert_eq!(asked.count, 0, "{name} on {}: {asked:?}", backend.name());
            let row = Row {
                name,
                input,
                expected: too_long(input.len(), *max),
                secrets: &KEY_TEXTS,
                peak: 0,
            };
            table.row(&row, || cipher.open(input));
        }
        let cipher = cipher(backend).with_max_sealed_len(genuine.len());
        table.control("exactly as long as the cap", cipher.open(&genuine));
    }
    let (asked, found) = memory::measure(|| Inspection::parse(&rows[1].1).map(|_| ()));
    assert_eq!((asked.count, found), (0, Err(too_long(100 << 20, CAP))));
    table.finish();
}

/// RFC 7516 section 7.2.
fn json_serialisation(compact: &str, general: bool) -> Vec<u8> {
    let parts: Vec<&str> = compact.split('.').collect();
    let recipients = if general { r#""recipients":[{}],"# } else { "" };
    format!(
        r#"{{{recipients}"protected":"{}","iv":"{}","ciphertext":"{}","tag":"{}"}}"#,
        parts[0], parts[2], parts[3], parts[4]
    )
    .into_bytes()
}
