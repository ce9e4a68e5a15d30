//! Rotation of payload secrets without downtime.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{OpenedByKey, PayloadCipher, to_json};
use crate::error::Error;
use crate::nonce::NonceBudget;
use crate::secret::Opened;

/// Seals with the newest key, opens with any of a bounded number of older ones until their dates.
/// [`seal_with`](Self::seal_with) answers who still uses an older one.
///
/// Each key has an identifier of the caller's choice; it stays in this process and is not written
/// into messages, whose header is fixed. One ring serves one partner or tenant: a process with
/// several keeps a ring for each, and rings share nothing.
///
/// Rotation and use may come from different threads at the same time; a message is sealed or
/// opened with the keys as they were when it began, and nothing is locked for it.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
/// use std::time::{Duration, SystemTime};
///
/// let now = SystemTime::now();
/// let ring = KeyRing::new("2026-10", PayloadCipher::new(&PayloadSecret::generate()?)?);
/// let sealed = ring.seal(b"under the old key")?;
///
/// let next = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// ring.rotate("2026-11", next, now + Duration::from_secs(3600), now)?;
/// let (opened, by_key) = ring.open(&sealed)?;
/// assert_eq!(&*opened, b"under the old key");
/// assert_eq!((by_key.key_id(), by_key.is_newest()), (Some("2026-10"), false));
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
pub struct KeyRing {
    keys: ArcSwap<Keys>,
    /// Held by whoever changes the keys, never by who uses them.
    changing: Mutex<()>,
    max_older: usize,
}

#[derive(Clone)]
struct Keys {
    newest: Arc<Key>,
    /// Newest first, each with the time until which it opens.
    older: Vec<(Arc<Key>, SystemTime)>,
}

struct Key {
    id: Arc<str>,
    cipher: PayloadCipher,
}

/// Older keys that a ring keeps unless the caller says otherwise.
const DEFAULT_MAX_OLDER: usize = 4;

impl KeyRing {
    /// A ring with one key, and room for 4 older ones.
    #[must_use]
    pub fn new(key_id: impl Into<Arc<str>>, cipher: PayloadCipher) -> Self {
        Self {
            keys: ArcSwap::from_pointee(Keys {
                newest: Key::new(key_id.into(), cipher),
                older: Vec::new(),
            }),
            changing: Mutex::new(()),
            max_older: DEFAULT_MAX_OLDER,
        }
    }

    /// Bounds how many older keys are kept: each is one more attempt for a message that does not
    /// open.
    #[must_use]
    pub fn with_max_older(mut self, max: usize) -> Self {
        self.max_older = max;
        self
    }

    /// Puts a new key in front. The key that was newest opens messages until `open_until`; older
    /// keys whose time is over at `now` are dropped and wiped.
    ///
    /// # Errors
    /// [`Error::DuplicateKeyId`] if the ring has a key of that identifier; [`Error::KeyRingFull`]
    /// if it already keeps as many older keys as it may. The ring is then unchanged.
    pub fn rotate(
        &self,
        key_id: impl Into<Arc<str>>,
        cipher: PayloadCipher,
        open_until: SystemTime,
        now: SystemTime,
    ) -> Result<(), Error> {
        let key = Key::new(key_id.into(), cipher);
        self.change(|keys| keys.rotate(key, open_until, now, self.max_older))
    }

    /// Rotates where less than `share` of the newest key's nonce budget is left, such as 0.1: to be
    /// called now and then, or after each message, since it only looks as long as there is enough.
    /// `next` makes the new key and is called under a lock, so once for however many threads.
    /// `true` if it rotated.
    ///
    /// # Errors
    /// What `next` fails with, and as for [`rotate`](Self::rotate). The ring is then unchanged.
    pub fn rotate_ahead<K: Into<Arc<str>>>(
        &self,
        share: f64,
        next: impl FnOnce() -> Result<(K, PayloadCipher), Error>,
        open_until: SystemTime,
        now: SystemTime,
    ) -> Result<bool, Error> {
        let is_due = |keys: &Keys| keys.newest.cipher.nonce_budget().remaining_share() < share;
        if !is_due(&self.keys.load()) {
            return Ok(false);
        }
        self.change(|keys| {
            // Another thread may have rotated meanwhile.
            if !is_due(keys) {
                return Ok(false);
            }
            let (key_id, cipher) = next()?;
            let key = Key::new(key_id.into(), cipher);
            keys.rotate(key, open_until, now, self.max_older)?;
            Ok(true)
        })
    }

    /// Drops and wipes an older key ahead of its date, such as one that leaked. `false` if no older
    /// key has that identifier; the newest key cannot be dropped, only rotated away.
    pub fn retire(&self, key_id: &str) -> bool {
        self.change(|keys| {
            let before = keys.older.len();
            keys.older.retain(|(key, _)| *key.id != *key_id);
            Ok(keys.older.len() < before)
        })
        .unwrap_or(false)
    }

