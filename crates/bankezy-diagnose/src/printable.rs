//! Text of others, for a terminal.

/// Escapes what a terminal would obey or show in another order, and line ends: for text of others that is printed
/// in one line.
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
