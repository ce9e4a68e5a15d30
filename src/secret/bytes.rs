//! Secret bytes and text of any length.

use core::fmt;
use core::hint::black_box;
use std::io;

use zeroize::ZeroizeOnDrop;

/// Secret bytes of any length, such as an exported private key; wiped on drop.
pub struct SecretBytes {
    /// All of its memory is initialised, so that there is room as long as it is. What lies beyond `len` is zero, so
    /// that wiping costs what was written and not what there was room for.
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

    /// Empty, without an allocation: to be written to.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// Empty, with room for `capacity` bytes: what is written within it moves nowhere.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            memory: zeros(capacity),
            len: 0,
        }
    }

    pub(crate) fn zeroed(len: usize) -> Self {
        Self {
            memory: zeros(len),
            len,
        }
    }

    /// Makes room for `len` bytes that the caller is about to overwrite; what was there is lost.
    /// Allocates only if the capacity is too small, and then wipes what it gives back.
    pub(crate) fn reset(&mut self, len: usize) -> &mut [u8] {
        if len > self.memory.len() {
            *self = Self::zeroed(len);
        }
        self.truncate(len);
        self.len = len;
        self.as_mut()
    }

    /// Truncates to `len`, and wipes the rest.
    pub(crate) fn truncate(&mut self, len: usize) {
        if len < self.len {
            if let Some(cut) = self.memory.get_mut(len..self.len) {
                cut.fill(0);
            }
            self.len = len;
        }
    }

    /// Overwrites everything with zeros and leaves it empty, with its memory: to be written to again.
    pub fn wipe(&mut self) {
        // Filling nothing is not free: some processors take 100 ns to find out that a masked store to the address of
        // an empty vector writes nothing.
        if self.memory.is_empty() {
            return;
        }
        // A plain fill is several times faster than `Zeroize` for slices, which stores byte by byte.
        self.truncate(0);
        // Makes the compiler keep this fill and those of earlier cuts.
        zeroize::optimization_barrier(self.memory.as_slice());
    }

    #[inline]
    pub(crate) fn append(&mut self, more: &[u8]) {
        let room = self.memory.get_mut(self.len..).unwrap_or_default();
        let Some(place) = room.get_mut(..more.len()) else {
            self.grow(self.len.saturating_add(more.len()));
            return self.append(more);
        };
        place.copy_from_slice(more);
        // Never saturates: it is within the memory.
        self.len = self.len.saturating_add(more.len());
    }

    /// Makes room for `len` bytes at least, in other memory.
    #[cold]
    fn grow(&mut self, len: usize) {
        // Not `Vec::reserve`: it would free the old memory without wiping it.
        let mut grown = Self::with_capacity(len.max(self.memory.len().saturating_mul(2)));
        grown.append(self.as_bytes());
        *self = grown;
    }
}

/// Cleared memory. Not `vec![0; len]` where it is small: glibc's `calloc` takes longer than `malloc` and clearing. Large
/// memory comes cleared from the system.
fn zeros(len: usize) -> Vec<u8> {
    if len > 64 * 1024 {
        return vec![0; len];
    }
    // Hidden, or the compiler makes `calloc` of the two where it knows the length.
    let mut memory = Vec::with_capacity(black_box(len));
    memory.resize(len, 0);
    memory
}

impl Default for SecretBytes {
    fn default() -> Self {
        Self::new()
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
    /// Takes the bytes over, so that they are wiped on drop. What lies unused behind them may hold
    /// an earlier part of the secret, so that is wiped at once.
    fn from(mut memory: Vec<u8>) -> Self {
        let len = memory.len();
        memory.resize(memory.capacity(), 0);
        Self { memory, len }
    }
}

impl io::Write for SecretBytes {
    /// Appends. Memory that has to move is wiped where it was.
    #[inline]
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.append(more);
        Ok(more.len())
    }

    #[inline]
    fn write_all(&mut self, more: &[u8]) -> io::Result<()> {
        self.append(more);
        Ok(())
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

impl ZeroizeOnDrop for SecretBytes {}

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
        // Made from a `String` or of bytes that were looked at, so it is UTF-8.
        core::str::from_utf8(self.0.as_bytes()).unwrap_or_default()
    }

