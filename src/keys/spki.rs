//! Public keys as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::pem::LineEnding;
use der::{Decode as _, Encode as _, Tag, Tagged as _};
use pkcs1::RsaPublicKeyRef;
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::codec::key_form::DerForm;
use crate::codec::key_len::check_len;
use crate::error::{Error, KeyForm, KeyProblem};
use crate::keys::curve::{self, P256};
use crate::keys::public::{Kind, P256Point, PublicKey, RsaPublicNumbers};

/// rsaEncryption (RFC 8017 appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey (RFC 5480 section 2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// What a DER algorithm identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DerAlgorithm {
    P256,
    Rsa,
}

/// Name and object identifier of an algorithm that keys are made for by mistake.
fn name(algorithm: ObjectIdentifier) -> &'static str {
    const KNOWN: [(&str, &str); 14] = [
        (
            "1.2.840.113549.1.1.1",
            "rsaEncryption (1.2.840.113549.1.1.1) with parameters other than NULL",
        ),
        (
            "1.2.840.10045.2.1",
            "id-ecPublicKey (1.2.840.10045.2.1) without the name of its curve",
        ),
        ("1.3.101.110", "X25519 (1.3.101.110)"),
        ("1.3.101.111", "X448 (1.3.101.111)"),
        ("1.3.101.112", "Ed25519 (1.3.101.112)"),
        ("1.3.101.113", "Ed448 (1.3.101.113)"),
        ("1.2.840.113549.1.1.7", "RSAES-OAEP (1.2.840.113549.1.1.7)"),
        (
            "1.2.840.113549.1.1.10",
            "RSASSA-PSS (1.2.840.113549.1.1.10)",
        ),
        (
            "1.2.840.113549.1.3.1",
            "Diffie-Hellman (1.2.840.113549.1.3.1)",
        ),
        ("1.2.840.10040.4.1", "DSA (1.2.840.10040.4.1)"),
        ("1.3.132.1.12", "id-ecDH (1.3.132.1.12)"),
        (
            "2.16.840.1.101.3.4.4.1",
            "ML-KEM-512 (2.16.840.1.101.3.4.4.1)",
        ),
        (
            "2.16.840.1.101.3.4.4.2",
            "ML-KEM-768 (2.16.840.1.101.3.4.4.2)",
        ),
        (
            "2.16.840.1.101.3.4.4.3",
            "ML-KEM-1024 (2.16.840.1.101.3.4.4.3)",
        ),
    ];
    let is_it = |oid: &str| ObjectIdentifier::new(oid).is_ok_and(|oid| oid == algorithm);
    KNOWN
        .iter()
        .find(|(oid, _)| is_it(oid))
        .map_or("unknown", |(_, name)| name)
}

impl DerAlgorithm {
    pub(crate) fn of(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Self, KeyProblem> {
        match (identifier.oid, identifier.parameters) {
            // RFC 3279 section 2.3.1 asks for NULL, which some tools leave out; OpenSSL reads both.
            (RSA, None) => Ok(Self::Rsa),
            (RSA, Some(parameters)) if parameters == AnyRef::NULL => Ok(Self::Rsa),
            (EC, Some(parameters)) => match parameters.decode_as::<ObjectIdentifier>() {
                Ok(P256) => Ok(Self::P256),
                Ok(other) => Err(curve::other(&other)),
                Err(_) if parameters.tag() == Tag::Sequence => Err(KeyProblem::ExplicitCurve),
                Err(_) => Err(KeyProblem::DerAlgorithm { found: name(EC) }),
            },
            (other, _) => Err(KeyProblem::DerAlgorithm { found: name(other) }),
        }
    }

    pub(crate) fn identifier(self) -> AlgorithmIdentifierRef<'static> {
        match self {
            Self::P256 => AlgorithmIdentifierRef {
                oid: EC,
                parameters: Some((&P256).into()),
            },
            Self::Rsa => AlgorithmIdentifierRef {
                oid: RSA,
                parameters: Some(AnyRef::NULL),
            },
        }
    }
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo of an RSA or P-256 key, whose curve is named and whose point is
    /// uncompressed. An X.509 certificate is read by
    /// [`from_certificate_der`](Self::from_certificate_der).
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, Error> {
        Ok(read(der)?)
    }

