//! From a shared secret to the key.

use core::fmt;

use zeroize::ZeroizeOnDrop;

use crate::backend::Backend;
use crate::error::Error;
use crate::secret::{PayloadSecret, Secret32};

/// How the 32-byte key comes from the shared secret of a key agreement.
///
/// BankEzy's documentation does not say which one its server uses, so there is no default; all are inferred. `bankezy
/// diagnose` finds out from one captured message. `Debug` names the derivation and shows none of its inputs. Two
/// [`Custom`](Self::Custom) are never equal: functions cannot be compared.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{Derivation, KeyPair};
///
/// let (ours, theirs) = (KeyPair::generate()?, KeyPair::generate()?);
/// let derivation = Derivation::ConcatKdf { apu: b"", apv: b"" };
/// let secret = ours.agree(theirs.public_key(), &derivation)?;
/// assert!(secret == theirs.agree(ours.public_key(), &derivation)?);
/// // Another derivation gives another key.
/// assert!(secret != ours.agree(theirs.public_key(), &Derivation::Sha256)?);
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Clone, Copy)]
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
    /// ANSI X9.63 KDF (SEC 1 section 3.6.1) with SHA-256, 32 bytes. Apple's key exchange on iOS
    /// offers it.
    X963Sha256 {
        /// SharedInfo; empty where there is none.
        shared_info: &'a [u8],
    },
    /// A derivation that has no variant of its own, as a function from the shared secret to the key.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc-rs")] {
    /// use bankezy_crypto::{Derivation, KeyPair, PayloadSecret, SecretBytes, SharedSecret};
    ///
    /// // The shared secret with its bytes in reverse.
    /// let little_endian = |shared: &SharedSecret| {
    ///     let mut key = SecretBytes::from(shared.as_bytes().to_vec());
    ///     key.as_mut().reverse();
    ///     PayloadSecret::from_bytes(key.as_bytes())
    /// };
    /// let (ours, theirs) = (KeyPair::generate()?, KeyPair::generate()?);
    /// let key = ours.agree(theirs.public_key(), &Derivation::Custom(&little_endian))?;
    /// # assert_eq!(key, theirs.agree(ours.public_key(), &Derivation::Custom(&little_endian))?);
    /// # }
    /// # Ok::<(), bankezy_crypto::Error>(())
    /// ```
    Custom(&'a CustomDerivation<'a>),
}

/// What [`Derivation::Custom`] refers to. It may run on any thread. Keep copies of the shared secret
/// in types that wipe themselves, such as [`SecretBytes`](crate::SecretBytes).
pub type CustomDerivation<'a> = dyn Fn(&SharedSecret) -> Result<PayloadSecret, Error> + Sync + 'a;

/// The shared secret of a P-256 key agreement, as [`Derivation::Custom`] sees it: wiped on drop, no
/// `Clone`, and `Debug` shows nothing of it.
pub struct SharedSecret(Secret32);

impl SharedSecret {
    /// The x coordinate of the shared point, big-endian, leading zeros included (NIST SP 800-56A
    /// section 5.7.1.2).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }
}

impl ZeroizeOnDrop for SharedSecret {}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret([redacted])")
    }
}

impl PartialEq for Derivation<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::RawSharedSecret, Self::RawSharedSecret) | (Self::Sha256, Self::Sha256) => true,
            (Self::ConcatKdf { apu: a, apv: b }, Self::ConcatKdf { apu: c, apv: d })
            | (Self::HkdfSha256 { salt: a, info: b }, Self::HkdfSha256 { salt: c, info: d }) => {
                (a, b) == (c, d)
            }
            (Self::X963Sha256 { shared_info: a }, Self::X963Sha256 { shared_info: b }) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for Derivation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RawSharedSecret => "RawSharedSecret",
            Self::Sha256 => "Sha256",
            Self::ConcatKdf { .. } => "ConcatKdf { .. }",
            Self::HkdfSha256 { .. } => "HkdfSha256 { .. }",
            Self::X963Sha256 { .. } => "X963Sha256 { .. }",
            Self::Custom(_) => "Custom(..)",
        })
    }
}

impl Derivation<'_> {
    /// A digest of what it makes of one fixed secret: the same for the same derivation, and for no other.
    #[cfg(feature = "providers")]
    pub(crate) fn tag(&self, backend: Backend) -> Result<[u8; 32], Error> {
        let mut fixed = Secret32::zeroed();
        fixed.bytes_mut().fill(1);
        let mut tag = Secret32::zeroed();
        let derived = self.derive(fixed, backend)?;
        backend.primitives().sha256(&[derived.bytes()], &mut tag);
        Ok(*tag.bytes())
    }

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
            Self::X963Sha256 { shared_info } => {
                // hash(Z || counter || SharedInfo), one round for 256 bits.
                let counter = 1_u32.to_be_bytes();
                primitives.sha256(&[shared.bytes(), &counter, shared_info], &mut key);
            }
            Self::Custom(derive) => {
                let secret = derive(&SharedSecret(shared))?;
                key.bytes_mut().copy_from_slice(secret.secret().bytes());
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
