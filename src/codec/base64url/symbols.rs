//! The alphabet (RFC 4648 section 5), and the groups of less than four characters at the end of a text.

use core::array;

use super::job::TAG_CHARS;

pub(super) const ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Eight characters of zero bits.
pub(super) const ZEROS: i64 = i64::from_le_bytes([b'A'; 8]);

/// In the table of values: no character of the alphabet.
pub(super) const INVALID: u8 = 0x80;

/// The value of each ASCII character.
#[expect(
    clippy::indexing_slicing,
    reason = "six bits index a table of 64, and indices are below the lengths that were matched"
)]
pub(super) const VALUES: [u8; 128] = {
    let mut values = [INVALID; 128];
    let mut value = 0;
    while value < 64 {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// What remains after the last whole group of a text.
pub(super) enum Rest {
    Nothing,
    One(u8),
    Two(u8, u8),
}

impl Rest {
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        match *bytes {
            [a] => Self::One(a),
            [a, b] => Self::Two(a, b),
            _ => Self::Nothing,
        }
    }

    /// Encodes it into the start of `out`.
    #[expect(
        clippy::indexing_slicing,
        reason = "six bits index a table of 64, and indices are below the lengths that were matched"
    )]
    #[inline]
    pub(super) fn encode(self, out: &mut [u8]) {
        let symbol = |bits: u8| ALPHABET[usize::from(bits & 63)];
        match self {
            Self::Nothing => {}
            Self::One(a) => out[..2].copy_from_slice(&[symbol(a >> 2), symbol(a << 4)]),
            Self::Two(a, b) => {
                let text = [symbol(a >> 2), symbol(a << 4 | b >> 4), symbol(b << 2)];
                out[..3].copy_from_slice(&text);
            }
        }
    }
}

/// Decodes the two or three characters of an unfinished group into `out`; `false` if they are not canonical.
pub(super) fn decode_rest(rest: &[u8], out: &mut [u8]) -> bool {
    let value = |symbol: u8| VALUES.get(usize::from(symbol)).copied().unwrap_or(INVALID);
    match *rest {
        [] => true,
        [a, b] => {
            let (a, b) = (value(a), value(b));
            out.copy_from_slice(&[a << 2 | b >> 4]);
            (a | b) & INVALID == 0 && b & 15 == 0
        }
        [a, b, c] => {
            let (a, b, c) = (value(a), value(b), value(c));
            out.copy_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2]);
            (a | b | c) & INVALID == 0 && c & 3 == 0
        }
        _ => false,
    }
}

/// The bytes from `place` on.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "callers know the length"
)]
#[inline]
pub(super) fn at<const N: usize>(bytes: &[u8], place: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[place..place + N]);
    out
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "callers know the length"
)]
#[inline]
pub(super) fn put<const N: usize>(bytes: &mut [u8], place: usize, new: [u8; N]) {
    bytes[place..place + N].copy_from_slice(&new);
}

/// Eight bytes a word, little-endian.
#[expect(clippy::arithmetic_side_effects, reason = "an array has a length")]
#[inline]
pub(super) fn words<const N: usize, const WORDS: usize>(bytes: &[u8; N]) -> [i64; WORDS] {
    array::from_fn(|i| i64::from_le_bytes(at(bytes, 8 * i)))
}

/// A text of 22 characters in three words, the last of which ends in characters of zero bits. Put together in
/// registers: a load of what several stores wrote has to wait.
#[inline]
pub(super) fn words_of_tag(text: &[u8; TAG_CHARS]) -> [i64; 3] {
    let [a, b, c, d, e, f] = at(text, 16);
    let last = [a, b, c, d, e, f, b'A', b'A'];
    [at(text, 0), at(text, 8), last].map(i64::from_le_bytes)
}

/// The inverse of [`words`].
#[expect(clippy::arithmetic_side_effects, reason = "an array has a length")]
#[inline]
pub(super) fn from_words<const N: usize, const WORDS: usize>(words: [i64; WORDS]) -> [u8; N] {
    let mut bytes = [0; N];
    for (i, word) in words.into_iter().enumerate() {
        put(&mut bytes, 8 * i, word.to_le_bytes());
    }
    bytes
}
