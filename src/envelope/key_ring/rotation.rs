//! Changing the keys of a ring.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use super::KeyRing;
use super::keys::{Key, Keys, Previous};
use crate::envelope::PayloadCipher;
use crate::error::Error;
use crate::sync::atomic::{AtomicBool, Ordering};

impl KeyRing {
    /// Adds a key that opens messages and seals only the answers to requests sealed with it. It
    /// stays until it is promoted or retired. Keys that have expired by the system clock are
    /// dropped first.
    ///
    /// This is the first step of a rotation in a fleet: add the key in every process, then
    /// [`promote`](Self::promote) it in each.
    ///
    /// The ring does not remember the keys that it dropped. If one comes back, add the cipher that it had, whose
    /// count goes on, or restore the count with [`PayloadCipher::with_used`].
    ///
    /// # Errors
    /// [`Error::DuplicateKeyId`] if the ring has a key with that identifier,
    /// [`Error::DuplicateKeySecret`] if it has a cipher of the same secret, [`Error::KeyRingFull`] if
    /// it already has as many keys beside the newest as it may. The ring's keys are then unchanged, but
    /// those that it saw expire stay expired, as after each look.
    pub fn add_for_opening(
        &self,
        key_id: impl Into<Arc<str>>,
        cipher: impl Into<Arc<PayloadCipher>>,
    ) -> Result<(), Error> {
        let key = Key::new(key_id, cipher);
        let max = self.max_opening_keys;
        self.change(|keys| keys.add_for_opening(key, SystemTime::now(), max))
    }

    /// Makes a key of the ring the newest: one that was added for opening, or one that was replaced and has not
    /// expired by the system clock. It keeps its count of messages. `previous` says what happens to the key that was
    /// the newest, in the same step. If the key already is the newest, nothing changes.
    ///
    /// # Errors
    /// [`Error::UnknownKeyId`] if the ring has no such key, or it has expired. [`Error::KeyRingFull`] if
    /// the previous key stays and the ring then has more keys than it may. The ring's keys are then unchanged, but
    /// those that it saw expire stay expired, as after each look.
    pub fn promote(&self, key_id: &str, previous: Previous) -> Result<(), Error> {
        self.promote_at(key_id, previous, SystemTime::now())
    }

    /// As [`promote`](Self::promote), at a time of the caller's clock.
    ///
    /// # Errors
    /// As for [`promote`](Self::promote).
    pub fn promote_at(
        &self,
        key_id: &str,
        previous: Previous,
        now: SystemTime,
    ) -> Result<(), Error> {
        self.change(|keys| keys.promote(key_id, previous, now, self.max_opening_keys))
    }

    /// Adds a key as the newest at once: for one process alone, or after a leak. A fleet whose
    /// processes learn a key at different times needs [`add_for_opening`](Self::add_for_opening)
    /// first.
    ///
    /// # Errors
    /// As for [`add_for_opening`](Self::add_for_opening); with [`Previous::Drop`] the ring is never
    /// full.
    pub fn rotate(
        &self,
        key_id: impl Into<Arc<str>>,
        cipher: impl Into<Arc<PayloadCipher>>,
        previous: Previous,
    ) -> Result<(), Error> {
        let key = Key::new(key_id, cipher);
        let max = self.max_opening_keys;
        self.change(|keys| keys.rotate(key, previous, SystemTime::now(), max))
    }

    /// Rotates if less than `share`, such as 0.1, of the newest key's nonce budget is left. Call it now and then, or
    /// after each message: while enough is left, it only reads a count.
    ///
    /// `next` makes the new key, such as by a call to a key service. One caller runs it; the others
    /// get `false` meanwhile and go on. It holds no lock, so all else that the ring does goes on too.
    /// After an error or a panic of it, the next caller tries again.
    ///
    /// Returns `true` if this call rotated. The new key is discarded, and the result `false`, if
    /// another key is the newest when `next` is done.
    ///
    /// # Errors
    /// What `next` fails with, and as for [`rotate`](Self::rotate): if the ring is full, `next` does not run.
    /// The ring's keys are then unchanged, but those that it saw expire stay expired.
    pub fn rotate_ahead<K, C, E>(
        &self,
        share: f64,
        previous: Previous,
        next: impl FnOnce() -> Result<(K, C), E>,
    ) -> Result<bool, E>
    where
        K: Into<Arc<str>>,
        C: Into<Arc<PayloadCipher>>,
        E: From<Error>,
    {
        let is_due = |key: &Key| key.cipher.nonce_budget().remaining_share() < share;
        if !is_due(&self.keys.load().newest) {
            return Ok(false);
        }
        let Some(_under_way) = UnderWay::begin(&self.rotating_ahead) else {
            return Ok(false);
        };
        // Another caller may have rotated since the look above.
        let keys = self.keys.load();
        let newest = Arc::clone(&keys.newest);
        if !is_due(&newest) {
            return Ok(false);
        }
        // Checked before a key is made that would not fit.
        let max = self.max_opening_keys;
        keys.check_capacity(previous, SystemTime::now(), max)?;
        drop(keys);
        // Weak, so that a key dropped while `next` runs is wiped.
        let due = Arc::downgrade(&newest);
        drop(newest);
        let (key_id, cipher) = next()?;
        let key = Key::new(key_id, cipher);
        let rotated = self.change(|keys| {
            if !due.ptr_eq(&Arc::downgrade(&keys.newest)) {
                return Ok(false);
            }
            keys.rotate(key, previous, SystemTime::now(), max)?;
            Ok(true)
        })?;
        Ok(rotated)
    }

    /// Drops a key before its date, such as one that leaked. It opens no message begun afterwards, and is wiped as
    /// soon as no message begun before uses it, unless the caller kept an `Arc` of the cipher, or the
    /// [`PayloadSecret`](crate::PayloadSecret) that it was made of.
    ///
    /// # Errors
    /// [`Error::KeyIsNewest`] for the newest key, which still seals:
    /// [`promote`](Self::promote) or [`rotate`](Self::rotate) to another with [`Previous::Drop`].
    /// [`Error::UnknownKeyId`] if the ring has no such key.
    pub fn retire(&self, key_id: &str) -> Result<(), Error> {
        self.change(|keys| keys.retire(key_id))
    }

    /// Drops and wipes the keys that have expired by the system clock. They no longer open anything in any case; each
    /// change of the ring's keys except [`retire`](Self::retire) does the same.
    pub fn purge(&self) {
        self.purge_at(SystemTime::now());
    }

    /// As [`purge`](Self::purge), at a time of the caller's clock.
    pub fn purge_at(&self, now: SystemTime) {
        // Nothing in it fails.
        let _ = self.change(|keys| {
            keys.purge(now);
            Ok(())
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut Keys) -> Result<T, Error>) -> Result<T, Error> {
        // A panic while it was held leaves nothing half done: the new keys are stored at the end.
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = Keys::clone(&self.keys.load());
        let done = change(&mut keys)?;
        self.keys.store(Arc::new(keys));
        Ok(done)
    }
}

/// Marks that a caller is making the next key, until it is dropped, by a panic as well.
struct UnderWay<'a>(&'a AtomicBool);

impl<'a> UnderWay<'a> {
    /// `None` if another caller is already making one.
    fn begin(flag: &'a AtomicBool) -> Option<Self> {
        flag.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| Self(flag))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
