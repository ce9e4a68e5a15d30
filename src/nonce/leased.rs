//! Nonces by counting (NIST SP 800-38D section 8.2.1): a fixed field that no one else has under the
//! key, and an invocation field that counts.

use rand::TryRng as _;
use rand::rngs::SysRng;

use super::fork;
use super::shard::Shards;
use super::words::Nonce;
use crate::error::Error;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Numbers that a shard takes at a time. Few under the model checker, which looks at where they end.
pub(super) const BLOCK: u64 = if IS_MODEL { 1 << 2 } else { 1 << 12 };

/// Most numbers that one source deals out, those of blocks left half-used included: a million a second
/// for twelve days.
pub(super) const MAX_LIMIT: u64 = if IS_MODEL { 1 << 12 } else { 1 << 40 };

const IS_MODEL: bool = cfg!(all(test, shuttle));

/// Bits of a shard's state for how many numbers of its block are left; the number of the block is above.
/// Zero is a block that is used up.
const LEFT_BITS: u32 = 32;

const _: () = {
    assert!(BLOCK < 1 << LEFT_BITS);
    assert!(MAX_LIMIT / BLOCK < 1 << (u64::BITS - LEFT_BITS));
    assert!(MAX_LIMIT.is_multiple_of(BLOCK));
};

/// The count is `start + offset` modulo 2^64. `start` is random, so that an instance number that was
/// given out twice repeats a nonce by chance, with (span + span) / 2^64 for the numbers that both used,
/// and not from the first message on.
pub(super) struct Leased {
    instance: u32,
    start: u64,
    /// The process that leased the instance number, not one that was forked from it.
    generation: Option<u64>,
    /// The next block that no shard has: what is dealt out is all below it.
    next_block: AtomicU64,
    shards: Shards,
}

impl Leased {
    pub(super) fn new(instance: u32) -> Result<Self, Error> {
        let start = SysRng.try_next_u64().map_err(|_| Error::Randomness)?;
        Ok(Self::at(instance, start, 0))
    }

    /// With so many blocks dealt out already.
    pub(super) fn at(instance: u32, start: u64, next_block: u64) -> Self {
        Self {
            instance,
            start,
            generation: fork::generation(),
            next_block: AtomicU64::new(next_block),
            shards: Shards::new(),
        }
    }

    /// Fixed field of 32 bits, invocation field of 64 bits, big-endian.
    pub(super) fn nonce(&self) -> Result<Nonce, Error> {
        // Where forks cannot be seen, none can be ruled out.
        if self.generation.is_none() || self.generation != fork::generation() {
            return Err(Error::NonceLeaseForked);
        }
        let count = self.start.wrapping_add(self.offset()?);
        let front = u64::from(self.instance) << 32 | count >> 32;
        Ok(Nonce::new(front, count as u32))
    }

    /// A number below [`MAX_LIMIT`] that it never gave before.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "blocks stay below MAX_LIMIT / BLOCK, and BLOCK numbers are left at most"
    )]
    fn offset(&self) -> Result<u64, Error> {
        let mut lost = false;
        loop {
            let [state, _] = self.shards.of_this_thread();
            let now = state.load(Ordering::Relaxed);
            // Not a plain subtraction: calls after the last block would count on into the number of the block.
            let Some(less) = with_one_less(now) else {
                return self.first_of_a_block(state);
            };
            let taken = state.compare_exchange(now, less, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() {
                return Ok((now >> LEFT_BITS) * BLOCK + BLOCK - left(now));
            }
            if lost {
                self.shards.spread();
            }
            lost = true;
        }
    }

    /// The first number of the next block is for this message, the rest for the shard, unless another thread
    /// was faster, and the rest is left out.
    #[cold]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "blocks stay below MAX_LIMIT / BLOCK"
    )]
    fn first_of_a_block(&self, state: &AtomicU64) -> Result<u64, Error> {
        let block = self
            .next_block
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |block| {
                (block < MAX_LIMIT / BLOCK).then(|| block + 1)
            })
            .map_err(|_| Error::NonceBudgetSpent { limit: MAX_LIMIT })?;
        let _ = state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            (left(now) == 0).then_some((block << LEFT_BITS) | (BLOCK - 1))
        });
        Ok(block * BLOCK)
    }
}

fn left(state: u64) -> u64 {
    state & ((1 << LEFT_BITS) - 1)
}

