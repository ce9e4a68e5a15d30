//! State that threads share without writing to the same cache line.

use core::sync::atomic::{AtomicUsize, Ordering};

/// As many threads as write to a cache line of their own.
pub(super) const SHARDS: usize = 64;

/// One value for each group of threads. Boxed: it is 8 KiB, and a cipher is moved about.
pub(super) struct Shards<T>(Box<[Alone<T>; SHARDS]>);

/// Alone on its pair of cache lines: x86-64 fetches lines in pairs.
#[repr(align(128))]
struct Alone<T>(T);

impl<T> Shards<T> {
    pub(super) fn new(values: [T; SHARDS]) -> Self {
        Self(Box::new(values.map(Alone)))
    }

    /// The value of this thread. Threads are dealt out in turn.
    #[expect(clippy::indexing_slicing, reason = "a remainder of SHARDS is below it")]
    pub(super) fn of_this_thread(&self) -> &T {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
        }
        &self.0[SHARD.with(|shard| *shard)].0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|alone| &alone.0)
    }
}
