//! The lines of a settings file in which a secret may be.

use crate::diagnose::assignment::assigned;
use crate::diagnose::json_value::rank;

/// Of a file with more, the rest is not looked at.
const MAX_LINES: usize = 4;

/// The shortest value that is taken for a secret where its name does not tell.
const LONG: usize = 22;

/// The lines of a text that may be a secret or hold it, the likely ones first. None where a text is one line, or
/// one value in lines of the same length.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let all = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    if all().nth(1).is_none() || is_folded(text) {
        return Vec::new();
    }
    let is_comment = |line: &str| {
        ["#", "//", ";", "---"]
            .iter()
            .any(|it| line.starts_with(it))
    };
    let mut ranked: Vec<(usize, &str)> = all()
        .filter(|line| !is_comment(line))
        .map(|line| (likelihood(line), line))
        .collect();
    ranked.sort_by_key(|(likelihood, _)| *likelihood);
    let lines = ranked.into_iter().map(|(_, line)| line);
    lines.take(MAX_LINES).collect()
}

/// The smaller, the likelier.
fn likelihood(line: &str) -> usize {
    let value = assigned(line).unwrap_or(line);
    let name = line.split_once(value).map_or("", |(name, _)| name);
    // More than there are names.
    let other = if value.len() >= LONG { 100 } else { 101 };
    rank(name).unwrap_or(other)
}

/// Whether it is a value that was cut into lines: all have one length, but the last one.
fn is_folded(text: &str) -> bool {
    let is_value = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c) || c.is_whitespace();
    let mut lines = text.lines().map(|line| line.trim().len());
    let first = lines.next().unwrap_or_default();
    let mut has_ended = false;
    text.chars().all(is_value)
        && text.lines().all(|line| assigned(line).is_none())
        && lines.all(|len| {
            let is_next = !has_ended && len <= first;
            has_ended = len < first;
            is_next
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_lines_come_first() {
        for (text, found) in [
            ("v", vec![]),
            ("c2Vj\ncmV0", vec![]),
            ("c2Vj\r\ncmV0\r\nc2U", vec![]),
            (
                "API_URL=abc\nPAYLOAD_SECRET=v1\nX=1",
                vec!["PAYLOAD_SECRET=v1", "API_URL=abc", "X=1"],
            ),
            (
                "bank:\n  url: https://x\n  payload-secret: \"v1\"\n",
                vec!["payload-secret: \"v1\"", "bank:", "url: https://x"],
            ),
            ("# payload secret\n\nv", vec!["v"]),
            (
                "id\n0123456789abcdef0123456789abcdef",
                vec!["0123456789abcdef0123456789abcdef", "id"],
            ),
        ] {
            assert_eq!(lines(text), found, "{text}");
        }
        let many = "A=1\n".repeat(50);
        assert_eq!(lines(&many).len(), MAX_LINES);
    }
}
