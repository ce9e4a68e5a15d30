//! Private keys in DER: PKCS#8, PKCS#1 and SEC 1, and PEM of them.

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, Reader as _, SliceReader};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::AlgorithmIdentifierRef;
use sec1::EcPrivateKey;

use super::parts::PrivateParts;
use super::{numbers, write};
use crate::codec::key_len::check_len;
use crate::codec::pem;
use crate::error::KeyProblem;
use crate::keys::public::{P256Point, RsaPublicNumbers};
use crate::keys::spki::{self, DerAlgorithm};
use crate::secret::Secret32;

pub(crate) fn from_pem(text: &str) -> Result<PrivateParts, KeyProblem> {
    let (label, der) = pem::read(text)?;
    match label {
        "PRIVATE KEY" => from_pkcs8(der.as_bytes()),
        "RSA PRIVATE KEY" => from_pkcs1(der.as_bytes()),
        "EC PRIVATE KEY" => from_sec1(der.as_bytes(), None),
        _ => Err(KeyProblem::PemLabel),
    }
}

/// PKCS#8 PrivateKeyInfo (RFC 5958).
pub(crate) fn from_pkcs8(der: &[u8]) -> Result<PrivateParts, KeyProblem> {
    check_len(der)?;
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| not_pkcs8(der))?;
    let key = info.private_key.as_bytes();
    let algorithm = DerAlgorithm::of(&info.algorithm)?;
    let parts = match algorithm {
        DerAlgorithm::P256 => from_sec1(key, Some(algorithm))?,
        DerAlgorithm::Rsa => from_pkcs1(key)?,
    };
    // Version 2 may carry the public half a second time.
    let Some(stated) = info.public_key else {
        return Ok(parts);
    };
    let stated = stated.as_bytes().ok_or(KeyProblem::PrivateInvalid)?;
    match parts {
        PrivateParts::P256 { scalar, public } => {
            let stated = P256Point::from_sec1(stated)?;
            match public.is_none_or(|public| public == stated) {
                true => Ok(PrivateParts::P256 {
                    scalar,
                    public: Some(stated),
                }),
                false => Err(KeyProblem::PrivateInvalid),
            }
        }
        PrivateParts::Rsa { pkcs8, public } => match spki::read_pkcs1(stated)? == public {
            true => Ok(PrivateParts::Rsa { pkcs8, public }),
            false => Err(KeyProblem::PrivateInvalid),
        },
    }
}

fn not_pkcs8(der: &[u8]) -> KeyProblem {
    match is_encrypted_pkcs8(der) {
        Ok(true) => KeyProblem::Encrypted,
        _ => KeyProblem::NotDer {
            structure: "PKCS#8 PrivateKeyInfo",
        },
    }
}

/// EncryptedPrivateKeyInfo (RFC 5958 section 3): an algorithm and an octet string, nothing more.
fn is_encrypted_pkcs8(der: &[u8]) -> der::Result<bool> {
    let sequence: AnyRef<'_> = AnyRef::from_der(der)?;
    let mut reader = SliceReader::new(sequence.value())?;
    AlgorithmIdentifierRef::decode(&mut reader)?;
    <&OctetStringRef>::decode(&mut reader)?;
    Ok(reader.is_finished())
}

/// PKCS#1 RSAPrivateKey (RFC 8017 appendix A.1.2).
pub(crate) fn from_pkcs1(der: &[u8]) -> Result<PrivateParts, KeyProblem> {
    check_len(der)?;
    let key = RsaPrivateKeyRef::from_der(der).map_err(|_| KeyProblem::NotDer {
        structure: "PKCS#1 RSAPrivateKey",
    })?;
    if key.other_prime_infos.is_some() {
        return Err(KeyProblem::MultiPrime);
    }
    let public = RsaPublicNumbers::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
    numbers::check(&key)?;
    Ok(PrivateParts::Rsa {
        pkcs8: write::pkcs8(DerAlgorithm::Rsa, der)?,
        public,
    })
}

/// SEC 1 ECPrivateKey (RFC 5915). On its own it has to name its curve; inside PKCS#8, which names
/// it outside, it need not.
fn from_sec1(der: &[u8], outside: Option<DerAlgorithm>) -> Result<PrivateParts, KeyProblem> {
    let invalid = KeyProblem::NotDer {
        structure: "ECPrivateKey",
    };
    let key = EcPrivateKey::from_der(der).map_err(|_| invalid)?;
    let named = key.parameters.map(|parameters| parameters.named_curve());
    match named {
        Some(Some(curve)) if DerAlgorithm::is_p256(&curve) => {}
        None if outside == Some(DerAlgorithm::P256) => {}
        _ => return Err(KeyProblem::WrongCurve),
    }
    let mut scalar = Secret32::zeroed();
    if key.private_key.len() != scalar.bytes().len() {
        return Err(invalid);
    }
    scalar.bytes_mut().copy_from_slice(key.private_key);
    let public = key.public_key.map(P256Point::from_sec1).transpose()?;
    Ok(PrivateParts::P256 { scalar, public })
}
