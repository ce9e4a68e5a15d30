//! Sealing and opening with the keys of a ring.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::{Error, ErrorCategory, KeyRing, Opened, OpenedByKey};

use super::{HOUR, fresh, ring_of, start, until};
use crate::common::{each_backend, shown};

#[test]
fn the_newest_seals_and_others_open_until_their_date() {
    each_backend(|backend| {
        let start = start();
        let ring = KeyRing::new("a", fresh(backend));
        let under_a = ring.seal(b"a").unwrap();
        ring.rotate("b", fresh(backend), until(start + HOUR))
            .unwrap();
        let under_b = ring.seal_json("b").unwrap();
        ring.rotate("c", fresh(backend), until(start + 2 * HOUR))
            .unwrap();
        assert_eq!(ring.key_ids(), ["c", "b", "a"]);

        let (opened, by_key) = ring.open_at(&under_a, start).unwrap();
        assert_eq!(
            (&*opened, by_key),
            (&b"a"[..], OpenedByKey::new("a", false))
        );
        let (_, by_key) = ring.open_at(ring.seal(b"c").unwrap(), start).unwrap();
        assert_eq!(by_key, OpenedByKey::new("c", true));
        assert_eq!((by_key.key_id(), by_key.is_newest()), (Some("c"), true));

        let last_moment = start + HOUR - Duration::from_nanos(1);
        assert!(ring.open_at(&under_a, last_moment).is_ok());
        let expired = ring.open_at(&under_a, start + HOUR).unwrap_err();
        assert_eq!(expired, Error::OpenFailed);
        assert!(ring.open_at(&under_b, start + HOUR).is_ok());
        let expired = ring.open_at(&under_b, start + 2 * HOUR).unwrap_err();
        assert_eq!(expired, Error::OpenFailed);
    });
}

#[test]
fn without_a_time_the_system_clock_is_used() {
    each_backend(|backend| {
        let now = std::time::SystemTime::now();
        let ring = KeyRing::new("a", fresh(backend));
        let under_a = ring.seal_json("a").unwrap();
        let soon = now + Duration::from_millis(400);
        ring.rotate("b", fresh(backend), until(soon)).unwrap();
        let (json, by_key) = ring.open_json::<String>(&under_a).unwrap();
        assert_eq!((json.as_str(), by_key), ("a", OpenedByKey::new("a", false)));
        assert!(ring.open(&under_a).is_ok());
        assert!(ring.seal_with("a", b"").is_ok());
        std::thread::sleep(Duration::from_millis(500));
        let mut opened = Opened::new();
        assert_eq!(ring.open(&under_a).unwrap_err(), Error::OpenFailed);
        let refused = ring.open_into(&under_a, &mut opened);
        assert_eq!(refused, Err(Error::OpenFailed));
        assert_eq!(ring.seal_with("a", b""), Err(Error::UnknownKeyId));
        assert_eq!(ring.promote("a", until(soon)), Err(Error::UnknownKeyId));
        assert_eq!(ring.key_ids(), ["b", "a"]);
        ring.purge();
        assert_eq!(ring.key_ids(), ["b"]);
    });
}

#[test]
fn an_answer_can_be_sealed_with_an_older_key_until_its_date() {
    each_backend(|backend| {
        let start = start();
        let ring = ring_of(backend, &["b", "a"], start);
        let before = ring.nonce_budget().used();
        for (key, newest) in [("a", false), ("b", true)] {
            let sealed = ring.seal_with_at(key, b"x", start).unwrap();
            let (_, by_key) = ring.open_at(&sealed, start).unwrap();
            assert_eq!(by_key, OpenedByKey::new(key, newest));
        }
        assert_eq!(
            ring.nonce_budget().used(),
            before + 1,
            "each key counts its own"
        );
        let last_moment = start + HOUR - Duration::from_nanos(1);
        assert!(ring.seal_with_at("a", b"x", last_moment).is_ok());
        for (key, now) in [("a", start + HOUR), ("c", start)] {
            let refused = ring.seal_with_at(key, b"x", now);
            assert_eq!(refused, Err(Error::UnknownKeyId), "{key}");
        }
        assert!(ring.seal_with_at("b", b"x", start + HOUR).is_ok());
        assert_eq!(Error::UnknownKeyId.category(), ErrorCategory::Misuse);
    });
}

type See<'a> = &'a dyn Fn(&KeyRing, &str);

#[test]
fn a_key_once_seen_expired_stays_expired_when_the_clock_goes_back() {
    each_backend(|backend| {
        let start = start();
        let seen: [See; 4] = [
            &|ring, sealed| {
                ring.open_at(sealed, start + HOUR).unwrap_err();
            },
            &|ring, _| {
                ring.seal_with_at("a", b"", start + HOUR).unwrap_err();
            },
            &|ring, _| {
                let none = ring.promote_at("no such key", until(start), start + HOUR);
                none.unwrap_err();
            },
            &|ring, _| ring.purge_at(start + HOUR),
        ];
        for see in seen {
            let ring = KeyRing::new("a", fresh(backend));
            let under_a = ring.seal(b"").unwrap();
            ring.rotate("b", fresh(backend), until(start + HOUR))
                .unwrap();
            assert!(ring.open_at(&under_a, start).is_ok());
            see(&ring, &under_a);
            let again = ring.open_at(&under_a, start).unwrap_err();
            assert_eq!(again, Error::OpenFailed);
            let sealed = ring.seal_with_at("a", b"", start);
            assert_eq!(sealed, Err(Error::UnknownKeyId));
            let promoted = ring.promote_at("a", until(start + HOUR), start);
            assert_eq!(promoted, Err(Error::UnknownKeyId));
        }
    });
}

