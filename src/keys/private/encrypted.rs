//! Encrypted PKCS#8: EncryptedPrivateKeyInfo (RFC 5958 section 3) under PBES2 (RFC 8018 section 6.2).

use aes::{Aes128Dec, Aes192Dec, Aes256Dec};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, ErrorKind, Reader as _, SliceReader, Tag, Tagged as _};
use pbkdf2::pbkdf2_hmac;
use pkcs5::pbes2::{
    AES_128_CBC_OID, AES_192_CBC_OID, AES_256_CBC_OID, EncryptionScheme, Kdf, Parameters, Pbkdf2Prf,
};
use pkcs8::spki::AlgorithmIdentifierRef;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::der::from_pkcs8;
use super::parts::PrivateParts;
use crate::codec::key_form::DerForm;
use crate::codec::key_len::check_len;
use crate::codec::pem;
use crate::error::KeyProblem;
use crate::secret::{Secret32, SecretBytes};

/// Most iterations of PBKDF2: what RFC 8018 section 4.2 names for especially critical keys.
const MAX_ITERATIONS: u64 = 10_000_000;

/// Most memory of scrypt, in bytes, for all of its lanes together, which also bounds its time.
const MAX_SCRYPT_MEMORY: u64 = 256 * 1024 * 1024;

pub(crate) fn from_encrypted_pem(text: &str, password: &[u8]) -> Result<PrivateParts, KeyProblem> {
    let block = pem::only(text, &super::der::PASSED_OVER)?;
    from_encrypted_pkcs8(block.decode_any()?.as_bytes(), password)
}

pub(crate) fn from_encrypted_pkcs8(
    der: &[u8],
    password: &[u8],
) -> Result<PrivateParts, KeyProblem> {
    check_len(der)?;
    from_pkcs8(decrypt(der, password)?.as_bytes()).map_err(|problem| match problem {
        // One key in 256 that is wrong leaves padding that looks right.
        KeyProblem::NotDer { .. } => KeyProblem::WrongPassword,
        other => other,
    })
}

fn decrypt(der: &[u8], password: &[u8]) -> Result<SecretBytes, KeyProblem> {
    let (algorithm, ciphertext) = read(der).ok_or_else(|| match DerForm::of(der) {
        DerForm::Pkcs8 | DerForm::Pkcs1 | DerForm::Sec1 => KeyProblem::NotEncrypted,
        DerForm::Other(found) => KeyProblem::OtherForm { found },
        _ => NOT_DER,
    })?;
    if algorithm.oid != pkcs5::pbes2::PBES2_OID {
        return Err(refused(name(algorithm.oid)));
    }
    let parameters = algorithm.parameters.ok_or(NOT_DER)?;
    let Parameters { kdf, encryption } =
        Parameters::try_from(parameters).map_err(|error| match error.kind() {
            ErrorKind::OidUnknown { oid } => refused(name(oid)),
            _ => cipher(parameters)
                .filter(|oid| !READ.contains(oid))
                .map_or(UNUSUAL, |oid| refused(name(oid))),
        })?;
    let key_len = encryption.key_size();
    if kdf
        .key_length()
        .is_some_and(|len| usize::from(len) != key_len)
    {
        return Err(UNUSUAL);
    }
    // Known before the password is stretched, which may take seconds.
    let (decrypt, iv): (DecryptCbc, _) = match encryption {
        EncryptionScheme::Aes128Cbc { iv } => (decrypt_cbc::<Aes128Dec>, iv),
        EncryptionScheme::Aes192Cbc { iv } => (decrypt_cbc::<Aes192Dec>, iv),
        EncryptionScheme::Aes256Cbc { iv } => (decrypt_cbc::<Aes256Dec>, iv),
        other => return Err(refused(name(other.oid()))),
    };
    let mut key = Secret32::zeroed();
    let key = key.bytes_mut().get_mut(..key_len).ok_or(NOT_DER)?;
    derive(&kdf, password, key)?;
    let mut opened = SecretBytes::from(ciphertext.to_vec());
    let len = decrypt(key, &iv, &mut opened);
    opened.truncate(len.ok_or(KeyProblem::WrongPassword)?);
    Ok(opened)
}

