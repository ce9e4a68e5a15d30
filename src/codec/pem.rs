//! PEM (RFC 7468), read as section 3 allows it: text around it, lines of any length.

use base64ct::{Base64, Encoding as _};

use crate::codec::key_len::check_len;
use crate::error::{Error, KeyProblem};
use crate::secret::SecretBytes;

impl SecretBytes {
    /// Reads the one PEM block of a text: its label, such as `PRIVATE KEY`, and its DER, which is
    /// decoded in constant time.
    ///
    /// Text around the block and lines of any length are taken (RFC 7468 section 3). An `EC PARAMETERS`
    /// block in front of the key is passed over.
    ///
    /// # Errors
    /// [`Error::Key`] if the text is empty, longer than 16 KiB, no PEM, encrypted, or holds several blocks.
    pub fn from_pem(text: &str) -> Result<(&str, Self), Error> {
        Ok(read(text)?)
    }
}

const BEGIN: &str = "-----BEGIN ";

/// The label and the DER of the one key in a text.
pub(crate) fn read(text: &str) -> Result<(&str, SecretBytes), KeyProblem> {
    check_len(text.as_bytes())?;
    let (label, body, after) = block(text).ok_or(KeyProblem::NotPem)?;
    // `openssl ecparam -genkey` writes the curve in front, which the key names again.
    if label == "EC PARAMETERS" && after.contains(BEGIN) {
        return read(after);
    }
    if after.contains(BEGIN) {
        return Err(KeyProblem::SeveralKeys);
    }
    // RFC 7468 has no headers; OpenSSL's old form says in one that the key is encrypted.
    if label == "ENCRYPTED PRIVATE KEY" || body.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyProblem::Encrypted);
    }
    decode(body)
        .map(|der| (label, der))
        .ok_or(KeyProblem::NotPem)
}

/// The first block: its label, what it encloses, and what follows it.
fn block(text: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let after = rest.strip_prefix(label)?.strip_prefix("-----")?;
    Some((label, body, after))
}

/// In constant time, since it may be a private key, and only in memory that wipes itself.
fn decode(body: &str) -> Option<SecretBytes> {
    let mut packed = SecretBytes::zeroed(body.len());
    let characters = body.bytes().filter(|byte| !byte.is_ascii_whitespace());
    for (place, character) in packed.as_mut().iter_mut().zip(characters.clone()) {
        *place = character;
    }
    packed.truncate(characters.count());
    let mut der = SecretBytes::zeroed(packed.as_bytes().len());
    let decoded = Base64::decode(packed.as_bytes(), der.as_mut()).ok()?.len();
    der.truncate(decoded);
    Some(der)
}
