//! base64url in vectors of 32 bytes, after Wojciech Muła and Daniel Lemire, "Faster Base64 Encoding and
//! Decoding Using AVX2 Instructions" (2018). All of it is safe code: loads and stores are of arrays, and the
//! compiler makes single instructions of them.

use core::arch::x86_64::*;
use core::hint::black_box;

use super::class;
use super::job::{IV_CHARS, Job, TAG_CHARS};
use super::symbols::{Rest, ZEROS, at, decode_rest, from_words, put, words, words_of_tag};

/// Bytes that fill a vector of characters.
const BYTES: usize = 24;
const CHARS: usize = 32;
/// Vectors in one iteration of the main loop.
const TURN: usize = 4;
/// Bytes that a load in the main loop reads before and after its source, and ignores, so that both halves of the
/// vector hold twelve bytes of the source.
const BESIDE: usize = 4;

/// Runs the job; `false` if a text is not canonical.
#[target_feature(enable = "avx2")]
pub(super) fn run(job: Job<'_>) -> bool {
    match job {
        Job::Encode { buffer, len, ends } => {
            let encoder = Encoder::new();
            encode(&encoder, buffer, len);
            if let Some(ends) = ends {
                let [iv, tag] = load_ends(ends.iv, ends.tag);
                *ends.iv_text = at(&encoder.encode_exact(iv), 0);
                *ends.tag_text = at(&encoder.encode_exact(tag), 0);
            }
            true
        }
        Job::Decode { text, out, ends } => {
            let mut decoder = Decoder::new();
            // The unused bits of the tag's last character.
            let mut beyond = 0;
            if let Some(ends) = ends {
                let [iv, tag] = load_ends_text(ends.iv_text, ends.tag_text);
                *ends.iv = at(&decoder.decode_exact(iv), 0);
                let bytes = decoder.decode_exact(tag);
                *ends.tag = at(&bytes, 0);
                beyond = bytes[16];
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
#[target_feature(enable = "avx2")]
fn encode(encoder: &Encoder, buffer: &mut [u8], len: usize) {
    let start = buffer.len() - len;
    let groups = len - len % 3;
    if groups < BYTES {
        let text = encoder.encode_short(&buffer[start..]);
        buffer.copy_from_slice(&text[..buffer.len()]);
        return;
    }
    let last = load_exactly(at(buffer, start + groups - BYTES));
    let rest = Rest::of(&buffer[start + groups..]);

    let mut done = 0;
    while len - done >= TURN * BYTES + BESIDE {
        let from = start + done - BESIDE;
        let source = &buffer[from..from + TURN * BYTES + 2 * BESIDE];
        let vectors = [
            load(at(source, 0)),
            load(at(source, BYTES)),
            load(at(source, 2 * BYTES)),
            load(at(source, 3 * BYTES)),
        ];
        let to = done / 3 * 4;
        let target = &mut buffer[to..to + TURN * CHARS];
        for (i, vector) in vectors.into_iter().enumerate() {
            let spread = _mm256_shuffle_epi8(vector, encoder.spread_beside);
            put(target, i * CHARS, to_bytes(encoder.encode(spread)));
        }
        done += TURN * BYTES;
    }
    while groups - done > BYTES {
        let text = encoder.encode_exact(load_exactly(at(buffer, start + done)));
        put(buffer, done / 3 * 4, text);
        done += BYTES;
    }
    put(buffer, groups / 3 * 4 - CHARS, encoder.encode_exact(last));
    rest.encode(&mut buffer[groups / 3 * 4..]);
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "indices are below the lengths that were checked before"
)]
#[inline]
#[target_feature(enable = "avx2")]
fn decode(decoder: &mut Decoder, text: &[u8], out: &mut [u8]) -> bool {
    let groups = text.len() - text.len() % 4;
    if groups < CHARS {
        let bytes = decoder.decode_short(text);
        out.copy_from_slice(&bytes[..out.len()]);
        // The unused bits of the last character must be zero.
        return decoder.all_valid() && bytes[out.len()] == 0;
    }
    let mut done = 0;
    // An iteration stores four bytes more than it decodes.
    while groups - done >= TURN * CHARS + 8 {
        let source = &text[done..done + TURN * CHARS];
        let to = done / 4 * 3;
        let target = &mut out[to..to + TURN * BYTES + 4];
        for i in 0..TURN {
            let [first, second] = decoder.decode(load(at(source, i * CHARS)));
            // The four bytes after each half are overwritten by what follows.
            put(target, i * BYTES, first);
            put(target, i * BYTES + 12, second);
        }
        done += TURN * CHARS;
    }
    while groups - done > CHARS {
        let bytes = decoder.decode_exact(load(at(text, done)));
        put(out, done / 4 * 3, bytes);
        done += CHARS;
    }
    let bytes = decoder.decode_exact(load(at(text, groups - CHARS)));
    put(out, groups / 4 * 3 - BYTES, bytes);
    decoder.all_valid() & decode_rest(&text[groups..], &mut out[groups / 4 * 3..])
}

struct Encoder {
    /// Puts the bytes a, b, c of a group into the order b, a, c, b.
    spread: __m256i,
    spread_beside: __m256i,
    /// In memory, so that the compiler does not turn them into shifts by a different number of bits per lane, which
    /// are several times slower.
    factors: [__m256i; 2],
    offsets: __m256i,
}

impl Encoder {
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "positions in a vector are small"
    )]
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let first = [1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10];
        let behind_four = first.map(|place| place + 4);
        Self {
            spread: halves(first, behind_four),
            spread_beside: halves(behind_four, first),
            factors: black_box([
                _mm256_set1_epi32(0x0010_0001),
                _mm256_set1_epi32(0x0100_0010),
            ]),
            offsets: halves(OFFSETS, OFFSETS),
        }
    }

    /// The characters of spread bytes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn encode(&self, spread: __m256i) -> __m256i {
        // The first and third six bits, and the second and fourth.
        let odd = _mm256_and_si256(spread, _mm256_set1_epi32(0x0fc0_fc00));
        let odd = _mm256_srli_epi16::<10>(_mm256_mullo_epi16(odd, self.factors[0]));
        let even = _mm256_and_si256(spread, _mm256_set1_epi32(0x003f_03f0));
        let even = _mm256_mullo_epi16(even, self.factors[1]);
        let values = _mm256_or_si256(odd, even);
        // 0 for small letters, 1 to 10 for digits, 11 and 12 for the last two, and 13 for capital letters.
        let range = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
        let capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
        let range = _mm256_or_si256(range, _mm256_and_si256(capital, _mm256_set1_epi8(13)));
        _mm256_add_epi8(values, _mm256_shuffle_epi8(self.offsets, range))
    }

    /// The characters of what was loaded exactly.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn encode_exact(&self, bytes: __m256i) -> [u8; CHARS] {
        to_bytes(self.encode(_mm256_shuffle_epi8(bytes, self.spread)))
    }

    /// Up to [`BYTES`] bytes, as if zeros followed.
    #[expect(clippy::indexing_slicing, reason = "callers have no more")]
    #[inline]
    #[target_feature(enable = "avx2")]
    fn encode_short(&self, bytes: &[u8]) -> [u8; CHARS] {
        let mut block = [0; BYTES];
        block[..bytes.len()].copy_from_slice(bytes);
        self.encode_exact(load_exactly(block))
    }
}

