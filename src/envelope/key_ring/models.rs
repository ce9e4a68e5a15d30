//! Changing a ring while others do, with every order of threads that the model checker finds. Run by
//! `.ci/models`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use super::{KeyRing, Previous};
use crate::backend::AVAILABLE;
use crate::envelope::PayloadCipher;
use crate::error::Error;
use crate::secret::PayloadSecret;
use crate::sync::check;

fn cipher(seed: u8) -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&[seed; 32]).unwrap();
    PayloadCipher::with_backend(&secret, &AVAILABLE[0]).unwrap()
}

fn later() -> Previous {
    Previous::OpensUntil(SystemTime::now() + Duration::from_secs(3600))
}

#[test]
fn model_no_change_is_lost() {
    check(|| {
        let ring = Arc::new(KeyRing::new("1", cipher(1)).with_max_opening_keys(2));
        let threads = [2, 3, 4].map(|n: u8| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.add_for_opening(n.to_string(), cipher(n)))
        });
        let added = threads.map(|thread| thread.join().unwrap());
        let full = Err(Error::KeyRingFull {
            max_opening_keys: 2,
        });
        assert_eq!(added.iter().filter(|added| **added == full).count(), 1);
        assert_eq!(added.iter().filter(|added| added.is_ok()).count(), 2);
        assert_eq!(ring.key_ids().len(), 3);
    });
}

#[test]
fn model_a_message_opens_while_its_key_is_replaced() {
    check(|| {
        let ring = Arc::new(KeyRing::new("1", cipher(1)));
        ring.add_for_opening("2", cipher(2)).unwrap();
        let promoting = Arc::clone(&ring);
        let promoted = thread::spawn(move || promoting.promote("2", later()));
        let using = Arc::clone(&ring);
        let used = thread::spawn(move || {
            let sealed = using.seal(b"").unwrap();
            using.open(sealed).map(drop)
        });
        assert_eq!(promoted.join().unwrap(), Ok(()));
        assert_eq!(used.join().unwrap(), Ok(()));
        assert_eq!(ring.key_ids(), ["2", "1"]);
    });
}

#[test]
fn model_one_caller_makes_the_next_key() {
    check(|| {
        // Its whole budget is spent, so that it is due for all.
        let ring = Arc::new(KeyRing::new("1", cipher(1).with_nonce_budget(0)));
        let (made, making) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let threads = [(); 3].map(|()| {
            let (ring, made, making) = (Arc::clone(&ring), Arc::clone(&made), Arc::clone(&making));
            thread::spawn(move || {
                ring.rotate_ahead(0.5, later(), || {
                    assert_eq!(making.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                    thread::yield_now();
                    making.fetch_sub(1, Ordering::SeqCst);
                    made.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, Error>(("2", cipher(2)))
                })
            })
        });
        let rotated = threads.map(|thread| thread.join().unwrap().unwrap());
        assert_eq!(rotated.iter().filter(|rotated| **rotated).count(), 1);
        assert_eq!(made.load(Ordering::SeqCst), 1);
        assert_eq!(ring.key_ids(), ["2", "1"]);
    });
}
