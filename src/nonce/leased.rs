//! Nonces by counting (NIST SP 800-38D section 8.2.1): a fixed field that no one else has under the
//! key, and an invocation field that counts.

use core::sync::atomic::{AtomicU64, Ordering};

use super::fork;
use super::random::LEN;
use super::shard::{SHARDS, Shards};
use crate::error::Error;

/// Invocations that a shard takes at a time.
const BLOCK: u64 = 1 << 12;

/// Bits of a shard's state for the place in its block. Far more than [`BLOCK`] needs, so that
/// threads that find the block used up do not count into the next one.
const PLACE_BITS: u32 = 32;

/// Most messages of one instance. The invocation field has room for 2^64; this bounds how much is
/// encrypted under the key, at a million messages a second for nine years.
pub(super) const MAX_LIMIT: u64 = 1 << 48;

pub(super) struct Leased {
    instance: u32,
    /// The process that leased the instance number, not one that was forked from it.
    generation: Option<u64>,
    /// The next block that no shard has.
    next: AtomicU64,
    /// Each the number of its block above, and the next place in it below.
    shards: Shards<AtomicU64>,
}

impl Leased {
    pub(super) fn new(instance: u32) -> Self {
        Self {
            instance,
            generation: fork::generation(),
            // Block 0 is what the shards begin with: as used up.
            next: AtomicU64::new(1),
            shards: Shards::new([const { AtomicU64::new(BLOCK) }; SHARDS]),
        }
    }

    /// Fixed field of 32 bits, invocation field of 64 bits, big-endian.
    pub(super) fn nonce(&self) -> Result<[u8; LEN], Error> {
        // Where forks cannot be seen, none can be ruled out.
        if self.generation.is_none() || self.generation != fork::generation() {
            return Err(Error::NonceLeaseForked);
        }
        let mut nonce = [0; LEN];
        let (fixed, invocation) = nonce.split_at_mut(4);
        fixed.copy_from_slice(&self.instance.to_be_bytes());
        invocation.copy_from_slice(&self.invocation().to_be_bytes());
        Ok(nonce)
    }

    /// A number that it never gave before.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the nonce budget ends it at 2^48 messages: blocks times BLOCK stay far below 2^64"
    )]
    fn invocation(&self) -> u64 {
        let shard = self.shards.of_this_thread();
        let state = shard.fetch_add(1, Ordering::Relaxed);
        let (block, place) = (state >> PLACE_BITS, state & ((1 << PLACE_BITS) - 1));
        if place < BLOCK {
            return block * BLOCK + place;
        }
        // A new block: its first number is for this message, the rest for the shard, unless another
        // thread was faster, and the rest is left out.
        let block = self.next.fetch_add(1, Ordering::Relaxed);
        let _ = shard.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            (now & ((1 << PLACE_BITS) - 1) >= BLOCK).then_some((block << PLACE_BITS) | 1)
        });
        block * BLOCK
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_nonce_is_the_instance_and_a_count() {
        let leased = Leased::new(0x0102_0304);
        let (first, second) = (leased.nonce().unwrap(), leased.nonce().unwrap());
        assert_eq!(first[..4], [1, 2, 3, 4]);
        let count = |nonce: [u8; LEN]| u64::from_be_bytes(nonce[4..].try_into().unwrap());
        assert_eq!(count(second), count(first) + 1);
    }

    #[test]
    fn threads_together_never_repeat_one() {
        let leased = Leased::new(7);
        // More threads than shards, and more messages than blocks.
        let mut seen = HashSet::new();
        let nonces: Vec<Vec<_>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SHARDS + 8)
                .map(|_| scope.spawn(|| (0..10_000).map(|_| leased.nonce().unwrap()).collect()))
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        for nonce in nonces.into_iter().flatten() {
            assert!(seen.insert(nonce), "a nonce repeats");
        }
    }
}
