//! Rotation of payload secrets without downtime.

mod keys;
#[cfg(all(test, shuttle))]
mod models;
mod rotation;

pub use keys::Previous;

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{OpenedByKey, PayloadCipher, to_json};
use crate::error::Error;
use crate::nonce::NonceBudget;
use crate::secret::Opened;
use crate::sync::atomic::AtomicBool;
use crate::sync::{ArcSwap, Mutex};
use keys::{Key, Keys};

/// Seals with the newest key, and opens with any of a bounded number of others: replaced keys until they expire, and
/// keys that were added for opening before they seal. [`seal_with`](Self::seal_with) seals an answer for a peer that
/// still uses an older key.
///
/// Each key has an identifier of the caller's choice; it stays in this process and is not written
/// into messages, whose header is fixed. One ring serves one partner or tenant: a process with
/// several keeps a ring for each, and rings share nothing.
///
/// Keys may change while messages are sealed and opened in other threads. Each is sealed or opened
/// with the keys as they were when it began, and nothing is locked for it. A key that was once seen
/// expired stays expired if the clock goes back: seen by a message that the newest key did not open, by
/// [`seal_with`](Self::seal_with) for another key, or by a change of keys. The newest key needs no clock, so a
/// ring that uses only that one has seen nothing: call [`purge`](Self::purge) now and then.
///
/// A fleet rotates in two steps, each of which may reach its processes at different times, the
/// partner's among them:
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret, Previous};
/// use std::time::{Duration, SystemTime};
///
/// let ring = KeyRing::new("2026-10", PayloadCipher::new(&PayloadSecret::generate()?)?);
/// let sealed = ring.seal(b"under the old key")?;
///
/// // First: every process learns the key, and opens with it.
/// ring.add_for_opening("2026-11", PayloadCipher::new(&PayloadSecret::generate()?)?)?;
/// // Then: each seals with it. What is under the old key opens for another hour.
/// let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
/// ring.promote("2026-11", Previous::OpensUntil(in_an_hour))?;
///
/// let (opened, by_key) = ring.open(&sealed)?;
/// assert_eq!(&*opened, b"under the old key");
/// assert_eq!((by_key.key_id(), by_key.is_newest()), (Some("2026-10"), false));
///
/// // In an emergency, a key is dropped at once.
/// ring.retire("2026-10")?;
/// assert!(ring.open(&sealed).is_err());
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
pub struct KeyRing {
    keys: ArcSwap<Keys>,
    /// Held while keys are changed, never while they are used.
    changing: Mutex<()>,
    rotating_ahead: AtomicBool,
    max_opening_keys: usize,
}

/// Default number of keys beside the newest.
const DEFAULT_MAX_OPENING_KEYS: usize = 4;

impl KeyRing {
    /// A ring with one key, and at most 4 more that open.
    #[must_use]
    pub fn new(key_id: impl Into<Arc<str>>, cipher: impl Into<Arc<PayloadCipher>>) -> Self {
        Self {
            keys: ArcSwap::from_pointee(Keys::new(Key::new(key_id, cipher))),
            changing: Mutex::new(()),
            rotating_ahead: AtomicBool::new(false),
            max_opening_keys: DEFAULT_MAX_OPENING_KEYS,
        }
    }

    /// Sets how many keys there may be beside the newest, replaced ones and those added for opening
    /// together: each is one more attempt for a message that does not open. Default: 4.
    #[must_use]
    pub fn with_max_opening_keys(mut self, max: usize) -> Self {
        self.max_opening_keys = max;
        self
    }

