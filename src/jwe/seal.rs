//! Content encryption and assembly of the compact form (RFC 7516 section 5.1, steps 9 to 19).

use zeroize::Zeroize as _;

use crate::backend::Aes256Gcm;
use crate::base64url;
use crate::error::Error;
use crate::jwe::compact::{IV_CHARS, TAG_CHARS};
use crate::nonce;

/// Bytes that are encoded at a time: a multiple of 3, small enough to stay in the first-level cache.
const PIECE: usize = 768;

/// Characters of the compact form around `plaintext_len` bytes.
pub(crate) const fn sealed_len(
    header_len: usize,
    encrypted_key_len: usize,
    plaintext_len: usize,
) -> usize {
    let ciphertext_len = base64url::encoded_len(plaintext_len);
    ciphertext_len.saturating_add(header_len + encrypted_key_len + IV_CHARS + TAG_CHARS + 4)
}

/// Replaces `out` by the compact form under `header` and `encrypted_key`, both base64url already.
/// Allocates only if `out` is too small. On failure `out` is empty and holds no plaintext.
pub(crate) fn seal(
    aead: &dyn Aes256Gcm,
    header: &str,
    encrypted_key: &str,
    plaintext: &[u8],
    out: &mut String,
) -> Result<(), Error> {
    let mut text = core::mem::take(out).into_bytes();
    text.clear();
    text.reserve_exact(sealed_len(
        header.len(),
        encrypted_key.len(),
        plaintext.len(),
    ));
    match write(aead, header, encrypted_key, plaintext, &mut text) {
        Ok(()) => {
            *out = String::from_utf8(text).unwrap_or_default();
            debug_assert!(!out.is_empty(), "base64url is ASCII");
            Ok(())
        }
        Err(error) => {
            text.zeroize();
            Err(error)
        }
    }
}

fn write(
    aead: &dyn Aes256Gcm,
    header: &str,
    encrypted_key: &str,
    plaintext: &[u8],
    text: &mut Vec<u8>,
) -> Result<(), Error> {
    let nonce = nonce::random()?;
    text.extend_from_slice(header.as_bytes());
    text.push(b'.');
    text.extend_from_slice(encrypted_key.as_bytes());
    text.push(b'.');
    append_encoded(&nonce, text);
    text.push(b'.');

    // The plaintext goes to the end of the room for the ciphertext's characters, is encrypted
    // there, and is then encoded forward over itself: one buffer, no allocation.
    let start = text.len();
    let characters = base64url::encoded_len(plaintext.len());
    text.resize(start + characters - plaintext.len(), 0);
    text.extend_from_slice(plaintext);
    let room = &mut text[start..];
    let tag = aead.seal_in_place(
        &nonce,
        header.as_bytes(),
        &mut room[characters - plaintext.len()..],
    )?;
    encode_forward(room, plaintext.len());

    text.push(b'.');
    append_encoded(&tag, text);
    Ok(())
}

/// Encodes the last `len` bytes of `room` so that they fill it from the front. Each piece is copied
/// out first; its characters end before the next piece begins, since `room` is 4/3 of `len` long.
fn encode_forward(room: &mut [u8], len: usize) {
    let mut scratch = [0; PIECE];
    let (mut from, mut to) = (room.len() - len, 0);
    while from < room.len() {
        let piece = &mut scratch[..PIECE.min(room.len() - from)];
        piece.copy_from_slice(&room[from..from + piece.len()]);
        let characters = base64url::encoded_len(piece.len());
        base64url::encode(piece, &mut room[to..to + characters]);
        from += piece.len();
        to += characters;
    }
}

fn append_encoded(bytes: &[u8], text: &mut Vec<u8>) {
    let start = text.len();
    text.resize(start + base64url::encoded_len(bytes.len()), 0);
    base64url::encode(bytes, &mut text[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_forward_is_encoding() {
        for len in [
            0,
            1,
            2,
            3,
            4,
            100,
            PIECE - 1,
            PIECE,
            PIECE + 1,
            5 * PIECE + 2,
            70_000,
        ] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
            let mut room = vec![0; base64url::encoded_len(len) - len];
            room.extend_from_slice(&bytes);
            encode_forward(&mut room, len);
            assert_eq!(
                room,
                base64url::encode_to_string(&bytes).as_bytes(),
                "{len}"
            );
        }
    }
}
