//! base64url in vectors of 64 bytes, after Wojciech Muła and Daniel Lemire, "Base64 encoding and decoding at
//! almost the speed of a memory copy" (2019). Safe code, as in `avx2`.

use core::arch::x86_64::*;
use core::hint::black_box;

use super::job::{IV_CHARS, Job, TAG_CHARS};
use super::symbols::{
    ALPHABET, Rest, VALUES, ZEROS, at, decode_rest, from_words, put, words, words_of_tag,
};

/// Bytes that fill a vector of characters.
const BYTES: usize = 48;
const CHARS: usize = 64;
/// Vectors in one iteration of the main loop.
const TURN: usize = 4;
/// Bytes that a load in the main loop reads after its source, and ignores.
const BEHIND: usize = 16;

/// Runs the job; `false` if a text is not canonical.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn run(job: Job<'_>) -> bool {
    match job {
        Job::Encode { buffer, len, ends } => {
            let encoder = Encoder::new();
            encode(&encoder, buffer, len);
            if let Some(ends) = ends {
                // Twelve bytes are four whole groups: both fit into one vector.
                let text = encoder.encode(load_ends(ends.iv, ends.tag));
                *ends.iv_text = at(&text, 0);
                *ends.tag_text = at(&text, IV_CHARS);
            }
            true
        }
        Job::Decode { text, out, ends } => {
            let mut decoder = Decoder::new();
            // The unused bits of the tag's last character.
            let mut beyond = 0;
            if let Some(ends) = ends {
                let bytes = decoder.decode(load_ends_text(ends.iv_text, ends.tag_text));
                *ends.iv = at(&bytes, 0);
                *ends.tag = at(&bytes, 12);
                beyond = bytes[28];
            }
            decode(&mut decoder, text, out) && beyond == 0
        }
    }
}

/// While `n` bytes are left, their text ends before the byte that follows them: a vector that was loaded
/// can be stored over those before it.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "indices are below the lengths that were checked before"
)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn encode(encoder: &Encoder, buffer: &mut [u8], len: usize) {
    let start = buffer.len() - len;
    let groups = len - len % 3;
    if groups < BYTES {
        let mut block = [0; BYTES];
        block[..len].copy_from_slice(&buffer[start..]);
        let text = encoder.encode(load_exactly(block));
        buffer.copy_from_slice(&text[..buffer.len()]);
        return;
    }
    let last = load_exactly(at(buffer, start + groups - BYTES));
    let rest = Rest::of(&buffer[start + groups..]);

    let mut done = 0;
    while len - done >= TURN * BYTES + BEHIND {
        let from = start + done;
        let source = &buffer[from..from + TURN * BYTES + BEHIND];
        let vectors = [
            load(at(source, 0)),
            load(at(source, BYTES)),
            load(at(source, 2 * BYTES)),
            load(at(source, 3 * BYTES)),
        ];
        let to = done / 3 * 4;
        let target = &mut buffer[to..to + TURN * CHARS];
        for (i, vector) in vectors.into_iter().enumerate() {
            put(target, i * CHARS, encoder.encode(vector));
        }
        done += TURN * BYTES;
    }
    while groups - done > BYTES {
        let text = encoder.encode(load_exactly(at(buffer, start + done)));
        put(buffer, done / 3 * 4, text);
        done += BYTES;
    }
    put(buffer, groups / 3 * 4 - CHARS, encoder.encode(last));
    rest.encode(&mut buffer[groups / 3 * 4..]);
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "indices are below the lengths that were checked before"
)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn decode(decoder: &mut Decoder, text: &[u8], out: &mut [u8]) -> bool {
    let groups = text.len() - text.len() % 4;
    if groups < CHARS {
        let mut block = [b'A'; CHARS];
        block[..text.len()].copy_from_slice(text);
        let bytes = decoder.decode(load(block));
        out.copy_from_slice(&bytes[..out.len()]);
        // The unused bits of the last character must be zero.
        return decoder.all_valid() && bytes[out.len()] == 0;
    }
    let mut done = 0;
    while groups - done > TURN * CHARS {
        let source = &text[done..done + TURN * CHARS];
        let to = done / 4 * 3;
        let target = &mut out[to..to + TURN * BYTES];
        for i in 0..TURN {
            put(
                target,
                i * BYTES,
                decoder.decode(load(at(source, i * CHARS))),
            );
        }
        done += TURN * CHARS;
    }
    while groups - done > CHARS {
        put(out, done / 4 * 3, decoder.decode(load(at(text, done))));
        done += CHARS;
    }
    let bytes = decoder.decode(load(at(text, groups - CHARS)));
    put(out, groups / 4 * 3 - BYTES, bytes);
    decoder.all_valid() & decode_rest(&text[groups..], &mut out[groups / 4 * 3..])
}

struct Encoder {
    spread: __m512i,
    alphabet: __m512i,
}

impl Encoder {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn new() -> Self {
        Self {
            spread: load(SPREAD),
            alphabet: load(*ALPHABET),
        }
    }

