//! Private keys in DER: PKCS#8, PKCS#1 and SEC 1, and PEM of them.

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, SliceReader, Tag, Tagged as _};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use sec1::EcPrivateKey;

use super::parts::{PrivateParts, StatedPoint};
use super::{numbers, write};
use crate::codec::key_form::{self, DerForm};
use crate::codec::key_len::check_len;
use crate::codec::pem;
use crate::error::{KeyForm, KeyProblem};
use crate::keys::curve::{self, P256};
use crate::keys::public::{P256Point, RsaPublicNumbers};
use crate::keys::spki::{self, DerAlgorithm};
use crate::secret::Secret32;

/// Blocks that tools write beside a private key.
pub(super) const PASSED_OVER: [&str; 6] = [
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "X509 CRL",
];

pub(crate) fn from_pem(text: &str) -> Result<PrivateParts, KeyProblem> {
    let block = pem::only(text, &PASSED_OVER)?;
    match block.label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => {
            from_labelled(block.label, block.decode()?.as_bytes())
        }
        label => {
            let expected = "PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY";
            // Some tools mix up the labels.
            let is_private = |der: &[u8]| {
                let form = DerForm::of(der);
                matches!(form, DerForm::Pkcs8 | DerForm::Pkcs1 | DerForm::Sec1)
            };
            if pem::CERTIFICATES.contains(&label)
                && block.decode().is_ok_and(|der| is_private(der.as_bytes()))
            {
                return Err(KeyProblem::PemLabel { expected });
            }
            Err(
                key_form::of_label(label).map_or(KeyProblem::PemLabel { expected }, |found| {
                    KeyProblem::OtherForm { found }
                }),
            )
        }
    }
}

/// The structure says by itself which of the three it is, and some tools mix up the labels. An error is about
/// the one that the label names, where it is none of them.
fn from_labelled(label: &str, der: &[u8]) -> Result<PrivateParts, KeyProblem> {
    match (DerForm::of(der), label) {
        (DerForm::Pkcs8, _) => from_pkcs8(der),
        (DerForm::Pkcs1, _) => from_pkcs1(der),
        (DerForm::Sec1, _) => from_sec1(der),
        (_, "RSA PRIVATE KEY") => from_pkcs1(der),
        (_, "EC PRIVATE KEY") => from_sec1(der),
        _ => from_pkcs8(der),
    }
}

/// PKCS#8 PrivateKeyInfo (RFC 5958).
pub(crate) fn from_pkcs8(der: &[u8]) -> Result<PrivateParts, KeyProblem> {
    check_len(der)?;
    let info =
        PrivateKeyInfoRef::from_der(der).map_err(|_| not_private(der, "PKCS#8 PrivateKeyInfo"))?;
    let key = info.private_key.as_bytes();
    let algorithm = DerAlgorithm::of(&info.algorithm)?;
    let mut parts = match algorithm {
        DerAlgorithm::P256 => read_sec1(key, Some(algorithm))?,
        DerAlgorithm::Rsa => from_pkcs1(key)?,
    };
    // Version 2 may carry the public half a second time.
    let Some(again) = info.public_key else {
        return Ok(parts);
    };
    let again = again.as_bytes().ok_or(KeyProblem::PrivateInvalid)?;
    match &mut parts {
        PrivateParts::P256 { stated, .. } => stated.push(StatedPoint::from_sec1(again)?),
        PrivateParts::Rsa { public, .. } => {
            if spki::read_pkcs1(again)? != *public {
                return Err(KeyProblem::PrivateInvalid);
            }
        }
    }
    Ok(parts)
}

/// Why DER is not the private key that it was read as.
fn not_private(der: &[u8], structure: &'static str) -> KeyProblem {
    match DerForm::of(der) {
        DerForm::EncryptedPkcs8 => KeyProblem::Encrypted,
        DerForm::Spki | DerForm::Pkcs1Public => KeyProblem::OtherForm {
            found: KeyForm::PublicKey,
        },
        DerForm::Other(found) => KeyProblem::OtherForm { found },
        _ => KeyProblem::NotDer { structure },
    }
}

