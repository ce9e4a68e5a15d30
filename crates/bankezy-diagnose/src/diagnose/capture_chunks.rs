//! Bodies as `Transfer-Encoding: chunked` writes them (RFC 9112 section 7.1): sizes between the chunks.

/// The content of the chunks. `None` if the text is not in chunks.
pub(crate) fn dechunked(text: &str) -> Option<String> {
    // Programs that show a body may have written each line end of it as a line feed alone.
    read(text, "\n".len()).or_else(|| read(text, "\r\n".len()))
}

fn read(text: &str, line_feed_len: usize) -> Option<String> {
    let mut body = String::with_capacity(text.len());
    let mut has_chunk = false;
    // What is missing from the chunk.
    let mut missing: usize = 0;
    let mut is_ended = false;
    for line in text.trim_start().split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        if is_ended && !content.is_empty() {
            return None;
        }
        is_ended = false;
        if missing == 0 {
            if content.is_empty() {
                continue;
            }
            missing = size(content)?;
            if missing == 0 {
                return has_chunk.then_some(body);
            }
            continue;
        }
        missing = missing.checked_sub(content.len())?;
        body.push_str(content);
        if missing > 0 && content.len() < line.len() {
            body.push('\n');
            let is_crlf = line.ends_with("\r\n");
            missing = missing.saturating_sub(if is_crlf { 2 } else { line_feed_len });
            // The chunk's own line end follows.
            is_ended = missing == 0;
        }
        has_chunk |= missing == 0;
    }
    // The end may be missing in a capture.
    has_chunk.then_some(body)
}

/// The size of a chunk, without its extensions.
fn size(line: &str) -> Option<usize> {
    let digits = line.split(';').next()?.trim();
    // Without a sign.
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    is_hex.then(|| usize::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        for (text, body) in [
            ("4\r\nbody\r\n0\r\n\r\n", Some("body")),
            ("2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", Some("body")),
            ("2\nbo\n2\ndy\n0\n", Some("body")),
            (
                "2;a=b\r\nbo\r\n002 \r\ndy\r\n0\r\nA: b\r\n\r\n",
                Some("body"),
            ),
            ("A\r\n0123456789\r\n", Some("0123456789")),
            // Line ends in a chunk, as they were and as line feeds alone.
            ("6\r\nbo\r\ndy\r\n0\r\n\r\n", Some("bo\ndy")),
            ("6\nbo\ndy\n0\n\n", Some("bo\ndy")),
            ("5\nbo\ndy\n0\n\n", Some("bo\ndy")),
            ("4\nbo\n\n\n2\ndy\n0\n", Some("bo\n\ndy")),
            // Cut off.
            ("2\r\nbo\r\n5\r\ndy", Some("body")),
            ("body", None),
            ("5\r\nbody", None),
            ("4\r\nbody and more", None),
            ("+4\r\nbody\r\n", None),
            ("0\r\n", None),
            ("", None),
        ] {
            assert_eq!(dechunked(text).as_deref(), body, "{text}");
        }
    }
}
