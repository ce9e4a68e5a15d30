//! What surrounds a secret where people keep it: quotes, a variable's name, JSON, a byte order mark.

use std::sync::Arc;

use bankezy_crypto::SecretBytes;

use crate::diagnose::assignment::{assigned, list, quoted, without_comment};
use crate::diagnose::cleaning::{Cleaning, Step};
use crate::diagnose::hex_text::{without_prefixes, without_separators};
use crate::diagnose::invisible::visible;
use crate::diagnose::json_value::{Inner, inner, unescaped};
use crate::diagnose::octets::{self, copied};
use crate::diagnose::secret_escapes::{byte_string, percent_decoded, without_bearer};
use crate::diagnose::secret_lines::lines;

/// Something around a secret that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrapper {
    /// UTF-16 instead of UTF-8.
    Utf16,
    /// A byte order mark in UTF-8.
    ByteOrderMark,
    /// Colours of a terminal, characters of no width, or NULs.
    InvisibleCharacters,
    /// White space at either end, apart from one line end after the text.
    WhiteSpace,
    /// The other lines of a text.
    OtherLines,
    /// `Bearer ` in front of the value.
    Bearer,
    /// A comment behind the value, after `#` or `//`.
    Comment,
    /// A comma or semicolon behind the value.
    Punctuation,
    /// Quotation marks, brackets or XML tags.
    Quotes,
    /// Backslash escapes, such as the `\/` that PHP writes into JSON.
    Escapes,
    /// A byte string of a program with escapes in it, such as Python's `b'\x01A'`.
    ByteString,
    /// Percent-encoding of a URL or form.
    PercentEncoding,
    /// `NAME=value` or `NAME: value`.
    Assignment,
    /// A JSON object or array around the value.
    Json,
    /// A JSON Web Key of type `oct`.
    OctJwk,
    /// `0x` in front of hexadecimal digits, or of each octet.
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
    pub(crate) cleaning: Cleaning,
}

/// A value without one thing that was around it.
struct Removed {
    wrapper: Wrapper,
    value: SecretBytes,
    step: Step,
}

impl Removed {
    /// The value is part of the outer one.
    fn cut(wrapper: Wrapper, outer: &[u8], inner: &[u8]) -> Self {
        Self {
            wrapper,
            value: copied(inner),
            step: Step::cut(outer, inner),
        }
    }
}

/// More would be an attempt to keep the program busy.
const MAX_WRAPPERS: usize = 8;

/// The same, for values side by side in JSON or in lines.
const MAX_VALUES: usize = 24;

/// The secret as it is, and after each thing that can be removed.
pub(crate) fn unwrapped(secret: &[u8]) -> Vec<Unwrapped> {
    let mut all = vec![Unwrapped {
        wrappers: Arc::default(),
        value: copied(secret),
        cleaning: Cleaning::default(),
    }];
    let mut place = 0_usize;
    while let Some(outer) = all.get(place) {
        place = place.saturating_add(1);
        if outer.wrappers.len() >= MAX_WRAPPERS {
            continue;
        }
        let outer_wrappers = Arc::clone(&outer.wrappers);
        let outer_cleaning = outer.cleaning.clone();
        let of_text = of_text(&outer.cleaning, outer.value.as_bytes(), |_| true);
        for Removed {
            wrapper,
            value,
            step,
        } in remove(outer.value.as_bytes())
        {
            let is_new = |other: &Unwrapped| other.value.as_bytes() != value.as_bytes();
            if all.len() < MAX_VALUES && all.iter().all(is_new) {
                let wrappers = outer_wrappers.iter().copied().chain([wrapper]).collect();
                all.push(Unwrapped {
                    wrappers,
                    value,
                    cleaning: match step {
                        // Its octets are no text yet.
                        _ if wrapper == Wrapper::Utf16 => outer_cleaning.then(step),
                        Step::Cut { .. } => outer_cleaning.then(step),
                        _ => of_text.then(step),
                    },
                });
            }
        }
    }
    all
}

