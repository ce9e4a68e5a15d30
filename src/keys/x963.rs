//! Public keys as raw points.

use crate::codec::key_form::DerForm;
use crate::error::{Error, KeyForm, KeyProblem};
use crate::keys::public::{Kind, P256Point, PublicKey};

impl PublicKey {
    /// Reads a public key on P-256 as an uncompressed point of ANSI X9.63 and SEC 1 section 2.3.3: 65 octets,
    /// `04`, x and y, as `x963Representation` of Apple's CryptoKit and `SecKeyCopyExternalRepresentation`
    /// give it.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_x963(point: &[u8]) -> Result<Self, Error> {
        if point.is_empty() {
            return Err(KeyProblem::Empty.into());
        }
        if DerForm::of(point) == DerForm::Other(KeyForm::RawPrivateKey) {
            return Err(KeyProblem::PrivateMember.into());
        }
        Ok(Kind::P256(P256Point::from_sec1(point)?).into())
    }
}