    /// As `String::from_utf8_lossy`, in memory that wipes itself.
    #[cfg(feature = "providers")]
    pub(crate) fn from_utf8_lossy(bytes: &[u8]) -> Self {
        let mut text = SecretBytes::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.append(chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                text.append("\u{fffd}".as_bytes());
            }
        }
        Self(text)
    }

    #[cfg(feature = "providers")]
    pub(crate) fn from_utf8(bytes: SecretBytes) -> Option<Self> {
        core::str::from_utf8(bytes.as_bytes()).ok()?;
        Some(Self(bytes))
    }
}

impl ZeroizeOnDrop for SecretText {}

impl From<String> for SecretText {
    /// Takes the text over, so that it is wiped on drop.
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl AsRef<str> for SecretText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([redacted])")
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
    fn wiping_leaves_zeros_alone() {
        let mut bytes = SecretBytes::from(b"long secret".to_vec());
        bytes.reset(2).fill(1);
        bytes.wipe();
        assert!(bytes.as_bytes().is_empty());
        assert_eq!(bytes.memory, [0; 11]);
    }

    #[test]
    fn what_is_cut_off_is_wiped_at_once() {
        let mut bytes = SecretBytes::from(b"long secret".to_vec());
        bytes.truncate(20);
        assert_eq!(bytes.as_bytes(), b"long secret");
        bytes.truncate(4);
        assert_eq!(bytes.memory, b"long\0\0\0\0\0\0\0");
        // Longer again: zeros, and nothing of the earlier text.
        assert_eq!(bytes.reset(11)[4..], [0; 7]);
    }

    #[test]
    fn wiping_touches_what_was_written_and_not_all_memory() {
        let mut bytes = SecretBytes::zeroed(1000);
        bytes.reset(10).fill(1);
        // A marker where nothing secret is.
        bytes.memory[500] = 2;
        bytes.wipe();
        assert_eq!((bytes.memory[9], bytes.memory[500]), (0, 2));
    }

    #[test]
    fn a_shorter_secret_leaves_nothing_of_a_longer_one() {
        let mut bytes = SecretBytes::from(b"long secret".to_vec());
        bytes.reset(4).copy_from_slice(b"abcd");
        assert_eq!(bytes.memory, b"abcd\0\0\0\0\0\0\0");
    }

    #[test]
    fn taking_over_a_vector_wipes_what_was_cut_off() {
        let mut vector = b"secret, and what was cut off".to_vec();
        vector.truncate(6);
        let bytes = SecretBytes::from(vector);
        assert_eq!(bytes.as_bytes(), b"secret");
        assert!(bytes.memory[6..].iter().all(|byte| *byte == 0));
        assert_eq!(bytes.memory.len(), bytes.memory.capacity());
    }

    #[test]
    fn capacity_is_used_to_its_last_byte() {
        let mut bytes = SecretBytes::with_capacity(8);
        let capacity = bytes.memory.capacity();
        let place = bytes.memory.as_ptr();
        bytes.append(&vec![1; capacity - 1]);
        bytes.append(&[2]);
        assert_eq!(bytes.memory.as_ptr(), place);
        bytes.reset(1);
        assert_eq!(bytes.reset(capacity).len(), capacity);
        assert_eq!(bytes.memory.as_ptr(), place);
        bytes.append(&[3]);
        assert_eq!(bytes.as_bytes().last(), Some(&3));
        assert!(bytes.memory.capacity() >= 2 * capacity);
    }

    #[test]
    fn every_face_shows_the_same() {
        let bytes = SecretBytes::from(b"secret".to_vec());
        assert_eq!(AsRef::<[u8]>::as_ref(&bytes), b"secret");
        let text = SecretText::from("secret".to_owned());
        assert_eq!(AsRef::<str>::as_ref(&text), "secret");
    }

    #[cfg(feature = "providers")]
    #[test]
    fn what_is_no_utf8_is_replaced_as_the_standard_library_does() {
        for bytes in [
            b"".as_slice(),
            b"a\xff\xffb",
            b"\xe2\x82",
            "\u{20ac}x".as_bytes(),
        ] {
            let text = SecretText::from_utf8_lossy(bytes);
            assert_eq!(text.as_str(), String::from_utf8_lossy(bytes));
        }
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
