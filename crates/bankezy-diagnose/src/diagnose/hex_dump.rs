//! Hexadecimal dumps with an offset in front of each line.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;

/// The octets of a dump that is the whole text, and the filter that returns them.
pub(crate) fn undone(text: &str) -> Option<(SecretBytes, &'static str)> {
    let is_dumped = |line: &str| {
        let words = without_offset(line).map(|(_, rest)| rest.trim_start());
        let is_octet = |c: char| c.is_ascii_hexdigit();
        words.is_some_and(|words| words.starts_with(is_octet))
    };
    // `hexdump` ends with an offset alone.
    let is_end = |line: &str| line.trim().bytes().all(|c| c.is_ascii_hexdigit());
    let mut lines = text.lines();
    let starts = lines.next().is_some_and(|first| {
        is_dumped(first) && without_offset(first).is_some_and(|(is_first, _)| is_first)
    });
    if !starts || !lines.all(|line| is_dumped(line) || is_end(line)) {
        return None;
    }
    let octets = octets_of_dump(text, b"");
    let filter = if text.trim_start().split(' ').next()?.ends_with(':') {
        "xxd -r"
    } else {
        "sed -e 's/^[0-9a-fA-F]*//' -e 's/[|>].*//' | xxd -r -p"
    };
    (!octets.as_bytes().is_empty()).then_some((octets, filter))
}

/// A line without its offset, and whether that is zero.
pub(crate) fn without_offset(line: &str) -> Option<(bool, &str)> {
    let (offset, rest) = line.trim_start().split_once([':', ' '])?;
    let is_offset =
        (4..=16).contains(&offset.len()) && offset.bytes().all(|c| c.is_ascii_hexdigit());
    is_offset.then(|| (offset.bytes().all(|c| c == b'0'), rest))
}

/// The octets of what `xxd`, `hexdump -C`, `od -t x1` and `curl --trace` print, with `before` in front of each dump.
pub(crate) fn octets_of_dump(text: &str, before: &[u8]) -> SecretBytes {
    let mut octets = SecretBytes::with_capacity(text.len());
    for (is_first, rest) in text.lines().filter_map(without_offset) {
        if is_first {
            // Writing to memory does not fail.
            let _ = octets.write_all(before);
        }
        let rest = rest.trim_start();
        // The characters follow a bar, or two blanks; `hexdump -C` has two blanks between octets as well.
        let end = rest.find('|').or_else(|| rest.find("  "));
        let digits = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let mut in_line = 0_usize;
        for word in digits.split_whitespace() {
            let (pairs, []) = word.as_bytes().as_chunks::<2>() else {
                break;
            };
            let octet = |pair: &[u8; 2]| {
                let digits = core::str::from_utf8(pair).ok()?;
                let is_hex = pair.iter().all(u8::is_ascii_hexdigit);
                u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)
            };
            let Some(read) = pairs
                .iter()
                .map(octet)
                .collect::<Option<Vec<u8>>>()
                .map(SecretBytes::from)
            else {
                break;
            };
            in_line = in_line.saturating_add(read.as_bytes().len());
            if in_line > 16 {
                break;
            }
            let _ = octets.write_all(read.as_bytes());
        }
    }
    octets
}
