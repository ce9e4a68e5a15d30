//! The way from a shared secret to the key.

use crate::backend::Backend;
use crate::error::Error;
use crate::secret::Secret32;

/// How the 32-byte key comes from the shared secret of a key agreement.
///
/// BankEzy documents nowhere which one its server uses, so there is no default; all four are
/// inferred. `bankezy diagnose` finds out from one captured message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Derivation<'a> {
    /// The shared secret itself: the x coordinate, 32 bytes (NIST SP 800-56A section 5.7.1.2).
    ///
    /// The same two keys give the same 32 bytes every time, so the same key for the cipher and the same nonce
    /// budget. That holds for each variant with the same inputs.
    RawSharedSecret,
    /// SHA-256 of the shared secret.
    Sha256,
    /// Concat KDF (RFC 7518 section 4.6.2) with SHA-256, AlgorithmID `A256GCM`, 256 bits.
    ConcatKdf {
        /// PartyUInfo: up to 1024 bytes, empty where there is none.
        apu: &'a [u8],
        /// PartyVInfo: up to 1024 bytes, empty where there is none.
        apv: &'a [u8],
    },
    /// HKDF with SHA-256 (RFC 5869), extract and expand, 32 bytes.
    HkdfSha256 {
        /// Salt; empty is the same as 32 zero bytes.
        salt: &'a [u8],
        /// Context information.
        info: &'a [u8],
    },
}

impl Derivation<'_> {
    /// From the shared secret to the key.
    pub(crate) fn derive(&self, shared: Secret32, backend: Backend) -> Result<Secret32, Error> {
        let primitives = backend.primitives();
        let mut key = Secret32::zeroed();
        match *self {
            Self::RawSharedSecret => return Ok(shared),
            Self::Sha256 => primitives.sha256(&[shared.bytes()], &mut key),
            Self::ConcatKdf { apu, apv } => {
                // hash(counter || Z || OtherInfo), one round for 256 bits; OtherInfo =
                // AlgorithmID || PartyUInfo || PartyVInfo || SuppPubInfo, lengths in 32 bits.
                const ALGORITHM: &[u8] = b"A256GCM";
                let parts: [&[u8]; 9] = [
                    &1_u32.to_be_bytes(),
                    shared.bytes(),
                    &length(ALGORITHM)?,
                    ALGORITHM,
                    &length(apu)?,
                    apu,
                    &length(apv)?,
                    apv,
                    &256_u32.to_be_bytes(),
                ];
                primitives.sha256(&parts, &mut key);
            }
            Self::HkdfSha256 { salt, info } => {
                primitives.hkdf_sha256(salt, &shared, info, &mut key)?;
            }
        }
        Ok(key)
    }
}

/// Longest `apu` or `apv`, in bytes.
pub(crate) const MAX_PARTY_INFO: usize = 1024;

/// Checks and encodes a length of RFC 7518 section 4.6.2.
fn length(info: &[u8]) -> Result<[u8; 4], Error> {
    check_party_info(info)?;
    // At most MAX_PARTY_INFO, so nothing is cut off.
    Ok((info.len() as u32).to_be_bytes())
}

pub(crate) fn check_party_info(info: &[u8]) -> Result<(), Error> {
    match info.len() {
        len if len > MAX_PARTY_INFO => Err(Error::PartyInfoTooLong {
            len,
            max: MAX_PARTY_INFO,
        }),
        _ => Ok(()),
    }
}
