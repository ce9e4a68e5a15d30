//! Changes from several threads, and traffic meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use bankezy_crypto::{KeyRing, Previous};

use super::{HOUR, fresh, start, until};
use crate::common::each_backend;

#[test]
fn rotations_at_once_lose_no_key() {
    each_backend(|backend| {
        let ring = KeyRing::new("first", fresh(backend)).with_max_opening_keys(1000);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let ring = &ring;
                scope.spawn(move || {
                    for round in 0..25 {
                        let (new, next) =
                            (format!("{thread} {round}"), format!("{thread} {round}+"));
                        ring.rotate(new, fresh(backend), until(start() + HOUR))
                            .unwrap();
                        ring.add_for_opening(next, fresh(backend)).unwrap();
                    }
                });
            }
        });
        assert_eq!(ring.key_ids().len(), 201);
    });
}

#[test]
fn traffic_goes_on_while_keys_rotate() {
    each_backend(|backend| {
        let ring = KeyRing::new("0", fresh(backend)).with_max_opening_keys(100);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let sealed = ring.seal(b"payload").unwrap();
                        assert_eq!(&*ring.open(&sealed).unwrap().0, b"payload");
                    }
                });
            }
            for id in 1..50 {
                let id = id.to_string();
                ring.add_for_opening(id.as_str(), fresh(backend)).unwrap();
                ring.promote(&id, until(start() + HOUR)).unwrap();
            }
        });
        assert_eq!(ring.key_ids().len(), 50);
    });
}

/// Between two steps of a change a message could find no key, or two newest ones.
#[test]
fn two_keys_promoted_in_turn_are_always_both_present() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend)).with_max_opening_keys(1);
        let under_a = ring.seal(b"a").unwrap();
        ring.rotate("b", fresh(backend), until(start() + HOUR))
            .unwrap();
        let under_b = ring.seal(b"b").unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        assert_eq!(ring.open(&under_a).unwrap().1.key_id(), Some("a"));
                        assert_eq!(ring.open(&under_b).unwrap().1.key_id(), Some("b"));
                        let sealed = ring.seal_with("a", b"").unwrap();
                        assert_eq!(ring.open(&sealed).unwrap().1.key_id(), Some("a"));
                        assert_eq!(ring.key_ids().len(), 2);
                    }
                });
            }
            for _ in 0..2000 {
                ring.promote("a", until(start() + HOUR)).unwrap();
                ring.promote("b", until(start() + HOUR)).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        ring.promote("a", Previous::Drop).unwrap();
        assert_eq!(ring.key_ids(), ["a"]);
    });
}
