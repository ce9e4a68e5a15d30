//! Names each encoding in words, as a shell filter and in Rust.

use crate::diagnose::encoding::Encoding;
use crate::diagnose::term::{Term, term};

/// Decodes base64 with or without padding: without it, `base64 -d` complains.
macro_rules! base64_filter {
    () => {
        r#"awk '{while(length($0)%4)$0=$0"=";print}' | base64 -d"#
    };
}

/// The same of base64url, which `basenc` would decode, but not every system has that.
macro_rules! base64url_filter {
    () => {
        concat!("tr -- '-_' '+/' | ", base64_filter!())
    };
}

pub(crate) const BASE64_FILTER: &str = base64_filter!();
pub(crate) const BASE64URL_FILTER: &str = base64url_filter!();

/// Adds the padding of base64.
macro_rules! padding {
    () => {
        r#"awk '{while(length($0)%4)$0=$0"=";print}' | tr -d '\n'"#
    };
}

/// Decodes base64 of either alphabet, in Rust.
macro_rules! respelled {
    ($engine:literal, $from:literal, $to:literal, $other_from:literal, $other_to:literal) => {
        concat!(
            $engine,
            ".decode({}.replace('",
            $from,
            "', \"",
            $to,
            "\").replace('",
            $other_from,
            "', \"",
            $other_to,
            "\").trim_end_matches('='))?"
        )
    };
}

/// Removes white space from a text inside of an encoding.
macro_rules! within {
    ($outer:expr, $inner:expr) => {
        concat!($outer, " | tr -d '[:space:]' | ", $inner)
    };
}

/// The same in Rust.
macro_rules! text_within {
    ($outer:literal) => {
        concat!(
            "String::from_utf8(",
            $outer,
            ")?.split_whitespace().collect::<String>()"
        )
    };
}

