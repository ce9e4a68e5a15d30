//! Private keys in forms that only the whole text shows, such as PuTTY's, and text with percent-encoding.

use std::io::Write as _;

use bankezy_crypto::{Error, KeyForm, KeyProblem, PublicKey, SecretBytes};

use crate::octet_text::{kept, octet};

/// The form that an error names.
pub(crate) fn other_form(error: &Error) -> Option<KeyForm> {
    match error {
        Error::Key {
            problem: KeyProblem::OtherForm { found },
            ..
        } => Some(*found),
        _ => None,
    }
}

/// Whether octets are a private key in a form that only the whole of them shows, such as PuTTY's.
pub(crate) fn is_private_form(octets: &[u8]) -> bool {
    let refused = PublicKey::from_spki_der(octets).err();
    is_private(octets, refused.as_ref().and_then(other_form))
}

/// Whether a text, of this form where it has a name, is a private key.
fn is_private(text: &[u8], form: Option<KeyForm>) -> bool {
    // Without the NULs of UTF-16 and UTF-32.
    let text = kept(text, |c| c != 0);
    let packed = kept(text.as_bytes(), |c| !c.is_ascii_whitespace() && c != b'\\');
    let packed = packed.as_bytes();
    let has = |part: &[u8]| memchr::memmem::find(packed, part).is_some();
    let names_private = || {
        let names: [&[u8]; 2] = [b"PRIVATEKEY", b"Private-Key:("];
        names.into_iter().any(|name| {
            let mut parts = packed.windows(name.len());
            parts.any(|part| part.eq_ignore_ascii_case(name))
        })
    };
    match form {
        // PuTTY writes public keys in the form of OpenSSH or SSH2.
        Some(KeyForm::Putty) => true,
        Some(
            KeyForm::AlteredPem | KeyForm::Ssh2 | KeyForm::Utf16 { .. } | KeyForm::Utf32 { .. },
        ) => names_private(),
        Some(KeyForm::Xml) => has(b"KeyValue>") && has(b"<D>"),
        _ => has(b"Private-Key:("),
    }
}

/// A text without percent-encoding (RFC 3986 section 2.1), also if it was encoded several times. If a form has `+`
/// for a blank, it has `%2B` for `+`. `None` if nothing changes.
pub(crate) fn percent_decoded(text: &[u8]) -> Option<SecretBytes> {
    /// Encoding more often by mistake is unlikely.
    const TIMES: usize = 3;
    let mut decoded: Option<SecretBytes> = None;
    for _ in 0..TIMES {
        let text = decoded.as_ref().map_or(text, SecretBytes::as_bytes);
        let Some(once) = percent_decoded_once(text) else {
            break;
        };
        decoded = Some(once);
    }
    decoded
}

fn percent_decoded_once(text: &[u8]) -> Option<SecretBytes> {
    let is_form = memchr::memmem::find(text, b"BEGIN+").is_some();
    let mut decoded = SecretBytes::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match rest {
            [b'%', high, low, after @ ..] => octet(*high, *low).map(|octet| (octet, after)),
            _ => None,
        };
        let is_blank = is_form && *first == b'+';
        let as_it_is = (if is_blank { b' ' } else { *first }, after);
        let (octet, after) = escaped.unwrap_or(as_it_is);
        rest = after;
        // A SecretBytes takes whatever is written to it.
        let _ = decoded.write_all(&[octet]);
    }
    (decoded.as_bytes() != text).then_some(decoded)
}
