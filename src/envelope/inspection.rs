//! What a sealed text shows without a key.

use core::fmt;

use super::DEFAULT_MAX_SEALED_LEN;
use super::payload::refuse_encrypted_key;
use super::recipient::read_epk;
use crate::codec::base64url;
use crate::error::{Error, HeaderProblem, Malformed};
use crate::jwe::compact::{self, Compact};
use crate::jwe::header::{self, Header};
use crate::keys::algorithm::Algorithm;

/// What a compact JWE says about itself. None of it is authenticated.
///
/// `Debug` shows lengths and the verdict; it shows neither the header nor any part of the text.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{Algorithm, Inspection, PayloadCipher, PayloadSecret};
///
/// let sealed = PayloadCipher::new(&PayloadSecret::generate()?)?.seal(b"{}")?;
/// let seen = Inspection::parse(&sealed)?;
/// assert_eq!(seen.header, r#"{"enc":"A256GCM","alg":"dir"}"#);
/// assert_eq!((seen.iv_len, seen.ciphertext_len, seen.tag_len), (12, 2, 16));
/// assert_eq!(seen.profile, Ok(Algorithm::Dir));
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The protected header's JSON, as received.
    pub header: String,
    /// Length of the encrypted key, in bytes.
    pub encrypted_key_len: usize,
    /// Length of the initialization vector, in bytes.
    pub iv_len: usize,
    /// Length of the ciphertext, in bytes: under AES-GCM also that of the plaintext.
    pub ciphertext_len: usize,
    /// Length of the authentication tag, in bytes.
    pub tag_len: usize,
    /// The algorithm whose key could open it, or why the locked profile refuses it.
    pub profile: Result<Algorithm, Error>,
}

impl Inspection {
    /// Parses a compact JWE of at most [`DEFAULT_MAX_SEALED_LEN`], 8 MiB, whether in the profile or not.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Header`] if it is not five parts of base64url around a
    /// header that is UTF-8.
    pub fn parse(sealed: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::parse_with_limit(sealed, DEFAULT_MAX_SEALED_LEN)
    }

    /// Parses a compact JWE of at most `max` bytes, whether in the profile or not.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse), and [`Error::SealedTooLong`].
    pub fn parse_with_limit(sealed: impl AsRef<[u8]>, max: usize) -> Result<Self, Error> {
        let text = sealed.as_ref();
        let [encoded_header, key, iv, ciphertext, tag] = compact::parts(text, max)?;
        let header = String::from_utf8(header::decode(encoded_header)?)
            .map_err(|_| HeaderProblem::NotJsonObject)?;
        let len = |part, text: &[u8]| {
            base64url::decoded_len(text.len())
                .filter(|_| base64url::is_canonical(text))
                .ok_or(Malformed::NotBase64url { part })
        };
        Ok(Self {
            header,
            encrypted_key_len: len("encrypted key", key)?,
            iv_len: len("initialization vector", iv)?,
            ciphertext_len: len("ciphertext", ciphertext)?,
            tag_len: len("authentication tag", tag)?,
            profile: profile(encoded_header, text, max),
        })
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection")
            .field("header_len", &self.header.len())
            .field("encrypted_key_len", &self.encrypted_key_len)
            .field("iv_len", &self.iv_len)
            .field("ciphertext_len", &self.ciphertext_len)
            .field("tag_len", &self.tag_len)
            .field("profile", &self.profile)
            .finish()
    }
}

/// The checks that opening makes before it needs a key, the header first: an initialization vector of another length
/// is due to another `enc`, and that is what should be reported.
fn profile(header: &[u8], text: &[u8], max: usize) -> Result<Algorithm, Error> {
    let header = Header::parse(header)?;
    let parts = Compact::parse(text, max)?;
    match &header {
        Header::RsaOaep256 => {}
        Header::Dir => refuse_encrypted_key(&parts)?,
        Header::EcdhEs(agreement) => {
            refuse_encrypted_key(&parts)?;
            read_epk(agreement)?;
        }
    }
    Ok(header.algorithm())
}
