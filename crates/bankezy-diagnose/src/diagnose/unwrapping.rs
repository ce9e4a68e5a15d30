//! Removes the wrappers of a secret, one after another.

use std::sync::Arc;

use bankezy_crypto::SecretBytes;

use crate::diagnose::cleaning::{Cleaning, Step};
use crate::diagnose::octets::copied;
use crate::diagnose::removal::{Removed, remove};
use crate::diagnose::wrapper::{Wrapper, text};

/// A value, and what was removed to get it.
pub(crate) struct Unwrapped {
    pub(crate) wrappers: Arc<[Wrapper]>,
    pub(crate) value: SecretBytes,
    pub(crate) cleaning: Cleaning,
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
                        // Its octets are not text yet.
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

/// Before a reader of a value's text: without the line ends after it, if one of them `counts`.
pub(crate) fn of_text(cleaning: &Cleaning, value: &[u8], counts: fn(&u8) -> bool) -> Cleaning {
    let text = text(value).map_or(value, str::as_bytes);
    let line_ends = value.get(text.len()..).unwrap_or_default();
    if line_ends.iter().any(counts) {
        cleaning.then(Step::cut(value, text))
    } else {
        cleaning.clone()
    }
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
                vec![Brackets, HexPrefix, Separators],
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
