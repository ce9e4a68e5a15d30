//! Invisible characters in a text, as terminals, chats and wikis add them.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;

/// The same as [`visible`], for a shell.
pub(crate) const FILTER: &str = concat!(
    "python3 -c 'import re,sys; sys.stdout.buffer.write(re.sub(",
    r#""\x1b(\[[^@-~]*[@-~]?)?|[\0\u200b-\u200d\u2060\ufeff\u00ad]", """#,
    ", sys.stdin.buffer.read().decode()).encode())'",
);

/// A text without terminal colours, zero-width characters, and NULs; `None` if it has none of them.
pub(crate) fn visible(text: &str) -> Option<SecretBytes> {
    let is_invisible = |c: char| {
        matches!(
            c,
            '\0' | '\u{1b}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
        )
    };
    if !text.contains(is_invisible) {
        return None;
    }
    let mut visible = SecretBytes::with_capacity(text.len());
    // A SecretBytes takes whatever is written to it.
    let mut keep = |shown: &str| {
        for part in shown.split(is_invisible) {
            let _ = visible.write_all(part.as_bytes());
        }
    };
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        keep(before);
        let end = |c: char| matches!(c, '@'..='~');
        rest = sequence.split_once(end).map_or("", |(_, rest)| rest);
    }
    keep(rest);
    Some(visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_kept() {
        for text in [
            "\u{200b}se\u{ad}cret\u{feff}",
            "\u{1b}[1;32msecret\u{1b}[0m",
            "secret\0\0",
            "\u{1b}secret\u{1b}[",
        ] {
            assert_eq!(visible(text).unwrap().as_bytes(), b"secret", "{text:?}");
        }
        assert!(visible("se cret\n").is_none());
    }
}