    /// The characters of the first [`BYTES`] bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn encode(&self, bytes: __m512i) -> [u8; CHARS] {
        // Each 64 bits hold two groups. Six bits begin at bit 10, 4, 22 and 16 of each.
        let places = _mm512_set1_epi64(0x3036_242a_1016_040a);
        let spread = _mm512_permutexvar_epi8(self.spread, bytes);
        let values = _mm512_multishift_epi64_epi8(places, spread);
        // Only the last six bits of a value count.
        to_bytes(_mm512_permutexvar_epi8(values, self.alphabet))
    }
}

/// Puts the bytes a, b, c of each group into the order b, a, c, b.
#[expect(
    clippy::indexing_slicing,
    reason = "indices are below the length of the table"
)]
const SPREAD: [u8; 64] = {
    let mut spread = [0; 64];
    let mut group = 0;
    while group < 16 {
        spread[4 * group] = 3 * group as u8 + 1;
        spread[4 * group + 1] = 3 * group as u8;
        spread[4 * group + 2] = 3 * group as u8 + 2;
        spread[4 * group + 3] = 3 * group as u8 + 1;
        group += 1;
    }
    spread
};

struct Decoder {
    /// The values of the two halves of ASCII.
    values: [__m512i; 2],
    /// In memory, so that the compiler does not turn them into shifts, which are slower.
    factors: [__m512i; 2],
    pack: __m512i,
    /// The highest bit is set in each byte whose character is not in the alphabet.
    wrong: __m512i,
}

impl Decoder {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn new() -> Self {
        Self {
            values: [load(at(&VALUES, 0)), load(at(&VALUES, 64))],
            factors: black_box([
                _mm512_set1_epi32(0x0140_0140),
                _mm512_set1_epi32(0x0001_1000),
            ]),
            pack: load(PACK),
            wrong: _mm512_setzero_si512(),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn decode(&mut self, text: __m512i) -> [u8; BYTES] {
        let [low, high] = self.values;
        // Only the last seven bits of a character count: one beyond ASCII is wrong by its own highest bit.
        let values = _mm512_permutex2var_epi8(low, text, high);
        self.wrong = _mm512_or_si512(self.wrong, _mm512_or_si512(values, text));
        let pairs = _mm512_maddubs_epi16(values, self.factors[0]);
        let groups = _mm512_madd_epi16(pairs, self.factors[1]);
        at(&to_bytes(_mm512_permutexvar_epi8(self.pack, groups)), 0)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn all_valid(&self) -> bool {
        _mm512_movepi8_mask(self.wrong) == 0
    }
}

/// Moves the three bytes of each group next to those of the one before, highest first.
#[expect(
    clippy::indexing_slicing,
    reason = "indices are below the length of the table"
)]
const PACK: [u8; 64] = {
    let mut pack = [0; 64];
    let mut group = 0;
    while group < 16 {
        pack[3 * group] = 4 * group as u8 + 2;
        pack[3 * group + 1] = 4 * group as u8 + 1;
        pack[3 * group + 2] = 4 * group as u8;
        group += 1;
    }
    pack
};

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn load(bytes: [u8; 64]) -> __m512i {
    let [a, b, c, d, e, f, g, h] = words(&bytes);
    _mm512_setr_epi64(a, b, c, d, e, f, g, h)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn load_exactly(bytes: [u8; BYTES]) -> __m512i {
    let [a, b, c, d, e, f] = words(&bytes);
    _mm512_setr_epi64(a, b, c, d, e, f, 0, 0)
}

/// The vector, then the tag. Put together in registers: a load of what several stores wrote has to wait.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn load_ends(iv: &[u8; 12], tag: &[u8; 16]) -> __m512i {
    let word = |half: [u8; 4]| i64::from(u32::from_le_bytes(half));
    let middle = word(at(iv, 8)) | word(at(tag, 0)) << 32;
    let [first, third] = [at(iv, 0), at(tag, 4)].map(i64::from_le_bytes);
    _mm512_setr_epi64(first, middle, third, word(at(tag, 12)), 0, 0, 0, 0)
}

/// The texts of both, and behind them the character of zero bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn load_ends_text(iv: &[u8; IV_CHARS], tag: &[u8; TAG_CHARS]) -> __m512i {
    let ([a, b], [c, d, e]) = (words(iv), words_of_tag(tag));
    _mm512_setr_epi64(a, b, c, d, e, ZEROS, ZEROS, ZEROS)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn to_bytes(vector: __m512i) -> [u8; 64] {
    let low = _mm512_castsi512_si256(vector);
    let high = _mm512_extracti64x4_epi64::<1>(vector);
    from_words([
        _mm256_extract_epi64::<0>(low),
        _mm256_extract_epi64::<1>(low),
        _mm256_extract_epi64::<2>(low),
        _mm256_extract_epi64::<3>(low),
        _mm256_extract_epi64::<0>(high),
        _mm256_extract_epi64::<1>(high),
        _mm256_extract_epi64::<2>(high),
        _mm256_extract_epi64::<3>(high),
    ])
}
