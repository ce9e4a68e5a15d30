//! Where nonces come from, as a sealed text shows them. Once per backend.

mod common;

use std::collections::HashSet;

use bankezy_crypto::{Error, NonceSource, PayloadCipher};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{cipher, each_backend};

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
        let one = cipher(backend).with_nonce_source(NonceSource::leased(1));
        let other = cipher(backend).with_nonce_source(NonceSource::leased(u32::MAX));
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

#[test]
fn the_budget_goes_with_the_source() {
    each_backend(|backend| {
        let limit = |cipher: &PayloadCipher| cipher.nonce_budget().limit();
        let random = cipher(backend).with_nonce_budget(u64::MAX);
        assert_eq!(limit(&random), 1 << 32);
        let leased = cipher(backend).with_nonce_source(NonceSource::leased(1));
        assert_eq!(limit(&leased), 1 << 48);
        let leased = leased.with_nonce_budget(2);
        leased.seal(b"").unwrap();
        leased.seal(b"").unwrap();
        let mut sealed = "what was there".to_owned();
        let spent = leased.seal_into(b"", &mut sealed);
        assert_eq!(spent, Err(Error::NonceBudgetSpent { limit: 2 }));
        assert_eq!(sealed, "");
    });
}