/// Distance from a value to its character, by range.
#[expect(
    clippy::indexing_slicing,
    reason = "indices are below the length of the table"
)]
const OFFSETS: [u8; 16] = {
    const fn distance(from: u8, to: u8) -> u8 {
        to.wrapping_sub(from)
    }
    let mut offsets = [0; 16];
    offsets[0] = distance(26, b'a');
    let mut digit = 1;
    while digit <= 10 {
        offsets[digit] = distance(52, b'0');
        digit += 1;
    }
    offsets[11] = distance(62, b'-');
    offsets[12] = distance(63, b'_');
    offsets[13] = distance(0, b'A');
    offsets
};

struct Decoder {
    low: __m256i,
    high: __m256i,
    offsets: __m256i,
    /// In memory for the same reason as the encoder's.
    factors: [__m256i; 2],
    pack: __m256i,
    /// Of the classes of all characters so far.
    least: __m256i,
}

impl Decoder {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let pack = [
            2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 0x80, 0x80, 0x80, 0x80,
        ];
        Self {
            low: halves(class::LOW, class::LOW),
            high: halves(class::HIGH, class::HIGH),
            offsets: halves(class::OFFSETS, class::OFFSETS),
            factors: black_box([
                _mm256_set1_epi32(0x0140_0140),
                _mm256_set1_epi32(0x0001_1000),
            ]),
            pack: halves(pack, pack),
            least: _mm256_set1_epi8(-1),
        }
    }

    /// Twelve bytes in each half, and four zeros behind them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn decode(&mut self, text: __m256i) -> [[u8; 16]; 2] {
        let high = _mm256_and_si256(_mm256_srli_epi32::<4>(text), _mm256_set1_epi8(15));
        // The shuffle reads a byte beyond ASCII as zero.
        let low = _mm256_shuffle_epi8(self.low, text);
        let class = _mm256_and_si256(low, _mm256_shuffle_epi8(self.high, high));
        self.least = _mm256_min_epu8(self.least, class);
        let values = _mm256_add_epi8(text, _mm256_shuffle_epi8(self.offsets, class));
        let pairs = _mm256_maddubs_epi16(values, self.factors[0]);
        let groups = _mm256_madd_epi16(pairs, self.factors[1]);
        let bytes = _mm256_shuffle_epi8(groups, self.pack);
        let (first, second) = (
            _mm256_castsi256_si128(bytes),
            _mm256_extracti128_si256::<1>(bytes),
        );
        [half_to_bytes(first), half_to_bytes(second)]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn decode_exact(&mut self, text: __m256i) -> [u8; BYTES] {
        let [first, second] = self.decode(text);
        let mut bytes = [0; BYTES];
        put(&mut bytes, 0, at::<12>(&first, 0));
        put(&mut bytes, 12, at::<12>(&second, 0));
        bytes
    }

    /// Up to [`CHARS`] characters, as if the character of zero followed.
    #[expect(clippy::indexing_slicing, reason = "callers have no more")]
    #[inline]
    #[target_feature(enable = "avx2")]
    fn decode_short(&mut self, text: &[u8]) -> [u8; BYTES] {
        let mut block = [b'A'; CHARS];
        block[..text.len()].copy_from_slice(text);
        self.decode_exact(load(block))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn all_valid(&self) -> bool {
        let valid = _mm256_set1_epi8(class::LEAST_VALID as i8);
        let valid = _mm256_cmpeq_epi8(_mm256_max_epu8(self.least, valid), self.least);
        _mm256_movemask_epi8(valid) == -1
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: [u8; 32]) -> __m256i {
    let [a, b, c, d] = words(&bytes);
    _mm256_setr_epi64x(a, b, c, d)
}

/// The source of one vector exactly: its halves overlap.
#[inline]
#[target_feature(enable = "avx2")]
fn load_exactly(bytes: [u8; BYTES]) -> __m256i {
    let [a, b, c] = words(&bytes);
    _mm256_setr_epi64x(a, b, b, c)
}

/// The vector and the tag, each as the source of one vector.
#[inline]
#[target_feature(enable = "avx2")]
fn load_ends(iv: &[u8; 12], tag: &[u8; 16]) -> [__m256i; 2] {
    let last = i64::from(u32::from_le_bytes(at(iv, 8)));
    let (first, [a, b]) = (i64::from_le_bytes(at(iv, 0)), words(tag));
    [
        _mm256_setr_epi64x(first, last, last, 0),
        _mm256_setr_epi64x(a, b, b, 0),
    ]
}

/// The texts of both, and behind them the character of zero bits.
#[inline]
#[target_feature(enable = "avx2")]
fn load_ends_text(iv: &[u8; IV_CHARS], tag: &[u8; TAG_CHARS]) -> [__m256i; 2] {
    let ([a, b], [c, d, e]) = (words(iv), words_of_tag(tag));
    [
        _mm256_setr_epi64x(a, b, ZEROS, ZEROS),
        _mm256_setr_epi64x(c, d, e, ZEROS),
    ]
}

/// A table for each half.
#[inline]
#[target_feature(enable = "avx2")]
fn halves(low: [u8; 16], high: [u8; 16]) -> __m256i {
    let ([a, b], [c, d]) = (words(&low), words(&high));
    _mm256_setr_epi64x(a, b, c, d)
}

#[inline]
#[target_feature(enable = "avx2")]
fn to_bytes(vector: __m256i) -> [u8; 32] {
    from_words([
        _mm256_extract_epi64::<0>(vector),
        _mm256_extract_epi64::<1>(vector),
        _mm256_extract_epi64::<2>(vector),
        _mm256_extract_epi64::<3>(vector),
    ])
}

#[inline]
#[target_feature(enable = "avx2")]
fn half_to_bytes(half: __m128i) -> [u8; 16] {
    from_words([_mm_extract_epi64::<0>(half), _mm_extract_epi64::<1>(half)])
}
