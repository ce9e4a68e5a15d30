//! The outside form of a compact JWE (RFC 7516 section 7.1), which depends on no key.

use std::str;

/// Characters of a nonce of 12 bytes and of a tag of 16.
const NONCE_CHARS: usize = 16;
const TAG_CHARS: usize = 22;

/// Nonce and tag of a text of five parts of the right lengths, all but the ciphertext in characters of base64url.
/// `None` of any other text: no key opens it.
pub(super) fn nonce_and_tag(sealed: &[u8]) -> Option<(&str, &str)> {
    let mut parts = sealed.splitn(4, |byte| *byte == b'.');
    let (header, key, nonce) = (parts.next()?, parts.next()?, parts.next()?);
    let mut parts = parts.next()?.rsplitn(2, |byte| *byte == b'.');
    let (tag, ciphertext) = (parts.next()?, parts.next()?);
    let has_form = !header.is_empty()
        && nonce.len() == NONCE_CHARS
        && tag.len() == TAG_CHARS
        && ciphertext.len() % 4 != 1
        && !ciphertext.contains(&b'.')
        && [header, key, nonce, tag].into_iter().all(is_base64url);
    if !has_form {
        return None;
    }
    Some((str::from_utf8(nonce).ok()?, str::from_utf8(tag).ok()?))
}

fn is_base64url(part: &[u8]) -> bool {
    let mut bytes = part.iter();
    bytes.all(|byte| byte.is_ascii_alphanumeric() || [b'-', b'_'].contains(byte))
}

#[cfg(test)]
mod tests {
    use super::nonce_and_tag;

    const NONCE: &str = "AAECAwQFBgcICQoL";
    const TAG: &str = "AAECAwQFBgcICQoLDA0ODw";

    #[test]
    fn five_parts_of_the_right_lengths_have_the_form() {
        for (key, ciphertext) in [("", ""), ("", "ab"), ("Zm-_", "abcd")] {
            let text = format!("e30.{key}.{NONCE}.{ciphertext}.{TAG}");
            assert_eq!(nonce_and_tag(text.as_bytes()), Some((NONCE, TAG)));
        }
    }

    #[test]
    fn other_texts_have_not() {
        for text in [
            String::new(),
            "....".to_owned(),
            format!(".k.{NONCE}.abcd.{TAG}"),
            format!("e30.{NONCE}.abcd.{TAG}"),
            format!("e30..{NONCE}.ab.cd.{TAG}"),
            format!("e30..{NONCE}.abcd.{TAG}."),
            format!("e30..{NONCE}.abcde.{TAG}"),
            format!("e30..{NONCE}A.abcd.{TAG}"),
            format!("e30..{NONCE}.abcd.{TAG}A"),
            format!("e 0..{NONCE}.abcd.{TAG}"),
            format!("e30.+.{NONCE}.abcd.{TAG}"),
            format!("e30..{}.abcd.{TAG}", NONCE.replace('A', "=")),
            format!("e30..{NONCE}.abcd.{}", TAG.replace('A', "\u{0}")),
        ] {
            assert_eq!(nonce_and_tag(text.as_bytes()), None, "{text}");
        }
    }
}
