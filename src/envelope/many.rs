//! Many messages at once, on all processors.

use rayon::prelude::*;

use super::{KeyRing, OpenedByKey, PayloadCipher};
use crate::error::Error;
use crate::secret::Opened;

/// Messages that a thread takes at least: to hand over one costs more than to seal a small one.
const AT_LEAST: usize = 64;

impl PayloadCipher {
    /// Seals many payloads on the threads of rayon's current pool; results in the same order.
    ///
    /// # Errors
    /// Each payload has a result of its own, as of [`seal`](Self::seal).
    pub fn seal_many<T: AsRef<[u8]> + Sync>(&self, plaintexts: &[T]) -> Vec<Result<String, Error>> {
        plaintexts
            .par_iter()
            .with_min_len(AT_LEAST)
            .map(|plaintext| self.seal(plaintext.as_ref()))
            .collect()
    }

    /// Opens many sealed texts on the threads of rayon's current pool; results in the same order.
    ///
    /// # Errors
    /// Each text has a result of its own, as of [`open`](Self::open).
    pub fn open_many<T: AsRef<[u8]> + Sync>(&self, sealed: &[T]) -> Vec<Result<Opened, Error>> {
        sealed
            .par_iter()
            .with_min_len(AT_LEAST)
            .map(|sealed| self.open(sealed.as_ref()))
            .collect()
    }
}

impl KeyRing {
    /// Opens many sealed texts on the threads of rayon's current pool; results in the same order. A
    /// key that is retired meanwhile opens none of those that are not yet begun.
    ///
    /// # Errors
    /// Each text has a result of its own, as of [`open`](Self::open).
    pub fn open_many<T: AsRef<[u8]> + Sync>(
        &self,
        sealed: &[T],
    ) -> Vec<Result<(Opened, OpenedByKey), Error>> {
        sealed
            .par_iter()
            .with_min_len(AT_LEAST)
            .map(|sealed| self.open(sealed.as_ref()))
            .collect()
    }
}
