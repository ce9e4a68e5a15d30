//! `KeyRing`: rotation without downtime, several tenants in one process. Once per backend.

mod common;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{Error, Fault, KeyRing, OpenedByKey, PayloadCipher, PayloadSecret};
use common::{each_backend, shown};

const HOUR: Duration = Duration::from_secs(3600);

fn fresh(backend: &Backend) -> PayloadCipher {
    PayloadCipher::with_backend(&PayloadSecret::generate().unwrap(), backend).unwrap()
}

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

#[test]
fn the_newest_seals_and_older_ones_open_until_their_date() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend));
        let under_a = ring.seal(b"a").unwrap();
        ring.rotate("b", fresh(backend), start() + HOUR, start())
            .unwrap();
        let under_b = ring.seal_json("b").unwrap();
        ring.rotate("c", fresh(backend), start() + 2 * HOUR, start())
            .unwrap();
        assert_eq!(ring.key_ids(), ["c", "b", "a"]);

        let (opened, by_key) = ring.open_at(&under_a, start()).unwrap();
        assert_eq!(
            (&*opened, by_key),
            (&b"a"[..], OpenedByKey::new("a", false))
        );
        let (_, by_key) = ring.open_at(ring.seal(b"c").unwrap(), start()).unwrap();
        assert_eq!(by_key, OpenedByKey::new("c", true));

        let last_moment = start() + HOUR - Duration::from_nanos(1);
        assert!(ring.open_at(&under_a, last_moment).is_ok());
        assert_eq!(
            ring.open_at(&under_a, start() + HOUR).unwrap_err(),
            Error::OpenFailed
        );
        assert!(ring.open_at(&under_b, start() + HOUR).is_ok());
        assert_eq!(
            ring.open_at(&under_b, start() + 2 * HOUR).unwrap_err(),
            Error::OpenFailed
        );
    });
}

#[test]
fn an_answer_can_be_sealed_with_an_older_key_until_its_date() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend));
        ring.rotate("b", fresh(backend), start() + HOUR, start())
            .unwrap();
        let before = ring.nonce_budget().used();
        for (key, newest) in [("a", false), ("b", true)] {
            let sealed = ring.seal_with_at(key, b"x", start()).unwrap();
            let (_, by_key) = ring.open_at(&sealed, start()).unwrap();
            assert_eq!(by_key, OpenedByKey::new(key, newest));
        }
        assert_eq!(
            ring.nonce_budget().used(),
            before + 1,
            "each key counts its own"
        );
        let last_moment = start() + HOUR - Duration::from_nanos(1);
        assert!(ring.seal_with_at("a", b"x", last_moment).is_ok());
        for (key, now) in [("a", start() + HOUR), ("c", start())] {
            let refused = ring.seal_with_at(key, b"x", now);
            assert_eq!(refused, Err(Error::UnknownKeyId), "{key}");
        }
        assert!(ring.seal_with_at("b", b"x", start() + HOUR).is_ok());
        ring.retire("a");
        let retired = ring.seal_with_at("a", b"x", start());
        assert_eq!(retired, Err(Error::UnknownKeyId));
        assert_eq!(Error::UnknownKeyId.fault(), Fault::Misuse);
    });
}

#[test]
fn older_keys_are_bounded_and_make_room_when_their_time_is_over() {
    each_backend(|backend| {
        let ring = KeyRing::new("0", fresh(backend)).with_max_older(2);
        ring.rotate("1", fresh(backend), start() + HOUR, start())
            .unwrap();
        ring.rotate("2", fresh(backend), start() + 2 * HOUR, start())
            .unwrap();
        let full = ring.rotate("3", fresh(backend), start() + 2 * HOUR, start());
        assert_eq!(full, Err(Error::KeyRingFull { max_older: 2 }));
        assert_eq!(ring.key_ids(), ["2", "1", "0"], "left as it was");
        ring.rotate("3", fresh(backend), start() + 2 * HOUR, start() + HOUR)
            .unwrap();
        assert_eq!(ring.key_ids(), ["3", "2", "1"]);
        let later = start() + 2 * HOUR;
        for taken in ["3", "2"] {
            // At `start()` all three are of use.
            let twice = ring.rotate(taken, fresh(backend), later + HOUR, start());
            assert_eq!(twice, Err(Error::DuplicateKeyId));
        }
        let twice = ring.rotate("3", fresh(backend), later + HOUR, later);
        assert_eq!(twice, Err(Error::DuplicateKeyId));
        assert_eq!(ring.key_ids(), ["3", "2", "1"], "left as it was");
    });
}

#[test]
fn four_older_keys_are_kept_unless_told_otherwise() {
    each_backend(|backend| {
        let ring = KeyRing::new("0", fresh(backend));
        let rotate = |id: u8| {
            let id = id.to_string();
            ring.rotate(id, fresh(backend), start() + HOUR, start())
        };
        for id in 1..=4 {
            rotate(id).unwrap();
        }
        assert_eq!(rotate(5), Err(Error::KeyRingFull { max_older: 4 }));
    });
}

