//! How one step of a reading is named.

/// A step in words, as a filter that a shell runs, and as a Rust expression in which `{}` is the input.
pub(crate) struct Term {
    pub(crate) words: &'static str,
    pub(crate) shell: &'static str,
    pub(crate) rust: &'static str,
}

pub(crate) const fn term(words: &'static str, shell: &'static str, rust: &'static str) -> Term {
    Term { words, shell, rust }
}
