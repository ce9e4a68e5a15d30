//! The compact form (RFC 7516 section 7.1): five base64url parts separated by dots.

use core::ops::Range;

use crate::codec::base64url::{self, IV_CHARS, TAG_CHARS};
use crate::error::{Error, Malformed};
use crate::jwe::header::{self, Header};

/// Names of the parts, as in RFC 7516 section 2.
pub(crate) const ENCRYPTED_KEY: &str = "encrypted key";
const INITIALIZATION_VECTOR: &str = "initialization vector";
const CIPHERTEXT: &str = "ciphertext";
const AUTHENTICATION_TAG: &str = "authentication tag";

/// A text split into its parts, none of them decoded yet.
pub(crate) struct Compact<'a> {
    text: &'a [u8],
    /// The header as received: this is the additional authenticated data (RFC 7516 section 5.1, step 14).
    pub(crate) aad: &'a [u8],
    pub(crate) encrypted_key: &'a [u8],
    pub(crate) iv: &'a [u8; IV_CHARS],
    pub(crate) ciphertext: &'a [u8],
    pub(crate) tag: &'a [u8; TAG_CHARS],
}

/// Where the parts of a text are that is decoded in its own memory, and those that are short.
pub(crate) struct Layout {
    /// Length of the additional authenticated data, which the text begins with.
    pub(crate) aad: usize,
    pub(crate) ciphertext: Range<usize>,
    pub(crate) iv: [u8; 12],
    pub(crate) tag: [u8; 16],
}

impl<'a> Compact<'a> {
    /// Splits a text of at most `max_len` bytes; nothing is decoded or allocated before that check. Inlined, so that the
    /// parts stay in registers.
    #[inline(always)]
    pub(crate) fn parse(text: &'a [u8], max_len: usize) -> Result<Self, Error> {
        check_len(text, max_len)?;
        Self::cut(text).ok_or_else(|| diagnose(text))
    }

    /// Bytes of plaintext inside.
    pub(crate) fn plaintext_len(&self) -> usize {
        // `cut` has refused the lengths that no plaintext has.
        base64url::decoded_len(self.ciphertext.len()).unwrap_or_default()
    }

    /// What the header says.
    #[inline(always)]
    pub(crate) fn header(&self) -> Result<Header, Error> {
        Header::parse(self.aad).map_err(|problem| {
            // A text with dots elsewhere was split in the wrong places: that error says more.
            let well_cut = base64url::is_canonical(self.iv) && base64url::is_canonical(self.tag);
            if well_cut {
                problem.into()
            } else {
                self.diagnose()
            }
        })
    }

    /// The places of the parts, all of which are canonical.
    pub(crate) fn layout(&self) -> Result<Layout, Error> {
        let (mut iv, mut tag) = ([0; 12], [0; 16]);
        let decoded = base64url::decode(self.iv, &mut iv)
            .and_then(|()| base64url::decode(self.tag, &mut tag));
        if decoded.is_none() || !base64url::is_canonical(self.ciphertext) {
            return Err(self.diagnose());
        }
        // A dot and the tag are behind the ciphertext.
        let end = self.text.len().saturating_sub(TAG_CHARS + 1);
        Ok(Layout {
            aad: self.aad.len(),
            ciphertext: end.saturating_sub(self.ciphertext.len())..end,
            iv,
            tag,
        })
    }

    /// Why a part turned out not to be canonical base64url.
    pub(crate) fn diagnose(&self) -> Error {
        diagnose(self.text)
    }

    /// Relies on the fixed lengths of vector and tag, so that the ciphertext, which can be long,
    /// is not searched for dots: its decoding refuses them.
    #[inline(always)]
    fn cut(text: &'a [u8]) -> Option<Self> {
        // The usual front need not be searched for its dots.
        let (header, encrypted_key, rest) = match text.split_at_checked(header::DIR.len()) {
            Some((header, [b'.', b'.', rest @ ..])) if header == header::DIR.as_bytes() => {
                (header, b"".as_slice(), rest)
            }
            _ => {
                let (header, rest) = split_at_dot(text)?;
                let (encrypted_key, rest) = split_at_dot(rest)?;
                (header, encrypted_key, rest)
            }
        };
        let (iv, rest) = rest.split_first_chunk()?;
        let rest = rest.strip_prefix(b".")?;
        let (rest, tag) = rest.split_last_chunk()?;
        let ciphertext = rest.strip_suffix(b".")?;
        base64url::decoded_len(ciphertext.len())?;
        Some(Self {
            text,
            aad: header,
            encrypted_key,
            iv,
            ciphertext,
            tag,
        })
    }
}

/// The five parts of any compact JWE, whether in the profile or not, for inspection.
pub(crate) fn parts(text: &[u8], max_len: usize) -> Result<[&[u8]; 5], Error> {
    check_len(text, max_len)?;
    let mut parts = text.split(|byte| *byte == b'.');
    let mut next = || parts.next();
    match (next(), next(), next(), next(), next(), next()) {
        (Some(header), Some(key), Some(iv), Some(ciphertext), Some(tag), None) => {
            Ok([header, key, iv, ciphertext, tag])
        }
        _ => Err(diagnose(text)),
    }
}

#[inline]
fn check_len(text: &[u8], max: usize) -> Result<(), Error> {
    match text.len() {
        len if len > max => Err(Error::SealedTooLong { len, max }),
        _ => Ok(()),
    }
}

#[inline]
fn split_at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (part, rest) = text.split_at_checked(memchr::memchr(b'.', text)?)?;
    Some((part, rest.get(1..)?))
}

/// Says what is wrong with a text that could not be split or decoded. Depends on no secret.
#[cold]
fn diagnose(text: &[u8]) -> Error {
    match text.trim_ascii_start().first() {
        None => return Malformed::Empty.into(),
        Some(b'{' | b'[') => return Malformed::ClearJson.into(),
        Some(_) => {}
    }
    let parts: Vec<&[u8]> = text.splitn(7, |byte| *byte == b'.').collect();
    let [header, key, iv, ciphertext, tag] = parts[..] else {
        let found = text.split(|byte| *byte == b'.').count();
        return Malformed::PartCount { found }.into();
    };
    for (part, text) in [
        (ENCRYPTED_KEY, key),
        (INITIALIZATION_VECTOR, iv),
        (CIPHERTEXT, ciphertext),
        (AUTHENTICATION_TAG, tag),
    ] {
        if !base64url::is_canonical(text) {
            return Malformed::NotBase64url { part }.into();
        }
    }
    // Another `enc` has vectors and tags of other lengths: report the header instead.
    if let Err(problem) = Header::parse(header) {
        return problem.into();
    }
    let (part, found, needed) = match iv.len() {
        IV_CHARS => (AUTHENTICATION_TAG, tag.len(), TAG_CHARS),
        _ => (INITIALIZATION_VECTOR, iv.len(), IV_CHARS),
    };
    let length = Malformed::PartLength {
        part,
        found,
        needed,
    };
    length.into()
}