#[test]
fn a_leaked_key_is_dropped_at_once() {
    each_backend(|backend| {
        let ring = KeyRing::new("leaked", fresh(backend));
        let old = ring.seal(b"x").unwrap();
        assert!(
            !ring.retire("leaked"),
            "the newest is rotated away, not retired"
        );
        ring.rotate("next", fresh(backend), start() + HOUR, start())
            .unwrap();
        assert!(ring.open_at(&old, start()).is_ok());
        assert!(ring.retire("leaked") && !ring.retire("leaked"));
        assert_eq!(ring.open_at(&old, start()).unwrap_err(), Error::OpenFailed);

        let next = ring.seal(b"x").unwrap();
        ring.rotate("without grace", fresh(backend), start(), start())
            .unwrap();
        assert_eq!(ring.key_ids(), ["without grace"]);
        assert_eq!(ring.open_at(&next, start()).unwrap_err(), Error::OpenFailed);
    });
}

#[test]
fn keys_whose_time_is_over_can_be_dropped_without_a_rotation() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend));
        ring.rotate("b", fresh(backend), start() + HOUR, start())
            .unwrap();
        ring.purge(start());
        assert_eq!(ring.key_ids(), ["b", "a"]);
        ring.purge(start() + HOUR);
        assert_eq!(ring.key_ids(), ["b"]);
    });
}

#[test]
fn each_key_keeps_its_own_cap() {
    each_backend(|backend| {
        let large = fresh(backend).with_max_sealed_len(1000);
        let ring = KeyRing::new("large", large);
        let sealed = ring.seal(&[0; 500]).unwrap();
        let small = fresh(backend).with_max_sealed_len(100);
        ring.rotate("small", small, start() + HOUR, start())
            .unwrap();
        let (_, by_key) = ring.open_at(&sealed, start()).unwrap();
        assert_eq!(by_key.key_id(), Some("large"));
        let refused = ring.open_at(&sealed, start() + HOUR).unwrap_err();
        assert_eq!(refused.code(), "envelope.too_long");
    });
}

#[test]
fn what_is_no_sealed_text_is_told_as_such() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend));
        ring.rotate("b", fresh(backend), start() + HOUR, start())
            .unwrap();
        assert_eq!(
            ring.open_at("{}", start()).unwrap_err().code(),
            "envelope.malformed"
        );
    });
}

#[test]
fn tenants_share_nothing() {
    each_backend(|backend| {
        let rings: HashMap<&str, KeyRing> = ["acme", "globex"]
            .map(|tenant| (tenant, KeyRing::new("1", fresh(backend))))
            .into();
        let sealed = rings["acme"].seal(b"x").unwrap();
        assert!(rings["acme"].open_at(&sealed, start()).is_ok());
        assert_eq!(
            rings["globex"].open_at(&sealed, start()).unwrap_err(),
            Error::OpenFailed
        );
        assert_eq!(
            (
                rings["acme"].nonce_budget().used(),
                rings["globex"].nonce_budget().used()
            ),
            (1, 0)
        );
    });
}

#[test]
fn rotations_at_once_lose_no_key() {
    each_backend(|backend| {
        let ring = KeyRing::new("first", fresh(backend)).with_max_older(1000);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let ring = &ring;
                scope.spawn(move || {
                    for round in 0..50 {
                        let id = format!("{thread} {round}");
                        ring.rotate(id, fresh(backend), start() + HOUR, start())
                            .unwrap();
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
        let ring = KeyRing::new("0", fresh(backend)).with_max_older(100);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let sealed = ring.seal(b"payload").unwrap();
                        assert_eq!(&*ring.open_at(&sealed, start()).unwrap().0, b"payload");
                    }
                });
            }
            for id in 1..50 {
                ring.rotate(id.to_string(), fresh(backend), start() + HOUR, start())
                    .unwrap();
            }
        });
        assert_eq!(ring.key_ids().len(), 50);
        assert!(shown(&ring).contains("50 keys, [redacted]"));
    });
}

#[test]
fn it_rotates_ahead_of_the_end_of_the_nonce_budget() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend).with_nonce_budget(8));
        let ahead = || {
            let next = || Ok(("b", fresh(backend)));
            ring.rotate_ahead(0.25, next, start() + HOUR, start())
        };
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
        assert!(!ring.open_at(&last, start()).unwrap().1.is_newest());
    });
}

#[test]
fn threads_that_find_the_budget_low_rotate_once() {
    each_backend(|backend| {
        let ring = KeyRing::new("0", fresh(backend).with_nonce_budget(0));
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let next = || {
                        let id = made.fetch_add(1, Ordering::Relaxed) + 1;
                        Ok((id.to_string(), fresh(backend)))
                    };
                    ring.rotate_ahead(0.5, next, start() + HOUR, start())
                        .unwrap();
                });
            }
        });
        assert_eq!(ring.key_ids(), ["1", "0"]);

        let failing = KeyRing::new("a", fresh(backend).with_nonce_budget(0));
        let none = || Err::<(&str, PayloadCipher), _>(Error::Randomness);
        let failed = failing.rotate_ahead(0.5, none, start() + HOUR, start());
        assert_eq!(failed, Err(Error::Randomness));
        assert_eq!(failing.key_ids(), ["a"]);
    });
}
