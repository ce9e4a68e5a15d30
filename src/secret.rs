//! Types whose contents wipe themselves: keys, shared secrets, opened plaintext, exported keys.

use core::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use crate::error::{Error, JsonProblem};

/// The 32-byte key that BankEzy calls `payloadSecret`: an AES-256 key.
///
/// How it is written is nowhere documented, so each encoding has its own constructor and none is
/// guessed. Anything but 32 bytes is an error. The key lives on the heap, is wiped on drop, and is
/// compared in constant time; there is no `Clone`, and `Debug` shows nothing of it.
pub struct PayloadSecret(Secret32);

impl PayloadSecret {
    /// Reads standard base64 (RFC 4648 section 4), padded or not: 44 or 43 characters.
    ///
    /// # Errors
    /// [`Error::SecretEncoding`] if it is not base64, [`Error::SecretLength`] if it is not 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        Self::decode(&STANDARD, text, "base64")
    }

    /// Reads base64url (RFC 4648 section 5), padded or not: 43 or 44 characters.
    ///
    /// # Errors
    /// [`Error::SecretEncoding`] if it is not base64url, [`Error::SecretLength`] if it is not 32 bytes.
    pub fn from_base64url(text: &str) -> Result<Self, Error> {
        Self::decode(&URL_SAFE, text, "base64url")
    }

    /// Reads 64 hexadecimal digits, upper or lower case.
    ///
    /// # Errors
    /// [`Error::SecretEncoding`] if it is not hexadecimal, [`Error::SecretLength`] if it is not 32 bytes.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let invalid = Error::SecretEncoding { expected: "hex" };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
            return Err(invalid);
        }
        if pairs.len() != 32 {
            return Err(Error::SecretLength { found: pairs.len() });
        }
        let mut secret = Secret32::zeroed();
        for (byte, [high, low]) in secret.bytes_mut().iter_mut().zip(pairs) {
            *byte = hex_value(*high) << 4 | hex_value(*low);
        }
        Ok(Self(secret))
    }

    /// Takes the UTF-8 bytes of the text themselves as the key: 32 bytes, so 32 ASCII characters.
    ///
    /// # Errors
    /// [`Error::SecretLength`] if it is not 32 bytes.
    pub fn from_utf8(text: &str) -> Result<Self, Error> {
        Self::from_bytes(text.as_bytes())
    }

    /// Takes 32 raw bytes, such as a key management service hands out. The caller wipes its copy.
    ///
    /// # Errors
    /// [`Error::SecretLength`] if it is not 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut secret = Secret32::zeroed();
        if bytes.len() != secret.bytes().len() {
            return Err(Error::SecretLength { found: bytes.len() });
        }
        secret.bytes_mut().copy_from_slice(bytes);
        Ok(Self(secret))
    }

    /// Makes a new key from the operating system's random number generator.
    ///
    /// # Errors
    /// [`Error::Randomness`] if there are no random bytes to be had.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(Secret32::random()?))
    }

    /// Writes the key as unpadded base64url, 43 characters, to be kept in a secret store.
    #[must_use]
    pub fn to_base64url(&self) -> SecretText {
        let mut text = SecretBytes::zeroed(43);
        // 43 characters hold 32 bytes exactly, so this cannot fail.
        let written = URL_SAFE.encode_slice(self.0.bytes(), text.as_mut());
        debug_assert_eq!(written, Ok(43));
        SecretText(text)
    }

    pub(crate) fn from_secret(secret: Secret32) -> Self {
        Self(secret)
    }

    pub(crate) fn secret(&self) -> &Secret32 {
        &self.0
    }

    fn decode(engine: &GeneralPurpose, text: &str, name: &'static str) -> Result<Self, Error> {
        let mut decoded = SecretBytes::zeroed(base64::decoded_len_estimate(text.len()));
        let found = engine
            .decode_slice(text, decoded.as_mut())
            .map_err(|_| Error::SecretEncoding { expected: name })?;
        decoded.truncate(found);
        Self::from_bytes(decoded.as_bytes())
    }
}

impl PartialEq for PayloadSecret {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes().ct_eq(other.0.bytes()).into()
    }
}

impl Eq for PayloadSecret {}

impl fmt::Debug for PayloadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadSecret([redacted])")
    }
}

const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, INDIFFERENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, INDIFFERENT);

/// Value of a hexadecimal digit, without a table or a branch that depends on it.
fn hex_value(digit: u8) -> u8 {
    let letter = digit >> 6; // 1 for A-F and a-f, 0 for 0-9
    (digit & 0x0f) + 9 * letter
}

