//! What this process knows of each token beside the token: whether it is its turn to request the next one.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_crypto::providers::TokenKey;
use tokio::time::Instant;

use crate::connection::lock;
use crate::names::{TokenNames, up_to};

/// Tokens that something is remembered of. Beyond that, what is idle is forgotten.
const MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<TokenKey, Turn>>, AtomicUsize);

#[derive(Default)]
struct Turn {
    claim: Option<Claim>,
    /// Whether a task looks for the next token.
    looks: bool,
    next_look: Option<Instant>,
    /// Whether a look found no newer one, so that the next caller asks for the turn.
    has_looked: bool,
    /// A token in memory that the store did not take, and the claim that it was requested under.
    unsaved: Option<Option<Claim>>,
    /// The tag of the token that the provider refused last.
    refused: Option<String>,
    /// Its names in the store, and the digest of the wrapping key that they were made with.
    names: Option<([u8; 32], Arc<TokenNames>)>,
    /// Held by the one caller that waits in the store for all.
    waiting: Arc<tokio::sync::Mutex<()>>,
}

/// That it is this process's turn.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) owner: String,
    /// The name of the lock: another wrapping key may make other names meanwhile.
    pub(super) lock: String,
    pub(super) fence: u64,
    /// From then on another process may have the lock.
    pub(super) until: Instant,
}

impl Turns {
    pub(super) fn is_ours(&self, key: &TokenKey) -> bool {
        let turns = lock(&self.0);
        let claim = turns.get(key).and_then(|turn| turn.claim.as_ref());
        claim.is_some_and(|claim| Instant::now() < claim.until)
    }

    pub(super) fn claim(&self, key: &TokenKey, claim: Claim) {
        self.with(key, |turn| turn.claim = Some(claim));
    }

    pub(super) fn end(&self, key: &TokenKey) -> Option<Claim> {
        lock(&self.0).get_mut(key)?.claim.take()
    }

    /// Ends the turn if it is by this claim.
    pub(super) fn end_of(&self, key: &TokenKey, owner: &str) {
        if let Some(turn) = lock(&self.0).get_mut(key) {
            turn.claim.take_if(|claim| claim.owner == owner);
        }
    }

    /// Whether the caller is to look now: not if another does, or one just did.
    pub(super) fn begin_look(&self, key: &TokenKey) -> bool {
        self.with(key, |turn| {
            let is_early = turn.next_look.is_some_and(|at| Instant::now() < at);
            let begins = !turn.looks && !is_early;
            turn.looks |= begins;
            begins
        })
    }

    pub(super) fn end_look(&self, key: &TokenKey, pause: Duration) {
        let next = Instant::now().checked_add(pause / 2 + up_to(pause));
        self.with(key, |turn| {
            turn.looks = false;
            turn.next_look = next;
        });
    }

    pub(super) fn looked(&self, key: &TokenKey) {
        self.with(key, |turn| turn.has_looked = true);
    }

    pub(super) fn take_looked(&self, key: &TokenKey) -> bool {
        let mut turns = lock(&self.0);
        turns
            .get_mut(key)
            .is_some_and(|turn| core::mem::take(&mut turn.has_looked))
    }

    /// Whether the caller is to save the token in memory later: not if a task does already.
    pub(super) fn begin_saving(&self, key: &TokenKey, claim: Option<Claim>) -> bool {
        self.with(key, |turn| turn.unsaved.replace(claim).is_none())
    }

    pub(super) fn unsaved(&self, key: &TokenKey) -> Option<Option<Claim>> {
        lock(&self.0).get(key)?.unsaved.clone()
    }

    pub(super) fn end_saving(&self, key: &TokenKey) {
        if let Some(turn) = lock(&self.0).get_mut(key) {
            turn.unsaved = None;
        }
    }

    pub(super) fn refuse(&self, key: &TokenKey, tag: String) {
        self.with(key, |turn| turn.refused = Some(tag));
    }

    pub(super) fn refused(&self, key: &TokenKey) -> Option<String> {
        lock(&self.0).get(key)?.refused.clone()
    }

    /// The names in the store, made once for each wrapping key.
    pub(super) fn names(
        &self,
        key: &TokenKey,
        wrapping: [u8; 32],
        make: impl FnOnce() -> TokenNames,
    ) -> Arc<TokenNames> {
        self.with(key, |turn| match &turn.names {
            Some((of, names)) if *of == wrapping => Arc::clone(names),
            _ => {
                let names = Arc::new(make());
                turn.names = Some((wrapping, Arc::clone(&names)));
                names
            }
        })
    }

    pub(super) fn of(&self, key: &TokenKey) -> Arc<tokio::sync::Mutex<()>> {
        self.with(key, |turn| Arc::clone(&turn.waiting))
    }

    fn with<R>(&self, key: &TokenKey, change: impl FnOnce(&mut Turn) -> R) -> R {
        let mut turns = lock(&self.0);
        if turns.len() >= self.1.load(Ordering::Relaxed).max(MAX) && !turns.contains_key(key) {
            turns.retain(|_, turn| !turn.is_idle());
            // Where few are idle, not again for each new one.
            let next = turns.len().saturating_mul(2);
            self.1.store(next, Ordering::Relaxed);
        }
        change(turns.entry(*key).or_default())
    }
}

impl Turn {
    fn is_idle(&self) -> bool {
        // A login that failed leaves its claim behind.
        let is_ours = |claim: &Claim| Instant::now() < claim.until;
        let has_claim = self.claim.as_ref().is_some_and(is_ours);
        !has_claim && !self.looks && self.unsaved.is_none() && Arc::strong_count(&self.waiting) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_that_failed_are_forgotten_once_their_locks_have_expired() {
        let turns = Turns::default();
        let claim = |number: usize, until| {
            let key = TokenKey::of(&[number.to_be_bytes().as_slice()]).unwrap();
            let claim = Claim {
                owner: String::new(),
                lock: String::new(),
                fence: 1,
                until,
            };
            turns.claim(&key, claim);
            key
        };
        let now = Instant::now();
        let under_way = claim(0, now + Duration::from_secs(60));
        for number in 1..=MAX {
            claim(number, now);
        }
        assert!(turns.is_ours(&under_way));
        assert_eq!(lock(&turns.0).len(), 2);
    }
}
