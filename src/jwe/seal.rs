//! Content encryption and assembly of the compact form (RFC 7516 section 5.1, steps 9 to 19).

use ascii::AsciiString;

use crate::backend::Aes256Gcm;
use crate::codec::base64url;
use crate::error::Error;
use crate::jwe::compact::{IV_CHARS, TAG_CHARS};
use crate::nonce;

/// Bytes that pass through a buffer on the stack.
const PIECE: usize = 768;

/// Characters of the compact form around `plaintext_len` bytes.
pub(crate) const fn sealed_len(
    header_len: usize,
    encrypted_key_len: usize,
    plaintext_len: usize,
) -> usize {
    base64url::encoded_len(plaintext_len)
        .saturating_add(header_len)
        .saturating_add(encrypted_key_len)
        .saturating_add(IV_CHARS + TAG_CHARS + 4)
}

/// Refuses a payload whose compact form would be longer than `max`, which is what the other side opens.
pub(crate) fn check_len(
    header_len: usize,
    encrypted_key_len: usize,
    plaintext_len: usize,
    max: usize,
) -> Result<(), Error> {
    match sealed_len(header_len, encrypted_key_len, plaintext_len) {
        sealed_len if sealed_len > max => Err(Error::PayloadTooLong {
            len: plaintext_len,
            sealed_len,
            max,
        }),
        _ => Ok(()),
    }
}

/// Replaces `out` by the compact form under `header` and `encrypted_key`, both base64url already.
/// Allocates only if `out` is too small. On failure `out` is empty.
pub(crate) fn seal(
    aead: &dyn Aes256Gcm,
    header: &str,
    encrypted_key: &str,
    nonce: [u8; nonce::LEN],
    plaintext: &[u8],
    out: &mut String,
) -> Result<(), Error> {
    let len = sealed_len(header.len(), encrypted_key.len(), plaintext.len());
    let mut text = core::mem::take(out).into_bytes();
    if text.capacity() < len {
        text = vec![0; len];
    } else {
        // What is there is about to be overwritten, so it need not be cleared.
        text.resize(len, 0);
    }
    write(aead, header, encrypted_key, nonce, plaintext, &mut text)?;
    // A `String` without `unsafe` takes a look at each byte; for ASCII alone that is the fastest.
    *out = AsciiString::from_ascii(text)
        .map(Into::into)
        .unwrap_or_default();
    debug_assert!(!out.is_empty(), "base64url is ASCII");
    Ok(())
}

/// Fills `text`, which has the length of the compact form.
fn write(
    aead: &dyn Aes256Gcm,
    header: &str,
    encrypted_key: &str,
    mut nonce: [u8; nonce::LEN],
    plaintext: &[u8],
    text: &mut [u8],
) -> Result<(), Error> {
    let rest = write_part(header.as_bytes(), text);
    let rest = write_part(encrypted_key.as_bytes(), rest);
    let (iv, rest) = rest.split_at_mut(IV_CHARS);
    let rest = write_part(b"", rest);

    let (room, rest) = rest.split_at_mut(base64url::encoded_len(plaintext.len()));
    let tag = encrypt(aead, header.as_bytes(), &mut nonce, plaintext, room)?;

    base64url::encode(&nonce, iv);
    base64url::encode(&tag, write_part(b"", rest));
    Ok(())
}

/// Fills `room` with the characters of the ciphertext. Only the FIPS module, which encrypts in
/// place, copies the plaintext first.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "up to PIECE bytes fit into a piece, and `room` is longer than the plaintext"
)]
fn encrypt(
    aead: &dyn Aes256Gcm,
    aad: &[u8],
    nonce: &mut [u8; nonce::LEN],
    plaintext: &[u8],
    room: &mut [u8],
) -> Result<[u8; 16], Error> {
    if plaintext.len() <= PIECE {
        let mut piece = [0; PIECE];
        let ciphertext = &mut piece[..plaintext.len()];
        let tag = aead.seal(nonce, aad, plaintext, ciphertext)?;
        base64url::encode(ciphertext, room);
        return Ok(tag);
    }
    // The ciphertext goes to the end of the room, and is encoded forward over itself.
    let start = room.len() - plaintext.len();
    let tag = aead.seal(nonce, aad, plaintext, &mut room[start..])?;
    encode_forward(room, plaintext.len());
    Ok(tag)
}

/// Writes a part and its dot to the front, and gives back what follows.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`text` has room for all parts: `seal` made it as long as `sealed_len` says"
)]
fn write_part<'a>(part: &[u8], text: &'a mut [u8]) -> &'a mut [u8] {
    let (front, rest) = text.split_at_mut(part.len() + 1);
    front[..part.len()].copy_from_slice(part);
    front[part.len()] = b'.';
    rest
}

/// Encodes the last `len` bytes of `room` so that they fill it from the front; `room` is 4/3 of
/// `len` long. While `n` bytes are left, the characters of a quarter of them end before they begin.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`room` is never shorter than `len`, which only falls: see above"
)]
fn encode_forward(mut room: &mut [u8], mut len: usize) {
    while len > PIECE {
        let piece = len / 12 * 3;
        let (characters, bytes) = room.split_at_mut(room.len() - len);
        base64url::encode(&bytes[..piece], characters);
        room = &mut room[piece / 3 * 4..];
        len -= piece;
    }
    let mut last = [0; PIECE];
    let last = &mut last[..len];
    last.copy_from_slice(&room[room.len() - len..]);
    base64url::encode(last, room);
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
