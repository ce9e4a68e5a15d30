//! Remembers for a while which identifiers no keys were found for.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// At most `max` identifiers, each for half of the time to all of it. Only their hashes under a random key are
/// kept: an identifier can be a credential.
#[derive(Debug)]
pub(super) struct Unknown {
    hashes: RandomState,
    max: usize,
    time: Duration,
    halves: Mutex<Halves>,
}

/// The newer half is filled, and takes the place of the older one.
#[derive(Debug)]
struct Halves {
    newer: HashSet<u64>,
    older: HashSet<u64>,
    /// When the newer half was begun.
    since: Instant,
}

impl Unknown {
    pub(super) fn new(max: usize, time: Duration) -> Self {
        Self {
            hashes: RandomState::new(),
            max,
            time,
            halves: Mutex::new(Halves {
                newer: HashSet::new(),
                older: HashSet::new(),
                since: Instant::now(),
            }),
        }
    }

    pub(super) fn contains(&self, identifier: &str) -> bool {
        let hash = self.hashes.hash_one(identifier);
        self.with_halves(|halves| halves.newer.contains(&hash) || halves.older.contains(&hash))
    }

    pub(super) fn insert(&self, identifier: &str) {
        let hash = self.hashes.hash_one(identifier);
        self.with_halves(|halves| {
            if halves.newer.len() >= self.max / 2 {
                halves.turn(Instant::now());
            }
            if self.max >= 2 {
                halves.newer.insert(hash);
            }
        });
    }

    fn with_halves<T>(&self, work: impl FnOnce(&mut Halves) -> T) -> T {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, half) = (Instant::now(), self.time / 2);
        let age = now.duration_since(halves.since);
        if age >= self.time {
            halves.turn(now);
            halves.turn(now);
        } else if age >= half {
            // Not `now`: what was inserted since then would be kept for longer.
            let since = halves.since + half;
            halves.turn(since);
        }
        work(&mut halves)
    }
}

impl Halves {
    fn turn(&mut self, since: Instant) {
        self.older = mem::take(&mut self.newer);
        self.since = since;
    }
}