/// 32 secret bytes. Boxed, so that moving it copies a pointer and leaves no key behind on the stack.
pub(crate) struct Secret32(Box<[u8; 32]>);

impl Secret32 {
    /// All zero, to be filled in place.
    pub(crate) fn zeroed() -> Self {
        Self(Box::new([0; 32]))
    }

    pub(crate) fn random() -> Result<Self, Error> {
        let mut secret = Self::zeroed();
        SysRng
            .try_fill_bytes(secret.bytes_mut())
            .map_err(|_| Error::Randomness)?;
        Ok(secret)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }
}

impl Drop for Secret32 {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Secret bytes of any length, such as an exported private key; wiped on drop.
pub struct SecretBytes {
    /// Initialised memory; what lies beyond `len` is stale and wiped with the rest.
    memory: Vec<u8>,
    len: usize,
}

impl SecretBytes {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // `len` never exceeds the memory.
        self.memory.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            memory: Vec::with_capacity(capacity),
            len: 0,
        }
    }

    pub(crate) fn zeroed(len: usize) -> Self {
        Self {
            memory: vec![0; len],
            len,
        }
    }

    /// Makes room for `len` bytes that the caller is about to overwrite; what was there is lost.
    /// Allocates only if the capacity is too small, and then wipes what it gives back.
    pub(crate) fn reset(&mut self, len: usize) -> &mut [u8] {
        if len > self.memory.capacity() {
            *self = Self::zeroed(len);
        } else if len > self.memory.len() {
            self.memory.resize(len, 0);
        }
        self.len = len;
        self.as_mut()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Overwrites everything with zeros and leaves it empty.
    pub(crate) fn wipe(&mut self) {
        // A plain fill is several times faster than `Zeroize` for slices, which stores byte by
        // byte; the barrier makes the compiler keep it.
        self.memory.fill(0);
        zeroize::optimization_barrier(self.memory.as_slice());
        self.len = 0;
    }

    fn append(&mut self, more: &[u8]) {
        let len = self.len + more.len();
        if len > self.memory.capacity() {
            // Not `Vec::reserve`: it would free the old memory without wiping it.
            let mut grown = Self::with_capacity(len.max(2 * self.memory.capacity()));
            grown.memory.extend_from_slice(self.as_bytes());
            grown.len = self.len;
            *self = grown;
        }
        if len > self.memory.len() {
            self.memory.resize(len, 0);
        }
        if let Some(place) = self.memory.get_mut(self.len..len) {
            place.copy_from_slice(more);
        }
        self.len = len;
    }
}

impl AsMut<[u8]> for SecretBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(..self.len).unwrap_or_default()
    }
}

impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<Vec<u8>> for SecretBytes {
    /// Takes the bytes over, so that they are wiped on drop.
    fn from(memory: Vec<u8>) -> Self {
        let len = memory.len();
        Self { memory, len }
    }
}

impl io::Write for SecretBytes {
    /// Appends. Memory that has to move is wiped where it was.
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.append(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes([redacted])")
    }
}

/// Secret text, such as a private key as PEM or JWK; wiped on drop.
pub struct SecretText(SecretBytes);

impl SecretText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Made from a `String` or from base64url characters alone, so it is UTF-8.
        core::str::from_utf8(self.0.as_bytes()).unwrap_or_default()
    }
}

impl From<String> for SecretText {
    /// Takes the text over, so that it is wiped on drop.
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

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
    /// [`Error::Json`] with line and column, and never a word of the payload.
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
    use std::io::Write as _;

    #[test]
    fn appending_keeps_what_was_written_across_growth() {
        let mut bytes = SecretBytes::with_capacity(1);
        for part in [b"abc".as_slice(), b"", b"defghijk", b"l"] {
            bytes.write_all(part).unwrap();
        }
        assert_eq!(bytes.as_bytes(), b"abcdefghijkl");
    }

    #[test]
    fn wiping_clears_stale_memory_too() {
        let mut bytes = SecretBytes::from(b"long secret".to_vec());
        bytes.reset(2);
        bytes.wipe();
        assert!(bytes.as_bytes().is_empty());
        assert_eq!(bytes.memory, [0; 11]);
    }

    #[test]
    fn a_reused_buffer_shows_only_its_new_length() {
        let mut bytes = SecretBytes::from(b"long secret".to_vec());
        bytes.reset(4).copy_from_slice(b"abcd");
        assert_eq!(bytes.as_bytes(), b"abcd");
        bytes.append(b"e");
        assert_eq!(bytes.as_bytes(), b"abcde");
    }
}
