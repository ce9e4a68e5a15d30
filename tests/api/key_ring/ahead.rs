//! `rotate_ahead`: before the nonce budget ends, and what its function may do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bankezy_crypto::{Error, KeyRing, PayloadCipher, Previous};

use super::{HOUR, fresh, start, until};
use crate::common::each_backend;

type Next = Result<(&'static str, PayloadCipher), Error>;

fn grace() -> Previous {
    until(start() + HOUR)
}

#[test]
fn it_rotates_ahead_of_the_end_of_the_nonce_budget() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend).with_nonce_budget(8));
        let ahead = || ring.rotate_ahead(0.25, grace(), || Next::Ok(("b", fresh(backend))));
        // Of 8 messages a quarter is left after 6, and less after 7.
        for _ in 0..6 {
            ring.seal(b"").unwrap();
            assert_eq!(ahead(), Ok(false));
        }
        let last = ring.seal(b"under a").unwrap();
        assert_eq!(ring.key_ids(), ["a"]);
        assert_eq!(ahead(), Ok(true));
        assert_eq!(ahead(), Ok(false));
        assert_eq!(ring.key_ids(), ["b", "a"]);
        assert!(!ring.open(&last).unwrap().1.is_newest());
    });
}

#[test]
fn threads_that_find_the_budget_low_rotate_once() {
    each_backend(|backend| {
        let ring = KeyRing::new("0", fresh(backend).with_nonce_budget(0));
        let (made, rotated) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let next = || {
                        let id = made.fetch_add(1, Ordering::Relaxed) + 1;
                        Ok::<_, Error>((id.to_string(), fresh(backend)))
                    };
                    if ring.rotate_ahead(0.5, grace(), next).unwrap() {
                        rotated.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(ring.key_ids(), ["1", "0"]);
        assert_eq!([made.into_inner(), rotated.into_inner()], [1, 1]);
    });
}

#[test]
fn the_error_is_the_callers_and_the_next_caller_tries_again() {
    #[derive(Debug, PartialEq)]
    enum Failed {
        KeyService,
        Ring(Error),
    }
    impl From<Error> for Failed {
        fn from(error: Error) -> Self {
            Self::Ring(error)
        }
    }
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend).with_nonce_budget(0));
        let down = || Err::<(&str, PayloadCipher), _>(Failed::KeyService);
        let failed = ring.rotate_ahead(0.5, grace(), down);
        assert_eq!(failed, Err(Failed::KeyService));
        assert_eq!(ring.key_ids(), ["a"]);
        let same = || Ok::<_, Failed>(("a", fresh(backend)));
        let failed = ring.rotate_ahead(0.5, grace(), same);
        assert_eq!(failed, Err(Failed::Ring(Error::DuplicateKeyId)));
        let boxed = ring.rotate_ahead(0.5, grace(), || {
            let key: (&str, PayloadCipher) = Err("down")?;
            Ok::<_, Box<dyn std::error::Error>>(key)
        });
        assert_eq!(boxed.unwrap_err().to_string(), "down");
        let up = || Ok::<_, Failed>(("b", fresh(backend)));
        assert_eq!(ring.rotate_ahead(0.5, grace(), up), Ok(true));
        assert_eq!(ring.key_ids(), ["b", "a"]);
    });
}

#[test]
fn a_full_ring_asks_for_no_key() {
    each_backend(|backend| {
        let spent = fresh(backend).with_nonce_budget(0);
        let ring = KeyRing::new("a", spent).with_max_opening_keys(0);
        let full = Err(Error::KeyRingFull {
            max_opening_keys: 0,
        });
        let rotated = ring.rotate_ahead(0.5, grace(), || -> Next { panic!("a key was asked for") });
        assert_eq!(rotated, full);
        // If the previous key is dropped there is space.
        let next = || Next::Ok(("b", fresh(backend)));
        assert_eq!(ring.rotate_ahead(0.5, Previous::Drop, next), Ok(true));
        assert_eq!(ring.key_ids(), ["b"]);
    });
}

#[test]
fn after_a_panic_the_next_caller_tries_again() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend).with_nonce_budget(0));
        let panics = || ring.rotate_ahead(0.5, grace(), || -> Next { panic!("key service") });
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(ring.key_ids(), ["a"]);
        let again = ring.rotate_ahead(0.5, grace(), || Next::Ok(("b", fresh(backend))));
        assert_eq!(again, Ok(true));
    });
}

#[test]
fn a_slow_key_service_delays_nothing_else() {
    each_backend(|backend| {
        let ring = KeyRing::new("leaked", fresh(backend));
        let leaked = ring.seal(b"").unwrap();
        ring.rotate("spent", fresh(backend).with_nonce_budget(0), grace())
            .unwrap();
        let ring = &ring;
        let (begun, begins) = mpsc::channel();
        let (go_on, waits) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let slow = scope.spawn(move || {
                ring.rotate_ahead(0.5, grace(), || {
                    begun.send(()).unwrap();
                    waits.recv_timeout(Duration::from_secs(10)).unwrap();
                    Next::Ok(("next", fresh(backend)))
                })
            });
            begins.recv().unwrap();
            // The function ends after the last of these, or fails if one of them waits for it.
            ring.retire("leaked").unwrap();
            assert_eq!(ring.open(&leaked).unwrap_err(), Error::OpenFailed);
            ring.add_for_opening("other", fresh(backend)).unwrap();
            ring.purge();
            let second = ring.rotate_ahead(0.5, grace(), || -> Next { panic!("called twice") });
            assert_eq!(second, Ok(false));
            go_on.send(()).unwrap();
            assert_eq!(slow.join().unwrap(), Ok(true));
        });
        assert_eq!(ring.key_ids(), ["next", "spent", "other"]);
    });
}

#[test]
fn a_key_that_was_promoted_meanwhile_is_not_replaced() {
    each_backend(|backend| {
        let ring = KeyRing::new("spent", fresh(backend).with_nonce_budget(0));
        ring.add_for_opening("chosen", fresh(backend)).unwrap();
        let rotated = ring.rotate_ahead(0.5, grace(), || {
            ring.promote("chosen", Previous::Drop)?;
            Next::Ok(("made", fresh(backend)))
        });
        assert_eq!(rotated, Ok(false));
        assert_eq!(ring.key_ids(), ["chosen"]);
    });
}

#[test]
fn a_key_that_leaked_is_gone_while_the_next_one_is_made() {
    each_backend(|backend| {
        let leaked = Arc::new(fresh(backend).with_nonce_budget(0));
        let is_there = Arc::downgrade(&leaked);
        let ring = KeyRing::new("leaked", leaked);
        let rotated = ring.rotate_ahead(0.5, grace(), || {
            ring.rotate("other", fresh(backend), Previous::Drop)?;
            assert!(
                is_there.upgrade().is_none(),
                "the ring holds what it dropped"
            );
            Next::Ok(("made", fresh(backend)))
        });
        assert_eq!(rotated, Ok(false));
    });
}
