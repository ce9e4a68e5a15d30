//! Checks of what goes into requests.

use crate::error::{Error, FieldProblem};
use crate::secret::SecretText;

pub(crate) fn field(name: &'static str, problem: FieldProblem) -> Error {
    Error::Field { name, problem }
}

pub(crate) fn required<'a>(name: &'static str, text: &'a str) -> Result<&'a str, Error> {
    match text.is_empty() {
        true => Err(field(name, FieldProblem::Missing)),
        false => Ok(text),
    }
}

/// Counts characters, not bytes.
pub(crate) fn at_most<'a>(name: &'static str, text: &'a str, max: usize) -> Result<&'a str, Error> {
    match text.chars().count() > max {
        true => Err(field(name, FieldProblem::TooLong { max })),
        false => Ok(text),
    }
}

/// A name or secret that we identify ourselves with, copied into memory that wipes itself.
pub(crate) fn credential(name: &'static str, text: &str) -> Result<SecretText, Error> {
    match required(name, text)?.chars().any(char::is_control) {
        true => Err(field(name, FieldProblem::ControlCharacter)),
        false => Ok(text.to_owned().into()),
    }
}
