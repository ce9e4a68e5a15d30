//! Counts seals against the budget of a key without a shared write per message.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::shard::{SHARDS, Shards};
use crate::error::Error;

/// How many messages a cipher has sealed and may still seal.
///
/// NIST SP 800-38D section 8.3 allows 2^32 messages under one key with random nonces. The count is
/// of one cipher: where several processes or ciphers share a key, their counts add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceBudget {
    used: u64,
    limit: u64,
}

impl NonceBudget {
    /// Messages sealed so far.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Messages that the key may seal in all.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Messages left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Share of the budget that is left, from 1.0 (fresh) to 0.0 (spent).
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share to look at, not to count with"
    )]
    pub fn remaining_share(&self) -> f64 {
        match self.limit {
            0 => 0.0,
            limit => self.remaining() as f64 / limit as f64,
        }
    }
}

/// Leases that a limit is cut into at least: what lies unused in the shards when the whole is spent
/// stays under 1 % of it.
const LEASES: u64 = 100 * SHARDS as u64;

/// Counts down from a limit. A thread takes messages from its shard, and a shard takes them in
/// leases from the whole, so that threads rarely write to the same cache line.
pub(crate) struct Counter {
    limit: u64,
    lease: u64,
    leased: AtomicU64,
    /// What is left of each shard's lease, below zero for the moment between asking and being
    /// refilled.
    shards: Shards<AtomicI64>,
}

impl Counter {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            lease: (limit / LEASES).clamp(1, 4096),
            leased: AtomicU64::new(0),
            shards: Shards::new([const { AtomicI64::new(0) }; SHARDS]),
        }
    }

    /// The same count against another limit.
    pub(crate) fn with_limit(&self, limit: u64) -> Self {
        let counter = Self::new(limit);
        counter.leased.store(self.budget().used, Ordering::Relaxed);
        counter
    }

    /// Counts one message.
    pub(crate) fn take(&self) -> Result<(), Error> {
        let shard = self.shards.of_this_thread();
        if shard.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        self.refill(shard)
    }

    pub(crate) fn budget(&self) -> NonceBudget {
        let unused: i64 = self
            .shards
            .iter()
            .map(|shard| shard.load(Ordering::Relaxed).max(0))
            .sum();
        NonceBudget {
            used: self
                .leased
                .load(Ordering::Relaxed)
                .saturating_sub(unused.unsigned_abs()),
            limit: self.limit,
        }
    }

    /// The caller has taken one message more than its shard had: pays that back from a new lease.
    #[cold]
    fn refill(&self, shard: &AtomicI64) -> Result<(), Error> {
        let lease = |leased: u64| self.limit.saturating_sub(leased).min(self.lease);
        let leased = self
            .leased
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |leased| {
                (lease(leased) > 0).then(|| leased.saturating_add(lease(leased)))
            });
        match leased {
            Ok(leased) => {
                shard.fetch_add(lease(leased).cast_signed(), Ordering::Relaxed);
                Ok(())
            }
            Err(_) => {
                shard.fetch_add(1, Ordering::Relaxed);
                Err(Error::NonceBudgetSpent { limit: self.limit })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_at_the_limit_and_counts_every_message() {
        for limit in [0, 1, 2, 1599, 1600, 5_000, 100_000] {
            let counter = Counter::new(limit);
            for used in 0..limit {
                assert_eq!(counter.budget().used(), used);
                counter.take().unwrap();
            }
            for _ in 0..3 {
                assert_eq!(counter.take(), Err(Error::NonceBudgetSpent { limit }));
                assert_eq!(counter.budget().remaining(), 0);
                assert_eq!(counter.budget().remaining_share(), 0.0);
            }
        }
    }

    #[test]
    fn threads_together_never_pass_the_limit() {
        let counter = Counter::new(200_000);
        let granted: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..50_000).filter(|_| counter.take().is_ok()).count()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap() as u64)
                .sum()
        });
        assert!(granted <= 200_000, "{granted}");
        assert!(
            granted >= 198_000,
            "{granted}: more than 1 % is stranded in the shards"
        );
        assert_eq!(counter.budget().used(), granted);
    }
}
