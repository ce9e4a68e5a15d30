//! State that threads share without writing to the same cache line.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

/// As many groups of threads write to a cache line of their own.
pub(super) const SHARDS: usize = 64;

/// One value for each group of threads. A cipher that one thread uses has one value alone, since many
/// ciphers are made for a few messages; the others come with the first thread of another group.
pub(super) struct Shards<T> {
    /// The group that has `first`; [`NONE`] until a thread came.
    owner: AtomicUsize,
    first: Box<Alone<T>>,
    others: OnceLock<Box<[Alone<T>; SHARDS]>>,
}

const NONE: usize = usize::MAX;

/// Alone on its pair of cache lines: x86-64 fetches lines in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Alone<T>(T);

impl<T: Default> Shards<T> {
    pub(super) fn new() -> Self {
        Self {
            owner: AtomicUsize::new(NONE),
            first: Box::default(),
            others: OnceLock::new(),
        }
    }

    /// The value of this thread's group.
    pub(super) fn of_this_thread(&self) -> &T {
        self.of_group(group())
    }

    #[expect(clippy::indexing_slicing, reason = "a group is below SHARDS")]
    fn of_group(&self, group: usize) -> &T {
        let mut owner = self.owner.load(Ordering::Relaxed);
        if owner == NONE {
            let taken =
                self.owner
                    .compare_exchange(NONE, group, Ordering::Relaxed, Ordering::Relaxed);
            owner = taken.map_or_else(|other| other, |_| group);
        }
        if owner == group {
            return &self.first.0;
        }
        let others = self
            .others
            .get_or_init(|| Box::new(core::array::from_fn(|_| Alone::default())));
        &others[group].0
    }

    /// All values that there are.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let others = self
            .others
            .get()
            .into_iter()
            .flat_map(|others| others.iter());
        core::iter::once(&*self.first)
            .chain(others)
            .map(|alone| &alone.0)
    }
}

/// The group of this thread; threads are dealt out in turn.
fn group() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static GROUP: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    // At the very end of a thread it may be gone: any group will do.
    GROUP.try_with(|group| *group).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicU64;

    #[test]
    fn one_group_has_one_value_and_others_have_theirs() {
        let shards: Shards<AtomicU64> = Shards::new();
        shards.of_group(7).store(1, Ordering::Relaxed);
        shards.of_group(7).fetch_add(1, Ordering::Relaxed);
        assert_eq!(shards.iter().count(), 1);
        shards.of_group(8).store(10, Ordering::Relaxed);
        shards.of_group(0).store(100, Ordering::Relaxed);
        assert_eq!(shards.of_group(7).load(Ordering::Relaxed), 2);
        assert_eq!(shards.iter().count(), 1 + SHARDS);
        let sum: u64 = shards
            .iter()
            .map(|value| value.load(Ordering::Relaxed))
            .sum();
        assert_eq!(sum, 112);
    }
}
