//! State that threads share without writing to the same cache line.

use core::sync::atomic::AtomicUsize as StaticUsize;
use std::sync::OnceLock;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::thread_local;

/// Groups of threads that each write to a cache line of their own. Few under the model checker, so that its threads
/// meet.
pub(super) const SHARDS: usize = if cfg!(all(test, shuttle)) { 2 } else { 64 };

/// The numbers of a group of threads, zero at first.
pub(super) type Numbers = [AtomicU64; 2];

/// Numbers that all threads share until they contend for them, and from then on numbers for each group of threads:
/// many ciphers are made for a few messages, and should be small.
pub(super) struct Shards {
    first: Numbers,
    others: OnceLock<Box<[Alone; SHARDS]>>,
}

/// Alone on its pair of cache lines: x86-64 fetches lines in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Alone {
    numbers: Numbers,
    /// Padding would be copied from the stack, where a message may have been.
    _filled: [AtomicU64; 14],
}

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            first: Numbers::default(),
            others: OnceLock::new(),
        }
    }

    /// The numbers of this thread's group.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a group is below SHARDS")]
    pub(super) fn of_this_thread(&self) -> &Numbers {
        match self.others.get() {
            None => &self.first,
            Some(others) => &others[group()].numbers,
        }
    }

    /// Gives each group of threads numbers of its own: to be called when other threads were faster twice.
    #[cold]
    pub(super) fn spread(&self) {
        self.others
            .get_or_init(|| Box::new(core::array::from_fn(|_| Alone::default())));
    }

    /// The numbers of all groups.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Numbers> {
        let others = self.others.get().into_iter();
        let others = others.flat_map(|others| others.iter().map(|alone| &alone.numbers));
        core::iter::once(&self.first).chain(others)
    }
}

/// The group of this thread; threads are dealt out in turn.
fn group() -> usize {
    // Not the model checker's: a static outlives its runs.
    static NEXT: StaticUsize = StaticUsize::new(0);
    thread_local! {
        static GROUP: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    // At the very end of a thread it may be gone: any group will do.
    GROUP.try_with(|group| *group).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_share_one_place_until_they_spread() {
        let shards = Shards::new();
        let add = |number| {
            let [first, _] = shards.of_this_thread();
            first.fetch_add(number, Ordering::Relaxed);
        };
        let sum = || -> u64 {
            let numbers = shards.iter();
            numbers
                .map(|[first, _]| first.load(Ordering::Relaxed))
                .sum()
        };
        add(1);
        std::thread::scope(|scope| scope.spawn(|| add(10)).join().unwrap());
        assert_eq!(shards.iter().count(), 1);
        shards.spread();
        shards.spread();
        assert_eq!(shards.iter().count(), 1 + SHARDS);
        let place = || std::ptr::from_ref(shards.of_this_thread()).addr();
        let other = std::thread::scope(|scope| scope.spawn(place).join().unwrap());
        assert_ne!(place(), other);
        add(100);
        assert_eq!(sum(), 111);
    }

    #[test]
    fn numbers_leave_no_padding() {
        assert_eq!(size_of::<Alone>(), 16 * size_of::<AtomicU64>());
    }
}