#[test]
fn each_key_keeps_its_own_cap() {
    each_backend(|backend| {
        let start = start();
        let large = fresh(backend).with_max_sealed_len(1000);
        let ring = KeyRing::new("large", large);
        let sealed = ring.seal(&[0; 500]).unwrap();
        let small = fresh(backend).with_max_sealed_len(100);
        ring.rotate("small", small, until(start + HOUR)).unwrap();
        let (_, by_key) = ring.open_at(&sealed, start).unwrap();
        assert_eq!(by_key.key_id(), Some("large"));
        // The one key that takes its length does not open it.
        let other = fresh(backend)
            .with_max_sealed_len(1000)
            .seal(&[0; 500])
            .unwrap();
        assert_eq!(ring.open_at(&other, start).unwrap_err(), Error::OpenFailed);
        let len = sealed.len();
        let refused = ring.open_at(&sealed, start + HOUR).unwrap_err();
        assert_eq!(refused, Error::SealedTooLong { len, max: 100 });
        // The error names the largest of the caps, whichever key comes first.
        let ring = KeyRing::new("larger", fresh(backend).with_max_sealed_len(200));
        let small = fresh(backend).with_max_sealed_len(100);
        ring.add_for_opening("small", small).unwrap();
        let refused = ring.open_at(&sealed, start).unwrap_err();
        assert_eq!(refused, Error::SealedTooLong { len, max: 200 });
    });
}

#[test]
fn what_is_no_sealed_text_is_refused_as_such() {
    each_backend(|backend| {
        let ring = ring_of(backend, &["b", "a"], start());
        assert_eq!(
            ring.open("{}").unwrap_err().code(),
            "envelope.not_encrypted"
        );
    });
}

#[test]
fn texts_and_payloads_are_overwritten_and_empty_after_a_failure() {
    each_backend(|backend| {
        let ring = ring_of(backend, &["b", "a"], start());
        let mut sealed = String::from("earlier");
        ring.seal_into(b"payload", &mut sealed).unwrap();
        let mut opened = Opened::new();
        let by_key = ring.open_into(&sealed, &mut opened).unwrap();
        assert_eq!(
            (&*opened, by_key),
            (&b"payload"[..], OpenedByKey::new("b", true))
        );
        let older = ring.seal_with("a", b"older").unwrap();
        let by_key = ring.open_into(&older, &mut opened).unwrap();
        assert_eq!(
            (&*opened, by_key),
            (&b"older"[..], OpenedByKey::new("a", false))
        );
        let foreign = fresh(backend).seal(b"foreign").unwrap();
        let refused = ring.open_into(&foreign, &mut opened);
        assert_eq!((refused, opened.len()), (Err(Error::OpenFailed), 0));

        let spent = KeyRing::new("a", fresh(backend).with_nonce_budget(0));
        let refused = spent.seal_into(b"payload", &mut sealed);
        assert_eq!(refused, Err(Error::NonceBudgetSpent { limit: 0 }));
        assert_eq!(sealed, "");
    });
}

#[test]
fn tenants_share_nothing() {
    each_backend(|backend| {
        let rings: HashMap<&str, KeyRing> = ["acme", "globex"]
            .map(|tenant| (tenant, KeyRing::new("1", fresh(backend))))
            .into();
        let sealed = rings["acme"].seal(b"x").unwrap();
        assert!(rings["acme"].open(&sealed).is_ok());
        assert_eq!(
            rings["globex"].open(&sealed).unwrap_err(),
            Error::OpenFailed
        );
        let used = ["acme", "globex"].map(|tenant| rings[tenant].nonce_budget().used());
        assert_eq!(used, [1, 0]);
    });
}

#[test]
fn a_cipher_in_a_ring_can_be_in_use_elsewhere_too() {
    each_backend(|backend| {
        let cipher = Arc::new(fresh(backend));
        let ring = KeyRing::new("1", Arc::clone(&cipher));
        cipher.seal(b"").unwrap();
        assert_eq!(&*ring.open(cipher.seal(b"x").unwrap()).unwrap().0, b"x");
        assert_eq!(ring.nonce_budget().used(), 2, "one count");
    });
}

#[test]
fn debug_shows_how_many_keys_there_are() {
    each_backend(|backend| {
        let ring = ring_of(backend, &["b", "a"], start());
        let text = "KeyRing(2 keys, [redacted])";
        assert_eq!(shown(&ring), format!("{text} {text}"));
    });
}

#[cfg(feature = "rayon")]
#[test]
fn many_messages_open_each_with_its_key() {
    each_backend(|backend| {
        let ring = ring_of(backend, &["b", "a"], start());
        let mut sealed: Vec<String> = (0..300)
            .map(|n| {
                let key_id = if n % 3 == 0 { "a" } else { "b" };
                ring.seal_with(key_id, n.to_string().as_bytes()).unwrap()
            })
            .collect();
        sealed.push("{}".to_owned());
        let mut opened = ring.open_many(&sealed);
        let last = opened.pop().unwrap();
        assert_eq!(last.unwrap_err().code(), "envelope.not_encrypted");
        for (n, result) in opened.into_iter().enumerate() {
            let (payload, by_key) = result.unwrap();
            assert_eq!(&*payload, n.to_string().as_bytes());
            assert_eq!(by_key.is_newest(), n % 3 != 0);
        }
    });
}
