//! The lines of a settings file and the fields of a form that may contain a secret.

use crate::diagnose::assignment::{LONG, assigned};
use crate::diagnose::json_value::rank;

/// Of a file with more, the rest is ignored.
pub(crate) const MAX_LINES: usize = 4;

/// The lines of a text that may be a secret or contain it, the likely ones first. Empty if a text is one line, or one
/// value in lines of the same length.
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

/// The values of a form or of the query of a URL that may be the secret, the likely ones first. Empty for a text with
/// one field, which is an assignment.
pub(crate) fn fields(text: &str) -> Vec<&str> {
    let fields = text.rsplit_once('?').map_or(text, |(_, query)| query);
    // In values, where a form was decoded, a blank may have been `+`.
    let is_other = |c: char| c.is_whitespace() && c != ' ';
    if !fields.contains('&') || text.contains(is_other) {
        return Vec::new();
    }
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.[]%".contains(c);
        !name.is_empty() && name.chars().all(is_part)
    };
    let fields: Option<Vec<(&str, &str)>> = fields
        .split('&')
        .map(|field| field.split_once('=').filter(|(name, _)| is_name(name)))
        .collect();
    let mut ranked: Vec<(usize, &str)> = fields
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (rank_of(name, value), value))
        .collect();
    ranked.sort_by_key(|(likelihood, _)| *likelihood);
    let values = ranked.into_iter().map(|(_, value)| value);
    values.take(MAX_LINES).collect()
}

/// The smaller, the more likely.
fn rank_of(name: &str, value: &str) -> usize {
    // More than there are names.
    let other = if value.len() >= LONG { 100 } else { 101 };
    rank(name).unwrap_or(other)
}

/// Of a line.
pub(crate) fn likelihood(line: &str) -> usize {
    let value = assigned(line).unwrap_or(line);
    let name = line.split_once(value).map_or("", |(name, _)| name);
    rank_of(name, value)
}

/// Whether it is a value that was split into lines: all have one length, except the last one.
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
    fn the_fields_of_a_form_are_values() {
        for (text, found) in [
            ("x=1&payloadSecret=v%2B&y=2", vec!["v%2B", "1", "2"]),
            ("https://host/a?x=1&secret=v", vec!["v", "1"]),
            ("x=1&payloadSecret= v w", vec![" v w", "1"]),
            ("payloadSecret=v", vec![]),
            ("a&b=c", vec![]),
            ("a = 1 & b = 2", vec![]),
        ] {
            assert_eq!(fields(text), found, "{text}");
        }
    }

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