fn read(der: &[u8]) -> Option<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let outer = AnyRef::from_der(der).ok()?;
    if outer.tag() != Tag::Sequence {
        return None;
    }
    let mut elements = SliceReader::new(outer.value()).ok()?;
    let algorithm = AlgorithmIdentifierRef::decode(&mut elements).ok()?;
    let ciphertext = <&OctetStringRef>::decode(&mut elements).ok()?;
    elements
        .is_finished()
        .then_some((algorithm, ciphertext.as_bytes()))
}

const READ: [ObjectIdentifier; 3] = [AES_128_CBC_OID, AES_192_CBC_OID, AES_256_CBC_OID];

/// The cipher that PBES2-params (RFC 8018 appendix A.4) name: the crate `pkcs5` does not say which it does not read.
fn cipher(parameters: AnyRef<'_>) -> Option<ObjectIdentifier> {
    let mut elements = SliceReader::new(parameters.value()).ok()?;
    AnyRef::decode(&mut elements).ok()?;
    let cipher = AlgorithmIdentifierRef::decode(&mut elements).ok()?;
    Some(cipher.oid)
}

/// Derives a key from the password, within limits that are checked first.
fn derive(kdf: &Kdf, password: &[u8], key: &mut [u8]) -> Result<(), KeyProblem> {
    match kdf {
        Kdf::Pbkdf2(parameters) => {
            let iterations = parameters.iteration_count;
            within("iterations", iterations.into(), MAX_ITERATIONS)?;
            let stretch = match parameters.prf {
                Pbkdf2Prf::HmacWithSha224 => pbkdf2_hmac::<Sha224>,
                Pbkdf2Prf::HmacWithSha256 => pbkdf2_hmac::<Sha256>,
                Pbkdf2Prf::HmacWithSha384 => pbkdf2_hmac::<Sha384>,
                Pbkdf2Prf::HmacWithSha512 => pbkdf2_hmac::<Sha512>,
                other => return Err(refused(name(other.oid()))),
            };
            stretch(password, parameters.salt.as_ref(), iterations, key);
            Ok(())
        }
        Kdf::Scrypt(parameters) => {
            let (n, r, p) = (
                parameters.cost_parameter,
                parameters.block_size,
                parameters.parallelization,
            );
            let memory = [r.into(), p.into(), 128]
                .into_iter()
                .fold(n, u64::saturating_mul);
            within("bytes of memory", memory, MAX_SCRYPT_MEMORY)?;
            // RFC 7914 section 6: N is a power of two, more than 1 and less than 2^(128 * r / 8).
            let log_n = n.is_power_of_two().then(|| n.trailing_zeros());
            log_n
                .filter(|log_n| (1..16 * u32::from(r)).contains(log_n))
                .and_then(|log_n| log_n.try_into().ok())
                .and_then(|log_n| scrypt::Params::new(log_n, r.into(), p.into()).ok())
                .and_then(|cost| {
                    scrypt::scrypt(password, parameters.salt.as_ref(), &cost, key).ok()
                })
                .ok_or(UNUSUAL)
        }
        other => Err(refused(name(other.oid()))),
    }
}

fn within(unit: &'static str, found: u64, max: u64) -> Result<(), KeyProblem> {
    match found {
        0 => Err(UNUSUAL),
        1.. if found <= max => Ok(()),
        _ => Err(KeyProblem::EncryptionCost { unit, found, max }),
    }
}

type DecryptCbc = fn(&[u8], &[u8], &mut SecretBytes) -> Option<usize>;

/// Decrypts in place, and returns the length without the padding.
fn decrypt_cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    in_out: &mut SecretBytes,
) -> Option<usize> {
    Decryptor::<C>::new_from_slices(key, iv)
        .ok()?
        .decrypt_padded::<Pkcs7>(in_out.as_mut())
        .ok()
        .map(<[u8]>::len)
}

