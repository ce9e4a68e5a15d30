//! A private key given as a payload secret, and the other way round: named, with the argument that takes it.

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Error, KeyForm, KeyProblem};

use crate::args::{PayloadSecretArg, Place, PrivateKeyArg, SecretArg, flag};
use crate::failure::Failure;
use crate::{key_forms, octet_text};

const SEALED_GOES: &str =
    "sealed texts are read from standard input, and by diagnose from --message";

/// Whether it is a JWE in compact form, judging by its structure.
fn is_sealed(text: &[u8]) -> bool {
    let text = octet_text::unmarked(text).trim_ascii();
    text.starts_with(b"eyJ") && text.iter().filter(|c| **c == b'.').count() == 4
}

/// Refuses a payload secret that is a private key or another key of a pair.
pub(crate) fn refuse_key(secret: &[u8], place: &Place) -> Result<(), Failure> {
    if is_sealed(secret) {
        return Err(Failure::operation(format!(
            "{} gives a sealed text, not a payload secret: {SEALED_GOES}",
            place.from
        )));
    }
    let is_pem = |part: &[u8]| memchr::memmem::find(secret, part).is_some();
    let what = if is_private_key(secret) || is_pem(b"PRIVATE KEY-----") {
        "a private key"
    } else if is_pem(b"-----BEGIN ") {
        "PEM"
    } else {
        return Ok(());
    };
    let instead = flag_for::<PrivateKeyArg>(place.is_variable);
    Err(Failure::operation(format!(
        "{} gives {what}, not a payload secret: private keys belong to {instead}",
        place.from
    )))
}

fn is_private_key(bytes: &[u8]) -> bool {
    let Some(backend) = AVAILABLE.first() else {
        return false;
    };
    match key_forms::private_key(bytes, backend) {
        Ok(_) | Err(Error::Unsupported { .. }) => true,
        Err(Error::Key { problem, .. }) => matches!(
            problem,
            KeyProblem::Encrypted
                | KeyProblem::OldPemEncryption
                | KeyProblem::OtherForm {
                    found: KeyForm::OpenSsh
                        | KeyForm::Putty
                        | KeyForm::Pkcs12
                        | KeyForm::Pvk
                        | KeyForm::MsBlob { private: true }
                }
        ),
        Err(_) => false,
    }
}

/// The message for a key that is refused and may be a payload secret: that first, with the flag that takes it.
pub(crate) fn secret_first(error: &str, key: &[u8], is_variable: bool) -> String {
    if is_sealed(key) {
        format!("it is a sealed text, not a key: {SEALED_GOES}")
    } else if is_secret(key) {
        let instead = flag_for::<PayloadSecretArg>(is_variable);
        format!("if it is a payload secret, it belongs to {instead}; otherwise: {error}")
    } else {
        error.to_owned()
    }
}

/// Whether it is 32 octets, raw or as text, or a symmetric JWK.
pub(crate) fn is_secret(bytes: &[u8]) -> bool {
    if memchr::memmem::find(bytes, b"-----BEGIN ").is_some() {
        return false;
    }
    let text = bytes.trim_ascii();
    let decoded = octet_text::decoded(text);
    let is_oct = text.starts_with(b"{") && memchr::memmem::find(text, br#""oct""#).is_some();
    bytes.len() == 32
        || text.len() == 32
        || is_oct
        || decoded.is_some_and(|octets| octets.as_bytes().len() == 32)
}

/// The flag of another secret, by a file or by a variable.
fn flag_for<S: SecretArg>(is_variable: bool) -> String {
    let [file, variable] = S::FLAGS.map(flag);
    if is_variable { variable } else { file }
}
