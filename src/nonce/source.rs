//! Where nonces come from.

use core::fmt;

use super::leased::{self, Leased};
use super::random;
use super::words::Nonce;
use crate::error::Error;

/// The source of a cipher's nonces.
///
/// Random ones (NIST SP 800-38D section 8.2.2), the default, need no care. Leased ones (section 8.2.1)
/// are for keys under which every sealer, the peer included, uses leased numbers: section 8.2 allows one
/// of the two constructions under a key, not both. BankEzy's server seals under the same key with nonces
/// that are not ours to choose, so they are not for BankEzy's keys. `docs/nonces.md` of the repository says more.
pub struct NonceSource(Source);

enum Source {
    Random,
    /// Boxed: most ciphers have random ones, and are moved when they are made.
    Leased(Box<Leased>),
}

impl NonceSource {
    /// 96 random bits (NIST SP 800-38D section 8.2.2), from a generator that is seeded anew after a `fork` and after
    /// functions that call it. After glibc's `_Fork`, the bare system call `clone` or a second start of one snapshot,
    /// which the process cannot detect, parent and child draw the same numbers: such a copy must start its process
    /// again before it seals.
    #[must_use]
    pub const fn random() -> Self {
        Self(Source::Random)
    }

    /// This instance number in 32 bits, and a count of 64 bits from a random start: at most 2^40
    /// messages.
    ///
    /// The number must be new under the key for each call: after a restart, in each process, for each cipher. A
    /// number that was given out twice is a defect of the store that gave it; with the random start it then repeats a
    /// nonce with a probability of at most 2^-23 instead of with certainty.
    ///
    /// A message that is refused because its budget is spent uses up a number too.
    ///
    /// A process that was forked from the one that called this gets [`Error::NonceLeaseForked`] instead
    /// of nonces. That holds for `fork` and what calls it; glibc's `_Fork` and the bare system call
    /// `clone` are not seen.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system gives no random start. With the feature `fips`
    /// [`Error::Unsupported`], since the module makes its nonces itself.
    pub fn leased(instance: u32) -> Result<Self, Error> {
        if cfg!(feature = "fips") {
            return Err(Error::Unsupported {
                backend: "aws-lc-rs",
                needs: "a build without the feature fips, whose module makes its nonces itself",
            });
        }
        Leased::new(instance).map(|leased| Self(Source::Leased(Box::new(leased))))
    }

    /// Messages under one key if the caller sets no budget.
    pub(crate) fn default_limit(&self) -> u64 {
        match &self.0 {
            // Of the 2^32 of section 8.3 for all sealers together, half is the peer's.
            Source::Random => 1 << 31,
            Source::Leased(_) => leased::MAX_LIMIT,
        }
    }

    /// Most messages under one key.
    pub(crate) fn max_limit(&self) -> u64 {
        match &self.0 {
            Source::Random => 1 << 32,
            Source::Leased(_) => leased::MAX_LIMIT,
        }
    }

    /// One that was not used under the key before.
    #[inline(always)]
    pub(crate) fn nonce(&self) -> Result<Nonce, Error> {
        match &self.0 {
            Source::Random => random::nonce().ok_or(Error::Randomness),
            Source::Leased(leased) => leased.nonce(),
        }
    }
}

impl fmt::Debug for NonceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Random => "NonceSource(random)",
            Source::Leased(_) => "NonceSource(leased)",
        })
    }
}
