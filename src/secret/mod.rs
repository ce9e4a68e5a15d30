//! Types whose contents wipe themselves: keys, shared secrets, opened plaintext, exported keys.

mod bytes;
mod opened;

pub use bytes::{SecretBytes, SecretText};
pub use opened::Opened;

use core::fmt;
use std::sync::Arc;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
#[cfg(not(feature = "fips"))]
use rand::{TryRng as _, rngs::SysRng};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _, ConstantTimeLess as _};
use zeroize::ZeroizeOnDrop;

use crate::error::Error;

/// The 32-byte key that BankEzy calls `payloadSecret`: an AES-256 key.
///
/// Its encoding is not documented, so each encoding has its own constructor and none is guessed. Line ends in and
/// around base64, base64url and hex, which tools fold with, and blanks at the ends are ignored. Anything but 32 bytes
/// is an error, and so are 32 zero bytes ([`Error::SecretZero`]), which are memory that was never filled. The key
/// lives on the heap, once, and is compared in constant time. It is wiped when the last of its holders is dropped: this
/// value and the ciphers that were made of it. There is no `Clone`, and `Debug` shows nothing of it.
///
/// ```
/// use bankezy_crypto::{Error, PayloadSecret};
///
/// let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// let secret = PayloadSecret::from_base64url(text)?;
/// assert!(secret == PayloadSecret::from_base64(&format!("{text}="))?);
/// let error = PayloadSecret::from_hex(text).unwrap_err();
/// assert_eq!(error, Error::SecretEncoding { expected: "hex" });
/// # Ok::<(), Error>(())
/// ```
pub struct PayloadSecret(Arc<Secret32>);

impl PayloadSecret {
    /// Reads standard base64 (RFC 4648 section 4), padded or not: 44 or 43 characters.
    ///
    /// # Errors
    /// [`Error::SecretEncoding`] if it is not base64, [`Error::SecretByteOrderMark`] if it starts with one,
    /// [`Error::SecretLength`] if it is not 32 bytes, [`Error::SecretZero`] if they are all zero.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        Self::decode::<Base64Unpadded>(text, "base64")
    }

    /// Reads base64url (RFC 4648 section 5), padded or not: 43 or 44 characters.
    ///
    /// # Errors
    /// [`Error::SecretEncoding`] if it is not base64url, [`Error::SecretByteOrderMark`] if it starts with one,
    /// [`Error::SecretLength`] if it is not 32 bytes, [`Error::SecretZero`] if they are all zero.
    pub fn from_base64url(text: &str) -> Result<Self, Error> {
        Self::decode::<Base64UrlUnpadded>(text, "base64url")
    }

    /// Reads 64 hexadecimal digits, upper or lower case.
    ///
    /// # Errors
    /// [`Error::SecretEncoding`] if it is not hexadecimal, [`Error::SecretByteOrderMark`] if it starts with one,
    /// [`Error::SecretLength`] if it is not 32 bytes, [`Error::SecretZero`] if they are all zero.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        refuse_mark(text)?;
        let invalid = Error::SecretEncoding { expected: "hex" };
        let digits = unfolded(text).map_err(|len| Error::SecretLength { found: len / 2 })?;
        let digits = digits.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let is_hex = |valid, digit: &u8| valid & hex_value(*digit).1;
        let valid = digits.iter().fold(Choice::from(1), is_hex);
        if !rest.is_empty() || !bool::from(valid) {
            return Err(invalid);
        }
        if pairs.len() != 32 {
            return Err(Error::SecretLength { found: pairs.len() });
        }
        let mut secret = Secret32::zeroed();
        for (byte, [high, low]) in secret.bytes_mut().iter_mut().zip(pairs) {
            *byte = hex_value(*high).0 << 4 | hex_value(*low).0;
        }
        Self::refuse_zero(secret)
    }

    /// Takes the UTF-8 bytes of the text themselves as the key: 32 bytes, so 32 ASCII characters. One line end after
    /// 32 bytes, as an editor writes it, is ignored.
    ///
    /// # Errors
    /// [`Error::SecretLength`] if it is not 32 bytes,
    /// [`Error::SecretZero`] if they are all zero.
    pub fn from_raw_str(text: &str) -> Result<Self, Error> {
        let line_end = ["\r\n", "\n", "\r"];
        let line = line_end.iter().find_map(|end| text.strip_suffix(end));
        let line = line.filter(|line| line.len() == 32).unwrap_or(text);
        Self::from_bytes(line.as_bytes())
    }

    /// Takes 32 raw bytes, such as a key management service hands out. The caller wipes its copy.
    ///
    /// # Errors
    /// [`Error::SecretLength`] if it is not 32 bytes,
    /// [`Error::SecretZero`] if they are all zero.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut secret = Secret32::zeroed();
        if bytes.len() != secret.bytes().len() {
            return Err(Error::SecretLength { found: bytes.len() });
        }
        secret.bytes_mut().copy_from_slice(bytes);
        Self::refuse_zero(secret)
    }

    /// Makes a new key from the operating system's random number generator.
    ///
    /// # Errors
    /// [`Error::Randomness`] if no random bytes are available. With the feature `fips` the module makes the key, and
    /// aborts the process in this case.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self::from_secret(Secret32::random()?))
    }

    /// Writes the key as unpadded base64url, 43 characters, to be kept in a secret store.
    #[must_use]
    pub fn to_base64url(&self) -> SecretText {
        Base64UrlUnpadded::encode_string(self.0.bytes()).into()
    }

    /// A key that was agreed on or unwrapped. It is not checked for zeros: that would be a second error that depends
    /// on a key.
    pub(crate) fn from_secret(secret: Secret32) -> Self {
        Self(Arc::new(secret))
    }

    /// 32 zero bytes are memory that was never filled, and no key that anybody chose.
    fn refuse_zero(secret: Secret32) -> Result<Self, Error> {
        if secret.bytes().ct_eq(&[0; 32]).into() {
            return Err(Error::SecretZero);
        }
        Ok(Self::from_secret(secret))
    }

    pub(crate) fn secret(&self) -> &Secret32 {
        &self.0
    }

    /// The same memory, so that there is one copy to wipe.
    pub(crate) fn shared(&self) -> Arc<Secret32> {
        Arc::clone(&self.0)
    }

    /// In constant time, apart from where it is invalid: `base64ct` looks nothing up in a table.
    fn decode<E: Encoding>(text: &str, expected: &'static str) -> Result<Self, Error> {
        refuse_mark(text)?;
        let invalid = Error::SecretEncoding { expected };
        let packed = unfolded(text).map_err(|len| Error::SecretLength {
            found: (len / 4).saturating_mul(3),
        })?;
        let packed = packed.as_bytes();
        let is_padding = |character: &&u8| **character == b'=';
        let padding = packed.iter().rev().take_while(is_padding).count();
        if padding > 0 && (padding > 2 || !packed.len().is_multiple_of(4)) {
            return Err(invalid);
        }
        let (unpadded, _) = packed.split_at(packed.len().saturating_sub(padding));
        let mut memory = SecretBytes::zeroed(unpadded.len());
        let decoded = E::decode(unpadded, memory.as_mut()).map_err(|_| invalid)?;
        Self::from_bytes(decoded)
    }
}

