//! Private keys as JWK.

use der::SecretDocument;
use der::asn1::UintRef;
use pkcs1::RsaPrivateKeyRef;

use super::parts::{PrivateParts, StatedPoint};
use super::{numbers, write};
use crate::codec::base64url;
use crate::error::{KeyForm, KeyProblem};
use crate::keys::algorithm::KeyType;
use crate::keys::jwk;
use crate::keys::public::{Kind, PublicKey};
use crate::keys::spki::DerAlgorithm;
use crate::secret::{Secret32, SecretBytes};

/// A private JWK (RFC 7518 sections 6.2.2 and 6.3.2), and its public half with the `kid`.
pub(crate) fn from_jwk(json: &str) -> Result<(PrivateParts, PublicKey), KeyProblem> {
    let jwk = jwk::parse(json.as_bytes())?;
    let public = jwk::public_part(&jwk)?;
    if jwk::refuse_private(&jwk).is_ok() {
        let found = KeyForm::PublicKey;
        return Err(KeyProblem::OtherForm { found });
    }
    jwk::require_key_ops(
        &jwk,
        match public.key_type() {
            KeyType::P256 => ["deriveKey", "deriveBits"],
            KeyType::Rsa => ["decrypt", "unwrapKey"],
        },
    )?;
    let parts = match public.inner() {
        Kind::P256(point) => {
            let mut scalar = Secret32::zeroed();
            jwk::fixed(&jwk, "d", scalar.bytes_mut())?;
            PrivateParts::P256 {
                scalar,
                stated: vec![StatedPoint::Whole(point.clone())],
            }
        }
        Kind::Rsa(rsa) => {
            if jwk::value(&jwk, "oth").is_some() {
                return Err(KeyProblem::MultiPrime);
            }
            let has = |member| jwk::value(&jwk, member).is_some();
            if has("d") && !["p", "q", "dp", "dq", "qi"].into_iter().any(has) {
                let found = KeyForm::RsaWithoutPrimes;
                return Err(KeyProblem::OtherForm { found });
            }
            let number = |member| {
                let text = jwk::raw(&jwk, member)?;
                let invalid = jwk::invalid(text, member);
                let mut number =
                    SecretBytes::zeroed(base64url::decoded_len(text.len()).ok_or(invalid)?);
                base64url::decode_secret(text, number.as_mut()).ok_or(invalid)?;
                Ok(number)
            };
            let [d, p, q, dp, dq, qi] = [
                number("d")?,
                number("p")?,
                number("q")?,
                number("dp")?,
                number("dq")?,
                number("qi")?,
            ];
            let invalid = |_| KeyProblem::PrivateInvalid;
            let key = RsaPrivateKeyRef {
                modulus: UintRef::new(rsa.n()).map_err(invalid)?,
                public_exponent: UintRef::new(rsa.e()).map_err(invalid)?,
                private_exponent: UintRef::new(d.as_bytes()).map_err(invalid)?,
                prime1: UintRef::new(p.as_bytes()).map_err(invalid)?,
                prime2: UintRef::new(q.as_bytes()).map_err(invalid)?,
                exponent1: UintRef::new(dp.as_bytes()).map_err(invalid)?,
                exponent2: UintRef::new(dq.as_bytes()).map_err(invalid)?,
                coefficient: UintRef::new(qi.as_bytes()).map_err(invalid)?,
                other_prime_infos: None,
            };
            numbers::check(&key)?;
            let pkcs1 = SecretDocument::encode_msg(&key).map_err(invalid)?;
            PrivateParts::Rsa {
                pkcs8: write::pkcs8(DerAlgorithm::Rsa, pkcs1.as_bytes())?,
                public: rsa.clone(),
            }
        }
    };
    Ok((parts, public))
}
