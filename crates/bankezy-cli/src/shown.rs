//! Which part of the user's own text may be printed: it may be a secret in the wrong place.

use std::path::Path;

/// A name that is longer cannot be told from a key by its look.
const MAX_BARE_NAME: usize = 16;
const MAX_PATH: usize = 200;

/// The known name nearest to a text, within two edits.
pub(crate) fn nearest<T: AsRef<str>>(text: &str, known: impl IntoIterator<Item = T>) -> Option<T> {
    near(text, known, |edits| edits * 2 <= text.len())
}

/// The known name that a text may be meant for where others name things as well: short names, and names that
/// end with a number, are left to them.
pub(crate) fn misspelt<'a>(text: &str, known: &'a [String]) -> Option<&'a String> {
    let numbered = text.ends_with(|c: char| c.is_ascii_digit());
    near(text, known, |edits| !numbered && edits * 4 < text.len())
}

fn near<T: AsRef<str>>(
    text: &str,
    known: impl IntoIterator<Item = T>,
    // Any short text is within two edits of a short name.
    is_near: impl Fn(usize) -> bool,
) -> Option<T> {
    // Two edits can be a terminal's escape sequence.
    if !text.bytes().all(|c| c.is_ascii_graphic()) {
        return None;
    }
    // People get the first letter right.
    let starts_alike = |name: &str| text.bytes().next() == name.bytes().next();
    known
        .into_iter()
        .filter_map(|name| Some((edits(text, name.as_ref())?, name)))
        .filter(|(edits, _)| is_near(*edits))
        .min_by_key(|(edits, name)| (*edits, !starts_alike(name.as_ref())))
        .map(|(_, name)| name)
}

/// How many characters have to be changed, put in, left out, or swapped with their neighbour, if at most two
/// (the optimal string alignment distance).
fn edits(text: &str, name: &str) -> Option<usize> {
    if text.len().abs_diff(name.len()) > 2 {
        return None;
    }
    let (text, name) = (text.as_bytes(), name.as_bytes());
    let mut before = Vec::new();
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (line, typed) in text.iter().enumerate() {
        let mut next = vec![line + 1];
        for (column, known) in name.iter().enumerate() {
            let changed = row[column] + usize::from(typed != known);
            let mut least = changed.min(row[column + 1] + 1).min(next[column] + 1);
            if line > 0 && column > 0 && (text[line - 1], name[column - 1]) == (*known, *typed) {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|edits| *edits <= 2)
}

/// Names a file in a message: by its path where that looks like one, and by where it comes from.
pub(crate) fn file(path: &Path, from: &str) -> String {
    // A bare name may be a password where a file of secrets is asked for.
    let holds_secret = ["secret", "key", "token", "password"]
        .iter()
        .any(|word| from.to_ascii_lowercase().contains(word));
    let is_shown = |text: &&str| is_path(text) && !(holds_secret && is_bare(text));
    match path.to_str().filter(is_shown) {
        Some(text) => format!("`{text}` (from {from})"),
        None => format!("the file of {from} (name not shown: it may be a secret)"),
    }
}

fn is_bare(text: &str) -> bool {
    !text.contains(['/', '\\', '.'])
}

/// Whether a text looks like a path that somebody typed, and not like a key, a token or a password.
fn is_path(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"/\\:._-, ~@".contains(&c);
    let rooted = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| text.starts_with(start));
    let longest = if is_bare(text) {
        MAX_BARE_NAME
    } else {
        MAX_PATH
    };
    // 32 bytes as such, in base64 and in hexadecimal digits.
    let as_long_as_a_key = !rooted && [32, 43, 44, 64].contains(&text.len());
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric());
    let with_digits = words().filter(|word| word.bytes().any(|c| c.is_ascii_digit()));
    (1..=longest).contains(&text.len())
        && text.bytes().all(plain)
        && !as_long_as_a_key
        && words().all(is_word)
        && with_digits.count() <= 3
}

/// Whether letters and digits look like a word, with a number before or after it, and not random.
fn is_word(word: &str) -> bool {
    let pairs = || word.as_bytes().windows(2).map(|pair| (pair[0], pair[1]));
    let is_number = |c: u8| c.is_ascii_digit();
    let numbers = pairs().filter(|(a, b)| is_number(*a) != is_number(*b));
    let capitals = pairs().filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase());
    let longest = if word.bytes().any(is_number) { 10 } else { 16 };
    word.len() <= longest && numbers.count() <= 1 && capitals.count() <= 2
}

/// Shows a value of a few characters that cannot hold a secret.
pub(crate) fn number(text: &str) -> Option<&str> {
    let is_plain = |c: u8| c.is_ascii_digit() || b"+-.".contains(&c);
    ((1..=10).contains(&text.len()) && text.bytes().all(is_plain)).then_some(text)
}

/// The same for an address with a port.
pub(crate) fn address(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("localhost").unwrap_or(text);
    let is_plain = |c: u8| c.is_ascii_digit() || b".:[]".contains(&c);
    ((1..=21).contains(&text.len()) && rest.bytes().all(is_plain)).then_some(text)
}

/// A value in a message, with the blank after it, where it may be shown.
pub(crate) fn quoted(value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!("`{value}` "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_within_two_edits() {
        let known = ["--private-key", "--peer", "seal"];
        assert_eq!(nearest("--privat-keys", known), Some("--private-key"));
        assert_eq!(nearest("--peerabc", known), None);
        assert_eq!(nearest("\u{1b}[seal", known), None);
    }

    #[test]
    fn a_swap_is_one_edit_and_the_first_letter_decides() {
        assert_eq!(nearest("sael", ["call", "seal"]), Some("seal"));
        assert_eq!(edits("sael", "seal"), Some(1));
        assert_eq!(edits("ab", "ba"), Some(1));
        assert_eq!(edits("abcd", "badc"), Some(2));
        // Optimal string alignment: what was swapped is not edited again.
        assert_eq!(edits("ca", "abc"), None);
        assert_eq!(nearest("sead", ["lead", "seal"]), Some("seal"));
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let known = ["secret_file", "dob", "api_key"].map(str::to_owned);
        let found = |text| misspelt(text, &known).map(String::as_str);
        assert_eq!(found("secret_fiel"), Some("secret_file"));
        assert_eq!(found("api_kye"), Some("api_key"));
        assert_eq!(found("dab"), None);
        assert_eq!(found("api_key_2"), None);
    }

    #[test]
    fn paths_are_told_from_secrets() {
        for path in [
            "nope",
            "key.pem",
            "./payloadSecret",
            "/etc/bankezy/secrets/payload.key",
            "../keys/2026/p256-private.pem",
            "C:\\keys\\rsa2048.pem",
        ] {
            assert!(is_path(path), "{path}");
        }
        for secret in [
            "",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "0123456789abcdefghijklmnopqrstu.",
            "correct-horse-battery-staple",
            "AKIAIOSFODNN7EXAMPLE",
            "123e4567-e89b-12d3-a456-426614174000",
            "secrets/4eC39HqLyjWDarjtT1zdp7dc",
            "a.b\nc",
        ] {
            assert!(!is_path(secret), "{secret}");
        }
    }
}
