//! The sources of nonces, as a sealed text shows them. Once per backend.

use std::collections::HashSet;

use crate::common::{cipher, each_backend};
use bankezy_crypto::{Error, NonceSource, PayloadCipher};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

fn nonce(sealed: &str) -> [u8; 12] {
    let iv = sealed.split('.').nth(2).unwrap();
    URL_SAFE_NO_PAD.decode(iv).unwrap().try_into().unwrap()
}

#[test]
fn random_nonces_differ_in_every_part() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_nonce_source(NonceSource::random());
        let nonces: Vec<_> = (0..1_000)
            .map(|_| nonce(&cipher.seal(b"").unwrap()))
            .collect();
        // A byte that stays the same in a thousand random ones would be no random byte.
        for place in 0..12 {
            let values: HashSet<u8> = nonces.iter().map(|nonce| nonce[place]).collect();
            assert!(values.len() > 200, "{} at {place}", values.len());
        }
    });
}

#[test]
fn leased_nonces_are_the_instance_and_a_count() {
    each_backend(|backend| {
        let one = cipher(backend).with_nonce_source(NonceSource::leased(1).unwrap());
        let other = cipher(backend).with_nonce_source(NonceSource::leased(u32::MAX).unwrap());
        let mut seen = HashSet::new();
        for (cipher, instance) in [(&one, [0, 0, 0, 1]), (&other, [255; 4])] {
            for _ in 0..10_000 {
                let sealed = cipher.seal(b"payload").unwrap();
                assert_eq!(nonce(&sealed)[..4], instance);
                assert!(seen.insert(nonce(&sealed)));
            }
            // A sealed text does not say where its nonce came from.
            let sealed = cipher.seal(b"payload").unwrap();
            assert_eq!(&*other.open(sealed).unwrap(), b"payload");
        }
    });
}

/// SP 800-38D section 8.3 gives 2^32 to all who seal under a key; the peer is one of them.
#[test]
fn the_default_budget_leaves_half_to_the_peer() {
    each_backend(|backend| {
        let limit = |cipher: &PayloadCipher| cipher.nonce_budget().limit();
        assert_eq!(limit(&cipher(backend)), 1 << 31);
        assert_eq!(limit(&cipher(backend).with_nonce_budget(1 << 32)), 1 << 32);
        assert_eq!(limit(&cipher(backend).with_nonce_budget(u64::MAX)), 1 << 32);
        let leased = || NonceSource::leased(1).unwrap();
        assert_eq!(limit(&cipher(backend).with_nonce_source(leased())), 1 << 40);
        let most = cipher(backend).with_nonce_budget(u64::MAX);
        assert_eq!(limit(&most.with_nonce_source(leased())), 1 << 40);
    });
}

#[test]
fn source_budget_and_count_may_be_set_in_any_order() {
    type Set = fn(PayloadCipher) -> PayloadCipher;
    let set: [Set; 3] = [
        |cipher| cipher.with_nonce_source(NonceSource::leased(1).unwrap()),
        |cipher| cipher.with_nonce_budget(10),
        |cipher| cipher.with_used(7),
    ];
    each_backend(|backend| {
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let cipher = order
                .into_iter()
                .fold(cipher(backend), |cipher, i| set[i](cipher));
            let budget = cipher.nonce_budget();
            assert_eq!((budget.limit(), budget.used()), (10, 7), "{order:?}");
            for _ in 0..3 {
                cipher.seal(b"").unwrap();
            }
            let spent = cipher.seal(b"").unwrap_err();
            assert_eq!(spent, Error::NonceBudgetSpent { limit: 10 }, "{order:?}");
        }
    });
}

#[test]
fn a_count_is_restored_and_never_lowered() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_used((1 << 31) - 2);
        cipher.seal(b"").unwrap();
        let cipher = cipher.with_used(5);
        assert_eq!(cipher.nonce_budget().used(), (1 << 31) - 1);
        cipher.seal(b"").unwrap();
        assert_eq!(
            cipher.seal(b"").unwrap_err(),
            Error::NonceBudgetSpent { limit: 1 << 31 }
        );
        // A caller who knows that the peer does not seal may go on.
        let cipher = cipher.with_nonce_budget(1 << 32);
        cipher.seal(b"").unwrap();
        assert_eq!(cipher.nonce_budget().used(), (1 << 31) + 1);
    });
}

#[test]
fn what_ends_by_its_budget_leaves_nothing() {
    each_backend(|backend| {
        let leased = NonceSource::leased(1).unwrap();
        let cipher = cipher(backend)
            .with_nonce_source(leased)
            .with_nonce_budget(2);
        cipher.seal(b"").unwrap();
        cipher.seal(b"").unwrap();
        let mut sealed = "what was there".to_owned();
        let spent = cipher.seal_into(b"", &mut sealed);
        assert_eq!(spent, Err(Error::NonceBudgetSpent { limit: 2 }));
        assert_eq!(sealed, "");
    });
}

/// A logger that sends what is left when its thread ends seals in the destructor of a thread-local,
/// when those of this crate may be gone.
#[test]
fn it_seals_inside_the_destructor_of_a_thread_local() {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};

    struct AtTheEnd(Arc<PayloadCipher>, Sender<Result<String, Error>>);

    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.seal(b"last words"));
        }
    }

    thread_local! {
        static AT_THE_END: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    }

    each_backend(|backend| {
        for leased in [false, true] {
            for seals_before in [false, true] {
                let mut cipher = cipher(backend);
                if leased {
                    cipher = cipher.with_nonce_source(NonceSource::leased(1).unwrap());
                }
                let cipher = Arc::new(cipher);
                let (sender, sealed) = channel();
                let thread = std::thread::spawn({
                    let cipher = Arc::clone(&cipher);
                    move || {
                        // Destructors run last in, first out: whatever sealing sets up later is gone.
                        AT_THE_END.set(Some(AtTheEnd(Arc::clone(&cipher), sender)));
                        if seals_before {
                            cipher.seal(b"").unwrap();
                        }
                    }
                });
                thread.join().unwrap();
                let sealed = sealed.recv().unwrap().unwrap();
                assert_eq!(&*cipher.open(sealed).unwrap(), b"last words");
            }
        }
    });
}