    /// Drops and wipes the older keys whose time is over at `now`. They open nothing any more either
    /// way; [`rotate`](Self::rotate) does the same.
    pub fn purge(&self, now: SystemTime) {
        // Nothing in it fails.
        let _ = self.change(|keys| {
            keys.older.retain(|(_, until)| now < *until);
            Ok(())
        });
    }

    /// Identifiers of the keys, newest first, those included whose time is over and that were not
    /// dropped yet.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        let keys = self.keys.load();
        keys.all().map(|key| key.id.as_ref().to_owned()).collect()
    }

    /// What is used and left of the newest key's nonce budget: rotate ahead of its end.
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

    /// Replaces `sealed` by the payload, sealed with the newest key. On failure it is empty.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal`].
    pub fn seal_into(&self, plaintext: &[u8], sealed: &mut String) -> Result<(), Error> {
        self.keys.load().newest.cipher.seal_into(plaintext, sealed)
    }

    /// Seals a payload with the key of this identifier, the newest one or an older one that has not
    /// expired by the system's clock: for an answer to who has not rotated yet. The key's own nonce
    /// budget counts.
    ///
    /// # Errors
    /// [`Error::UnknownKeyId`] if the ring has no such key, and as for [`PayloadCipher::seal`].
    pub fn seal_with(&self, key_id: &str, plaintext: &[u8]) -> Result<String, Error> {
        self.seal_with_at(key_id, plaintext, SystemTime::now())
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
        let keys = self.keys.load();
        let (key, _) = keys
            .usable(now)
            .find(|(key, _)| *key.id == *key_id)
            .ok_or(Error::UnknownKeyId)?;
        key.cipher.seal(plaintext)
    }

    /// Opens a sealed text with the newest key, or with the first older one that fits and has not
    /// expired by the system's clock, and says which key it was.
    ///
    /// # Errors
    /// As for [`PayloadCipher::open`]: [`Error::OpenFailed`] if no key fits.
    pub fn open(&self, sealed: impl AsRef<[u8]>) -> Result<(Opened, OpenedByKey), Error> {
        self.open_at(sealed, SystemTime::now())
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
        let by_key = self.try_open(sealed.as_ref(), &mut opened, now)?;
        Ok((opened, by_key))
    }

    /// Replaces `opened` by the opened payload. On failure it is empty, and its memory wiped.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_into(
        &self,
        sealed: impl AsRef<[u8]>,
        opened: &mut Opened,
    ) -> Result<OpenedByKey, Error> {
        self.try_open(sealed.as_ref(), opened, SystemTime::now())
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

    fn try_open(
        &self,
        sealed: &[u8],
        opened: &mut Opened,
        now: SystemTime,
    ) -> Result<OpenedByKey, Error> {
        let keys = self.keys.load();
        let mut refused = Error::OpenFailed;
        for (key, is_newest) in keys.usable(now) {
            match key.cipher.open_into(sealed, opened) {
                Ok(()) => return Ok(OpenedByKey::new(Arc::clone(&key.id), is_newest)),
                Err(Error::OpenFailed) => {}
                // Each cipher has a cap of its own.
                Err(error @ Error::SealedTooLong { .. }) => refused = error,
                // What else is wrong with its form is wrong under every key.
                Err(error) => return Err(error),
            }
        }
        Err(refused)
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

impl Key {
    fn new(id: Arc<str>, cipher: PayloadCipher) -> Arc<Self> {
        Arc::new(Self { id, cipher })
    }
}

impl Keys {
    fn rotate(
        &mut self,
        next: Arc<Key>,
        open_until: SystemTime,
        now: SystemTime,
        max_older: usize,
    ) -> Result<(), Error> {
        self.older.retain(|(_, until)| now < *until);
        if self.all().any(|key| key.id == next.id) {
            return Err(Error::DuplicateKeyId);
        }
        if now < open_until {
            if self.older.len() >= max_older {
                return Err(Error::KeyRingFull { max_older });
            }
            self.older.insert(0, (Arc::clone(&self.newest), open_until));
        }
        self.newest = next;
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Key>> {
        core::iter::once(&self.newest).chain(self.older.iter().map(|(key, _)| key))
    }

    /// The keys whose time is not over, newest first, and whether each is the newest.
    fn usable(&self, now: SystemTime) -> impl Iterator<Item = (&Arc<Key>, bool)> {
        let older = self.older.iter().filter(move |(_, until)| now < *until);
        core::iter::once((&self.newest, true)).chain(older.map(|(key, _)| (key, false)))
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
