//! Whether a text that is refused as a public key holds a private one, however that is written.

use std::io::Write as _;

use bankezy_crypto::{Error, KeyForm, KeyProblem, SecretBytes};

use crate::octet_text::kept;

/// The form that an error names.
pub(crate) fn other_form(error: &Error) -> Option<KeyForm> {
    match error {
        Error::Key {
            problem: KeyProblem::OtherForm { found },
            ..
        } => Some(*found),
        _ => None,
    }
}

/// Says of text around keys, which is not read, that one of them is private.
pub(crate) fn alarmed(text: &[u8], error: Error) -> Error {
    if is_private(text, other_form(&error)) {
        KeyProblem::PrivateMember.into()
    } else {
        error
    }
}

/// Whether a text that is refused, as this form where it has a name, holds a private key.
fn is_private(text: &[u8], form: Option<KeyForm>) -> bool {
    // Without the NULs of UTF-16 and UTF-32.
    let text = kept(text, |c| c != 0);
    let text = text.as_bytes();
    let packed = kept(text, |c| !c.is_ascii_whitespace() && c != b'\\');
    let packed = packed.as_bytes();
    let has = |part: &[u8]| memchr::memmem::find(packed, part).is_some();
    let names_private = || {
        let names: [&[u8]; 2] = [b"PRIVATEKEY", b"Private-Key:("];
        names.into_iter().any(|name| {
            let mut parts = packed.windows(name.len());
            parts.any(|part| part.eq_ignore_ascii_case(name))
        })
    };
    // Other objects have members of these names too.
    let has_kty = || packed.windows(3).any(|it| it.eq_ignore_ascii_case(b"kty"));
    let has_private_jwk = || has_kty() && has_private_member(text);
    match form {
        // PuTTY writes public keys in the form of OpenSSH or SSH2.
        Some(KeyForm::Putty) => true,
        Some(KeyForm::AlteredPem | KeyForm::Ssh2) => names_private(),
        Some(KeyForm::Utf16 { .. } | KeyForm::Utf32 { .. }) => names_private() || has_private_jwk(),
        Some(KeyForm::Xml) => has(b"KeyValue>") && has(b"<D>"),
        _ => has_private_jwk() || has(b"Private-Key:("),
    }
}

/// A text without percent-encoding (RFC 3986 section 2.1), also where it was encoded several times. Where a form has
/// `+` for a blank, it has `%2B` for `+`. `None` where nothing changes.
pub(crate) fn percent_decoded(text: &[u8]) -> Option<SecretBytes> {
    /// Nobody does it more often by mistake.
    const TIMES: usize = 3;
    let mut decoded: Option<SecretBytes> = None;
    for _ in 0..TIMES {
        let text = decoded.as_ref().map_or(text, SecretBytes::as_bytes);
        let Some(once) = percent_decoded_once(text) else {
            break;
        };
        decoded = Some(once);
    }
    decoded
}

fn percent_decoded_once(text: &[u8]) -> Option<SecretBytes> {
    let is_form = memchr::memmem::find(text, b"BEGIN+").is_some();
    let mut decoded = SecretBytes::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let digit = |place: usize| char::from(*after.get(place)?).to_digit(16);
        let escaped = digit(0).zip(digit(1)).filter(|_| *first == b'%');
        let octet = match escaped {
            Some((high, low)) => (high << 4 | low) as u8,
            None if is_form && *first == b'+' => b' ',
            None => *first,
        };
        rest = match escaped {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
        // A SecretBytes takes whatever is written to it.
        let _ = decoded.write_all(&[octet]);
    }
    (decoded.as_bytes() != text).then_some(decoded)
}

/// Whether a text has a member `d` or `k` with a value, in either case: RFC 7518 sections 6.2.2.1, 6.3.2.1 and 6.4.1.
/// Its names and values are in quotation marks of JSON, in others as Python writes them, or in none as in YAML.
fn has_private_member(text: &[u8]) -> bool {
    let is_name = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| text.get(before));
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_')
    };
    let is_value = |value: &[u8]| {
        let nothing: [&[u8]; 8] = [
            b"",
            b"0",
            b"null",
            b"nil",
            b"none",
            b"undefined",
            b"false",
            b"true",
        ];
        !nothing.iter().any(|it| value.eq_ignore_ascii_case(it))
    };
    text.iter()
        .enumerate()
        .filter_map(|(place, c)| b"dDkK".contains(c).then_some(place))
        .filter(|place| is_name(*place))
        .filter_map(|place| text.get(place.saturating_add(1)..).and_then(value))
        .any(is_value)
}

/// The value of a member of which the text is what comes after its name.
fn value(text: &[u8]) -> Option<&[u8]> {
    let (_, text) = without_marks(text);
    let text = text.strip_prefix(b":").or(text.strip_prefix(b"="))?;
    let (marks, text) = without_marks(text);
    let has_line_end = marks.iter().any(|c| b"\r\n".contains(c));
    // Without a quotation mark, a value is in the line of its name.
    if has_line_end && marks.last().is_some_and(u8::is_ascii_whitespace) {
        return None;
    }
    let is_in_value = |c: &u8| c.is_ascii_alphanumeric() || b"+/-_".contains(c);
    let end = text.iter().position(|c| !is_in_value(c));
    text.get(..end.unwrap_or(text.len()))
}

/// What is around names and values, and the rest.
fn without_marks(text: &[u8]) -> (&[u8], &[u8]) {
    let is_mark = |c: &u8| c.is_ascii_whitespace() || b"\"'`\\".contains(c);
    let end = text.iter().position(|c| !is_mark(c));
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_member_has_a_value_in_the_line_of_its_name_or_in_quotation_marks() {
        for (text, expected) in [
            (r#"{"d":"AQAB"}"#, true),
            (r#"{"k": "AQAB"}"#, true),
            (r#"{\"d\":\"AQAB\"}"#, true),
            ("{\"d\":\n\"AQAB\"}", true),
            ("{'d': 'AQAB'}", true),
            ("{d: `AQAB`}", true),
            ("{d: 'AQAB'}", true),
            ("x: AQAB\nd: AQAB\n", true),
            ("d=AQAB", true),
            (r#"{"d":"","x":"AQAB"}"#, false),
            (r#"{"d":null,"k":null}"#, false),
            (r#"{"D":"AQAB"}"#, true),
            (r#"{"K":"AQAB"}"#, true),
            (r#"{"D":null,"d":false,"k":0,"K":true}"#, false),
            ("{'d': None}", false),
            ("d:\nx: AQAB\n", false),
            ("d: \"\"\nx: AQAB\n", false),
            (r#"{"id":"AQAB","d_":"AQAB","kid":"AQAB"}"#, false),
            ("d", false),
            ("", false),
        ] {
            assert_eq!(has_private_member(text.as_bytes()), expected, "{text}");
        }
    }
}
