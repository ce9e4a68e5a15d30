//! Public keys as raw points.

use crate::codec::key_form::DerForm;
use crate::codec::key_len::check_len;
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
        check_len(point)?;
        let form = DerForm::of(point);
        if form == DerForm::Other(KeyForm::RawPrivateKey) {
            return Err(KeyProblem::PrivateMember.into());
        }
        let read = P256Point::from_sec1(point).map_err(|problem| match (problem, form) {
            // Another form of a point, with the command that converts it.
            (KeyProblem::PointForm, DerForm::Other(found @ KeyForm::RawPublicPoint { .. })) => {
                KeyProblem::OtherForm { found }
            }
            (problem, _) => problem,
        });
        Ok(Kind::P256(read?).into())
    }
}
