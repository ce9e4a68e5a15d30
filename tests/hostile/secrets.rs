//! Payload secrets of the wrong length or in another encoding than the one that was named.

use bankezy_crypto::{Error, PayloadSecret};

use crate::{KEY_MARGIN, Row, Table};

/// 32 bytes whose base64 and base64url differ: 0xfb 0xef 0xbe and so on.
const BYTES: [u8; 32] = [0xfb; 32];
const BASE64: &str = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s";
const BASE64URL: &str = "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";
const HEX: &str = "fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb";

type Reader = fn(&str) -> Result<PayloadSecret, Error>;

fn check(reader: Reader, rows: &[(&str, String, Error)]) {
    let mut table = Table::default();
    for (name, input, expected) in rows {
        let row = Row {
            name,
            input: input.as_bytes(),
            expected: expected.clone(),
            secrets: if input.len() > 8 { &[input] } else { &[] },
            peak: input.len() + KEY_MARGIN,
        };
        table.row(&row, || reader(input));
    }
    table.finish();
}

fn length(found: usize) -> Error {
    Error::SecretLength { found }
}

fn encoding(expected: &'static str) -> Error {
    Error::SecretEncoding { expected }
}

#[test]
fn the_same_secret_in_every_encoding_is_read() {
    let genuine = PayloadSecret::from_bytes(&BYTES).unwrap();
    for read in [
        PayloadSecret::from_base64(BASE64),
        PayloadSecret::from_base64(&format!("{BASE64}=")),
        PayloadSecret::from_base64url(BASE64URL),
        PayloadSecret::from_base64url(&format!("{BASE64URL}=")),
        PayloadSecret::from_hex(HEX),
        PayloadSecret::from_hex(&HEX.to_uppercase()),
    ] {
        assert_eq!(read.unwrap(), genuine);
    }
}

#[test]
fn a_byte_order_mark_is_named() {
    let readers: [(Reader, &str); 3] = [
        (PayloadSecret::from_base64, BASE64),
        (PayloadSecret::from_base64url, BASE64URL),
        (PayloadSecret::from_hex, HEX),
    ];
    for (read, text) in readers {
        let error = read(&format!("\u{feff}{text}")).unwrap_err();
        assert_eq!(error, Error::SecretByteOrderMark);
    }
}

