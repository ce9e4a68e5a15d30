//! Undoes what tools and logs do to a whole capture: dumps with an offset in front of each line, logs that quote each
//! line, and the other alphabet of base64.

use crate::diagnose::hex_dump::{octets_of_dump, without_offset};
use crate::diagnose::stripped::Stripped;

/// What a text is if it is one of these.
pub(crate) fn undone(text: &str) -> Vec<(Stripped, String)> {
    [
        (Stripped::WireLog, wire_log(text)),
        (Stripped::HexDump, hex_dump(text)),
        (Stripped::TextDump, text_dump(text)),
        (Stripped::StandardAlphabet, in_base64url(text)),
    ]
    .into_iter()
    .filter_map(|(kind, undone)| Some((kind, undone?)))
    .collect()
}

/// With the alphabet of base64url in place of that of base64.
pub(crate) fn in_base64url(text: &str) -> Option<String> {
    text.contains(['+', '/'])
        .then(|| text.replace('+', "-").replace('/', "_"))
}

/// The lines that Apache's HTTP client and others write: `http-outgoing-0 << "…[\r][\n]"`, each direction alone.
fn wire_log(text: &str) -> Option<String> {
    let mut joined = String::new();
    for mark in [">> \"", "<< \""] {
        for line in text.lines() {
            let quoted = line.split_once(mark);
            let content = quoted.and_then(|(_, content)| content.trim_end().strip_suffix('"'));
            let Some(content) = content else { continue };
            let ended = content.strip_suffix("[\\n]");
            joined.push_str(ended.unwrap_or(content).trim_end_matches("[\\r]"));
            if ended.is_some() {
                joined.push('\n');
            }
        }
        joined.push('\n');
    }
    (!joined.trim().is_empty()).then_some(joined)
}

/// What `xxd`, `hexdump -C`, `od -t x1` and `curl --trace` print.
fn hex_dump(text: &str) -> Option<String> {
    let octets = octets_of_dump(text, b"\n");
    let text = core::str::from_utf8(octets.as_bytes()).ok()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// What `curl --trace-ascii` prints.
fn text_dump(text: &str) -> Option<String> {
    let mut joined = String::new();
    for (is_first, rest) in text.lines().filter_map(without_offset) {
        if is_first {
            joined.push('\n');
        }
        joined.push_str(rest.strip_prefix(' ').unwrap_or(rest));
    }
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_read() {
        let text = "0123456789abcdef ghij";
        for dump in [
            // xxd
            "00000000: 3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n\
             00000010: 2067 6869 6a                              ghij\n",
            // hexdump -C
            "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n\
             00000010  20 67 68 69 6a                                    | ghij|\n00000015\n",
            // od -A x -t x1z
            "000000 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  >0123456789abcdef<\n\
             000010 20 67 68 69 6a                                   > ghij<\n000015\n",
            // curl --trace
            "<= Recv data, 21 bytes (0x15)\n\
             0000: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef\n\
             0010: 20 67 68 69 6a                                   ghij\n",
        ] {
            assert_eq!(
                hex_dump(dump).as_deref().map(str::trim),
                Some(text),
                "{dump}"
            );
        }
        let trace = "<= Recv data, 21 bytes (0x15)\n0000: 0123456789abcdef\n0010:  ghij\n";
        assert_eq!(text_dump(trace).as_deref().map(str::trim), Some(text));
        assert_eq!(hex_dump("text: 00"), None);
        assert_eq!(text_dump("text: 00"), None);
    }

    #[test]
    fn lines_of_a_wire_log_are_joined_by_direction() {
        let log = "10:00 wire - out-0 >> \"POST / HTTP/1.1[\\r][\\n]\"\n10:00 wire - out-0 >> \"[\\r][\\n]\"\n\
                   10:00 wire - out-0 >> \"ab\"\n10:01 wire - out-0 << \"x\"\n10:00 wire - out-0 >> \"cd\"";
        assert_eq!(wire_log(log).unwrap(), "POST / HTTP/1.1\n\nabcd\nx\n");
        assert_eq!(wire_log("a << b"), None);
    }
}
