//! `KeyRing`: rotation without downtime, several tenants in one process. Once per backend.

mod ahead;
mod staged;
mod threads;
mod using;

use std::time::{Duration, SystemTime};

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret, Previous};

const HOUR: Duration = Duration::from_secs(3600);

fn fresh(backend: &Backend) -> PayloadCipher {
    PayloadCipher::with_backend(&PayloadSecret::generate().unwrap(), backend).unwrap()
}

/// Ahead of the system clock, so that nothing that lasts until a later time has expired.
fn start() -> SystemTime {
    SystemTime::now() + Duration::from_secs(24 * 3600)
}

fn until(time: SystemTime) -> Previous {
    Previous::OpensUntil(time)
}

/// A ring whose keys are these, the newest first. All but it open until an hour after `start`.
fn ring_of(backend: &Backend, key_ids: &[&str], start: SystemTime) -> KeyRing {
    let mut oldest_first = key_ids.iter().rev();
    let ring = KeyRing::new(*oldest_first.next().unwrap(), fresh(backend));
    for key_id in oldest_first {
        ring.rotate(*key_id, fresh(backend), until(start + HOUR))
            .unwrap();
    }
    assert_eq!(ring.key_ids(), key_ids);
    ring
}
