//! What an inspection found, line by line.

use core::fmt;

use crate::printable::printable;

/// What [`inspect`](crate::inspect) found. `Display` writes one `name: value` for each line.
///
/// Values may come from the author of the input. Control characters and everything outside of printable
/// ASCII are escaped, so a value is safe for a terminal; a web page still has to escape HTML. `Debug`
/// prints names alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    lines: Vec<Line>,
}

/// One line of a [`Report`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    name: &'static str,
    value: String,
}

impl Report {
    /// The lines in the order to show them in. The first one is named `kind`.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn of_kind(kind: &str) -> Self {
        let mut report = Self { lines: Vec::new() };
        report.add("kind", kind.to_owned());
        report
    }

    /// Adds a line whose value contains nothing from the input except checked keys and numbers.
    pub(crate) fn add(&mut self, name: &'static str, value: String) {
        self.lines.push(Line { name, value });
    }

    /// Adds a line whose value is from the input.
    pub(crate) fn add_untrusted(&mut self, name: &'static str, value: &str) {
        self.add(name, printable(value));
    }
}

impl Line {
    /// What the value is, such as `header`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({}: [redacted])", self.name)
    }
}
