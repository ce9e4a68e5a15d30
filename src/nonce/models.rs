//! Counting, with every order of threads that the model checker finds. Run by `.ci/models`.

use std::collections::HashSet;
use std::sync::Arc;

use shuttle::thread;

use super::budget::Counter;
use super::leased::{BLOCK, Leased, MAX_LIMIT};
use crate::sync::check;

const THREADS: u64 = 3;

/// What each thread got that ran `work`.
fn in_threads<T: Send + 'static>(
    work: impl Fn() -> T + Clone + Send + 'static,
) -> impl Iterator<Item = T> {
    let threads: Vec<_> = (0..THREADS).map(|_| thread::spawn(work.clone())).collect();
    threads.into_iter().map(|thread| thread.join().unwrap())
}

/// One message is left, or a few, or so many that shards lease several at a time.
#[test]
fn model_a_budget_is_never_passed_and_counts_what_was_granted() {
    check(|| {
        for (limit, left) in [(2, 1), (4, 3), (600, 3)] {
            let counter = Arc::new(Counter::new(limit, limit - left));
            let taking = Arc::clone(&counter);
            let reading = Arc::clone(&counter);
            let reader = thread::spawn(move || {
                let (first, second) = (reading.budget().used(), reading.budget().used());
                assert!(first <= second, "{first}, then {second}");
                assert!(second <= limit, "{second} of {limit}");
            });
            let granted: u64 = in_threads(move || u64::from(taking.take().is_ok())).sum();
            reader.join().unwrap();
            assert!(granted <= left, "{granted} of {left}");
            let left_in_leases = if limit > 4 { 2 } else { 0 };
            assert!(
                granted + left_in_leases >= left.min(THREADS),
                "{granted} of {left}"
            );
            assert_eq!(counter.budget().used(), limit - left + granted);
        }
    });
}

/// The last two blocks, so that threads meet where a block ends and where all end.
#[test]
fn model_leased_numbers_never_repeat_nor_pass_the_bound() {
    check(|| {
        let leased = Arc::new(Leased::at(7, 0, MAX_LIMIT / BLOCK - 2));
        let drawn =
            in_threads(move || -> Vec<_> { (0..4).filter_map(|_| leased.nonce().ok()).collect() });
        let mut seen = HashSet::new();
        for nonce in drawn.flatten() {
            let count = u64::from_be_bytes(nonce.to_bytes()[4..].try_into().unwrap());
            assert!(
                (MAX_LIMIT - 2 * BLOCK..MAX_LIMIT).contains(&count),
                "{count}"
            );
            assert!(seen.insert(count), "{count} repeats");
        }
        assert!(!seen.is_empty());
    });
}