impl ZeroizeOnDrop for PayloadSecret {}

impl PartialEq for PayloadSecret {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

impl Eq for PayloadSecret {}

impl fmt::Debug for PayloadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadSecret([redacted])")
    }
}

/// Longest text that is decoded to find out how long a secret is; of a longer one, the length alone
/// says how far off it is.
const MAX_TEXT: usize = 1024;

/// No encoding has such a character, so the branch tells nothing of a secret.
fn refuse_mark(text: &str) -> Result<(), Error> {
    if text.starts_with('\u{feff}') {
        return Err(Error::SecretByteOrderMark);
    }
    Ok(())
}

/// A text without its line ends, and without the blanks at its ends, or else its length if that is more than is
/// decoded. Of the characters only the line ends and blanks are told apart, and no secret is written in those.
fn unfolded(text: &str) -> Result<SecretBytes, usize> {
    let is_written = |character: &&u8| !matches!(**character, b'\r' | b'\n');
    let written = || text.trim_ascii().as_bytes().iter().filter(is_written);
    let len = written().count();
    if len > MAX_TEXT {
        return Err(len);
    }
    let mut unfolded = SecretBytes::zeroed(len);
    for (place, character) in unfolded.as_mut().iter_mut().zip(written()) {
        *place = *character;
    }
    Ok(unfolded)
}

/// Value of a hexadecimal digit and whether it is one, without a table or a branch that depends on it.
fn hex_value(digit: u8) -> (u8, Choice) {
    let number = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    let (is_number, is_letter) = (number.ct_lt(&10), letter.ct_lt(&6));
    let value = u8::conditional_select(&letter.wrapping_add(10), &number, is_number);
    (value, is_number | is_letter)
}

/// 32 secret bytes. Boxed, so that moving it copies a pointer and leaves no key behind on the stack.
pub(crate) struct Secret32(Box<[u8; 32]>);

impl Secret32 {
    /// All zero, to be filled in place.
    pub(crate) fn zeroed() -> Self {
        Self(Box::new([0; 32]))
    }

    /// From the operating system, or from the FIPS module where there is one.
    pub(crate) fn random() -> Result<Self, Error> {
        let mut secret = Self::zeroed();
        let bytes = secret.bytes_mut();
        #[cfg(not(feature = "fips"))]
        let filled = SysRng.try_fill_bytes(bytes).is_ok();
        #[cfg(feature = "fips")]
        let filled = aws_lc_rs::rand::fill(bytes).is_ok();
        filled.then_some(secret).ok_or(Error::Randomness)
    }

    /// Compares in constant time.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
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
        // A plain fill is one or two stores, where `Zeroize` stores byte by byte.
        self.0.fill(0);
        zeroize::optimization_barrier(&self.0);
    }
}

impl ZeroizeOnDrop for Secret32 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read_as_the_standard_library_does() {
        for byte in 0..=u8::MAX {
            let (value, is_hex) = hex_value(byte);
            let expected = char::from(byte).to_digit(16);
            assert_eq!(bool::from(is_hex), expected.is_some(), "{byte:#x}");
            assert!(
                expected.is_none_or(|expected| expected == u32::from(value)),
                "{byte:#x}"
            );
        }
    }
}