/// As editors end a file, and as `base64` and `xxd -p` fold.
#[test]
fn line_ends_and_blanks_at_the_ends_are_ignored() {
    let genuine = PayloadSecret::from_bytes(&BYTES).unwrap();
    let readers: [(Reader, String); 5] = [
        (PayloadSecret::from_base64, BASE64.to_owned()),
        (PayloadSecret::from_base64, format!("{BASE64}=")),
        (PayloadSecret::from_base64url, BASE64URL.to_owned()),
        (PayloadSecret::from_base64url, format!("{BASE64URL}=")),
        (PayloadSecret::from_hex, HEX.to_owned()),
    ];
    for (read, text) in readers {
        for end in ["\n", "\r\n", "\r"] {
            let folded = |by: usize| {
                let lines = text.as_bytes().chunks(by);
                let lines: Vec<_> = lines.map(|line| str::from_utf8(line).unwrap()).collect();
                lines.join(end)
            };
            for text in [
                format!("{text}{end}"),
                format!("{end}{text}{end}{end}"),
                format!(" \t{text} {end}"),
                format!("{text}{end} "),
                folded(20),
                folded(20) + end,
                folded(1),
            ] {
                let found = read(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
                assert_eq!(found, genuine, "{text:?}");
            }
        }
    }
}

#[test]
fn a_line_end_after_the_characters_of_a_key_is_ignored() {
    let key = "k3y.with/dots-and 32 characters!";
    let genuine = PayloadSecret::from_bytes(key.as_bytes()).unwrap();
    for end in ["\n", "\r\n", "\r"] {
        let read = PayloadSecret::from_raw_str(&format!("{key}{end}"));
        assert_eq!(read.unwrap(), genuine, "{end:?}");
    }
    // 32 bytes are the key, whatever they are.
    for key in ["\n".repeat(32), "k".repeat(31) + "\n"] {
        let genuine = PayloadSecret::from_bytes(key.as_bytes()).unwrap();
        assert_eq!(PayloadSecret::from_raw_str(&key).unwrap(), genuine);
    }
}

#[test]
fn hostile_base64() {
    let invalid = || encoding("base64");
    check(
        PayloadSecret::from_base64,
        &[
            ("empty", String::new(), length(0)),
            ("31 bytes", "A".repeat(42), length(31)),
            ("31 bytes, padded", "A".repeat(42) + "==", length(31)),
            ("33 bytes", "A".repeat(44), length(33)),
            ("16 bytes, an AES-128 key", "A".repeat(22), length(16)),
            ("64 bytes", "A".repeat(86), length(64)),
            ("base64url", BASE64URL.into(), invalid()),
            (
                "hex of 32 bytes, which is base64 of 48",
                HEX.into(),
                length(48),
            ),
            ("padded in excess", format!("{BASE64}=="), invalid()),
            ("padding before", format!("={BASE64}"), invalid()),
            ("unused bits", BASE64.replace("+/s", "+/t"), invalid()),
            ("cut by one", BASE64[..42].into(), invalid()),
            ("41 characters", BASE64[..41].into(), invalid()),
            ("line ends alone", "\r\n".repeat(30), length(0)),
            (
                "a blank inside",
                format!("{} {}", &BASE64[..20], &BASE64[20..]),
                invalid(),
            ),
            ("a NUL after it", format!("{BASE64}\0"), invalid()),
            ("in quotes", format!("\"{BASE64}\""), invalid()),
            (
                "a letter beyond ASCII",
                BASE64.replacen('v', "\u{e9}", 1),
                invalid(),
            ),
            ("1 MiB", "A".repeat(1 << 20), length(3 << 18)),
            ("1 KiB of nothing", "!".repeat(1 << 10), invalid()),
            ("a bit more of nothing", "!".repeat(1028), length(771)),
        ],
    );
}

#[test]
fn hostile_base64url() {
    let invalid = || encoding("base64url");
    check(
        PayloadSecret::from_base64url,
        &[
            ("empty", String::new(), length(0)),
            ("padding alone", "=".into(), invalid()),
            ("31 bytes", "A".repeat(42), length(31)),
            ("33 bytes", "A".repeat(44), length(33)),
            ("standard base64", BASE64.into(), invalid()),
            ("both alphabets", format!("+{}", &BASE64URL[1..]), invalid()),
            ("unused bits", BASE64URL.replace("-_s", "-_t"), invalid()),
            (
                "an escaped line feed after it",
                format!("{BASE64URL}\\n"),
                invalid(),
            ),
            ("percent signs", format!("{BASE64URL}%3D"), invalid()),
            (
                "a JWK",
                format!(r#"{{"kty":"oct","k":"{BASE64URL}"}}"#),
                invalid(),
            ),
        ],
    );
}

#[test]
fn hostile_hex() {
    let invalid = || encoding("hex");
    check(
        PayloadSecret::from_hex,
        &[
            ("empty", String::new(), length(0)),
            ("31 bytes", HEX[2..].into(), length(31)),
            ("33 bytes", format!("{HEX}00"), length(33)),
            ("63 digits", HEX[1..].into(), invalid()),
            ("65 digits", format!("{HEX}0"), invalid()),
            ("with 0x", format!("0x{}", &HEX[2..]), invalid()),
            ("with colons", "fb:".repeat(32)[..95].into(), invalid()),
            ("a g", format!("g{}", &HEX[1..]), invalid()),
            (
                "a blank",
                format!("{} {}", &HEX[..31], &HEX[32..]),
                invalid(),
            ),
            (
                "63 digits and a line feed",
                format!("{}\n", &HEX[1..]),
                invalid(),
            ),
            ("a sign", format!("+{}", &HEX[1..]), invalid()),
            (
                "the characters next to digits",
                format!("/:@G`{}", &HEX[5..]),
                invalid(),
            ),
            ("full-width digits", "\u{ff11}".repeat(64), invalid()),
            ("base64", BASE64.into(), invalid()),
            ("1 MiB", "0".repeat(1 << 20), length(1 << 19)),
        ],
    );
}

#[test]
fn hostile_raw_text_and_bytes() {
    let rows = [
        ("empty", String::new(), length(0)),
        ("31 characters", "k".repeat(31), length(31)),
        ("33 characters", "k".repeat(33), length(33)),
        ("32 characters of 2 bytes", "\u{e9}".repeat(32), length(64)),
        (
            "32 characters and two line feeds",
            format!("{}\n\n", "k".repeat(32)),
            length(34),
        ),
        (
            "31 characters and a line end of two",
            format!("{}\r\n", "k".repeat(31)),
            length(33),
        ),
        ("base64url of a secret", BASE64URL.into(), length(43)),
        ("hex of a secret", HEX.into(), length(64)),
        ("1 MiB", "k".repeat(1 << 20), length(1 << 20)),
    ];
    check(PayloadSecret::from_raw_str, &rows);
    check(|text| PayloadSecret::from_bytes(text.as_bytes()), &rows);
    assert_eq!(
        PayloadSecret::from_bytes(&[0xff; 24]).unwrap_err(),
        length(24)
    );
}

#[test]
fn zeros_are_no_secret_in_any_encoding() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    for (zeros, accepted) in [(32, false), (31, true)] {
        let mut bytes = [0; 32];
        bytes[zeros..].fill(0x31);
        let expected = match accepted {
            true => Ok(()),
            false => Err(Error::SecretZero),
        };
        let text = std::str::from_utf8(&bytes).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for found in [
            PayloadSecret::from_bytes(&bytes),
            PayloadSecret::from_raw_str(text),
            PayloadSecret::from_hex(&hex),
            PayloadSecret::from_base64(&STANDARD.encode(bytes)),
            PayloadSecret::from_base64url(&URL_SAFE_NO_PAD.encode(bytes)),
        ] {
            assert_eq!(found.map(drop), expected);
        }
    }
}
