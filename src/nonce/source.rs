//! Where nonces come from.

use core::fmt;

use super::leased::{self, Leased};
use super::random::{self, LEN};
use crate::error::Error;

/// Where the nonces of a cipher come from.
///
/// Random ones, the default, need no care, and are good for 2^32 messages under one key in all
/// processes together (NIST SP 800-38D section 8.3). Leased ones (section 8.2.1) go past that, and
/// are safe only as long as nobody else has the same instance number under the same key, ever:
/// `docs/nonces.md` says how to deal them out.
pub struct NonceSource(Source);

enum Source {
    Random,
    Leased(Leased),
}

impl NonceSource {
    /// 96 random bits (NIST SP 800-38D section 8.2.2), from a generator that survives forks.
    #[must_use]
    pub const fn random() -> Self {
        Self(Source::Random)
    }

    /// This instance number in 32 bits, and a count of 64 bits from where nothing was counted yet.
    ///
    /// The number has to be new under the key each time that this is called: after a restart, in
    /// each process, for each cipher. A process that was forked from the one that called this gets
    /// [`Error::NonceLeaseForked`] instead of nonces.
    #[must_use]
    pub fn leased(instance: u32) -> Self {
        Self(Source::Leased(Leased::new(instance)))
    }

    /// Most messages under one key.
    pub(crate) fn max_limit(&self) -> u64 {
        match &self.0 {
            Source::Random => 1 << 32,
            Source::Leased(_) => leased::MAX_LIMIT,
        }
    }

    /// One that was not used under the key before.
    pub(crate) fn nonce(&self) -> Result<[u8; LEN], Error> {
        match &self.0 {
            Source::Random => random::nonce(),
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
