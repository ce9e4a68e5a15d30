//! Public keys in PEM.

use crate::codec::{key_form, pem};
use crate::error::{Error, KeyProblem};
use crate::keys::public::PublicKey;
use crate::keys::{certificate, spki};

impl PublicKey {
    /// Reads PEM (RFC 7468): `PUBLIC KEY` (SubjectPublicKeyInfo), `RSA PUBLIC KEY` (PKCS#1) or
    /// `CERTIFICATE` (X.509).
    ///
    /// Only the key of a certificate is read: no signature, chain, date or name is checked
    /// ([`from_certificate_der`](Self::from_certificate_der)).
    ///
    /// A file may have text around its block that is not UTF-8, such as names in Latin-1 that `openssl pkcs12`
    /// writes: replace the octets above 127 before. No block has such octets.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        if names_private_key(text) {
            return Err(KeyProblem::PrivateMember.into());
        }
        let block = pem::only(text, &[])?;
        Ok(match block.label {
            // The structure says by itself which of the two it is: some tools mix up the labels.
            "PUBLIC KEY" | "RSA PUBLIC KEY" => spki::read_any(block.decode()?.as_bytes())?,
            label if pem::CERTIFICATES.contains(&label) => {
                certificate::read(block.decode()?.as_bytes())?
            }
            label => {
                let expected = "PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE";
                return Err(key_form::of_label(label)
                    .map_or(KeyProblem::PemLabel { expected }, |found| {
                        KeyProblem::OtherForm { found }
                    })
                    .into());
            }
        })
    }
}

/// Whether a BEGIN line says so, in any case and with whatever tools add, such as `PGP PRIVATE KEY BLOCK`.
fn names_private_key(text: &str) -> bool {
    let has = |line: &str, name: &[u8]| {
        let mut parts = line.as_bytes().windows(name.len());
        parts.any(|part| part.eq_ignore_ascii_case(name))
    };
    let mut lines = text.split(['\n', '\r', '\\']);
    lines.any(|line| has(line, b"-----BEGIN ") && has(line, b"PRIVATE KEY"))
}
