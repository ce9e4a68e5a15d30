//! Which part of the user's own text may be printed, and how: names within two edits of a known one. Everything else,
//! including file names, may be a misplaced secret.

/// Escapes characters that control a terminal or change the order of text. Line ends stay.
pub(crate) fn printable(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(bankezy_diagnose::printable).collect();
    lines.join("\n")
}

/// The known name nearest to a text, within two edits.
pub(crate) fn nearest<T: AsRef<str>>(text: &str, known: impl IntoIterator<Item = T>) -> Option<T> {
    near(text, known, |edits| edits * 2 <= text.len())
}

/// The known name that a text was probably meant to be, if other programs use such names too: short names, and names
/// that end with a number, are left to them.
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
    // People usually get the first letter right.
    let starts_alike = |name: &str| text.bytes().next() == name.bytes().next();
    known
        .into_iter()
        .filter_map(|name| Some((edits(text, name.as_ref())?, name)))
        .filter(|(edits, _)| is_near(*edits))
        .min_by_key(|(edits, name)| (*edits, !starts_alike(name.as_ref())))
        .map(|(_, name)| name)
}

/// How many characters must be changed, inserted, left out, or swapped with their neighbour, if at most two (the
/// optimal string alignment distance).
fn edits(text: &str, name: &str) -> Option<usize> {
    // Texts of any length are checked, and names are short.
    if text.len().abs_diff(name.len()) > 2 {
        return None;
    }
    Some(strsim::osa_distance(text, name)).filter(|edits| *edits <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing() {
        assert_eq!(
            printable("a\n\u{1b}[31m\u{9b}\u{202e}\r\u{7}\u{e4}\u{2026}"),
            "a\n\\u{1b}[31m\\u{9b}\\u{202e}\\r\\u{7}\u{e4}\u{2026}"
        );
    }

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
}
