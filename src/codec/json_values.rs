//! Values of members as answers of providers have them: secret texts, and numbers that may be texts.

use crate::codec::json::{NotText, Object};
use crate::secret::{SecretBytes, SecretText};

impl Object<'_> {
    /// As [`text`](Self::text), for secrets: in memory that wipes itself, escapes resolved in it.
    pub(crate) fn secret_text(&self, name: &str) -> Result<Option<SecretText>, NotText> {
        match self.raw_text(name)? {
            None => Ok(None),
            Some(raw) => unescape(raw).map(Some).ok_or(NotText),
        }
    }

    /// A member that has to be a whole number from zero, or a string of its digits: pages of one
    /// provider write both. `Err` if it is something else, or more than a `u64` holds.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, NotNumber> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let digits = raw
            .strip_prefix('"')
            .and_then(|raw| raw.strip_suffix('"'))
            .unwrap_or(raw);
        // `parse` alone would take a sign.
        if digits.bytes().all(|c| c.is_ascii_digit()) {
            digits.parse().map(Some).map_err(|_| NotNumber)
        } else {
            Err(NotNumber)
        }
    }
}

/// A member is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotNumber;

/// Resolves the escapes of RFC 8259 section 7 in the text between the quotes of a JSON string.
/// `serde_json` would do it in a buffer of its own that it does not wipe.
fn unescape(raw: &str) -> Option<SecretText> {
    // An escape is longer than what it stands for, so this never moves.
    let mut text = SecretBytes::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        let (character, after) = escaped(escape)?;
        text.append(plain.as_bytes());
        text.append(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = after;
    }
    text.append(rest.as_bytes());
    SecretText::from_utf8(text)
}

/// The character of an escape behind its backslash, and what follows it.
fn escaped(escape: &str) -> Option<(char, &str)> {
    let (kind, rest) = escape.split_at_checked(1)?;
    let character = match kind {
        "\"" | "\\" | "/" => kind.chars().next()?,
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => {
            let (unit, rest) = utf16_unit(rest)?;
            if let Some(character) = char::from_u32(unit.into()) {
                return Some((character, rest));
            }
            // The first half of a pair, or nothing that has a character.
            let (second, rest) = utf16_unit(rest.strip_prefix("\\u")?)?;
            let character = char::decode_utf16([unit, second]).next()?.ok()?;
            return Some((character, rest));
        }
        _ => return None,
    };
    Some((character, rest))
}

fn utf16_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    // `from_str_radix` alone would take a sign.
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok()?;
    is_hex.then_some((unit, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_text_reads_as_serde_json_does() {
        for raw in [
            "",
            "plain",
            r#"a\/b\"c\\d\b\f\n\r\te"#,
            r"\u0041\u00e9\u20AC\u0000",
            r"\ud83d\ude00 \uD83D\uDE00x",
            r"\ud83d",
            r"\ud83dx",
            r"\ud83d\n",
            r"\ud83d\u0041",
            r"\ude00",
            r"\ud83d\ud83d",
            "\u{1f600} and \u{e9}",
        ] {
            let text = format!("{{\"a\":\"{raw}\"}}");
            let object = Object::parse(text.as_bytes()).unwrap();
            let expected: Option<String> = serde_json::from_str(&format!("\"{raw}\"")).ok();
            let found = object.secret_text("a").ok().flatten();
            assert_eq!(
                found.as_ref().map(SecretText::as_str),
                expected.as_deref(),
                "{raw}"
            );
        }
        let object = Object::parse(br#"{"a":1}"#).unwrap();
        assert!(object.secret_text("a").is_err());
        assert!(object.secret_text("b").unwrap().is_none());
    }

    #[test]
    fn numbers_are_whole_and_fit() {
        let number = |json: &str| {
            let text = format!("{{\"n\":{json}}}");
            Object::parse(text.as_bytes()).unwrap().number("n")
        };
        for (json, expected) in [
            ("0", 0),
            ("3600", 3600),
            ("\"3600\"", 3600),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(number(json), Ok(Some(expected)), "{json}");
        }
        for json in [
            "-1",
            "1.5",
            "1e3",
            "\"+1\"",
            "\"-1\"",
            "\"\"",
            "\" 1\"",
            "\"\\u0031\"",
            "null",
            "true",
            "[1]",
            "{}",
            "18446744073709551616",
        ] {
            assert_eq!(number(json), Err(NotNumber), "{json}");
        }
        assert_eq!(Object::parse(b"{}").unwrap().number("n"), Ok(None));
    }
}
