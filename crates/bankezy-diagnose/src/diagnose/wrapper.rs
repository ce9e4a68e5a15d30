//! What surrounds a secret where people keep it: quotes, a variable's name, JSON, a byte order mark.

use std::collections::BTreeMap;
use std::sync::Arc;

use bankezy_crypto::SecretBytes;
use serde_json::value::RawValue;

use crate::diagnose::octets::{self, copied};

/// Something around a secret that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrapper {
    /// UTF-16 instead of UTF-8.
    Utf16,
    /// A byte order mark in UTF-8.
    ByteOrderMark,
    /// White space at either end, apart from one line end after the text.
    WhiteSpace,
    /// Quotation marks.
    Quotes,
    /// `NAME=value` or `NAME: value`.
    Assignment,
    /// A JSON object or array around the value.
    Json,
    /// A JSON Web Key of type `oct`.
    OctJwk,
    /// `0x` in front of hexadecimal digits.
    HexPrefix,
    /// Colons, dashes or white space between hexadecimal digits.
    Separators,
    /// White space within a text.
    LineBreaks,
}

/// A value, and what was removed to get to it.
pub(crate) struct Unwrapped {
    pub(crate) wrappers: Arc<[Wrapper]>,
    pub(crate) value: SecretBytes,
}

/// More would be an attempt to keep the program busy.
const MAX_WRAPPERS: usize = 8;

/// The secret as it is, and after each thing that can be removed.
pub(crate) fn unwrapped(secret: &[u8]) -> Vec<Unwrapped> {
    let mut all = vec![Unwrapped {
        wrappers: Arc::default(),
        value: copied(secret),
    }];
    while let Some(last) = all.last()
        && all.len() <= MAX_WRAPPERS
        && let Some((wrapper, value)) = remove(last.value.as_bytes())
    {
        let wrappers = last.wrappers.iter().copied().chain([wrapper]).collect();
        all.push(Unwrapped { wrappers, value });
    }
    all
}

/// The text without the line ends after it.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    core::str::from_utf8(value)
        .ok()
        .map(|text| text.trim_end_matches(['\r', '\n']))
}

/// Removes the outermost wrapper.
fn remove(value: &[u8]) -> Option<(Wrapper, SecretBytes)> {
    if let Some(text) = octets::from_utf16(value) {
        return Some((Wrapper::Utf16, text));
    }
    if let Some(rest) = value.strip_prefix(b"\xef\xbb\xbf") {
        return Some((Wrapper::ByteOrderMark, copied(rest)));
    }
    let text = text(value)?;
    let removed = |wrapper, rest: &str| Some((wrapper, copied(rest.as_bytes())));
    if text.trim() != text {
        return removed(Wrapper::WhiteSpace, text.trim());
    }
    if let Some((wrapper, rest)) = json(text) {
        return removed(wrapper, rest);
    }
    if let Some(rest) = quoted(text) {
        return removed(Wrapper::Quotes, rest);
    }
    if let Some(rest) = assigned(text) {
        return removed(Wrapper::Assignment, rest);
    }
    if let Some(rest) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return removed(Wrapper::HexPrefix, rest);
    }
    let is_separator = |octet: u8| octet.is_ascii_whitespace() || b":-,".contains(&octet);
    let mut digits = text.bytes().filter(|octet| !is_separator(*octet));
    if text.bytes().any(is_separator) && digits.all(|octet| octet.is_ascii_hexdigit()) {
        let rest = octets::filtered(text.as_bytes(), |octet| !is_separator(octet));
        return Some((Wrapper::Separators, rest));
    }
    text.bytes()
        .any(|octet| octet.is_ascii_whitespace())
        .then(|| {
            let rest = octets::filtered(text.as_bytes(), |octet| !octet.is_ascii_whitespace());
            (Wrapper::LineBreaks, rest)
        })
}

fn quoted(text: &str) -> Option<&str> {
    [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('\u{201c}', '\u{201d}'),
        ('\u{2018}', '\u{2019}'),
        ('<', '>'),
        ('{', '}'),
    ]
    .into_iter()
    .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close))
}

