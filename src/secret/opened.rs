//! Opened payloads.

use core::fmt;

use serde::de::DeserializeOwned;
use zeroize::ZeroizeOnDrop;

use super::SecretBytes;
use crate::error::{Error, JsonProblem};

/// An opened payload; wiped on drop, never shown by `Debug`.
///
/// It can be reused: `open_into` overwrites it and allocates only if it is too small.
pub struct Opened(SecretBytes);

impl Opened {
    /// Empty, without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// Empty, with room for `capacity` bytes of plaintext.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(SecretBytes::with_capacity(capacity))
    }

    /// The plaintext.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The plaintext as text.
    ///
    /// # Errors
    /// [`Error::PayloadNotUtf8`] if it is not UTF-8.
    pub fn as_str(&self) -> Result<&str, Error> {
        core::str::from_utf8(self.as_bytes()).map_err(|_| Error::PayloadNotUtf8)
    }

    /// Reads the plaintext as JSON.
    ///
    /// # Errors
    /// [`Error::Json`] with line and column, and never any part of the payload.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(self.as_bytes()).map_err(|error| {
            use serde_json::error::Category;
            Error::Json {
                problem: match error.classify() {
                    Category::Data => JsonProblem::Mismatch,
                    Category::Eof => JsonProblem::Truncated,
                    Category::Syntax | Category::Io => JsonProblem::Syntax,
                },
                line: error.line(),
                column: error.column(),
            }
        })
    }

    pub(crate) fn memory(&mut self) -> &mut SecretBytes {
        &mut self.0
    }
}

impl From<SecretBytes> for Opened {
    /// A payload that was opened by other means, such as in a mock of [`Open`](crate::Open).
    fn from(plaintext: SecretBytes) -> Self {
        Self(plaintext)
    }
}

impl ZeroizeOnDrop for Opened {}

impl Default for Opened {
    fn default() -> Self {
        Self::new()
    }
}

impl core::ops::Deref for Opened {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Opened {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_shows_the_same() {
        let mut opened = Opened::new();
        opened.memory().append(b"secret");
        assert_eq!(AsRef::<[u8]>::as_ref(&opened), b"secret");
        assert_eq!(&*opened, b"secret");
        assert_eq!(opened.as_str(), Ok("secret"));
    }
}
