//! The operating system's random numbers for a crate whose generators cannot fail.

use rand::SeedableRng as _;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, TryRng as _};
use rsa::rand_core::{CryptoRng, Error as RandError, RngCore};

use crate::error::Error;

/// The crate `rsa` panics if random numbers fail. This one continues with predictable numbers, so that every loop
/// ends, and [`check`](Self::check) then rejects the result.
#[derive(Default)]
pub(super) struct CheckedRng {
    /// Used once random numbers have failed.
    instead: Option<StdRng>,
}

impl CheckedRng {
    /// Must be called before the result is used.
    pub(super) fn check(self) -> Result<(), Error> {
        match self.instead {
            None => Ok(()),
            Some(_) => Err(Error::Randomness),
        }
    }
}

impl RngCore for CheckedRng {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        if self.instead.is_none() && SysRng.try_fill_bytes(bytes).is_ok() {
            return;
        }
        self.instead
            .get_or_insert_with(|| StdRng::seed_from_u64(0))
            .fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for CheckedRng {}