/// The text without the line ends after it.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    core::str::from_utf8(value)
        .ok()
        .map(|text| text.trim_end_matches(['\r', '\n']))
}

/// Ahead of what reads the text of a value: without the line ends after it, if one of them `counts`.
pub(crate) fn of_text(cleaning: &Cleaning, value: &[u8], counts: fn(&u8) -> bool) -> Cleaning {
    let text = text(value).map_or(value, str::as_bytes);
    let line_ends = value.get(text.len()..).unwrap_or_default();
    if line_ends.iter().any(counts) {
        cleaning.then(Step::cut(value, text))
    } else {
        cleaning.clone()
    }
}

/// Removes the outermost wrapper. There is more than one value where JSON or lines have several that may be it.
fn remove(value: &[u8]) -> Vec<Removed> {
    if let Some(text) = octets::from_utf16(value) {
        return vec![Removed {
            wrapper: Wrapper::Utf16,
            value: text,
            step: Step::Filter(match value {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "iconv -f UTF-16 -t UTF-8",
                [0, ..] => "iconv -f UTF-16BE -t UTF-8",
                _ => "iconv -f UTF-16LE -t UTF-8",
            }),
        }];
    }
    if let Some(rest) = value.strip_prefix(b"\xef\xbb\xbf") {
        return vec![Removed::cut(Wrapper::ByteOrderMark, value, rest)];
    }
    let Some(text) = text(value) else {
        return Vec::new();
    };
    if let Some(value) = visible(text) {
        return vec![Removed {
            wrapper: Wrapper::InvisibleCharacters,
            value,
            step: Step::ByHand,
        }];
    }
    if text.trim() != text {
        let trimmed = text.trim().as_bytes();
        return vec![Removed::cut(Wrapper::WhiteSpace, value, trimmed)];
    }
    let values = inner(text);
    if values.is_empty() {
        let lines = lines(text).into_iter();
        let lines = lines.map(|line| Removed::cut(Wrapper::OtherLines, value, line.as_bytes()));
        return remove_from_text(text).into_iter().chain(lines).collect();
    }
    let values = values.into_iter().map(|inner| match inner {
        Inner::Value(inner) => Removed::cut(Wrapper::Json, value, inner.as_bytes()),
        Inner::OctKey(key) => Removed::cut(Wrapper::OctJwk, value, key.as_bytes()),
    });
    values.collect()
}

fn remove_from_text(text: &str) -> Option<Removed> {
    if let Some((value, filter)) = byte_string(text) {
        return Some(Removed {
            wrapper: Wrapper::ByteString,
            value,
            step: Step::Filter(filter),
        });
    }
    let in_place = [
        (Wrapper::Bearer, without_bearer(text)),
        (Wrapper::Quotes, list(text)),
        (Wrapper::Assignment, assigned(text)),
        (Wrapper::Comment, without_comment(text)),
        (Wrapper::Punctuation, text.strip_suffix([',', ';'])),
        (Wrapper::Quotes, quoted(text)),
    ];
    let changed = || {
        [
            (
                Wrapper::HexPrefix,
                without_prefixes(text),
                Step::Filter(r"sed -e 's/(byte)//g' -e 's/0[xX]//g' -e 's/\\x//g'"),
            ),
            (
                Wrapper::Separators,
                without_separators(text),
                Step::Filter(r"tr -d ':, \t\n\f\r-'"),
            ),
            (
                Wrapper::PercentEncoding,
                percent_decoded(text),
                of_percent(text),
            ),
            (Wrapper::Escapes, unescaped(text), of_escapes(text)),
            (
                Wrapper::LineBreaks,
                without_white_space(text),
                Step::Filter(r"tr -d ' \t\n\f\r'"),
            ),
        ]
        .into_iter()
        .find_map(|(wrapper, value, step)| {
            let value = value?;
            Some(Removed {
                wrapper,
                value,
                step,
            })
        })
    };
    in_place
        .into_iter()
        .find_map(|(wrapper, rest)| Some(Removed::cut(wrapper, text.as_bytes(), rest?.as_bytes())))
        .or_else(changed)
}