impl Encoding {
    /// The value of the flag `--encoding`, if it has one.
    #[must_use]
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Self::Base64url => Some("base64url"),
            Self::Base64 => Some("base64"),
            Self::Hex => Some("hex"),
            Self::Utf8 => Some("utf8"),
            _ => None,
        }
    }

    /// The constructor that takes the secret as written, if there is one.
    pub(crate) fn constructor(self) -> Option<&'static str> {
        match self {
            Self::Base64url => Some("PayloadSecret::from_base64url({})"),
            Self::Base64 => Some("PayloadSecret::from_base64({})"),
            Self::Hex => Some("PayloadSecret::from_hex({})"),
            Self::Utf8 => Some("PayloadSecret::from_bytes({}.as_bytes())"),
            Self::RawBytes => Some("PayloadSecret::from_bytes({})"),
            _ => None,
        }
    }

    pub(crate) fn term(self) -> Term {
        match self {
            Self::Base64url => term(
                "the decoded base64url",
                base64url_filter!(),
                "BASE64_URL_SAFE_NO_PAD.decode({}.trim_end_matches('='))?",
            ),
            Self::Base64 => term(
                "the decoded base64",
                base64_filter!(),
                "BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?",
            ),
            Self::Hex => term("the decoded hex", "xxd -r -p", "hex::decode({})?"),
            Self::Utf8 => term("the text", "", "{}.as_bytes()"),
            Self::RawBytes => term("the raw bytes", "", "{}"),
            Self::Base64OfBase64 => term(
                "the twice decoded base64",
                within!(base64_filter!(), base64_filter!()),
                concat!(
                    "BASE64_STANDARD_NO_PAD.decode(",
                    text_within!("BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?"),
                    ".trim_end_matches('='))?"
                ),
            ),
            Self::ThriceBase64 => term(
                "the three times decoded base64",
                within!(
                    base64_filter!(),
                    within!(base64_filter!(), base64_filter!())
                ),
                concat!(
                    "BASE64_STANDARD_NO_PAD.decode(String::from_utf8(BASE64_STANDARD_NO_PAD.decode(",
                    text_within!("BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?"),
                    ".trim_end_matches('='))?)?.split_whitespace().collect::<String>()",
                    ".trim_end_matches('='))?"
                ),
            ),
            Self::Base64OfBase64url => term(
                "the decoded base64 of base64url",
                within!(base64_filter!(), base64url_filter!()),
                concat!(
                    "BASE64_URL_SAFE_NO_PAD.decode(",
                    text_within!("BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?"),
                    ".trim_end_matches('='))?"
                ),
            ),
            Self::Base64OfHex => term(
                "the decoded base64 of hex",
                within!(base64_filter!(), "xxd -r -p"),
                concat!(
                    "hex::decode(",
                    text_within!("BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?"),
                    ")?"
                ),
            ),
            Self::HexOfBase64 => term(
                "the decoded hex of base64",
                within!("xxd -r -p", base64_filter!()),
                concat!(
                    "BASE64_STANDARD_NO_PAD.decode(",
                    text_within!("hex::decode({})?"),
                    ".trim_end_matches('='))?"
                ),
            ),
            Self::HexOfBase64url => term(
                "the decoded hex of base64url",
                within!("xxd -r -p", base64url_filter!()),
                concat!(
                    "BASE64_URL_SAFE_NO_PAD.decode(",
                    text_within!("hex::decode({})?"),
                    ".trim_end_matches('='))?"
                ),
            ),
            Self::HexOfHex => term(
                "the twice decoded hex",
                within!("xxd -r -p", "xxd -r -p"),
                concat!("hex::decode(", text_within!("hex::decode({})?"), ")?"),
            ),
            Self::Base32 => term(
                "the decoded base32",
                "tr a-z A-Z | awk '{while(length($0)%8)$0=$0\"=\";print}' | base32 -d",
                "BASE32_NOPAD.decode({}.trim_end_matches('=').to_uppercase().as_bytes())?",
            ),
            Self::Decimal => term(
                "the octets in decimal",
                "tr , '\\n' | awk '{printf \"%02x\",($1+256)%256}' | xxd -r -p",
                "{}.split(',').map(|n| n.trim().parse::<i16>().map(|n| n as u8)).collect::<Result<Vec<_>, _>>()?",
            ),
            Self::LowerText => term(
                "the text in lower case",
                "tr A-Z a-z",
                "{}.to_ascii_lowercase().as_bytes()",
            ),
            Self::UpperText => term(
                "the text in upper case",
                "tr a-z A-Z",
                "{}.to_ascii_uppercase().as_bytes()",
            ),
            Self::DashedText => term(
                "the UUID with dashes as text",
                "tr A-Z a-z | sed -E 's/(.{8})(.{4})(.{4})(.{4})/\\1-\\2-\\3-\\4-/'",
                "Uuid::parse_str({})?.to_string().as_bytes()",
            ),
            Self::DashedUpperText => term(
                "the UUID with dashes as upper-case text",
                "tr a-z A-Z | sed -E 's/(.{8})(.{4})(.{4})(.{4})/\\1-\\2-\\3-\\4-/'",
                "Uuid::parse_str({})?.to_string().to_uppercase().as_bytes()",
            ),
            Self::LowerHexText => term(
                "the decoded base64 as lower-case hex text",
                concat!(base64_filter!(), " | xxd -p | tr -d '\\n'"),
                "hex::encode(BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?).as_bytes()",
            ),
            Self::UpperHexText => term(
                "the decoded base64 as upper-case hex text",
                concat!(base64_filter!(), " | xxd -u -p | tr -d '\\n'"),
                "hex::encode_upper(BASE64_STANDARD_NO_PAD.decode({}.trim_end_matches('='))?).as_bytes()",
            ),
            Self::LowerHexTextOfBase64url => term(
                "the decoded base64url as lower-case hex text",
                concat!(base64url_filter!(), " | xxd -p | tr -d '\\n'"),
                "hex::encode(BASE64_URL_SAFE_NO_PAD.decode({}.trim_end_matches('='))?).as_bytes()",
            ),
            Self::UpperHexTextOfBase64url => term(
                "the decoded base64url as upper-case hex text",
                concat!(base64url_filter!(), " | xxd -u -p | tr -d '\\n'"),
                "hex::encode_upper(BASE64_URL_SAFE_NO_PAD.decode({}.trim_end_matches('='))?).as_bytes()",
            ),
            Self::Base64Text => term(
                "the decoded hex as base64 text",
                "xxd -r -p | base64 | tr -d '\\n'",
                "BASE64_STANDARD.encode(hex::decode({})?).as_bytes()",
            ),
            Self::Base64urlText => term(
                "the decoded hex as base64url text",
                "xxd -r -p | base64 | tr -- '+/' '-_' | tr -d '=\\n'",
                "BASE64_URL_SAFE_NO_PAD.encode(hex::decode({})?).as_bytes()",
            ),
            Self::RespelledBase64 => term(
                "the text as padded base64",
                concat!("tr -- '-_' '+/' | ", padding!()),
                concat!(
                    "BASE64_STANDARD.encode(",
                    respelled!("BASE64_STANDARD_NO_PAD", "-", "+", "_", "/"),
                    ").as_bytes()"
                ),
            ),
            Self::RespelledBase64Unpadded => term(
                "the text as unpadded base64",
                "tr -- '-_' '+/' | tr -d '=\\n'",
                concat!(
                    "BASE64_STANDARD_NO_PAD.encode(",
                    respelled!("BASE64_STANDARD_NO_PAD", "-", "+", "_", "/"),
                    ").as_bytes()"
                ),
            ),
            Self::RespelledBase64url => term(
                "the text as unpadded base64url",
                "tr -- '+/' '-_' | tr -d '=\\n'",
                concat!(
                    "BASE64_URL_SAFE_NO_PAD.encode(",
                    respelled!("BASE64_URL_SAFE_NO_PAD", "+", "-", "/", "_"),
                    ").as_bytes()"
                ),
            ),
            Self::RespelledBase64urlPadded => term(
                "the text as padded base64url",
                concat!("tr -- '+/' '-_' | ", padding!()),
                concat!(
                    "BASE64_URL_SAFE.encode(",
                    respelled!("BASE64_URL_SAFE_NO_PAD", "+", "-", "/", "_"),
                    ").as_bytes()"
                ),
            ),
            Self::Utf16Le => term(
                "the text in UTF-16 (little-endian)",
                "iconv -f UTF-8 -t UTF-16LE",
                "{}.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()",
            ),
            Self::Utf16Be => term(
                "the text in UTF-16 (big-endian)",
                "iconv -f UTF-8 -t UTF-16BE",
                "{}.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()",
            ),
            Self::Utf16BeMarked => term(
                "the text in UTF-16 (big-endian) with byte order mark",
                "{ printf '\\376\\377'; iconv -f UTF-8 -t UTF-16BE; }",
                "[0xfeff].into_iter().chain({}.encode_utf16()).flat_map(u16::to_be_bytes).collect::<Vec<u8>>()",
            ),
            Self::Utf16LeMarked => term(
                "the text in UTF-16 (little-endian) with byte order mark",
                "{ printf '\\377\\376'; iconv -f UTF-8 -t UTF-16LE; }",
                "[0xfeff].into_iter().chain({}.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>()",
            ),
            Self::TextWithLineEnd => term(
                "the text and a line end",
                "awk 1",
                "[{}.as_bytes(), b\"\\n\"].concat()",
            ),
            Self::TextWithNuls => term(
                "the text and NULs up to 32 bytes",
                "{ cat; head -c 32 /dev/zero; } | head -c 32",
                "[{}.as_bytes(), &[0; 32]].concat()[..32].to_vec()",
            ),
            Self::TextWithDigits => term(
                "the text and zero digits up to 32 bytes",
                "{ cat; printf %032d 0; } | head -c 32",
                "[{}.as_bytes(), &[b'0'; 32]].concat()[..32].to_vec()",
            ),
            Self::TextWithBlanks => term(
                "the text and blanks up to 32 bytes",
                "{ cat; printf %32s ''; } | head -c 32",
                "[{}.as_bytes(), &[b' '; 32]].concat()[..32].to_vec()",
            ),
        }
    }
}
