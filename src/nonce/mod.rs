//! Nonces (NIST SP 800-38D section 8.2) and how many one key may use.

mod budget;
mod fork;
mod leased;
mod shard;

use core::cell::RefCell;
use core::fmt;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _, TryRng as _};

pub(crate) use budget::Counter;
pub use budget::NonceBudget;

use crate::error::Error;
use leased::Leased;

/// Bytes of a nonce.
pub(crate) const LEN: usize = 12;

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
            Source::Random => random(),
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

/// Fresh seed after this many nonces: bounds what a leaked generator state tells of later nonces.
const RESEED_AFTER: u32 = 1 << 16;

/// One generator a thread, so that drawing takes no lock.
struct Generator {
    rng: StdRng,
    generation: u64,
    left: u32,
}

thread_local! {
    static GENERATOR: RefCell<Option<Generator>> = const { RefCell::new(None) };
}

/// A random nonce from a generator that is seeded by the operating system, and seeded anew after a
/// `fork`: a child that went on with its parent's generator would repeat its nonces, which under
/// GCM gives the authentication key away.
pub(crate) fn random() -> Result<[u8; LEN], Error> {
    let mut nonce = [0; LEN];
    let Some(generation) = fork::generation() else {
        // Forks cannot be seen: keep no state that a child could repeat.
        SysRng
            .try_fill_bytes(&mut nonce)
            .map_err(|_| Error::Randomness)?;
        return Ok(nonce);
    };
    GENERATOR.with_borrow_mut(|slot| {
        let generator = match slot {
            Some(generator) if generator.generation == generation && generator.left > 0 => {
                generator
            }
            _ => slot.insert(Generator {
                rng: StdRng::try_from_rng(&mut SysRng).map_err(|_| Error::Randomness)?,
                generation,
                left: RESEED_AFTER,
            }),
        };
        generator.left = generator.left.saturating_sub(1);
        generator.rng.fill_bytes(&mut nonce);
        Ok(nonce)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nonces_differ_within_and_across_threads() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| -> Vec<_> {
                    (0..RESEED_AFTER + 10).map(|_| random().unwrap()).collect()
                })
            })
            .collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for nonce in thread.join().unwrap() {
                assert!(seen.insert(nonce), "a nonce repeats");
            }
        }
    }

    #[test]
    fn a_generator_is_seeded_anew_when_it_has_given_its_share() {
        let left = || GENERATOR.with_borrow(|slot| slot.as_ref().map(|it| it.left));
        let on_a_fresh_thread = std::thread::spawn(move || {
            for given in 1..=RESEED_AFTER {
                random().unwrap();
                assert_eq!(left(), Some(RESEED_AFTER - given));
            }
            random().unwrap();
            assert_eq!(left(), Some(RESEED_AFTER - 1));
        });
        on_a_fresh_thread.join().unwrap();
    }
}
