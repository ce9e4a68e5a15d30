//! What a server says of a call in its own codes.

use core::fmt;

/// The codes and the text of an answer. `Debug` and `Display` show the codes alone.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// `resCode`, of the outer object.
    pub code: Option<ResultCode>,
    /// `resCode` inside `data`.
    pub inner_code: Option<ResultCode>,
    /// `resDesc` or `errorMessage`, unless it is the text `null`.
    pub description: Option<String>,
}

/// A result code: a number or a text in the answer, here always as text.
#[derive(Clone, PartialEq, Eq)]
pub struct ResultCode(String);

impl ResultCode {
    /// The code, such as `TOK200` or `200`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A code as text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn is_any_of(&self, codes: &[&str]) -> bool {
        codes.contains(&self.as_str())
    }
}

impl Outcome {
    /// [`code`](Self::code) and [`inner_code`](Self::inner_code) as text.
    #[must_use]
    pub fn codes(&self) -> [Option<&str>; 2] {
        [&self.code, &self.inner_code].map(|code| code.as_ref().map(ResultCode::as_str))
    }

    /// Whether its codes say that the call failed: it has codes, and at least one of them is not one that a
    /// documented call uses for success. In some services 0 or 100 is a failure too, but that is not certain.
    #[must_use]
    pub fn states_failure(&self) -> bool {
        let codes = [&self.code, &self.inner_code];
        let mut codes = codes.into_iter().flatten();
        codes.any(|code| !code.is_any_of(&["200", "TOK200", "ONB200", "100", "0"]))
    }
}

impl fmt::Display for ResultCode {
    /// A code that is not like any documented one is not shown: it may be anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digits, with up to three letters before them: as every documented code is.
        let digits = self.0.trim_start_matches(|c: char| c.is_ascii_uppercase());
        let is_code = self.0.len().saturating_sub(digits.len()) <= 3
            && (1..=4).contains(&digits.len())
            && digits.bytes().all(|c| c.is_ascii_digit());
        f.write_str(if is_code { &self.0 } else { "another code" })
    }
}

impl fmt::Debug for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultCode({self})")
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.inner_code) {
            (Some(outer), Some(inner)) => write!(f, "code {outer}, inside {inner}"),
            (Some(only), None) | (None, Some(only)) => write!(f, "code {only}"),
            (None, None) => f.write_str("no code"),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({self})")
    }
}
