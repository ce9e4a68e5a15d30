//! A captured message, and the keys that are tried on it.

use core::fmt;
use std::borrow::Cow;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Algorithm, Error, Inspection, KeyPair, PayloadCipher, PayloadSecret, PrivateKeyOpener,
    PublicKey, SecretBytes,
};

use crate::diagnose::candidates::candidates;
use crate::diagnose::capture::{self, Unclear};
use crate::diagnose::capture_find::left_over;
use crate::diagnose::derivation::{DerivationAttempt, DerivationOutcome, derivations};
use crate::diagnose::encoding::Encoding;
use crate::diagnose::error::DiagnoseError;
use crate::diagnose::finding::{Finding, Flags};
use crate::diagnose::info::Info;
use crate::diagnose::profile;
use crate::diagnose::reading::{
    Candidate, MAX_SECRET, Reading, ReadingAttempt, ReadingOutcome, readings,
};
use crate::diagnose::shared::{alike, forms, shared_secret};
use crate::diagnose::stripped::Stripped;
use crate::diagnose::weakness::Weakness;

/// A captured message, to find out which key opens it. [`algorithm`](Self::algorithm) says which method
/// can: [`try_readings`](Self::try_readings) or [`try_derivations`](Self::try_derivations) for `dir`,
/// [`try_private_key`](Self::try_private_key) for the others.
pub struct Message<'a> {
    text: Cow<'a, [u8]>,
    stripped: Vec<Stripped>,
    max_sealed_len: usize,
    backend: Backend,
    algorithm: Algorithm,
    header: String,
}

/// What may be around a message in a capture, such as the head of an HTTP message.
pub(crate) const MAX_AROUND: usize = 64 * 1024;

impl<'a> Message<'a> {
    /// Finds the message in a capture as users paste it, and checks its form: a compact JWE of at most
    /// `max_sealed_len` bytes. It accepts quotation marks, JSON or text around it, an HTTP message or a curl command,
    /// chunk sizes, a JWE in JSON serialization, a byte order mark, UTF-16, line breaks and padding, base64 and hex
    /// of the whole, dumps with offsets, and words joined with it, such as `msg_eyJ…`; [`stripped`](Self::stripped)
    /// says what was removed. The text around it may have 64 KiB. The body of an HTTP message, and the data of a curl
    /// command, take precedence over all else.
    ///
    /// # Errors
    /// [`DiagnoseError::SeveralMessages`] if the capture has more than one, [`DiagnoseError::CutOff`] if it
    /// lacks the end of its message, [`DiagnoseError::Compressed`] if it is gzip, [`DiagnoseError::Jwt`] if it
    /// has a JWT and no message, [`DiagnoseError::JsonSerialization`] if its JWE has no compact form, [`DiagnoseError::OtherAlgorithm`] for another `alg` or `enc`, and
    /// [`DiagnoseError::Crypto`] if it is not a sealed text, or not of the locked profile for another
    /// reason.
    pub fn new(
        text: &'a [u8],
        max_sealed_len: usize,
        backend: &Backend,
    ) -> Result<Self, DiagnoseError> {
        let longest = max_sealed_len.saturating_add(MAX_AROUND);
        if text.len() > longest {
            return Err(Error::SealedTooLong {
                len: text.len(),
                max: longest,
            }
            .into());
        }
        let (text, stripped) = capture::read(text).map_err(|problem| match problem {
            Unclear::SeveralMessages { found } => DiagnoseError::SeveralMessages { found },
            Unclear::Compressed => DiagnoseError::Compressed,
            Unclear::Jwt => DiagnoseError::Jwt,
            Unclear::Serialization(beyond) => DiagnoseError::JsonSerialization { beyond },
        })?;
        let inspection = Inspection::parse_with_limit(&text, max_sealed_len).map_err(|error| {
            let text = core::str::from_utf8(&text).unwrap_or_default();
            left_over(text).map_or(DiagnoseError::from(error), |(parts, tag)| {
                DiagnoseError::CutOff { parts, tag }
            })
        })?;
        let algorithm = inspection.profile.map_err(|error| {
            profile::other_algorithm(&inspection.header)
                .map_or(DiagnoseError::from(error), |algorithm| {
                    DiagnoseError::OtherAlgorithm { algorithm }
                })
        })?;
        Ok(Self {
            text,
            stripped,
            max_sealed_len,
            backend: *backend,
            algorithm,
            header: inspection.header,
        })
    }

