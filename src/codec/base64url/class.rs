//! Tables that give a character its class: low half of the byte & high half. The last four bits of a class
//! select the offset, and classes from [`LEAST_VALID`] on are those of the alphabet.

use super::symbols::{INVALID, VALUES};

pub(super) const LEAST_VALID: u8 = 4;

// A character is valid if its halves have one of these in common.
const UNDERSCORE: u8 = 4;
const MINUS: u8 = 8;
const ONE_TO_FIFTEEN: u8 = 16;
const ZERO_TO_TEN: u8 = 32;
const ZERO_TO_NINE: u8 = 64;
// And the high half alone selects the offset, in bits that every low half has.
const CAPITAL: u8 = 0;
const SMALL: u8 = 1;
const DIGIT: u8 = 2;

#[expect(
    clippy::indexing_slicing,
    reason = "indices are below the lengths of the tables"
)]
pub(super) const LOW: [u8; 16] = {
    let mut low = [SMALL | DIGIT; 16];
    let mut half = 0;
    while half < 16 {
        if half >= 1 {
            low[half] |= ONE_TO_FIFTEEN;
        }
        if half <= 10 {
            low[half] |= ZERO_TO_TEN;
        }
        if half <= 9 {
            low[half] |= ZERO_TO_NINE;
        }
        half += 1;
    }
    low[0xd] |= MINUS;
    low[0xf] |= UNDERSCORE;
    low
};

pub(super) const HIGH: [u8; 16] = [
    0,
    0,
    MINUS,
    ZERO_TO_NINE | DIGIT,
    ONE_TO_FIFTEEN | CAPITAL,
    ZERO_TO_TEN | UNDERSCORE | CAPITAL,
    ONE_TO_FIFTEEN | SMALL,
    ZERO_TO_TEN | SMALL,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
];

/// Distance from a character to its value, by the last four bits of its class.
#[expect(
    clippy::indexing_slicing,
    reason = "indices are below the lengths of the tables"
)]
pub(super) const OFFSETS: [u8; 16] = {
    let mut offsets = [0; 16];
    offsets[CAPITAL as usize] = 0_u8.wrapping_sub(b'A');
    offsets[SMALL as usize] = 26_u8.wrapping_sub(b'a');
    offsets[DIGIT as usize] = 52_u8.wrapping_sub(b'0');
    offsets[MINUS as usize] = 62_u8.wrapping_sub(b'-');
    offsets[UNDERSCORE as usize] = 63_u8.wrapping_sub(b'_');
    offsets
};

/// All 256 bytes, held against the alphabet.
#[expect(
    clippy::indexing_slicing,
    reason = "indices are below the lengths of the tables"
)]
const _: () = {
    let mut byte = 0_u8;
    loop {
        let low = if byte < 128 {
            LOW[(byte & 15) as usize]
        } else {
            0
        };
        let class = low & HIGH[(byte >> 4) as usize];
        let value = if byte < 128 {
            VALUES[byte as usize]
        } else {
            INVALID
        };
        assert!((class >= LEAST_VALID) == (value != INVALID));
        assert!(class < 128);
        if value != INVALID {
            assert!(byte.wrapping_add(OFFSETS[(class & 15) as usize]) == value);
        }
        if byte == 255 {
            break;
        }
        byte += 1;
    }
};
