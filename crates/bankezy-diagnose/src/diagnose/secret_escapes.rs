//! The escapes of a secret, and a word in front of it.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;

use crate::diagnose::hex_text::without_prefixes;
use crate::diagnose::octets;

/// What Python prints of octets, for a shell. It reads only a literal of one value.
const PYTHON_BYTES: &str =
    "python3 -c 'import ast,sys; sys.stdout.buffer.write(ast.literal_eval(sys.stdin.read()))'";

/// The octets of a string literal of another program.
const LITERAL: &str = "python3 -c 'import sys; sys.stdout.buffer.write(sys.stdin.read().strip()[1:-1]\
                       .encode().decode(\"unicode_escape\").encode(\"latin-1\"))'";

/// The octets of `b'\x01A'` or `"\x01A"`, and the filter that returns them. A literal whose octets are all escaped is
/// left alone, as hexadecimal digits with prefixes.
pub(crate) fn byte_string(text: &str) -> Option<(SecretBytes, &'static str)> {
    let literal = text.strip_prefix(['b', 'B']).unwrap_or(text);
    let quote = literal.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    if !inside.contains("\\x") || without_prefixes(inside).is_some() {
        return None;
    }
    let filter = if literal.len() < text.len() {
        PYTHON_BYTES
    } else {
        LITERAL
    };
    Some((unescaped(inside)?, filter))
}

fn unescaped(text: &str) -> Option<SecretBytes> {
    let mut octets = SecretBytes::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let octet = if *first == b'\\' {
            let (escape, after) = after.split_first()?;
            rest = after;
            match escape {
                b'x' => {
                    let (digits, after) = after.split_at_checked(2)?;
                    rest = after;
                    octet(digits)?
                }
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'a' => 0x07,
                b'b' => 0x08,
                b'v' => 0x0b,
                b'f' => 0x0c,
                b'\\' | b'\'' | b'"' => *escape,
                _ => return None,
            }
        } else {
            *first
        };
        // Writing to memory does not fail.
        let _ = octets.write_all(&[octet]);
    }
    Some(octets)
}

/// A text without percent-encoding (RFC 3986 section 2.1). `None` if it has none, or an invalid percent sign.
pub(crate) fn percent_decoded(text: &str) -> Option<SecretBytes> {
    let mut parts = text.split('%');
    let mut octets = SecretBytes::with_capacity(text.len());
    let _ = octets.write_all(parts.next()?.as_bytes());
    let mut is_changed = false;
    for part in parts {
        let (digits, rest) = part.as_bytes().split_at_checked(2)?;
        let _ = octets.write_all(&[octet(digits)?]);
        let _ = octets.write_all(rest);
        is_changed = true;
    }
    is_changed.then_some(octets)
}

/// The octet of two hexadecimal digits.
fn octet(digits: &[u8]) -> Option<u8> {
    octets::from_hex(digits)?.as_bytes().first().copied()
}

/// What follows the word for a token in an HTTP header.
pub(crate) fn without_bearer(text: &str) -> Option<&str> {
    let (word, value) = text.split_once(' ')?;
    let value = value.trim_start();
    (word.eq_ignore_ascii_case("Bearer") && !value.contains(' ')).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_strings_have_escapes_and_characters() {
        for (text, octets) in [
            (r"b'\x01A\n\\\'\xff'", Some(&b"\x01A\n\\'\xff"[..])),
            (r#""\x00=""#, Some(b"\0=")),
            (r"b'\x01\x02'", None),
            (r"b'A'", None),
            (r"'\x0'", None),
            (r"'\xff\q.'", None),
            ("b'", None),
        ] {
            let found = byte_string(text);
            let found = found.as_ref().map(|(octets, _)| octets.as_bytes());
            assert_eq!(found, octets, "{text}");
        }
    }

    #[test]
    fn percent_signs_are_encoding_or_none() {
        for (text, decoded) in [
            ("a%2Bb%2fc%3D", Some(&b"a+b/c="[..])),
            ("100%", None),
            ("%2Ba%zz", None),
            ("ab", None),
        ] {
            let found = percent_decoded(text);
            assert_eq!(found.as_ref().map(SecretBytes::as_bytes), decoded, "{text}");
        }
        assert_eq!(without_bearer("bearer v"), Some("v"));
        assert_eq!(without_bearer("bearer of news"), None);
    }
}
