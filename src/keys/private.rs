//! Private keys as others hand them over: PKCS#8, PKCS#1, SEC 1, PEM, JWK. Parsing only: whether
//! the halves belong together is for a backend to say.

use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::pem::LineEnding;
use der::{Decode as _, Reader as _, SecretDocument, SliceReader};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::AlgorithmIdentifierRef;
use sec1::EcPrivateKey;

use crate::codec::base64url;
use crate::codec::key_len::check_len;
use crate::codec::pem;
use crate::error::KeyProblem;
use crate::keys::algorithm::KeyKind;
use crate::keys::jwk;
use crate::keys::public::{Kind, P256Point, PublicKey, RsaPublicNumbers, bit_len};
use crate::keys::spki::{self, DerAlgorithm};
use crate::secret::{Secret32, SecretBytes, SecretText};

/// A private key that was parsed and not yet proved.
pub(crate) enum PrivateParts {
    P256 {
        scalar: Secret32,
        /// The public half, where the encoding carries it.
        public: Option<P256Point>,
    },
    Rsa {
        pkcs8: SecretBytes,
        public: RsaPublicNumbers,
    },
}

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
    check_primes(&key)?;
    Ok(PrivateParts::Rsa {
        pkcs8: write_pkcs8(DerAlgorithm::Rsa, der)?,
        public,
    })
}

/// Both primes have half the length of the modulus (FIPS 186-5 section A.1.1), or a bit more or less
/// where that is odd. With a first prime far shorter, decryption in the crate `rsa` does not end.
fn check_primes(key: &RsaPrivateKeyRef<'_>) -> Result<(), KeyProblem> {
    let [p, q] = [key.prime1, key.prime2].map(|prime| bit_len(prime.as_bytes()));
    match p.abs_diff(q) <= 1 {
        true => Ok(()),
        false => Err(KeyProblem::PrivateInvalid),
    }
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

/// A private JWK (RFC 7518 sections 6.2.2 and 6.3.2).
pub(crate) fn from_jwk(json: &str) -> Result<PrivateParts, KeyProblem> {
    let jwk = jwk::parse(json.as_bytes())?;
    let public = jwk::public_part(&jwk)?;
    jwk::require_key_ops(
        &jwk,
        match public.kind() {
            KeyKind::P256 => ["deriveKey", "deriveBits"],
            KeyKind::Rsa => ["decrypt", "unwrapKey"],
        },
        false,
    )?;
    match public.inner() {
        Kind::P256(point) => {
            let mut scalar = Secret32::zeroed();
            jwk::fixed(&jwk, "d", scalar.bytes_mut())?;
            Ok(PrivateParts::P256 {
                scalar,
                public: Some(point.clone()),
            })
        }
        Kind::Rsa(rsa) => {
            if jwk.has("oth") {
                return Err(KeyProblem::MultiPrime);
            }
            let number = |member| {
                let text = jwk::raw(&jwk, member)?;
                let invalid = KeyProblem::Invalid { member };
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
            check_primes(&key)?;
            let pkcs1 = SecretDocument::encode_msg(&key).map_err(invalid)?;
            Ok(PrivateParts::Rsa {
                pkcs8: write_pkcs8(DerAlgorithm::Rsa, pkcs1.as_bytes())?,
                public: rsa.clone(),
            })
        }
    }
}

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
    write_pkcs8(DerAlgorithm::P256, sec1.as_bytes())
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

fn write_pkcs8(algorithm: DerAlgorithm, key: &[u8]) -> Result<SecretBytes, KeyProblem> {
    let invalid = |_| KeyProblem::PrivateInvalid;
    let key = OctetStringRef::new(key).map_err(invalid)?;
    let info = PrivateKeyInfoRef::new(algorithm.identifier(), key);
    let document = SecretDocument::encode_msg(&info).map_err(invalid)?;
    Ok(document.as_bytes().to_vec().into())
}
