//! The envelope under a shared key: `dir` with A256GCM (RFC 7518 section 4.5).

use core::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DEFAULT_MAX_SEALED_LEN, to_json};
use crate::backend::{Aes256Gcm, Backend};
use crate::error::{Error, Malformed};
use crate::jwe::compact::{Compact, ENCRYPTED_KEY};
use crate::jwe::header::{self, Header};
use crate::jwe::seal::Message;
use crate::jwe::{open, seal};
use crate::keys::algorithm::Algorithm;
use crate::nonce::{Counter, Nonce, NonceBudget, NonceSource};
use crate::secret::{Opened, PayloadSecret, Secret32, SecretBytes};

/// Seals and opens BankEzy payloads under one payload secret.
///
/// Make one and use it from many threads; it takes no locks. What it seals starts with
/// `eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..`, which is `{"enc":"A256GCM","alg":"dir"}`.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{PayloadCipher, PayloadSecret};
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let sealed = cipher.seal(br#"{"amount":100}"#)?;
/// assert_eq!(cipher.open(&sealed)?.as_bytes(), br#"{"amount":100}"#);
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
pub struct PayloadCipher {
    aead: Aes256Gcm,
    nonces: NonceSource,
    /// The budget that the caller set.
    budget: Option<u64>,
    counter: Counter,
    max_sealed_len: usize,
    backend: Backend,
    /// To notice two ciphers of one secret. The AEAD's key schedule begins with it anyway.
    secret: Arc<Secret32>,
    /// Made once, since a token cache asks for it with each request.
    fingerprint: OnceLock<Secret32>,
}

impl PayloadCipher {
    /// On the default backend.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend cannot set up the key.
    #[cfg(feature = "aws-lc-rs")]
    pub fn new(secret: &PayloadSecret) -> Result<Self, Error> {
        Self::with_backend(secret, &crate::backend::AWS_LC_RS)
    }

    /// On the given backend.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend cannot set up the key.
    pub fn with_backend(secret: &PayloadSecret, backend: &Backend) -> Result<Self, Error> {
        let nonces = NonceSource::random();
        Ok(Self {
            aead: backend.primitives().aes_256_gcm(secret.secret())?,
            budget: None,
            counter: Counter::new(nonces.default_limit(), 0),
            nonces,
            max_sealed_len: DEFAULT_MAX_SEALED_LEN,
            backend: *backend,
            secret: secret.shared(),
            fingerprint: OnceLock::new(),
        })
    }

    /// Makes and opens sealed texts of at most `max` bytes. Default: [`DEFAULT_MAX_SEALED_LEN`], 8 MiB.
    /// [`sealed_len`](Self::sealed_len) returns what a payload needs. Both sides must agree on a larger value.
    #[must_use]
    pub fn with_max_sealed_len(mut self, max: usize) -> Self {
        self.max_sealed_len = max;
        self
    }

    /// Sets the source of nonces. Default: random ones. A budget that was set or extended stays.
    ///
    /// Call it before the first message: section 8.2 of NIST SP 800-38D allows one kind of nonces under a key, not
    /// both.
    #[must_use]
    pub fn with_nonce_source(mut self, nonces: NonceSource) -> Self {
        let (used, more) = (self.nonce_budget().used(), self.extended());
        self.nonces = nonces;
        self.counting(used, more)
    }

    /// Seals at most `limit` messages. Default: 2^31 with random nonces, and 2^40 with leased ones.
    ///
    /// With random nonces NIST SP 800-38D section 8.3 allows 2^32 messages for all sealers of a key together: the
    /// default leaves half of them to the peer. Up to 2^32 can be set here, for a key that only one side seals under;
    /// more counts as 2^32. Messages that are already sealed count. If several processes share a key, give each its
    /// share.
    #[must_use]
    pub fn with_nonce_budget(mut self, limit: u64) -> Self {
        self.budget = Some(limit);
        let used = self.nonce_budget().used();
        self.counting(used, 0)
    }

    /// Continues from a count of `used` messages, such as one that an earlier process kept. A count that is already
    /// higher stays.
    #[must_use]
    pub fn with_used(self, used: u64) -> Self {
        let (counted, more) = (self.nonce_budget().used(), self.extended());
        self.counting(used.max(counted), more)
    }

    /// Counts from `used` up to what source and budget allow, and what they were extended by.
    fn counting(mut self, used: u64, more: u64) -> Self {
        self.counter = Counter::new(self.limit(), used);
        self.extend_budget(more);
        self
    }

    /// What source and budget allow.
    fn limit(&self) -> u64 {
        let limit = self.budget.unwrap_or(self.nonces.default_limit());
        limit.min(self.nonces.max_limit())
    }

    /// What [`extend_budget`](Self::extend_budget) added to that.
    fn extended(&self) -> u64 {
        self.nonce_budget().limit().saturating_sub(self.limit())
    }

    /// What is used and left of the nonce budget.
    #[must_use]
    pub fn nonce_budget(&self) -> NonceBudget {
        self.counter.budget()
    }

    /// Raises the limit of the nonce budget while the cipher is in use, and returns the limit that holds now: at most
    /// 2^32 with random nonces. For processes that share a key: each begins with a small share
    /// ([`with_nonce_budget`](Self::with_nonce_budget)) and adds the next once the fleet's count has it.
    pub fn extend_budget(&self, more: u64) -> u64 {
        self.counter.extend(more, self.nonces.max_limit())
    }

    /// The backend it runs on.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Length of the sealed text of `plaintext_len` bytes: 81 + ceil(4/3 of it) characters.
    #[must_use]
    pub const fn sealed_len(plaintext_len: usize) -> usize {
        seal::sealed_len(header::DIR.len(), 0, plaintext_len)
    }

    /// Seals a payload; one allocation.
    ///
    /// # Errors
    /// [`Error::PayloadTooLong`], [`Error::NonceBudgetSpent`], [`Error::NonceLeaseForked`],
    /// [`Error::Randomness`], [`Error::Backend`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        let nonce = self.nonce_for(plaintext)?;
        seal::text(message(nonce, plaintext).sealed(&self.aead)?)
    }

    /// Replaces `sealed` with the sealed payload; no allocation if its capacity is at least
    /// [`sealed_len`](Self::sealed_len). On failure it is empty.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_into(&self, plaintext: &[u8], sealed: &mut String) -> Result<(), Error> {
        seal::into_text(sealed, |bytes| self.seal_to_bytes(plaintext, bytes))
    }

    /// Replaces `sealed` with the bytes of the sealed payload: faster than
    /// [`seal_into`](Self::seal_into), since a `String` has to be checked for UTF-8.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        let nonce = self.nonce_for(plaintext).inspect_err(|_| sealed.clear())?;
        message(nonce, plaintext).seal(&self.aead, sealed)
    }

    /// Appends the bytes of the sealed payload to `out`, which is unchanged on failure.
    /// [`seal_to_bytes`](Self::seal_to_bytes) is faster: it need not clear the memory first.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn append_sealed(&self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let nonce = self.nonce_for(plaintext)?;
        message(nonce, plaintext).append(&self.aead, out)
    }

    /// Counts a payload and gives the nonce for it.
    #[inline(always)]
    fn nonce_for(&self, plaintext: &[u8]) -> Result<Nonce, Error> {
        seal::check_len(header::DIR.len(), 0, plaintext.len(), self.max_sealed_len)?;
        let nonce = self.nonces.nonce()?;
        // Counted once there is a nonce: a message that gets none is not sealed.
        self.counter.take()?;
        Ok(nonce)
    }

    /// Writes a value as JSON and seals it.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal), and [`Error::Json`] if the value cannot be written as JSON.
    pub fn seal_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<String, Error> {
        self.seal(to_json(value)?.as_bytes())
    }

    /// Opens a sealed text; one allocation.
    ///
    /// # Errors
    /// [`Error::SealedTooLong`], [`Error::Malformed`] and [`Error::Header`] say what is wrong with its
    /// form, which depends on no secret. Everything that depends on the key is [`Error::OpenFailed`].
    pub fn open(&self, sealed: impl AsRef<[u8]>) -> Result<Opened, Error> {
        let parts = self.parse(sealed.as_ref())?;
        // Dropped on failure, which wipes it.
        let mut memory = SecretBytes::zeroed(parts.plaintext_len());
        open::open(&self.aead, &parts, memory.as_mut())?;
        Ok(memory.into())
    }

    /// Replaces `opened` with the opened payload; no allocation if its capacity is enough. On
    /// failure it is empty, and its memory wiped.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_into(&self, sealed: impl AsRef<[u8]>, opened: &mut Opened) -> Result<(), Error> {
        self.try_open(sealed.as_ref(), opened)
            .inspect_err(|_| opened.memory().wipe())
    }

    /// Opens a sealed text in its own memory, without an allocation: for large payloads, as it takes half the memory of
    /// [`open_into`](Self::open_into) and a little longer. On failure the text is wiped.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc-rs")] {
    /// # use bankezy_crypto::{PayloadCipher, PayloadSecret};
    /// # let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
    /// let body: Vec<u8> = cipher.seal(b"a large payload")?.into_bytes();
    /// let opened = cipher.open_in_place(body)?;
    /// assert_eq!(&*opened, b"a large payload");
    /// # }
    /// # Ok::<(), bankezy_crypto::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_in_place(&self, sealed: impl Into<SecretBytes>) -> Result<Opened, Error> {
        // Dropped on failure, which wipes it.
        let mut memory = sealed.into();
        let layout = self.parse(memory.as_bytes())?.layout()?;
        open::open_in_place(&self.aead, &layout, &mut memory)?;
        Ok(memory.into())
    }

    /// Opens a sealed text and reads it as JSON.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`Error::Json`], which never quotes the payload.
    pub fn open_json<T: DeserializeOwned>(&self, sealed: impl AsRef<[u8]>) -> Result<T, Error> {
        self.open(sealed)?.json()
    }

    /// The same for ciphers of one secret, and for no others.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let made = self.fingerprint.get_or_init(|| {
            let mut fingerprint = Secret32::zeroed();
            let parts: [&[u8]; 2] = [b"bankezy-crypto fingerprint", self.secret.bytes()];
            self.backend.primitives().sha256(&parts, &mut fingerprint);
            fingerprint
        });
        *made.bytes()
    }

    /// Whether both have the same secret, on whichever backends. Takes constant time.
    pub(super) fn has_secret_of(&self, other: &Self) -> bool {
        self.secret.is_same(&other.secret)
    }

    fn try_open(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        let parts = self.parse(sealed)?;
        let buffer = opened.memory().reset(parts.plaintext_len());
        open::open(&self.aead, &parts, buffer)
    }

    #[inline(always)]
    fn parse<'a>(&self, sealed: &'a [u8]) -> Result<Compact<'a>, Error> {
        let parts = Compact::parse(sealed, self.max_sealed_len)?;
        match parts.header()? {
            Header::Dir => {}
            other => return Err(other.instead_of(Algorithm::Dir).into()),
        }
        refuse_encrypted_key(&parts)?;
        Ok(parts)
    }
}

#[inline]
fn message(nonce: Nonce, plaintext: &[u8]) -> Message<'_> {
    Message {
        header: header::DIR,
        encrypted_key: "",
        nonce,
        plaintext,
    }
}

/// Under `dir` and `ECDH-ES` the encrypted key is empty (RFC 7516 section 5.2, step 10).
pub(super) fn refuse_encrypted_key(parts: &Compact<'_>) -> Result<(), Error> {
    match parts.encrypted_key.len() {
        0 => Ok(()),
        found => Err(Malformed::PartLength {
            part: ENCRYPTED_KEY,
            found,
            needed: 0,
        }
        .into()),
    }
}

impl fmt::Debug for PayloadCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadCipher({}, [redacted])", self.backend.name())
    }
}
