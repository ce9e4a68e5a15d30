//! Counts seals against the budget of a key without a shared write per message.

use super::shard::{Numbers, SHARDS, Shards};
use crate::error::Error;
use crate::sync::atomic::{AtomicU64, Ordering};

/// How many messages a cipher has sealed and may still seal.
///
/// NIST SP 800-38D section 8.3 allows 2^32 messages under one key with random nonces, those of the peer
/// included. The count is of one cipher: where several processes or ciphers share a key, their counts
/// add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceBudget {
    used: u64,
    limit: u64,
}

impl NonceBudget {
    /// Messages sealed so far, including one that failed in the cipher itself. While others seal, it is a count that
    /// was true at some moment; it never decreases.
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

/// Least number of leases that a limit is split into: what is unused in the shards when the whole is spent stays
/// under 1 % of it, and is dealt out last.
const LEASES: u64 = 100 * (SHARDS as u64 + 1);

/// Counts up to a limit. A thread takes messages from its shard, and a shard takes them in leases from
/// the whole, so that threads rarely write to the same cache line.
pub(crate) struct Counter {
    /// Grows when a budget is extended. Read where a shard is refilled, not for each message.
    limit: AtomicU64,
    lease: u64,
    /// Counted before this counter was made.
    before: u64,
    /// What all shards together may count up to.
    leased: AtomicU64,
    shards: Shards,
}

/// The first numbers of a shard. Both only grow, so a sum over shards never goes back.
struct Shard<'a> {
    used: &'a AtomicU64,
    /// What `used` may grow to.
    may_use: &'a AtomicU64,
}

impl Counter {
    /// Counts up to `limit`, with `used` already counted.
    pub(crate) fn new(limit: u64, used: u64) -> Self {
        Self {
            limit: AtomicU64::new(limit),
            lease: (limit / LEASES).clamp(1, 4096),
            before: used,
            leased: AtomicU64::new(used),
            shards: Shards::new(),
        }
    }

    /// Counts one message.
    #[inline]
    pub(crate) fn take(&self) -> Result<(), Error> {
        let mut lost = false;
        loop {
            let shard = Shard::of(self.shards.of_this_thread());
            match shard.take() {
                Taken::One => return Ok(()),
                Taken::NoneLeft => match self.refill(&shard) {
                    Err(_) if self.take_leftover() => return Ok(()),
                    refilled => refilled?,
                },
                Taken::ByAnother if lost => self.shards.spread(),
                Taken::ByAnother => lost = true,
            }
        }
    }

    /// Whether a shard had one left when the whole has none: threads leave some there when they spread.
    #[cold]
    fn take_leftover(&self) -> bool {
        self.shards.iter().map(Shard::of).any(|shard| {
            loop {
                match shard.take() {
                    Taken::One => return true,
                    Taken::NoneLeft => return false,
                    Taken::ByAnother => {}
                }
            }
        })
    }

    /// Raises the limit, to `max` at most. Returns the limit that holds now.
    pub(crate) fn extend(&self, more: u64, max: u64) -> u64 {
        let extended = |limit: u64| limit.max(limit.saturating_add(more).min(max));
        let before = self
            .limit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| {
                Some(extended(it))
            });
        // The closure always returns `Some`.
        before.map_or_else(|limit| limit, extended)
    }

    pub(crate) fn budget(&self) -> NonceBudget {
        let shards = self.shards.iter();
        let used = shards.map(|numbers| Shard::of(numbers).used.load(Ordering::Relaxed));
        NonceBudget {
            used: used.fold(self.before, u64::saturating_add),
            limit: self.limit.load(Ordering::Relaxed),
        }
    }

    #[cold]
    fn refill(&self, shard: &Shard<'_>) -> Result<(), Error> {
        let limit = self.limit.load(Ordering::Relaxed);
        let lease = |leased: u64| limit.saturating_sub(leased).min(self.lease);
        let leased = self
            .leased
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |leased| {
                (lease(leased) > 0).then(|| leased.saturating_add(lease(leased)))
            })
            .map_err(|_| Error::NonceBudgetSpent { limit })?;
        shard.may_use.fetch_add(lease(leased), Ordering::Relaxed);
        Ok(())
    }
}

impl<'a> Shard<'a> {
    fn of([used, may_use]: &'a Numbers) -> Self {
        Self { used, may_use }
    }

