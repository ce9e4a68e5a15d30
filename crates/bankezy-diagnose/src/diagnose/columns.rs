//! Finds a secret in what users paste: in a row of a table, a line of CSV, after a tab, in an argument of a command,
//! in an array as a program prints it.

use crate::diagnose::assignment::LONG;
use crate::diagnose::secret_lines::{MAX_LINES, likelihood};

/// The columns of a row that may be the secret, the likely ones first. Empty for a text with one column.
pub(crate) fn columns(text: &str) -> Vec<&str> {
    if text.contains('\n') {
        return Vec::new();
    }
    const BARS: [char; 4] = ['|', '\u{2502}', '\u{2503}', '\u{2551}'];
    let is_row =
        text.starts_with(BARS) || BARS.iter().any(|bar| text.contains(&format!(" {bar} ")));
    let split: Vec<&str> = if text.contains('\t') {
        text.split('\t').collect()
    } else if is_row {
        text.split(BARS).collect()
    } else {
        let all = [',', ';'].map(|c| text.split(c).collect::<Vec<_>>());
        let is_long = |column: &&str| column.trim().len() >= LONG && !column.trim().contains(' ');
        let is_csv = |columns: &Vec<&str>| columns.len() > 1 && columns.iter().any(is_long);
        all.into_iter().find(is_csv).unwrap_or_default()
    };
    let mut columns: Vec<&str> = split
        .into_iter()
        .map(str::trim)
        .filter(|column| !column.is_empty())
        .collect();
    if columns.len() < 2 && !is_row {
        return Vec::new();
    }
    // Names are short.
    columns.sort_by_key(|column| column.len() < LONG);
    columns.truncate(MAX_LINES);
    columns
}

/// The headers and data that a command such as curl is given, the likely ones first.
pub(crate) fn arguments(text: &str) -> Vec<&str> {
    const FLAGS: [&str; 8] = [
        "-H",
        "--header",
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "-b",
        "--cookie",
    ];
    let words = words(text);
    let mut found = Vec::new();
    let mut before = None;
    for word in words {
        let joined = word.strip_prefix("--").and_then(|it| it.split_once('='));
        if before.is_some_and(|before| FLAGS.contains(&before)) {
            found.push(word);
        } else if let Some((_, value)) = joined.filter(|(name, _)| {
            FLAGS
                .iter()
                .any(|flag| flag.strip_prefix("--") == Some(*name))
        }) {
            found.push(value);
        }
        before = Some(word);
    }
    found.sort_by_key(|argument| likelihood(argument));
    found.truncate(MAX_LINES);
    found
}

/// The words of a shell command, without the quotation marks around them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => {
                rest = rest.get(1..).unwrap_or_default();
                rest.find(first)
            }
            _ => rest.find(char::is_whitespace),
        };
        let (word, after) = rest
            .split_at_checked(end.unwrap_or(rest.len()))
            .unwrap_or((rest, ""));
        words.push(word);
        rest = after.trim_start_matches(['\'', '"']).trim_start();
    }
    words
}

/// The numbers of an array with its type in front: `Uint8Array(32) [ 1, 2 ]`, `bytes([1, 2])`, `new byte[] {-1, 2}`.
pub(crate) fn numbers(text: &str) -> Option<&str> {
    let (start, rest) = text.split_at_checked(text.rfind(['[', '{', '('])?)?;
    let (inside, end) = rest.get(1..)?.split_once([']', '}', ')'])?;
    let is_number = |c: char| c.is_ascii_digit() || c.is_whitespace() || "-,".contains(c);
    let is_type = |c: char| c.is_ascii_alphanumeric() || "_.$=:&<>()[]{} ".contains(c);
    let is_array = inside.contains(',') && inside.chars().all(is_number);
    let is_end = end.chars().all(|c| ")]};, ".contains(c));
    (is_array && is_end && !start.is_empty() && start.chars().all(is_type)).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_VALUE: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn columns_are_those_of_rows_tabs_and_csv() {
        for (text, found) in [
            ("name\tv", vec!["name", "v"]),
            ("| name | v |", vec!["name", "v"]),
            ("\u{2502} name \u{2502} v \u{2502}", vec!["name", "v"]),
            ("a | b", vec!["a", "b"]),
            (
                &format!("1,name,{LONG_VALUE}"),
                vec![LONG_VALUE, "1", "name"],
            ),
            (&format!("name;{LONG_VALUE}"), vec![LONG_VALUE, "name"]),
            ("1, 2, 3", vec![]),
            (LONG_VALUE, vec![]),
            ("|", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(columns(text), found, "{text}");
        }
    }

    #[test]
    fn arguments_are_headers_and_data() {
        for (text, found) in [
            ("-H 'X-Secret: v'", vec!["X-Secret: v"]),
            (
                "curl u -H \"A: b\" --header 'My-Key: v' \\",
                vec!["My-Key: v", "A: b"],
            ),
            ("curl --header=X:v u", vec!["X:v"]),
            ("-H 'unfinished", vec!["unfinished"]),
            ("-H", vec![]),
            ("v", vec![]),
        ] {
            assert_eq!(arguments(text), found, "{text}");
        }
    }

    #[test]
    fn numbers_have_a_type_in_front() {
        for (text, found) in [
            ("Uint8Array(2) [ 1, 2 ]", Some(" 1, 2 ")),
            ("new Uint8Array([1,2]);", Some("1,2")),
            ("byte[] k = new byte[]{-1, 2};", Some("-1, 2")),
            ("byteArrayOf(-1, 2)", Some("-1, 2")),
            ("[1, 2]", None),
            ("f(x, 2)", None),
            ("(", None),
        ] {
            assert_eq!(numbers(text), found, "{text}");
        }
    }
}