    /// Reads a DER PKCS#1 RSAPublicKey (RFC 8017 appendix A.1.1), which PEM labels `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, Error> {
        refuse_others(der)?;
        Ok(Kind::Rsa(read_pkcs1(der)?).into())
    }

    /// Writes the key as a DER SubjectPublicKeyInfo: 91 bytes for P-256.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        let written = match self.inner() {
            Kind::P256(point) => write_spki(DerAlgorithm::P256, point.as_sec1()),
            Kind::Rsa(rsa) => {
                write_pkcs1(rsa).and_then(|pkcs1| write_spki(DerAlgorithm::Rsa, &pkcs1))
            }
        };
        // A checked key is far below DER's limits of length, the only thing that can fail here.
        debug_assert!(written.is_ok());
        written.unwrap_or_default()
    }

    /// Writes the key as PEM with the label `PUBLIC KEY`.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let written = der::pem::encode_string("PUBLIC KEY", LineEnding::LF, &self.to_spki_der());
        debug_assert!(written.is_ok());
        written.unwrap_or_default()
    }
}

/// A SubjectPublicKeyInfo.
pub(crate) fn read(der: &[u8]) -> Result<PublicKey, KeyProblem> {
    let invalid = KeyProblem::NotDer {
        structure: "SubjectPublicKeyInfo",
    };
    refuse_others(der)?;
    if DerForm::of(der) == DerForm::Pkcs1Public {
        return Err(KeyProblem::OtherForm {
            found: KeyForm::Pkcs1PublicKey,
        });
    }
    let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| invalid)?;
    let key = spki.subject_public_key.as_bytes().ok_or(invalid)?;
    Ok(match DerAlgorithm::of(&spki.algorithm)? {
        DerAlgorithm::P256 => Kind::P256(P256Point::from_sec1(key)?).into(),
        DerAlgorithm::Rsa => Kind::Rsa(read_pkcs1(key)?).into(),
    })
}

/// A SubjectPublicKeyInfo, or an RSAPublicKey.
pub(crate) fn read_any(der: &[u8]) -> Result<PublicKey, KeyProblem> {
    refuse_others(der)?;
    match DerForm::of(der) {
        DerForm::Pkcs1Public => Ok(Kind::Rsa(read_pkcs1(der)?).into()),
        _ => read(der),
    }
}

/// Refuses what is no public key in DER, private keys above all.
fn refuse_others(der: &[u8]) -> Result<(), KeyProblem> {
    check_len(der)?;
    match DerForm::of(der) {
        DerForm::Pkcs8
        | DerForm::EncryptedPkcs8
        | DerForm::Pkcs1
        | DerForm::Sec1
        | DerForm::Other(
            KeyForm::RawPrivateKey | KeyForm::Pvk | KeyForm::MsBlob { private: true },
        ) => Err(KeyProblem::PrivateMember),
        DerForm::Other(found) => Err(KeyProblem::OtherForm { found }),
        DerForm::Spki | DerForm::Pkcs1Public => Ok(()),
        DerForm::Unknown => {
            if looks_private(der) {
                Err(KeyProblem::PrivateMember)
            } else {
                Ok(())
            }
        }
    }
}

/// Whether the start is that of a private key in DER, whose rest is damaged: PKCS#8, PKCS#1 and SEC 1 start
/// with a version of 0 or 1, public keys do not.
fn looks_private(der: &[u8]) -> bool {
    AnyRef::from_der(der).is_ok_and(|sequence| matches!(sequence.value(), [2, 1, 0 | 1, ..]))
}

pub(crate) fn read_pkcs1(der: &[u8]) -> Result<RsaPublicNumbers, KeyProblem> {
    let key = RsaPublicKeyRef::from_der(der).map_err(|_| KeyProblem::NotDer {
        structure: "RSAPublicKey",
    })?;
    RsaPublicNumbers::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}

fn write_pkcs1(rsa: &RsaPublicNumbers) -> der::Result<Vec<u8>> {
    RsaPublicKeyRef {
        modulus: UintRef::new(rsa.n())?,
        public_exponent: UintRef::new(rsa.e())?,
    }
    .to_der()
}

fn write_spki(algorithm: DerAlgorithm, key: &[u8]) -> der::Result<Vec<u8>> {
    SubjectPublicKeyInfoRef {
        algorithm: algorithm.identifier(),
        subject_public_key: BitStringRef::from_bytes(key)?,
    }
    .to_der()
}
