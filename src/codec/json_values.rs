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

    /// A member that must be a non-negative integer, or a string with one: one provider's pages show both. `Err` if
    /// it is something else. More than a `u64` holds is [`u64::MAX`].
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, NotNumber> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let quoted = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        whole_number(quoted.unwrap_or(raw))
            .map(Some)
            .ok_or(NotNumber)
    }
}

/// A member is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotNumber;

/// The value of a non-negative integer, however JSON writes it: `3600`, `3600.0` and `36e2` are one number. More than
/// a `u64` holds is [`u64::MAX`].
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    let number = decimal(text).filter(|number| number.is_whole)?;
    Some(number.floor)
}

/// The integer part of a non-negative number, or of a string with one and blanks around it: for times, which need not
/// be exact. `None` for anything else.
pub(crate) fn rounded_down(raw: &str) -> Option<u64> {
    let quoted = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    let number = decimal(quoted.unwrap_or(raw).trim_ascii())?;
    Some(number.floor)
}

/// A non-negative number.
struct Decimal {
    /// Without its fraction. More than a `u64` holds is [`u64::MAX`].
    floor: u64,
    is_whole: bool,
}

fn decimal(text: &str) -> Option<Decimal> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    // As nearly all are. Digits alone fail to parse only where they are too many.
    if is_digits(text) {
        let (floor, is_whole) = (text.parse().unwrap_or(u64::MAX), true);
        return Some(Decimal { floor, is_whole });
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if ![whole, fraction, exponent_digits]
        .into_iter()
        .all(is_digits)
    {
        return None;
    }
    let digits = || whole.bytes().chain(fraction.bytes());
    let zeros = digits().rev().take_while(|digit| *digit == b'0').count();
    let significant = digits().count().checked_sub(zeros)?;
    if significant == 0 {
        let (floor, is_whole) = (0, true);
        return Some(Decimal { floor, is_whole });
    }
    if unsigned != mantissa {
        return None;
    }
    // Beyond an `i64` it is beyond any length of a text.
    let largest = if exponent.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    let tens = i64::try_from(zeros)
        .ok()?
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .saturating_add(exponent.parse().unwrap_or(largest));
    let fractional = usize::try_from(tens.min(0).unsigned_abs()).unwrap_or(usize::MAX);
    let value = digits()
        .take(significant.saturating_sub(fractional))
        .try_fold(0_u64, |value, digit| {
            value
                .checked_mul(10)?
                .checked_add(u64::from(digit.wrapping_sub(b'0')))
        });
    let power = u32::try_from(tens.max(0))
        .ok()
        .and_then(|tens| 10_u64.checked_pow(tens));
    let product = value
        .zip(power)
        .and_then(|(value, power)| value.checked_mul(power));
    Some(Decimal {
        floor: product.unwrap_or(u64::MAX),
        is_whole: tens >= 0,
    })
}

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
            // The same numbers as other writers, such as Java's Gson, write them.
            ("3600.0", 3600),
            ("3.6e3", 3600),
            ("\"3.6E+3\"", 3600),
            ("36000e-1", 3600),
            ("0.0036e6", 3600),
            ("-0", 0),
            ("0.000e9", 0),
            ("184467440737095516150.0e-1", u64::MAX),
            // Beyond what can be represented.
            ("18446744073709551616", u64::MAX),
            ("1e99", u64::MAX),
            ("1e9223372036854775807", u64::MAX),
            ("\"0009\"", 9),
            ("1e9223372036854775808", u64::MAX),
            ("0e-99999999999999999999", 0),
        ] {
            assert_eq!(number(json), Ok(Some(expected)), "{json}");
        }
        for json in [
            "-1",
            "1.5",
            "15e-1",
            "-1.0",
            "1e-9223372036854775808",
            "1e-99999999999999999999",
            "\"+1\"",
            "\"1.\"",
            "\".5\"",
            "\"1e\"",
            "\"e1\"",
            "\"--1\"",
            "\"0x10\"",
            "\"1_000\"",
            "\"NaN\"",
            "\"-1\"",
            "\"\"",
            "\" 1\"",
            "\"\\u0031\"",
            "null",
            "true",
            "[1]",
            "{}",
        ] {
            assert_eq!(number(json), Err(NotNumber), "{json}");
        }
        assert_eq!(Object::parse(b"{}").unwrap().number("n"), Ok(None));
    }

    #[test]
    fn times_are_rounded_down_and_nothing_else_is_a_time() {
        for (raw, expected) in [
            ("3599.5", 3599),
            ("35995e-1", 3599),
            ("\"3599.999\"", 3599),
            ("\" 3600 \"", 3600),
            ("0.9", 0),
            ("9e-1", 0),
            ("1e-99999999999999999999", 0),
            ("0e99999999999999999999", 0),
            ("1e99999999999999999999", u64::MAX),
            ("123456789.123456789123456789123456789", 123_456_789),
            ("1234567891234567891234567891234567890.5", u64::MAX),
            ("-0.0", 0),
        ] {
            assert_eq!(rounded_down(raw), Some(expected), "{raw}");
        }
        for raw in [
            "-1", "-0.5", "\"\"", "\"soon\"", "\"-1\"", "null", "true", "[]", "{}", "1e", "\"1e+\"",
        ] {
            assert_eq!(rounded_down(raw), None, "{raw}");
        }
    }
}
