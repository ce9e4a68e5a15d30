//! What a kernel is asked to do.

/// One call of a kernel. The caller sees to the lengths; every kernel leaves the memory around them alone.
pub(crate) enum Job<'a> {
    /// Encodes the last `len` bytes of `room`, which is as long as their text, over themselves from the front.
    Encode { room: &'a mut [u8], len: usize },
    /// Decodes into `out`, which is as long as the bytes.
    Decode { text: &'a [u8], out: &'a mut [u8] },
    /// [`Encode`](Self::Encode), and the initialization vector and the tag, which are 16 and 22 characters.
    EncodeMessage {
        room: &'a mut [u8],
        len: usize,
        iv: &'a [u8; 12],
        iv_text: &'a mut [u8],
        tag: &'a [u8; 16],
        tag_text: &'a mut [u8],
    },
    /// [`Decode`](Self::Decode), and the initialization vector and the tag.
    DecodeMessage {
        text: &'a [u8],
        out: &'a mut [u8],
        iv_text: &'a [u8],
        iv: &'a mut [u8; 12],
        tag_text: &'a [u8],
        tag: &'a mut [u8; 16],
    },
}
