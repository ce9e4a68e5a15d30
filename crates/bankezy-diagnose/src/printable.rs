//! Foreign text, for a terminal.

/// Escapes characters that control a terminal or change the order of text, and line ends: for foreign text that is
/// printed on one line.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => printable.push(character),
            _ => printable.extend(character.escape_debug()),
        }
    }
    printable
}