    /// Identifiers of the keys: the newest first, then the others, the last added or replaced first.
    /// Keys that have expired and were not dropped yet are among them.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        let keys = self.keys.load();
        keys.all().map(|key| key.id.as_ref().to_owned()).collect()
    }

    /// What is used and left of the newest key's nonce budget: rotate before it ends.
    #[must_use]
    pub fn nonce_budget(&self) -> NonceBudget {
        self.keys.load().newest.cipher.nonce_budget()
    }

    /// Seals a payload with the newest key.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        self.keys.load().newest.cipher.seal(plaintext)
    }

    /// Writes a value as JSON and seals it with the newest key.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal_json`].
    pub fn seal_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<String, Error> {
        self.seal(to_json(value)?.as_bytes())
    }

    /// Replaces `sealed` with the payload, sealed with the newest key. On failure it is empty.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal`].
    pub fn seal_into(&self, plaintext: &[u8], sealed: &mut String) -> Result<(), Error> {
        self.keys.load().newest.cipher.seal_into(plaintext, sealed)
    }

    /// Replaces `sealed` with the bytes of the payload, sealed with the newest key. On failure it is empty.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal`].
    pub fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        let keys = self.keys.load();
        keys.newest.cipher.seal_to_bytes(plaintext, sealed)
    }

    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.keys.load().newest.cipher.fingerprint()
    }

    /// Seals a payload with the key of this identifier, if it has not expired by the system clock: for answering a
    /// peer that has not rotated yet. The key's own nonce budget counts.
    ///
    /// # Errors
    /// [`Error::UnknownKeyId`] if the ring has no such key, and as for [`PayloadCipher::seal`].
    pub fn seal_with(&self, key_id: &str, plaintext: &[u8]) -> Result<String, Error> {
        self.with_key(key_id, SystemTime::now, |cipher| cipher.seal(plaintext))
    }

    /// As [`seal_with`](Self::seal_with), at a time of the caller's clock.
    ///
    /// # Errors
    /// As for [`seal_with`](Self::seal_with).
    pub fn seal_with_at(
        &self,
        key_id: &str,
        plaintext: &[u8],
        now: SystemTime,
    ) -> Result<String, Error> {
        self.with_key(key_id, || now, |cipher| cipher.seal(plaintext))
    }

    /// Has `seal` seal with the key of this identifier, which has not expired.
    pub(super) fn with_key<T>(
        &self,
        key_id: &str,
        clock: impl FnOnce() -> SystemTime,
        seal: impl FnOnce(&PayloadCipher) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let keys = self.keys.load();
        let (key, _) = keys
            .usable(clock)
            .find(|(key, _)| *key.id == *key_id)
            .ok_or(Error::UnknownKeyId)?;
        seal(&key.cipher)
    }

    /// Opens a sealed text with the newest key, or with the first other one that matches and has not expired by the
    /// system clock, and returns which key it was.
    ///
    /// # Errors
    /// As for [`PayloadCipher::open`]: [`Error::OpenFailed`] if no key fits, [`Error::SealedTooLong`] if the
    /// text is longer than each of its keys takes.
    pub fn open(&self, sealed: impl AsRef<[u8]>) -> Result<(Opened, OpenedByKey), Error> {
        let mut opened = Opened::new();
        let by_key = self.open_into(sealed, &mut opened)?;
        Ok((opened, by_key))
    }

    /// As [`open`](Self::open), at a time of the caller's clock.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_at(
        &self,
        sealed: impl AsRef<[u8]>,
        now: SystemTime,
    ) -> Result<(Opened, OpenedByKey), Error> {
        let mut opened = Opened::new();
        let by_key = self.open_by_clock(sealed.as_ref(), &mut opened, || now)?;
        Ok((opened, by_key))
    }

    /// Replaces `opened` with the opened payload. On failure it is empty, and its memory wiped.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_into(
        &self,
        sealed: impl AsRef<[u8]>,
        opened: &mut Opened,
    ) -> Result<OpenedByKey, Error> {
        self.open_by_clock(sealed.as_ref(), opened, SystemTime::now)
    }

    /// Opens a sealed text as [`open`](Self::open) does and reads it as JSON.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`Error::Json`], which never quotes the payload.
    pub fn open_json<T: DeserializeOwned>(
        &self,
        sealed: impl AsRef<[u8]>,
    ) -> Result<(T, OpenedByKey), Error> {
        let (opened, by_key) = self.open(sealed)?;
        Ok((opened.json()?, by_key))
    }

    fn open_by_clock(
        &self,
        sealed: &[u8],
        opened: &mut Opened,
        clock: impl FnOnce() -> SystemTime,
    ) -> Result<OpenedByKey, Error> {
        let keys = self.keys.load();
        // Each key has its own cap: report the largest if the text exceeds all of them.
        let mut largest_cap = Some(0);
        for (key, is_newest) in keys.usable(clock) {
            match key.cipher.open_into(sealed, opened) {
                Ok(()) => return Ok(OpenedByKey::new(Arc::clone(&key.id), is_newest)),
                Err(Error::OpenFailed) => largest_cap = None,
                Err(Error::SealedTooLong { max, .. }) => {
                    largest_cap = largest_cap.map(|largest| max.max(largest));
                }
                // What else is wrong with its form is wrong under every key.
                Err(error) => return Err(error),
            }
        }
        let len = sealed.len();
        Err(largest_cap.map_or(Error::OpenFailed, |max| Error::SealedTooLong { len, max }))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KeyRing({} keys, [redacted])",
            self.keys.load().all().count()
        )
    }
}
