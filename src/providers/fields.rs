//! Checks of what goes into requests.

use crate::providers::{FieldProblem, RequestError};
use crate::secret::SecretText;

pub(crate) fn required<'a>(name: &'static str, text: &'a str) -> Result<&'a str, RequestError> {
    refused_if(text.is_empty(), name, FieldProblem::Missing)?;
    Ok(text)
}

/// Counts characters, not bytes.
pub(crate) fn at_most<'a>(
    name: &'static str,
    text: &'a str,
    max: usize,
) -> Result<&'a str, RequestError> {
    let too_long = text.chars().count() > max;
    refused_if(too_long, name, FieldProblem::TooLong { max })?;
    Ok(text)
}

/// A name or secret that we identify ourselves with, copied into memory that wipes itself.
pub(crate) fn credential(name: &'static str, text: &str) -> Result<SecretText, RequestError> {
    let has_control = required(name, text)?.chars().any(char::is_control);
    refused_if(has_control, name, FieldProblem::ControlCharacter)?;
    Ok(text.to_owned().into())
}

fn refused_if(
    refused: bool,
    name: &'static str,
    problem: FieldProblem,
) -> Result<(), RequestError> {
    if refused {
        Err(RequestError::field(name, problem))
    } else {
        Ok(())
    }
}
