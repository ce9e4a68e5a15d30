//! What other languages and people write that JSON (RFC 8259) does not have, so that an error can name it.

/// The first such thing in a text that starts as a JSON object does, and what to do about it. Nothing of the text is
/// copied.
pub(crate) fn lenient(text: &[u8]) -> Option<&'static str> {
    let text = super::key_form::unmarked(text);
    let mut rest = text.trim_ascii_start().strip_prefix(b"{")?;
    // The next character, not counting white space.
    let mut before = b'{';
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'"' => rest = after_string(after),
            c if c.is_ascii_whitespace() => continue,
            b'/' | b'#' => return Some("a comment: remove it"),
            b'\'' | b'`' => {
                return Some(
                    "single quotation marks, as Python prints them: write double ones, as `json.dumps` does",
                );
            }
            0xe2 if matches!(after, [0x80, 0x98..=0x9f, ..]) => {
                return Some("quotation marks of a word processor: write straight double ones");
            }
            b'}' | b']' if before == b',' => {
                return Some("a comma after its last member: remove that");
            }
            c if c.is_ascii_alphabetic() && matches!(before, b'{' | b',') => {
                return Some("a name without quotation marks: write double ones around it");
            }
            _ => {}
        }
        before = *first;
    }
    None
}

/// What follows the end of a string.
fn after_string(text: &[u8]) -> &[u8] {
    let mut is_escaped = false;
    let end = text.iter().position(|c| {
        let ends = *c == b'"' && !is_escaped;
        is_escaped = *c == b'\\' && !is_escaped;
        ends
    });
    let after = end.and_then(|end| text.get(end.saturating_add(1)..));
    after.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_does_not_have_is_named() {
        for (text, found) in [
            ("{\"a\":1, // x\n\"b\":2}", Some("a comment")),
            ("{ # x\n\"b\":2}", Some("a comment")),
            ("\u{feff} {\"a\":1 /* x */}", Some("a comment")),
            ("{'a': 1}", Some("single")),
            ("{\"a\": 'b'}", Some("single")),
            (
                "{\u{201c}a\u{201d}: 1}",
                Some("quotation marks of a word processor"),
            ),
            ("{\"a\":1,\n}", Some("a comma")),
            ("{\"a\":[1, ],\"b\":2}", Some("a comma")),
            ("{a: 1}", Some("a name without")),
            ("{\"a\":\"'//,}\\\"#\",\"b\":[true,{}],\"c\":null}", None),
            ("{]", None),
            ("{\"a", None),
            ("'a'", None),
            ("", None),
        ] {
            let first = lenient(text.as_bytes());
            let is_it = match (first, found) {
                (Some(first), Some(found)) => first.starts_with(found),
                (first, found) => first.is_none() && found.is_none(),
            };
            assert!(is_it, "{text}: {first:?}");
        }
    }
}