/// A filter for the characters that base64 has encoded, where there are no others.
fn of_percent(text: &str) -> Step {
    let mut rest = text.split('%').skip(1);
    let is_known = |after: &str| {
        let digits = after.get(..2).unwrap_or_default();
        ["2b", "2f", "3d"]
            .iter()
            .any(|it| digits.eq_ignore_ascii_case(it))
    };
    if rest.all(is_known) {
        Step::Filter("sed -e 's/%2[Bb]/+/g' -e 's/%2[Ff]/\\//g' -e 's/%3[Dd]/=/g'")
    } else {
        Step::ByHand
    }
}

/// A filter for escapes that stand for the character behind the backslash.
fn of_escapes(text: &str) -> Step {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let is_other = |next: char| next.is_ascii_alphanumeric() || next == '\n';
        if character == '\n' || character == '\\' && characters.next().is_none_or(is_other) {
            return Step::ByHand;
        }
    }
    Step::Filter(r"sed 's/\\\(.\)/\1/g'")
}

fn without_white_space(text: &str) -> Option<SecretBytes> {
    let is_white_space = |octet: u8| octet.is_ascii_whitespace();
    text.bytes()
        .any(is_white_space)
        .then(|| octets::filtered(text.as_bytes(), |octet| !is_white_space(octet)))
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
            (
                r#""c2Vj\/cmV0","#,
                vec![Punctuation, Quotes, Escapes],
                "c2Vj/cmV0",
            ),
            (
                r#"{"a":"c2Vj\/cmV0"}"#,
                vec![Json, Quotes, Escapes],
                "c2Vj/cmV0",
            ),
            ("c2VjcmV0;", vec![Punctuation], "c2VjcmV0"),
            (
                "\u{1b}[32m\u{200b}c2Vj\u{ad}cmV0\u{1b}[0m",
                vec![InvisibleCharacters],
                "c2VjcmV0",
            ),
            (
                "SECRET='c2VjcmV0' # the secret",
                vec![Assignment, Comment, Quotes],
                "c2VjcmV0",
            ),
            (
                "$env:SECRET = \"c2VjcmV0\"",
                vec![Assignment, Quotes],
                "c2VjcmV0",
            ),
            (
                r#"{"id": 1, "name": "a", "PayloadSecret": "c2VjcmV0"}"#,
                vec![Json, Quotes],
                "c2VjcmV0",
            ),
            (
                r#"{"keys":[{"kty":"EC","x":"AAAA"},{"kty":"oct","k":"c2VjcmV0"}]}"#,
                vec![Json, Json, OctJwk, Quotes],
                "c2VjcmV0",
            ),
            ("0xabcdef", vec![HexPrefix], "abcdef"),
            (
                "{0xab, 0xcd, 0XEF}",
                vec![Quotes, HexPrefix, Separators],
                "abcdEF",
            ),
            (r"\xab\xcd", vec![HexPrefix], "abcd"),
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
    fn of_two_symmetric_keys_both_are_looked_at() {
        let set = r#"{"keys":[{"kty":"oct","k":"first"},{"kty":"oct","k":"second"}]}"#;
        let all = unwrapped(set.as_bytes());
        for value in [&b"first"[..], b"second"] {
            assert!(all.iter().any(|it| it.value.as_bytes() == value));
        }
    }

    #[test]
    fn no_more_than_a_few_are_removed() {
        let nested = format!("{}a{}", "'".repeat(50), "'".repeat(50));
        assert_eq!(unwrapped(nested.as_bytes()).len(), MAX_WRAPPERS + 1);
        let members: Vec<String> = (0..50).map(|n| format!(r#""key{n}":["a{n}"]"#)).collect();
        let wide = format!("{{{}}}", members.join(","));
        assert!(unwrapped(wide.as_bytes()).len() <= MAX_VALUES);
    }
}
