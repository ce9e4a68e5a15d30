//! The error of what the caller implements.

use std::error::Error;

/// A lookup or a store that could not be asked. Any error converts into it and is dropped, since its text may
/// contain anything: log it where it arises.
///
/// ```
/// use bankezy_tower::Unavailable;
///
/// fn ask() -> Result<String, Unavailable> {
///     Ok(std::fs::read_to_string("/partners")?)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unavailable;

impl<E: Error> From<E> for Unavailable {
    fn from(_: E) -> Self {
        Self
    }
}
