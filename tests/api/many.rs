//! `seal_many` and `open_many`. Once per backend.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::common::{cipher, each_backend};
use bankezy_crypto::Error;
use bankezy_crypto::backend::AVAILABLE;

#[test]
fn results_come_in_the_order_of_the_messages() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let payloads: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
        let sealed: Vec<String> = cipher
            .seal_many(&payloads)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        let opened = cipher.open_many(&sealed);
        assert_eq!(opened.len(), payloads.len());
        for (opened, payload) in opened.iter().zip(&payloads) {
            assert_eq!(opened.as_ref().unwrap().as_bytes(), payload.as_bytes());
        }
    });
}

#[test]
fn each_message_has_its_own_result() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_nonce_budget(3);
        let sealed = cipher.seal_many(&["a", "b", "c", "d"]);
        let spent: Vec<_> = sealed.iter().filter_map(|it| it.as_ref().err()).collect();
        assert_eq!(spent, [&Error::NonceBudgetSpent { limit: 3 }]);

        let good = sealed.into_iter().find_map(Result::ok).unwrap();
        let opened = cipher.open_many(&[good.as_str(), "bad", good.as_str()]);
        assert!(matches!(
            opened[..],
            [Ok(_), Err(Error::Malformed { .. }), Ok(_)]
        ));
    });
}

/// A long message. Whoever reads it waits for another thread to read one too.
struct Meeting<'a> {
    payload: Vec<u8>,
    was_measured: AtomicBool,
    threads: &'a (Mutex<HashSet<ThreadId>>, Condvar),
}

impl AsRef<[u8]> for Meeting<'_> {
    fn as_ref(&self) -> &[u8] {
        // The first to ask wants the length.
        if self.was_measured.swap(true, Ordering::SeqCst) {
            let (threads, changed) = self.threads;
            let mut threads = threads.lock().unwrap();
            threads.insert(thread::current().id());
            changed.notify_all();
            let alone = |threads: &mut HashSet<ThreadId>| threads.len() < 2;
            drop(changed.wait_timeout_while(threads, Duration::from_secs(10), alone));
        }
        &self.payload
    }
}

#[test]
fn a_few_long_messages_are_shared_out_too() {
    let threads = (Mutex::new(HashSet::new()), Condvar::new());
    let messages = [(); 2].map(|()| Meeting {
        payload: vec![0; 1 << 20],
        was_measured: AtomicBool::new(false),
        threads: &threads,
    });
    let cipher = cipher(&AVAILABLE[0]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let sealed = pool.unwrap().install(|| cipher.seal_many(&messages));
    assert!(sealed.iter().all(Result::is_ok));
    assert_eq!(threads.0.into_inner().unwrap().len(), 2);
}
