//! State that threads share without writing to the same cache line.

use core::sync::atomic::AtomicUsize as StaticUsize;
use std::sync::OnceLock;

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::thread_local;

/// As many groups of threads write to a cache line of their own. Few under the model checker, so that its
/// threads meet.
pub(super) const SHARDS: usize = if cfg!(all(test, shuttle)) { 2 } else { 64 };

/// The numbers of a group of threads, zero at first. They fill the pair of cache lines: padding would be
/// copied from the stack, where a message may have been.
pub(super) type Numbers = [AtomicU64; 16];

/// Numbers for each group of threads. A cipher that one thread uses has them once, since many ciphers are
/// made for a few messages; the others come with the first thread of another group.
pub(super) struct Shards {
    /// The group that has `first`; [`NONE`] until a thread came.
    owner: AtomicUsize,
    first: Box<Alone>,
    others: OnceLock<Box<[Alone; SHARDS]>>,
}

const NONE: usize = usize::MAX;

/// Alone on its pair of cache lines: x86-64 fetches lines in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Alone(Numbers);

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            owner: AtomicUsize::new(NONE),
            first: Box::default(),
            others: OnceLock::new(),
        }
    }

    /// The numbers of this thread's group.
    pub(super) fn of_this_thread(&self) -> &Numbers {
        self.of_group(group())
    }

    #[expect(clippy::indexing_slicing, reason = "a group is below SHARDS")]
    fn of_group(&self, group: usize) -> &Numbers {
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

    /// The numbers of all groups.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Numbers> {
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
    fn one_group_has_one_place_and_others_have_theirs() {
        let shards = Shards::new();
        let add = |group, number| {
            shards.of_group(group)[0].fetch_add(number, Ordering::Relaxed);
        };
        add(7, 1);
        add(7, 1);
        assert_eq!(shards.iter().count(), 1);
        add(8, 10);
        add(0, 100);
        assert_eq!(shards.of_group(7)[0].load(Ordering::Relaxed), 2);
        assert_eq!(shards.iter().count(), 1 + SHARDS);
        let numbers = shards
            .iter()
            .map(|[first, ..]| first.load(Ordering::Relaxed));
        assert_eq!(numbers.sum::<u64>(), 112);
    }

    #[test]
    fn numbers_leave_no_padding() {
        assert_eq!(size_of::<Alone>(), size_of::<Numbers>());
    }
}