/// PKCS#1 RSAPrivateKey (RFC 8017 appendix A.1.2).
pub(crate) fn from_pkcs1(der: &[u8]) -> Result<PrivateParts, KeyProblem> {
    check_len(der)?;
    let key =
        RsaPrivateKeyRef::from_der(der).map_err(|_| not_private(der, "PKCS#1 RSAPrivateKey"))?;
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

/// SEC 1 ECPrivateKey (RFC 5915) that names its curve.
pub(crate) fn from_sec1(der: &[u8]) -> Result<PrivateParts, KeyProblem> {
    read_sec1(der, None)
}

/// On its own it has to name its curve; inside PKCS#8, which names it outside, it need not.
fn read_sec1(der: &[u8], outside: Option<DerAlgorithm>) -> Result<PrivateParts, KeyProblem> {
    check_len(der)?;
    let key = EcPrivateKey::from_der(der).map_err(|_| {
        if has_explicit_curve(der) {
            KeyProblem::ExplicitCurve
        } else {
            not_private(der, "ECPrivateKey")
        }
    })?;
    let named = key.parameters.map(|parameters| parameters.named_curve());
    match named {
        Some(Some(P256)) => {}
        Some(Some(other)) => return Err(curve::other(&other)),
        None if outside == Some(DerAlgorithm::P256) => {}
        _ => {
            return Err(KeyProblem::WrongCurve {
                found: "not named in it",
            });
        }
    }
    let stated: Vec<_> = key
        .public_key
        .map(StatedPoint::from_sec1)
        .transpose()?
        .into_iter()
        .collect();
    let scalar = scalar(key.private_key, !stated.is_empty())?;
    Ok(PrivateParts::P256 { scalar, stated })
}

/// The scalar, filled up or cut to 32 octets: RFC 5915 section 3 asks for that length, and some tools write
/// the number without its leading zeros or with one more. A short one may also be one that was cut, which only
/// the public half can tell.
fn scalar(found: &[u8], is_checked: bool) -> Result<Secret32, KeyProblem> {
    let refused = KeyProblem::ScalarLength { found: found.len() };
    let mut scalar = Secret32::zeroed();
    let len = scalar.bytes().len();
    let (zeros, number) = found.split_at(found.len().saturating_sub(len));
    let is_whole = number.len() == len || (is_checked && !number.is_empty());
    // No secret in a genuine key: zeros are what is asked for.
    if !is_whole || zeros.iter().any(|zero| *zero != 0) {
        return Err(refused);
    }
    let (_, place) = scalar
        .bytes_mut()
        .split_at_mut(len.saturating_sub(number.len()));
    place.copy_from_slice(number);
    Ok(scalar)
}

/// Whether the curve of an ECPrivateKey is written out as parameters (RFC 5915 allows a name alone).
fn has_explicit_curve(der: &[u8]) -> bool {
    let parameters = || -> der::Result<bool> {
        let outer: AnyRef<'_> = AnyRef::from_der(der)?;
        let mut elements = SliceReader::new(outer.value())?;
        AnyRef::decode(&mut elements)?
            .tag()
            .assert_eq(Tag::Integer)?;
        <&OctetStringRef>::decode(&mut elements)?;
        let parameters = AnyRef::decode(&mut elements)?;
        let is_first =
            matches!(parameters.tag(), Tag::ContextSpecific { number, .. } if number.value() == 0);
        Ok(is_first && parameters.value().starts_with(&[0x30]))
    };
    parameters().unwrap_or(false)
}

/// A point and the scalar behind it (ANSI X9.63): 97 octets.
pub(crate) fn from_x963(key: &[u8]) -> Result<PrivateParts, KeyProblem> {
    check_len(key)?;
    let (Some((point, found)), 97) = (key.split_at_checked(65), key.len()) else {
        return Err(not_private(key, "X9.63 private key"));
    };
    let stated = vec![P256Point::from_sec1(point).map(StatedPoint::Whole)?];
    let scalar = scalar(found, true)?;
    Ok(PrivateParts::P256 { scalar, stated })
}
