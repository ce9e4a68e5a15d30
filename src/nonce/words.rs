//! A nonce as it travels from its source to the cipher.

/// A nonce of 96 bits in two words, which are moved in registers. The compiler moves arrays of twelve bytes in pieces
/// that overlap, and each waits for the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Nonce {
    front: u64,
    back: u32,
}

impl Nonce {
    /// The first eight bytes and the last four, each as a big-endian number.
    #[inline]
    pub(super) const fn new(front: u64, back: u32) -> Self {
        Self { front, back }
    }

    #[inline]
    pub(crate) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (front, back) = bytes.split_at_mut(8);
        front.copy_from_slice(&self.front.to_be_bytes());
        back.copy_from_slice(&self.back.to_be_bytes());
        bytes
    }
}
