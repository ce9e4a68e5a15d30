//! Public keys in PEM.

use crate::codec::{key_form, pem};
use crate::error::{Error, KeyProblem};
use crate::keys::public::PublicKey;
use crate::keys::{certificate, spki};

impl PublicKey {
    /// Reads PEM (RFC 7468): `PUBLIC KEY` (SubjectPublicKeyInfo), `RSA PUBLIC KEY` (PKCS#1) or
    /// `CERTIFICATE` (X.509).
    ///
    /// Of a certificate the key is read and nothing else: no signature, chain, date or name is checked
    /// ([`from_certificate_der`](Self::from_certificate_der)).
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        if text.contains("PRIVATE KEY-----") {
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
