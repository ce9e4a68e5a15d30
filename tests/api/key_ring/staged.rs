//! Keys that are added for opening, promoted, replaced, and retired.

use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Channel, Error, ErrorCategory, KeyRing, OpenedByKey, PayloadCipher, PayloadSecret, Previous,
};

use super::{HOUR, fresh, ring_of, start, until};
use crate::common::{each_backend, each_pair};

fn of_secret(secret: u8, backend: &Backend) -> PayloadCipher {
    // Zeros are no secret.
    let secret = PayloadSecret::from_bytes(&[secret + 1; 32]).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

#[test]
fn a_fleet_learns_a_key_before_any_process_seals_with_it() {
    each_backend(|backend| {
        let rings = [0, 1].map(|_| KeyRing::new("old", of_secret(1, backend)));
        let channel = Channel::from(KeyRing::new("old", of_secret(1, backend)));
        for ring in &rings {
            ring.add_for_opening("new", of_secret(2, backend)).unwrap();
            assert_eq!(ring.key_ids(), ["old", "new"]);
            let sealed = ring.seal(b"still under the old key").unwrap();
            assert!(channel.open(&sealed).is_ok());
        }
        let [first, second] = &rings;
        first.promote("new", until(start())).unwrap();
        let sealed = first.seal(b"x").unwrap();
        assert!(of_secret(2, backend).open(&sealed).is_ok());
        let (_, by_key) = second.open(&sealed).unwrap();
        assert_eq!(by_key, OpenedByKey::new("new", false));
        // Its answer goes out under the key of the request.
        let answer = second.seal_with("new", b"answer").unwrap();
        assert!(of_secret(2, backend).open(&answer).is_ok());
        // And the other way around, until the second one is promoted as well.
        assert!(first.open(second.seal(b"x").unwrap()).is_ok());
        second.promote("new", Previous::Drop).unwrap();
        assert_eq!(second.key_ids(), ["new"]);
    });
}

#[test]
fn a_key_added_for_opening_has_no_date() {
    each_backend(|backend| {
        let ring = KeyRing::new("a", fresh(backend));
        let ahead = Arc::new(fresh(backend));
        ring.add_for_opening("b", Arc::clone(&ahead)).unwrap();
        let years = Duration::from_secs(100 * 365 * 24 * 3600);
        ring.purge_at(start() + years);
        let sealed = ahead.seal(b"").unwrap();
        assert!(ring.open_at(sealed, start() + years).is_ok());
        assert_eq!(ring.key_ids(), ["a", "b"]);
    });
}

#[test]
fn promoting_changes_the_sealing_key_and_keeps_or_drops_the_previous_one() {
    each_backend(|backend| {
        let start = start();
        for (previous, left) in [
            (until(start + HOUR), &["b", "a"][..]),
            (until(start), &["b"]),
            (until(start - HOUR), &["b"]),
            (Previous::Drop, &["b"]),
        ] {
            let ring = KeyRing::new("a", fresh(backend));
            let under_a = ring.seal(b"").unwrap();
            ring.add_for_opening("b", fresh(backend)).unwrap();
            ring.promote_at("b", previous, start).unwrap();
            assert_eq!(ring.key_ids(), left);
            let (_, by_key) = ring.open_at(ring.seal(b"").unwrap(), start).unwrap();
            assert_eq!(by_key, OpenedByKey::new("b", true));
            let opens = ring.open_at(&under_a, start).is_ok();
            assert_eq!(opens, left.len() == 2);
            assert!(ring.open_at(&under_a, start + HOUR).is_err());
        }
    });
}

#[test]
fn a_replaced_key_comes_back_until_its_date_with_its_count() {
    each_backend(|backend| {
        let start = start();
        let ring = KeyRing::new("a", fresh(backend).with_nonce_budget(10));
        for _ in 0..3 {
            ring.seal(b"").unwrap();
        }
        ring.rotate("b", fresh(backend), until(start + HOUR))
            .unwrap();
        ring.seal_with_at("a", b"", start).unwrap();
        let last_moment = start + HOUR - Duration::from_nanos(1);
        ring.promote_at("a", until(start + 3 * HOUR), last_moment)
            .unwrap();
        assert_eq!(ring.key_ids(), ["a", "b"]);
        let budget = ring.nonce_budget();
        assert_eq!((budget.used(), budget.limit()), (4, 10));
        // It has no date any more: it is the newest.
        let under_a = ring.seal(b"").unwrap();
        assert!(ring.open_at(&under_a, start + 2 * HOUR).is_ok());
        ring.promote_at("b", until(start + 4 * HOUR), start + 2 * HOUR)
            .unwrap();
        assert!(ring.open_at(&under_a, start + 3 * HOUR).is_ok());
        let late = ring.promote_at("a", Previous::Drop, start + 4 * HOUR);
        assert_eq!(late, Err(Error::UnknownKeyId));
        assert_eq!(ring.key_ids(), ["b", "a"], "left as it was");
    });
}

#[test]
fn promoting_the_newest_changes_nothing_and_an_unknown_key_is_an_error() {
    each_backend(|backend| {
        let ring = ring_of(backend, &["c", "b", "a"], start());
        for previous in [Previous::Drop, until(start()), until(start() - 100 * HOUR)] {
            assert_eq!(ring.promote("c", previous), Ok(()));
            let refused = ring.promote("d", previous);
            assert_eq!(refused, Err(Error::UnknownKeyId));
        }
        assert_eq!(ring.key_ids(), ["c", "b", "a"]);
    });
}

#[test]
fn keys_beside_the_newest_are_bounded_and_make_room_when_they_expire() {
    each_backend(|backend| {
        let start = start();
        let ring = KeyRing::new("0", fresh(backend)).with_max_opening_keys(2);
        ring.rotate("1", fresh(backend), until(start + HOUR))
            .unwrap();
        ring.add_for_opening("2", fresh(backend)).unwrap();
        let full = Error::KeyRingFull {
            max_opening_keys: 2,
        };
        assert_eq!(full.category(), ErrorCategory::Misuse);
        let full = Err(full);
        assert_eq!(ring.add_for_opening("3", fresh(backend)), full);
        let rotated = ring.rotate("3", fresh(backend), until(start + HOUR));
        assert_eq!(rotated, full);
        assert_eq!(ring.key_ids(), ["1", "2", "0"], "left as it was");
        // One goes, another comes.
        ring.promote_at("2", until(start + 2 * HOUR), start)
            .unwrap();
        assert_eq!(ring.key_ids(), ["2", "1", "0"]);
        ring.purge_at(start);
        assert_eq!(ring.key_ids(), ["2", "1", "0"]);
        ring.purge_at(start + HOUR);
        assert_eq!(ring.key_ids(), ["2", "1"]);
        ring.add_for_opening("3", fresh(backend)).unwrap();
        // In an emergency there is always room.
        ring.rotate("4", fresh(backend), Previous::Drop).unwrap();
        assert_eq!(ring.key_ids(), ["4", "3", "1"]);
    });
}

#[test]
fn expired_keys_are_dropped_when_keys_change() {
    each_backend(|backend| {
        let start = start();
        let expired = || {
            let ring = ring_of(backend, &["b", "a"], start);
            ring.open_at(fresh(backend).seal(b"").unwrap(), start + HOUR)
                .unwrap_err();
            assert_eq!(ring.key_ids(), ["b", "a"]);
            ring
        };
        let ring = expired();
        ring.add_for_opening("a", fresh(backend)).unwrap();
        assert_eq!(ring.key_ids(), ["b", "a"]);
        ring.promote("a", until(start)).unwrap();
        assert_eq!(ring.key_ids(), ["a", "b"]);
        let ring = expired();
        ring.rotate("c", fresh(backend), Previous::Drop).unwrap();
        assert_eq!(ring.key_ids(), ["c"]);
    });
}

#[test]
fn four_keys_beside_the_newest_are_the_default() {
    each_backend(|backend| {
        let ring = ring_of(backend, &["4", "3", "2", "1", "0"], start());
        let full = Err(Error::KeyRingFull {
            max_opening_keys: 4,
        });
        assert_eq!(ring.rotate("5", fresh(backend), until(start())), full);
        assert_eq!(ring.add_for_opening("5", fresh(backend)), full);
    });
}

#[test]
fn identifiers_and_secrets_are_unique() {
    each_pair(|backend, other| {
        let ring = KeyRing::new("0", of_secret(0, backend));
        ring.rotate("1", of_secret(1, other), until(start()))
            .unwrap();
        ring.add_for_opening("2", of_secret(2, backend)).unwrap();
        for key_id in ["0", "1", "2"] {
            let twice = Err(Error::DuplicateKeyId);
            assert_eq!(ring.add_for_opening(key_id, fresh(backend)), twice);
            let rotated = ring.rotate(key_id, fresh(backend), Previous::Drop);
            assert_eq!(rotated, twice);
        }
        for secret in [0, 1, 2] {
            let twice = Err(Error::DuplicateKeySecret);
            let added = ring.add_for_opening("3", of_secret(secret, other));
            assert_eq!(added, twice, "{secret}");
            let rotated = ring.rotate("3", of_secret(secret, backend), Previous::Drop);
            assert_eq!(rotated, twice, "{secret}");
        }
        assert_eq!(ring.key_ids(), ["1", "2", "0"], "left as it was");
        assert_eq!(Error::DuplicateKeySecret.category(), ErrorCategory::Misuse);
        // Once it is gone, it is a secret like any other.
        ring.retire("0").unwrap();
        ring.add_for_opening("3", of_secret(0, backend)).unwrap();
    });
}

#[test]
fn a_leaked_key_is_dropped_at_once() {
    each_backend(|backend| {
        let ring = KeyRing::new("leaked", fresh(backend));
        let old = ring.seal(b"x").unwrap();
        assert_eq!(ring.retire("leaked"), Err(Error::KeyIsNewest));
        assert_eq!(Error::KeyIsNewest.category(), ErrorCategory::Misuse);
        ring.rotate("next", fresh(backend), until(start())).unwrap();
        assert!(ring.open(&old).is_ok());
        assert_eq!(ring.retire("no such key"), Err(Error::UnknownKeyId));
        assert_eq!(ring.retire("leaked"), Ok(()));
        assert_eq!(ring.retire("leaked"), Err(Error::UnknownKeyId));
        assert_eq!(ring.open(&old).unwrap_err(), Error::OpenFailed);
        assert_eq!(ring.seal_with("leaked", b""), Err(Error::UnknownKeyId));

        let next = ring.seal(b"x").unwrap();
        ring.add_for_opening("ready", fresh(backend)).unwrap();
        ring.promote("ready", Previous::Drop).unwrap();
        assert_eq!(ring.key_ids(), ["ready"]);
        assert_eq!(ring.open(&next).unwrap_err(), Error::OpenFailed);

        ring.add_for_opening("leaked before use", fresh(backend))
            .unwrap();
        assert_eq!(ring.retire("leaked before use"), Ok(()));
        assert_eq!(ring.key_ids(), ["ready"]);
    });
}
