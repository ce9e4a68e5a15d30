//! What a kernel is asked to do.

/// One call of a kernel. The caller ensures the lengths; no kernel touches the memory around them.
pub(crate) enum Job<'a> {
    /// Encodes the last `len` bytes of `buffer`, which is as long as their text, over themselves from the front.
    Encode {
        buffer: &'a mut [u8],
        len: usize,
        ends: Option<EncodedEnds<'a>>,
    },
    /// Decodes into `out`, which is as long as the bytes.
    Decode {
        text: &'a [u8],
        out: &'a mut [u8],
        ends: Option<DecodedEnds<'a>>,
    },
}

/// Characters of an initialization vector of 12 bytes and of a tag of 16.
pub(crate) const IV_CHARS: usize = 16;
pub(crate) const TAG_CHARS: usize = 22;

/// The parts of a message before and after the ciphertext, to be encoded.
pub(crate) struct EncodedEnds<'a> {
    pub(crate) iv: &'a [u8; 12],
    pub(crate) iv_text: &'a mut [u8; IV_CHARS],
    pub(crate) tag: &'a [u8; 16],
    pub(crate) tag_text: &'a mut [u8; TAG_CHARS],
}

/// The same, to be decoded.
pub(crate) struct DecodedEnds<'a> {
    pub(crate) iv_text: &'a [u8; IV_CHARS],
    pub(crate) iv: &'a mut [u8; 12],
    pub(crate) tag_text: &'a [u8; TAG_CHARS],
    pub(crate) tag: &'a mut [u8; 16],
}