/// The value of `NAME=value`, `export NAME=value;`, `name: value` or `"name": "value",`.
fn assigned(text: &str) -> Option<&str> {
    let start = text.strip_prefix("export ").unwrap_or(text).trim_start();
    let (name, value) = start.split_once(['=', ':'])?;
    let name = name.trim_end();
    let name = quoted(name).unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let value = value.trim().trim_end_matches([',', ';']);
    // The end of a padded base64 text is not a value, nor is the rest of digits with colons.
    let is_value = value.len() >= 8 && !is_digits_with_colons(text);
    (is_name && is_value).then_some(value)
}

fn is_digits_with_colons(text: &str) -> bool {
    text.bytes()
        .all(|octet| octet.is_ascii_hexdigit() || octet == b':')
}

/// The value inside of a JSON object or array. It stays in place, so that nothing of it is copied.
fn json(text: &str) -> Option<(Wrapper, &str)> {
    if let Ok([item]) = serde_json::from_str::<[&RawValue; 1]>(text) {
        return Some((Wrapper::Json, item.get()));
    }
    let members = serde_json::from_str::<BTreeMap<&str, &RawValue>>(text).ok()?;
    let named = |name| members.get(name).copied().map(RawValue::get);
    if let (Some("\"oct\""), Some(key)) = (named("kty"), named("k")) {
        return Some((Wrapper::OctJwk, key));
    }
    let only = || match members.len() {
        1 => members.values().next().copied().map(RawValue::get),
        _ => None,
    };
    ["payloadSecret", "payload_secret", "secret", "key", "keys"]
        .into_iter()
        .find_map(named)
        .or_else(only)
        .map(|value| (Wrapper::Json, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(secret: &[u8]) -> (Vec<Wrapper>, String) {
        let last = unwrapped(secret).pop().unwrap();
        let value = String::from_utf8(last.value.as_bytes().to_vec()).unwrap();
        (last.wrappers.to_vec(), value)
    }

    #[test]
    fn each_wrapper_is_removed() {
        use Wrapper::*;
        for (secret, wrappers, value) in [
            ("c2VjcmV0c2VjcmV0", vec![], "c2VjcmV0c2VjcmV0"),
            (
                "c2VjcmV0c2VjcmV0c2Vjcg==",
                vec![],
                "c2VjcmV0c2VjcmV0c2Vjcg==",
            ),
            ("'c2VjcmV0'\n", vec![Quotes], "c2VjcmV0"),
            (
                "\u{feff} c2VjcmV0",
                vec![ByteOrderMark, WhiteSpace],
                "c2VjcmV0",
            ),
            (
                "export KEY=\"c2VjcmV0\";",
                vec![Assignment, Quotes],
                "c2VjcmV0",
            ),
            (
                r#""payloadSecret": "c2VjcmV0","#,
                vec![Assignment, Quotes],
                "c2VjcmV0",
            ),
            (
                r#"{"kty":"oct","k":"c2VjcmV0"}"#,
                vec![OctJwk, Quotes],
                "c2VjcmV0",
            ),
            (
                r#"{"keys":[{"kty":"oct","kid":"1","k":"c2VjcmV0"}]}"#,
                vec![Json, Json, OctJwk, Quotes],
                "c2VjcmV0",
            ),
            (r#"{"any":"c2VjcmV0"}"#, vec![Json, Quotes], "c2VjcmV0"),
            ("0xabcdef", vec![HexPrefix], "abcdef"),
            ("ab:cd:ef", vec![Separators], "abcdef"),
            ("c2Vj\r\ncmV0", vec![LineBreaks], "c2VjcmV0"),
            (
                "12345678-1234-1234-1234-123456789abc",
                vec![Separators],
                "12345678123412341234123456789abc",
            ),
        ] {
            assert_eq!(
                all(secret.as_bytes()),
                (wrappers, value.to_owned()),
                "{secret}"
            );
        }
        assert_eq!(all(b"\xff\xfea\0b\0"), (vec![Utf16], "ab".to_owned()));
    }

    #[test]
    fn no_more_than_a_few_are_removed() {
        let nested = format!("{}a{}", "'".repeat(50), "'".repeat(50));
        assert_eq!(unwrapped(nested.as_bytes()).len(), MAX_WRAPPERS + 1);
    }
}
