//! Finds a secret in JSON.

use std::collections::BTreeMap;
use std::io::Write as _;

use bankezy_crypto::SecretBytes;
use serde_json::value::RawValue;

/// A value in JSON. It stays in place, so that nothing of it is copied.
pub(crate) enum Inner<'a> {
    /// A member or an item.
    Value(&'a str),
    /// `k` of a JSON Web Key of type `oct`.
    OctKey(&'a str),
}

/// Parts of the usual names of secrets, without regard to case and separators, best first.
const NAMES: [&str; 6] = [
    "payloadsecret",
    "payloadkey",
    "encryptionkey",
    "aeskey",
    "secret",
    "key",
];

/// Of an object or array with more, the rest is ignored.
const MAX_INNER: usize = 4;

/// The values inside of a JSON object or array that may be the secret, or contain it.
pub(crate) fn inner(text: &str) -> Vec<Inner<'_>> {
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        let is_only = items.len() == 1;
        return items
            .into_iter()
            .map(RawValue::get)
            .filter(|item| is_only || oct_key(item).is_some())
            .take(MAX_INNER)
            .map(Inner::Value)
            .collect();
    }
    if let Some(key) = oct_key(text) {
        return vec![Inner::OctKey(key)];
    }
    let members = members(text).unwrap_or_default();
    let is_only = members.len() == 1;
    let mut ranked: Vec<(usize, &str)> = members
        .into_iter()
        .filter_map(|(name, value)| {
            let is_nested = value.starts_with(['{', '[']);
            let rank = rank(name).or((is_only || is_nested).then_some(NAMES.len()))?;
            Some((rank, value))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let values = ranked.into_iter().map(|(_, value)| Inner::Value(value));
    values.take(MAX_INNER).collect()
}

fn members(text: &str) -> Option<BTreeMap<&str, &str>> {
    let members = serde_json::from_str::<BTreeMap<&str, &RawValue>>(text).ok()?;
    let members = members.into_iter();
    Some(members.map(|(name, value)| (name, value.get())).collect())
}

fn oct_key(text: &str) -> Option<&str> {
    let members = members(text)?;
    let is_oct = members.get("kty") == Some(&"\"oct\"");
    members.get("k").copied().filter(|_| is_oct)
}

/// The smaller, the more likely it is the name of a secret.
pub(crate) fn rank(name: &str) -> Option<usize> {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect();
    NAMES.iter().position(|part| name.contains(part))
}

/// An object or a list as Python prints it, as JSON. `None` if it has no single quotation marks.
pub(crate) fn of_python(text: &str) -> Option<SecretBytes> {
    const WORDS: [(&str, &str); 4] = [
        ("'", "\""),
        (": None", ": null"),
        (": True", ": true"),
        (": False", ": false"),
    ];
    if !text.starts_with(['{', '[']) || !text.contains('\'') {
        return None;
    }
    let mut json = SecretBytes::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = WORDS.iter().find(|(word, _)| rest.starts_with(word));
        let len = word.map_or(first.len_utf8(), |(word, _)| word.len());
        let (read, after) = rest.split_at_checked(len)?;
        // Writing to memory does not fail.
        let _ = json.write_all(word.map_or(read, |(_, json)| json).as_bytes());
        rest = after;
    }
    Some(json)
}

/// A text without the backslash escapes of JSON and of shells. `None` if it has none, or one that is not known.
pub(crate) fn unescaped(text: &str) -> Option<SecretBytes> {
    let mut characters = text.chars();
    // It is never longer than the text.
    let mut unescaped = SecretBytes::with_capacity(text.len());
    let mut is_changed = false;
    while let Some(character) = characters.next() {
        let character = if character == '\\' {
            is_changed = true;
            match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits = characters.as_str().get(..4)?;
                    characters.nth(3)?;
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                other if other.is_ascii_alphanumeric() => return None,
                other => other,
            }
        } else {
            character
        };
        // Writing to memory does not fail.
        let _ = write!(unescaped, "{character}");
    }
    is_changed.then_some(unescaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let value = |inner| match inner {
            Inner::Value(value) | Inner::OctKey(value) => value,
        };
        inner(text).into_iter().map(value).collect()
    }

    #[test]
    fn a_secret_is_found_by_its_name_or_type() {
        for (json, found) in [
            (r#"{"any": "v"}"#, vec![r#""v""#]),
            (r#"{"id": 1, "PayloadSecret": "v"}"#, vec![r#""v""#]),
            (
                r#"{"client_secret": "c", "PAYLOAD-SECRET": "v", "n": 1}"#,
                vec![r#""v""#, r#""c""#],
            ),
            (r#"{"id": 1, "data": {"a": 2}}"#, vec![r#"{"a": 2}"#]),
            (r#"{"id": 1, "name": 2}"#, vec![]),
            (r#"{"kty":"oct","k":"v"}"#, vec![r#""v""#]),
            (
                r#"[{"kty":"EC"},{"kty":"oct","k":"v"}]"#,
                vec![r#"{"kty":"oct","k":"v"}"#],
            ),
            (r#"[1]"#, vec!["1"]),
            (r#"[1, 2]"#, vec![]),
            ("text", vec![]),
        ] {
            assert_eq!(values(json), found, "{json}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        for (escaped, text) in [
            (r"ab\/cd", Some("ab/cd")),
            (r#"a\"\\b\n"#, Some("a\"\\b\n")),
            (r"a\u003d\u00e4", Some("a=\u{e4}")),
            (r"a\$b", Some("a$b")),
            ("ab", None),
            (r"a\u00", None),
            (r"a\x41", None),
            (r"a\", None),
        ] {
            let found = unescaped(escaped);
            let found = found.as_ref().map(SecretBytes::as_bytes);
            assert_eq!(found, text.map(str::as_bytes), "{escaped}");
        }
    }
}