/// `None` where the block is used up.
fn with_one_less(state: u64) -> Option<u64> {
    (left(state) > 0).then(|| state.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::super::shard::SHARDS;
    use super::*;
    use std::collections::HashSet;

    fn count(nonce: Nonce) -> u64 {
        u64::from_be_bytes(nonce.to_bytes()[4..].try_into().unwrap())
    }

    #[test]
    fn a_nonce_is_the_instance_and_a_count() {
        let leased = Leased::new(0x0102_0304).unwrap();
        let (first, second) = (leased.nonce().unwrap(), leased.nonce().unwrap());
        assert_eq!(first.to_bytes()[..4], [1, 2, 3, 4]);
        assert_eq!(count(second), count(first).wrapping_add(1));
    }

    #[test]
    fn an_instance_number_given_out_twice_starts_somewhere_else() {
        let starts: HashSet<u64> = (0..1_000)
            .map(|_| count(Leased::new(7).unwrap().nonce().unwrap()))
            .collect();
        assert_eq!(starts.len(), 1_000);
        // Spread over the whole range, and not only over its lower half, say.
        for bit in 0..64 {
            let ones = starts.iter().filter(|start| *start >> bit & 1 == 1).count();
            assert!((350..650).contains(&ones), "bit {bit}: {ones} of 1000");
        }
    }

    /// Presets instead of counting: every state around a boundary of the representation.
    #[test]
    fn numbers_go_on_across_every_boundary() {
        let blocks = MAX_LIMIT / BLOCK;
        let boundaries = [
            0,
            1,
            // 2^16, 2^31 and 2^32 numbers.
            (1 << 16) / BLOCK,
            (1 << 31) / BLOCK,
            (1 << 32) / BLOCK,
            1 << 16,
            blocks - 3,
        ];
        for next_block in boundaries.iter().flat_map(|at| [at.saturating_sub(1), *at]) {
            for start in [
                0,
                1,
                u64::from(u32::MAX),
                1 << 63,
                u64::MAX - BLOCK,
                u64::MAX,
            ] {
                let leased = Leased::at(7, start, next_block);
                // What arithmetic of 128 bits says.
                let expected = |i: u64| {
                    let number = u128::from(start) + u128::from(next_block * BLOCK + i);
                    u64::try_from(number % (1 << 64)).unwrap()
                };
                for i in 0..2 * BLOCK + 5 {
                    assert_eq!(
                        count(leased.nonce().unwrap()),
                        expected(i),
                        "{next_block} {start}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_bound_ends_it_for_good() {
        let leased = Leased::at(7, u64::MAX - 5, MAX_LIMIT / BLOCK - 2);
        let mut seen = HashSet::new();
        for _ in 0..2 * BLOCK {
            assert!(seen.insert(leased.nonce().unwrap()));
        }
        let state = || leased.shards.of_this_thread()[0].load(Ordering::Relaxed);
        let before = state();
        for _ in 0..100_000 {
            let spent = Err(Error::NonceBudgetSpent { limit: MAX_LIMIT });
            assert_eq!(leased.nonce(), spent);
        }
        // However often it is asked, nothing moves: 2^32 more calls would not lead into another block.
        assert_eq!(state(), before);
        assert_eq!(leased.next_block.load(Ordering::Relaxed), MAX_LIMIT / BLOCK);
        let beyond = Leased::at(7, 0, u64::MAX);
        assert!(beyond.nonce().is_err());
    }

    #[test]
    fn threads_together_never_repeat_one_nor_pass_the_bound() {
        // More threads than shards, and more messages than are left.
        const LEFT: u64 = 100;
        let leased = Leased::at(7, 12_345, MAX_LIMIT / BLOCK - LEFT);
        let mut seen = HashSet::new();
        let numbers: Vec<Vec<_>> = std::thread::scope(|scope| {
            let draw = || (0..10_000).filter_map(|_| leased.nonce().ok()).collect();
            let threads: Vec<_> = (0..SHARDS + 8).map(|_| scope.spawn(draw)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        for nonce in numbers.into_iter().flatten() {
            let offset = count(nonce).wrapping_sub(12_345);
            assert!((MAX_LIMIT - LEFT * BLOCK..MAX_LIMIT).contains(&offset));
            assert!(seen.insert(nonce), "a nonce repeats");
        }
        // What is lost lies in blocks left half-used.
        assert!(seen.len() as u64 > LEFT * BLOCK / 2, "{}", seen.len());
    }
}