const NOT_DER: KeyProblem = KeyProblem::NotDer {
    structure: "PKCS#8 EncryptedPrivateKeyInfo",
};

/// What RFC 8018 or RFC 7914 rules out, or the crate `pkcs5` does not read.
const UNUSUAL: KeyProblem = KeyProblem::Encryption {
    scheme: "PBES2 with unusual parameters, such as a salt of more than 32 octets",
};

fn refused(scheme: &'static str) -> KeyProblem {
    KeyProblem::Encryption { scheme }
}

/// Names of the schemes that are not read: RFC 8018 appendices A and B, RFC 7292 appendix C.
fn name(oid: ObjectIdentifier) -> &'static str {
    const NAMES: [(&str, &str); 34] = [
        ("1.2.840.113549.1.5.1", "pbeWithMD2AndDES-CBC"),
        ("1.2.840.113549.1.5.3", "pbeWithMD5AndDES-CBC"),
        ("1.2.840.113549.1.5.4", "pbeWithMD2AndRC2-CBC"),
        ("1.2.840.113549.1.5.6", "pbeWithMD5AndRC2-CBC"),
        ("1.2.840.113549.1.5.10", "pbeWithSHA1AndDES-CBC"),
        ("1.2.840.113549.1.5.11", "pbeWithSHA1AndRC2-CBC"),
        ("1.2.840.113549.1.12.1.1", "pbeWithSHAAnd128BitRC4"),
        ("1.2.840.113549.1.12.1.2", "pbeWithSHAAnd40BitRC4"),
        ("1.2.840.113549.1.12.1.3", "pbeWithSHAAnd3-KeyTripleDES-CBC"),
        ("1.2.840.113549.1.12.1.4", "pbeWithSHAAnd2-KeyTripleDES-CBC"),
        ("1.2.840.113549.1.12.1.5", "pbeWithSHAAnd128BitRC2-CBC"),
        ("1.2.840.113549.1.12.1.6", "pbeWithSHAAnd40BitRC2-CBC"),
        ("1.2.156.10197.1.104.2", "sm4-CBC"),
        ("1.2.392.200011.61.1.1.1.2", "camellia128-CBC"),
        ("1.2.392.200011.61.1.1.1.3", "camellia192-CBC"),
        ("1.2.392.200011.61.1.1.1.4", "camellia256-CBC"),
        ("1.2.410.200004.1.4", "seed-CBC"),
        ("1.2.410.200046.1.1.2", "aria128-CBC"),
        ("1.2.410.200046.1.1.7", "aria192-CBC"),
        ("1.2.410.200046.1.1.12", "aria256-CBC"),
        ("1.2.840.113533.7.66.10", "cast5-CBC"),
        ("1.2.840.113549.2.6", "hmacWithMD5"),
        ("1.2.840.113549.2.7", "hmacWithSHA1"),
        ("1.2.840.113549.2.12", "hmacWithSHA512-224"),
        ("1.2.840.113549.2.13", "hmacWithSHA512-256"),
        ("1.2.840.113549.3.2", "rc2CBC"),
        ("1.2.840.113549.3.7", "des-EDE3-CBC"),
        ("1.3.14.3.2.7", "desCBC"),
        ("1.3.6.1.4.1.188.7.1.1.2", "idea-CBC"),
        ("1.3.6.1.4.1.3029.1.2", "blowfish-CBC"),
        ("1.3.6.1.4.1.11591.4.11", "scrypt"),
        ("2.16.840.1.101.3.4.1.6", "aes128-GCM"),
        ("2.16.840.1.101.3.4.1.26", "aes192-GCM"),
        ("2.16.840.1.101.3.4.1.46", "aes256-GCM"),
    ];
    NAMES
        .into_iter()
        .find(|(known, _)| ObjectIdentifier::new(known).is_ok_and(|known| known == oid))
        .map_or("an unknown scheme", |(_, name)| name)
}
