//! The keys of a ring at one moment, and what can be changed about them.

use core::cell::LazyCell;
use std::sync::Arc;
use std::time::SystemTime;

use crate::envelope::PayloadCipher;
use crate::error::Error;
use crate::sync::atomic::{AtomicBool, Ordering};

/// What happens to the newest key when another one replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Previous {
    /// It opens messages until this time, and seals the answers to requests that were sealed with it. A time in the
    /// past drops it at once.
    OpensUntil(SystemTime),
    /// It is dropped at once, such as after a leak: what it sealed no longer opens.
    Drop,
}

#[derive(Clone)]
pub(super) struct Keys {
    pub(super) newest: Arc<Key>,
    /// The last added or replaced first.
    opening: Vec<Arc<OpeningKey>>,
}

pub(super) struct Key {
    pub(super) id: Arc<str>,
    pub(super) cipher: Arc<PayloadCipher>,
}

/// A key that opens, and seals only answers.
struct OpeningKey {
    key: Arc<Key>,
    /// `None`: it was added for opening, and stays until it is promoted or retired.
    until: Option<SystemTime>,
    /// Set when it is first seen expired, so that a clock that goes back does not bring it back.
    expired: AtomicBool,
}

impl Keys {
    pub(super) fn new(newest: Arc<Key>) -> Self {
        Self {
            newest,
            opening: Vec::new(),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Key>> {
        core::iter::once(&self.newest).chain(self.opening.iter().map(|opening| &opening.key))
    }

    /// The keys that have not expired, and whether each is the newest, which comes first. The clock
    /// is read once, when the second one is asked for.
    pub(super) fn usable(
        &self,
        clock: impl FnOnce() -> SystemTime,
    ) -> impl Iterator<Item = (&Arc<Key>, bool)> {
        let now = LazyCell::new(clock);
        let opening = self.opening.iter();
        let opening = opening.filter(move |opening| opening.is_usable(*now));
        core::iter::once((&self.newest, true)).chain(opening.map(|opening| (&opening.key, false)))
    }

    pub(super) fn purge(&mut self, now: SystemTime) {
        self.opening.retain(|opening| opening.is_usable(now));
    }

    pub(super) fn add_for_opening(
        &mut self,
        key: Arc<Key>,
        now: SystemTime,
        max: usize,
    ) -> Result<(), Error> {
        self.purge(now);
        self.refuse_known(&key)?;
        self.open_with(key, None, max)
    }

    /// A new key in front that was not added for opening before.
    pub(super) fn rotate(
        &mut self,
        key: Arc<Key>,
        previous: Previous,
        now: SystemTime,
        max: usize,
    ) -> Result<(), Error> {
        self.purge(now);
        self.refuse_known(&key)?;
        self.replace_newest(key, previous, now, max)
    }

    pub(super) fn promote(
        &mut self,
        key_id: &str,
        previous: Previous,
        now: SystemTime,
        max: usize,
    ) -> Result<(), Error> {
        if *self.newest.id == *key_id {
            return Ok(());
        }
        self.purge(now);
        let key = self.take_opening(key_id).ok_or(Error::UnknownKeyId)?;
        self.replace_newest(key, previous, now, max)
    }

    pub(super) fn retire(&mut self, key_id: &str) -> Result<(), Error> {
        if *self.newest.id == *key_id {
            return Err(Error::KeyIsNewest);
        }
        self.take_opening(key_id).ok_or(Error::UnknownKeyId)?;
        Ok(())
    }

    fn replace_newest(
        &mut self,
        key: Arc<Key>,
        previous: Previous,
        now: SystemTime,
        max: usize,
    ) -> Result<(), Error> {
        let replaced = core::mem::replace(&mut self.newest, key);
        match previous.opens_until(now) {
            Some(until) => self.open_with(replaced, Some(until), max),
            None => Ok(()),
        }
    }

    /// Whether the newest key may stay as `previous` says once another takes its place.
    pub(super) fn check_capacity(
        &self,
        previous: Previous,
        now: SystemTime,
        max: usize,
    ) -> Result<(), Error> {
        let usable = self.opening.iter().filter(|opening| opening.is_usable(now));
        match previous.opens_until(now) {
            Some(_) => check_len(usable.count(), max),
            None => Ok(()),
        }
    }

    fn open_with(
        &mut self,
        key: Arc<Key>,
        until: Option<SystemTime>,
        max: usize,
    ) -> Result<(), Error> {
        check_len(self.opening.len(), max)?;
        let opening = OpeningKey {
            key,
            until,
            expired: AtomicBool::new(false),
        };
        self.opening.insert(0, Arc::new(opening));
        Ok(())
    }

    fn take_opening(&mut self, key_id: &str) -> Option<Arc<Key>> {
        let place = self
            .opening
            .iter()
            .position(|opening| *opening.key.id == *key_id)?;
        Some(Arc::clone(&self.opening.remove(place).key))
    }

    /// Two ciphers of one secret would count its messages separately.
    fn refuse_known(&self, new: &Key) -> Result<(), Error> {
        if self.all().any(|key| key.id == new.id) {
            return Err(Error::DuplicateKeyId);
        }
        if self.all().any(|key| key.cipher.has_secret_of(&new.cipher)) {
            return Err(Error::DuplicateKeySecret);
        }
        Ok(())
    }
}

/// Whether one more is allowed.
fn check_len(len: usize, max: usize) -> Result<(), Error> {
    if len < max {
        return Ok(());
    }
    Err(Error::KeyRingFull {
        max_opening_keys: max,
    })
}

impl Previous {
    /// `None` if it is dropped at once.
    fn opens_until(self, now: SystemTime) -> Option<SystemTime> {
        match self {
            Self::OpensUntil(until) if now < until => Some(until),
            Self::OpensUntil(_) | Self::Drop => None,
        }
    }
}

impl Key {
    pub(super) fn new(id: impl Into<Arc<str>>, cipher: impl Into<Arc<PayloadCipher>>) -> Arc<Self> {
        Arc::new(Self {
            id: id.into(),
            cipher: cipher.into(),
        })
    }
}

impl OpeningKey {
    fn is_usable(&self, now: SystemTime) -> bool {
        if self.expired.load(Ordering::Relaxed) {
            return false;
        }
        let is_usable = self.until.is_none_or(|until| now < until);
        if !is_usable {
            self.expired.store(true, Ordering::Relaxed);
        }
        is_usable
    }
}
