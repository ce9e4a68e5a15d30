//! Private keys written as PKCS#8, PEM and JWK.

use der::asn1::OctetStringRef;
use der::pem::LineEnding;
use der::{Decode as _, SecretDocument};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use sec1::EcPrivateKey;

use crate::codec::base64url;
use crate::error::KeyProblem;
use crate::keys::public::{P256Point, PublicKey};
use crate::keys::spki::DerAlgorithm;
use crate::secret::{Secret32, SecretBytes, SecretText};

/// Writes a P-256 key as PKCS#8, with its public half inside as RFC 5915 asks.
pub(crate) fn p256_to_pkcs8(
    scalar: &Secret32,
    public: &P256Point,
) -> Result<SecretBytes, KeyProblem> {
    let sec1 = SecretDocument::encode_msg(&EcPrivateKey {
        private_key: scalar.bytes(),
        parameters: None,
        public_key: Some(public.as_sec1()),
    })
    .map_err(|_| KeyProblem::PrivateInvalid)?;
    pkcs8(DerAlgorithm::P256, sec1.as_bytes())
}

/// Writes PKCS#8 as PEM.
pub(crate) fn pkcs8_to_pem(pkcs8: &SecretBytes) -> Result<SecretText, KeyProblem> {
    let invalid = |_| KeyProblem::PrivateInvalid;
    let mut pem = SecretDocument::try_from(pkcs8.as_bytes())
        .and_then(|document| document.to_pem("PRIVATE KEY", LineEnding::LF))
        .map_err(invalid)?;
    // Moves the text out and leaves an empty one to be wiped.
    Ok(core::mem::take(&mut *pem).into())
}

/// Writes a P-256 private key as JWK (RFC 7518 section 6.2.2).
pub(crate) fn p256_to_jwk(scalar: &Secret32, public: &PublicKey) -> SecretText {
    to_jwk(public, &[("d", scalar.bytes())])
}

/// Writes an RSA private key as JWK (RFC 7518 section 6.3.2).
pub(crate) fn rsa_to_jwk(
    pkcs8: &SecretBytes,
    public: &PublicKey,
) -> Result<SecretText, KeyProblem> {
    let invalid = |_| KeyProblem::PrivateInvalid;
    let info = PrivateKeyInfoRef::from_der(pkcs8.as_bytes()).map_err(invalid)?;
    let key = RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).map_err(invalid)?;
    let members = [
        ("d", key.private_exponent.as_bytes()),
        ("p", key.prime1.as_bytes()),
        ("q", key.prime2.as_bytes()),
        ("dp", key.exponent1.as_bytes()),
        ("dq", key.exponent2.as_bytes()),
        ("qi", key.coefficient.as_bytes()),
    ];
    Ok(to_jwk(public, &members))
}

fn to_jwk(public: &PublicKey, private: &[(&str, &[u8])]) -> SecretText {
    let public = public.jwk_members();
    let characters: usize = private
        .iter()
        .flat_map(|(name, number)| [base64url::encoded_len(number.len()), name.len(), 6])
        .sum();
    // All at once, so that the text never moves and leaves a copy behind.
    let mut jwk = String::with_capacity([public.len(), characters, 2].iter().sum());
    jwk.push('{');
    jwk.push_str(&public);
    for (name, number) in private {
        jwk.push_str(",\"");
        jwk.push_str(name);
        jwk.push_str("\":\"");
        base64url::encode_secret_onto(number, &mut jwk);
        jwk.push('"');
    }
    jwk.push('}');
    jwk.into()
}

pub(super) fn pkcs8(algorithm: DerAlgorithm, key: &[u8]) -> Result<SecretBytes, KeyProblem> {
    let invalid = |_| KeyProblem::PrivateInvalid;
    let key = OctetStringRef::new(key).map_err(invalid)?;
    let info = PrivateKeyInfoRef::new(algorithm.identifier(), key);
    let document = SecretDocument::encode_msg(&info).map_err(invalid)?;
    Ok(document.as_bytes().to_vec().into())
}
