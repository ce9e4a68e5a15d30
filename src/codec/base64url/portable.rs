//! The engine of the crate `base64`: with NEON on 64-bit ARM, and by tables elsewhere.

use base64::Engine as _;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use base64::engine::{Neon, general_purpose::NO_PAD};

use super::job::Job;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
const STRICT: Neon = Neon::url_safe(NO_PAD);
#[cfg(not(all(target_arch = "aarch64", target_feature = "neon")))]
use base64::engine::general_purpose::URL_SAFE_NO_PAD as STRICT;

/// Bytes that pass through a buffer on the stack.
const PIECE: usize = 768;

/// Runs the job; `false` if a text is not canonical.
pub(super) fn run(job: Job<'_>) -> bool {
    match job {
        Job::Encode { buffer, len, ends } => {
            encode_forward(buffer, len)
                && ends.is_none_or(|ends| {
                    encode(ends.iv, ends.iv_text) && encode(ends.tag, ends.tag_text)
                })
        }
        Job::Decode { text, out, ends } => {
            decode(text, out)
                && ends.is_none_or(|ends| {
                    decode(ends.iv_text, ends.iv) && decode(ends.tag_text, ends.tag)
                })
        }
    }
}

fn encode(bytes: &[u8], out: &mut [u8]) -> bool {
    STRICT.encode_slice(bytes, out).is_ok()
}

/// The engine may need space for the whole group at the end.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the buffer is never shorter than the bytes in it, which only get fewer"
)]
fn decode(text: &[u8], out: &mut [u8]) -> bool {
    let (groups, rest) = text.split_at(text.len() & !3);
    let (front, back) = out.split_at_mut(groups.len() / 4 * 3);
    let mut group = [0; 3];
    let decoded =
        STRICT.decode_slice(groups, front).is_ok() && STRICT.decode_slice(rest, &mut group).is_ok();
    back.copy_from_slice(&group[..back.len()]);
    decoded
}

/// While `n` bytes are left, the characters of a quarter of them end before they begin.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the buffer is never shorter than the bytes in it, which only get fewer"
)]
fn encode_forward(mut buffer: &mut [u8], mut len: usize) -> bool {
    while len > PIECE {
        let piece = len / 12 * 3;
        let (characters, bytes) = buffer.split_at_mut(buffer.len() - len);
        if !encode(&bytes[..piece], characters) {
            return false;
        }
        buffer = &mut buffer[piece / 3 * 4..];
        len -= piece;
    }
    let mut last = [0; PIECE];
    let last = &mut last[..len];
    last.copy_from_slice(&buffer[buffer.len() - len..]);
    encode(last, buffer)
}