    /// The message that was found: a compact JWE.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.text
    }

    /// What was removed or changed to get from the capture to the message.
    #[must_use]
    pub fn stripped(&self) -> &[Stripped] {
        &self.stripped
    }

    /// The algorithm that its header names.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Tries every [`Reading`](crate::Reading) of a payload secret: what is removed around it, how it is decoded,
    /// hashed and cut. `secret` is the secret as written; a line end after a text is ignored. There are fewer than 16
    /// 000 readings.
    ///
    /// # Errors
    /// [`DiagnoseError::NoReading`] if none opens the message, [`DiagnoseError::SealedToPublicKey`] if
    /// none can, [`DiagnoseError::SecretTooLong`] above 64 KiB.
    pub fn try_readings(&self, secret: &SecretBytes) -> Result<Finding, DiagnoseError> {
        self.check_shared_key()?;
        let found = secret.as_bytes().len();
        if found > MAX_SECRET {
            let max = MAX_SECRET;
            return Err(DiagnoseError::SecretTooLong { found, max });
        }
        let mut tried = Vec::new();
        let mut readings = readings(secret.as_bytes());
        while let Some((reading, key)) = readings.next() {
            let outcome = match key {
                Ok(Candidate { key, weakness }) => {
                    if self.opens_under(&PayloadSecret::from_bytes(key.as_bytes())?)? {
                        let alike = alike_readings(&reading, &key, secret.as_bytes(), readings);
                        return Ok(Finding::Reading {
                            alike,
                            reading,
                            tried: tried.len().saturating_add(1),
                            weakness,
                        });
                    }
                    ReadingOutcome::OtherKey
                }
                Err(outcome) => outcome,
            };
            tried.push(ReadingAttempt { reading, outcome });
        }
        Err(DiagnoseError::NoReading { tried })
    }

    /// Agrees on a key with `peer` and tries every derivation: forms of the shared secret (octets of the
    /// point, Java's `BigInteger`, texts), hashes of them, and Concat KDF, HKDF, X9.63 KDF and HMAC with
    /// what implementers are known to put into `apu`, `apv`, `salt` and `info`: nothing, either public
    /// key in several forms, members of the message's header, common texts, and the texts of `further`,
    /// each as it is and decoded from hex and base64.
    ///
    /// There are 125 000 to 165 000 derivations without further texts, as forms that are the same in a
    /// session are tried once, and each computes the tag of the whole message, so prefer a short message. The
    /// number grows with the square of that of `further`, so limit it where it comes from outside.
    ///
    /// # Errors
    /// [`DiagnoseError::NoDerivation`] if none opens the message, [`DiagnoseError::SealedToPublicKey`] if
    /// none can, and [`DiagnoseError::Crypto`] if one of the keys is not on P-256.
    pub fn try_derivations(
        &self,
        pair: &KeyPair,
        peer: &PublicKey,
        further: &[&str],
    ) -> Result<Finding, DiagnoseError> {
        self.check_shared_key()?;
        let shared = shared_secret(pair, peer)?;
        let forms = forms(&shared);
        let candidates = candidates(pair.public_key(), peer, &self.header, further);
        let mut tried = Vec::new();
        let octets_of = |info: &Info| {
            let found = candidates.iter().find(|candidate| candidate.info == *info);
            found.map_or(&[][..], |candidate| candidate.bytes.as_slice())
        };
        for (derivation, key) in derivations(&forms, &candidates) {
            let outcome = match key {
                Ok(key) => {
                    let key = key.as_bytes();
                    if self.opens_under(&PayloadSecret::from_bytes(key)?)? {
                        let inputs = derivation.inputs.each_ref().map(octets_of);
                        return Ok(Finding::Derivation {
                            tried: tried.len().saturating_add(1),
                            weakness: Weakness::of(key, shared.as_bytes()),
                            flags: derivation.flags(inputs).map(Flags),
                            alike: alike(&shared, derivation.form),
                            derivation,
                        });
                    }
                    DerivationOutcome::OtherKey
                }
                // A long further text may still be a salt or info.
                Err(outcome) => outcome,
            };
            tried.push(DerivationAttempt {
                derivation,
                outcome,
            });
        }
        Err(DiagnoseError::NoDerivation { tried })
    }

    /// Tries a private key alone.
    ///
    /// # Errors
    /// [`DiagnoseError::NotThisPrivateKey`] if it does not open the message,
    /// [`DiagnoseError::SealedUnderSharedKey`] if none can, and [`DiagnoseError::Crypto`] if the key is
    /// of the wrong type for the message.
    pub fn try_private_key(&self, pair: KeyPair) -> Result<Finding, DiagnoseError> {
        if self.algorithm == Algorithm::Dir {
            return Err(DiagnoseError::SealedUnderSharedKey);
        }
        let opener = PrivateKeyOpener::new(pair).with_max_sealed_len(self.max_sealed_len);
        match opener.open(&self.text) {
            Ok(_) => Ok(Finding::PrivateKey),
            Err(Error::OpenFailed) => Err(DiagnoseError::NotThisPrivateKey),
            Err(error) => Err(error.into()),
        }
    }

    fn check_shared_key(&self) -> Result<(), DiagnoseError> {
        if self.algorithm == Algorithm::Dir {
            Ok(())
        } else {
            Err(DiagnoseError::SealedToPublicKey {
                algorithm: self.algorithm,
            })
        }
    }

    fn opens_under(&self, secret: &PayloadSecret) -> Result<bool, Error> {
        let cipher = PayloadCipher::with_backend(secret, &self.backend)?
            .with_max_sealed_len(self.max_sealed_len);
        match cipher.open(&self.text) {
            Ok(_) => Ok(true),
            Err(Error::OpenFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The encodings, of those that have a name, that give the same key. For a text without padding, base64url is meant.
fn alike_readings(
    found: &Reading,
    key: &SecretBytes,
    secret: &[u8],
    rest: impl Iterator<Item = (Reading, Result<Candidate, ReadingOutcome>)>,
) -> Vec<Encoding> {
    let is_end = |pair: &[u8]| matches!(pair, [b'=', end] if !end.is_ascii_alphanumeric());
    let is_padded = secret.ends_with(b"=") || secret.windows(2).any(is_end);
    let is_alike = |other: &Reading| {
        (other.function, other.take) == (found.function, found.take)
            && other.wrappers == found.wrappers
            && other.encoding.flag().is_some()
            && found.encoding.flag().is_some()
    };
    if !is_padded {
        return Vec::new();
    }
    rest.filter(|(reading, other)| {
        let has_key = |other: &Candidate| other.key.as_bytes() == key.as_bytes();
        is_alike(reading) && other.as_ref().is_ok_and(has_key)
    })
    .map(|(reading, _)| reading.encoding)
    .collect()
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Message({}, {} bytes, [redacted])",
            self.algorithm,
            self.text.len()
        )
    }
}