    #[inline]
    fn take(&self) -> Taken {
        let used = self.used.load(Ordering::Relaxed);
        // Read after `used`: a lease that came in between would lie unused for good.
        if used >= self.may_use.load(Ordering::Relaxed) {
            return Taken::NoneLeft;
        }
        let more = used.saturating_add(1);
        let exchanged =
            self.used
                .compare_exchange(used, more, Ordering::Relaxed, Ordering::Relaxed);
        if exchanged.is_ok() {
            Taken::One
        } else {
            Taken::ByAnother
        }
    }
}

/// Result of an attempt to take a message from a shard.
enum Taken {
    One,
    NoneLeft,
    /// Another thread was faster.
    ByAnother,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::atomic::AtomicBool;

    #[test]
    fn refuses_at_the_limit_and_counts_every_message() {
        for limit in [0, 1, 2, 1599, 1600, 5_000, 100_000] {
            let counter = Counter::new(limit, 0);
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

    /// Preset to values that counting would take years to reach.
    #[test]
    fn a_count_goes_on_where_it_was() {
        for limit in [1 << 31, 1 << 32, 1 << 40] {
            let counter = Counter::new(limit, limit - 5_000);
            for used in limit - 5_000..limit {
                assert_eq!(counter.budget().used(), used);
                counter.take().unwrap();
            }
            assert_eq!(counter.take(), Err(Error::NonceBudgetSpent { limit }));
            let beyond = Counter::new(limit, u64::MAX);
            assert_eq!(beyond.take(), Err(Error::NonceBudgetSpent { limit }));
            assert_eq!(beyond.budget().remaining(), 0);
        }
    }

    /// Preset to the end of a share, and to the end of what a key may seal.
    #[test]
    fn an_extended_limit_is_counted_up_to_and_never_above_the_maximum() {
        const MAX: u64 = 1 << 32;
        let counter = Counter::new(MAX - 700, MAX - 710);
        let spent = |limit| Err(Error::NonceBudgetSpent { limit });
        let take = |times: u64| (0..times).for_each(|_| counter.take().unwrap());
        take(10);
        assert_eq!(counter.take(), spent(MAX - 700));
        assert_eq!(counter.extend(600, MAX), MAX - 100);
        take(600);
        assert_eq!(counter.take(), spent(MAX - 100));
        assert_eq!(counter.extend(u64::MAX, MAX), MAX);
        take(100);
        assert_eq!(counter.extend(1, MAX), MAX);
        assert_eq!(counter.take(), spent(MAX));
        assert_eq!(counter.budget().used(), MAX);
        // A limit above the maximum, such as that of another source of nonces, does not shrink.
        assert_eq!(Counter::new(MAX + 5, 0).extend(1, MAX), MAX + 5);
    }

    #[test]
    fn threads_together_never_pass_the_limit() {
        // Miri takes a thousand times as long, and its threads in turn.
        let (threads, limit) = if cfg!(miri) { (3, 600) } else { (8, 200_000) };
        let counter = Counter::new(limit, 0);
        let granted: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|_| scope.spawn(|| (0..limit / 2).filter(|_| counter.take().is_ok()).count()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap() as u64)
                .sum()
        });
        assert!(granted <= limit, "{granted}");
        assert!(
            granted >= limit / 100 * 99,
            "{granted}: more than 1 % is stranded in the shards"
        );
        assert_eq!(counter.budget().used(), granted);
    }

    /// Each thread keeps a count of its own, which the counter knows nothing of.
    #[test]
    fn what_is_used_never_goes_back_and_is_never_above_the_truth() {
        const THREADS: usize = 4;
        let counter = Counter::new(1 << 31, 0);
        let asked: [AtomicU64; THREADS] = Default::default();
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for asked in &asked {
                let (counter, ended) = (&counter, &ended);
                scope.spawn(move || {
                    while !ended.load(Ordering::Relaxed) {
                        // Before it is counted, so that the truth is never behind.
                        asked.fetch_add(1, Ordering::SeqCst);
                        counter.take().unwrap();
                    }
                });
            }
            let mut last = 0;
            for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
                let used = counter.budget().used();
                let truth: u64 = asked.iter().map(|asked| asked.load(Ordering::SeqCst)).sum();
                assert!(used >= last, "{used} after {last}");
                assert!(used <= truth, "{used} of {truth}");
                last = used;
            }
            ended.store(true, Ordering::Relaxed);
        });
        let truth: u64 = asked.iter().map(|asked| asked.load(Ordering::SeqCst)).sum();
        assert_eq!(counter.budget().used(), truth);
    }
}
