//! What both directions of a conversation are sealed and opened with.

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::seal_open::{Open, Seal};
use super::{KeyRing, OpenedByKey, PayloadCipher, PrivateKeyOpener, PublicKeySealer};
use crate::backend::Backend;
use crate::error::Error;
use crate::jwe::seal;
use crate::keys::algorithm::KeyType;
use crate::keys::public::PublicKey;
use crate::keys::{Derivation, KeyPair};
use crate::secret::{Opened, PayloadSecret};

/// The keys of both directions between two parties. Clones share them, the count of messages
/// included.
///
/// It is made from one of:
/// - a [`PayloadCipher`]: one payload secret for both directions;
/// - a [`KeyRing`]: payload secrets that rotate. Messages are sealed with the newest one, an answer
///   with the one that its request came under. Keep an `Arc` of the ring to rotate it;
/// - a pair of [`PublicKeySealer`] and [`PrivateKeyOpener`], or of [`Seal`] and [`Open`].
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{Channel, KeyPair, KeyRing, PayloadCipher, PayloadSecret};
/// use bankezy_crypto::{PrivateKeyOpener, PublicKeySealer};
/// use std::sync::Arc;
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let shared = Channel::from(cipher);
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let ring = Arc::new(KeyRing::new("2026-10", cipher)); // kept, to rotate it
/// let rotating = Channel::from(Arc::clone(&ring));
/// let (request, by_key) = rotating.open_by_key(rotating.seal(b"request")?)?;
/// assert_eq!((&*request, by_key.key_id()), (&b"request"[..], Some("2026-10")));
/// let answer = rotating.seal_answer(Some(&by_key), b"answer")?;
///
/// let (ours, theirs) = (KeyPair::generate_rsa(2048)?, KeyPair::generate_rsa(2048)?);
/// let sealer = PublicKeySealer::new(theirs.public_key())?;
/// let recipient = Channel::from((sealer, PrivateKeyOpener::new(ours)));
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Clone)]
pub struct Channel(Keys);

#[derive(Clone)]
enum Keys {
    Cipher(Arc<PayloadCipher>),
    Ring(Arc<KeyRing>),
    Pair {
        sealer: Arc<dyn Seal>,
        opener: Arc<dyn Open>,
    },
}

impl Channel {
    /// Under one payload secret for both directions, on the given backend.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend cannot set up the key.
    pub fn from_secret(secret: &PayloadSecret, backend: &Backend) -> Result<Self, Error> {
        PayloadCipher::with_backend(secret, backend).map(Self::from)
    }

    /// From our key pair and the other side's public key, as [`PublicKey::to_wire`] writes it; runs on
    /// the backend of the key pair. The kind of our key decides: P-256 agrees on one payload secret
    /// for both directions under `derivation`; RSA seals to the other side's key, opens with ours, and
    /// ignores `derivation`.
    ///
    /// # Errors
    /// [`Error::Key`] if the other side's key is refused, [`Error::WrongKeyType`] if it is of another
    /// kind than ours.
    pub fn establish(
        ours: Arc<KeyPair>,
        theirs: &str,
        derivation: &Derivation<'_>,
    ) -> Result<Self, Error> {
        let theirs = PublicKey::from_wire(theirs)?;
        let (needed, found) = (ours.public_key().key_type(), theirs.key_type());
        if needed != found {
            return Err(Error::WrongKeyType { needed, found });
        }
        let backend = ours.backend();
        match needed {
            KeyType::P256 => Self::from_secret(&ours.agree(&theirs, derivation)?, &backend),
            KeyType::Rsa => {
                let sealer = PublicKeySealer::with_backend(&theirs, &backend)?;
                Ok(Self::from((sealer, PrivateKeyOpener::new(ours))))
            }
        }
    }

    /// Seals a message: with the newest key of a ring.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        self.sealer().seal(plaintext)
    }

    /// Replaces `sealed` with the bytes of the sealed message: faster than a `String`, which has to be checked for
    /// UTF-8. On failure it is empty.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        self.sealer().seal_to_bytes(plaintext, sealed)
    }

    /// Seals the answer to a request with the key that sealed the request, which may be the only one that the other
    /// side has so far. The newest key is used if the ring has dropped that key since, or if the request was not
    /// sealed (`None`).
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_answer(
        &self,
        request: Option<&OpenedByKey>,
        plaintext: &[u8],
    ) -> Result<String, Error> {
        let mut sealed = String::new();
        seal::into_text(&mut sealed, |bytes| {
            self.seal_answer_to_bytes(request, plaintext, bytes)
        })?;
        Ok(sealed)
    }

    /// As [`seal_answer`](Self::seal_answer), and replaces `sealed` with the bytes. On failure it is empty.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_answer_to_bytes(
        &self,
        request: Option<&OpenedByKey>,
        plaintext: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if let (Keys::Ring(ring), Some(key_id)) = (&self.0, request.and_then(OpenedByKey::key_id)) {
            let with_it = ring.with_key(key_id, SystemTime::now, |cipher| {
                cipher.seal_to_bytes(plaintext, sealed)
            });
            match with_it {
                Err(Error::UnknownKeyId) => {}
                done => return done,
            }
        }
        self.seal_to_bytes(plaintext, sealed)
    }

    /// Opens a message: with any key of a ring, by the system clock.
    ///
    /// # Errors
    /// As for [`PayloadCipher::open`] or [`PrivateKeyOpener::open`].
    pub fn open(&self, sealed: impl AsRef<[u8]>) -> Result<Opened, Error> {
        self.opener().open(sealed.as_ref())
    }

    /// Replaces `opened` with the opened message. On failure it is empty, and its memory wiped.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_into(&self, sealed: impl AsRef<[u8]>, opened: &mut Opened) -> Result<(), Error> {
        self.opener().open_into(sealed.as_ref(), opened)
    }

    /// Opens a message and returns which key did: what [`seal_answer`](Self::seal_answer) takes.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_by_key(&self, sealed: impl AsRef<[u8]>) -> Result<(Opened, OpenedByKey), Error> {
        if let Keys::Ring(ring) = &self.0 {
            // Not the trait's method on the `Arc`.
            return ring.as_ref().open(sealed);
        }
        Ok((self.open(sealed)?, OpenedByKey::only_key()))
    }

    fn sealer(&self) -> &dyn Seal {
        match &self.0 {
            Keys::Cipher(cipher) => cipher.as_ref(),
            Keys::Ring(ring) => ring.as_ref(),
            Keys::Pair { sealer, .. } => sealer.as_ref(),
        }
    }

    fn opener(&self) -> &dyn Open {
        match &self.0 {
            Keys::Cipher(cipher) => cipher.as_ref(),
            Keys::Ring(ring) => ring.as_ref(),
            Keys::Pair { opener, .. } => opener.as_ref(),
        }
    }
}

impl Seal for Channel {
    fn key_tag(&self) -> [u8; 32] {
        self.sealer().key_tag()
    }

    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        self.seal_to_bytes(plaintext, sealed)
    }
}

impl Open for Channel {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        self.open_into(sealed, opened)
    }
}

impl From<PayloadCipher> for Channel {
    fn from(cipher: PayloadCipher) -> Self {
        Self::from(Arc::new(cipher))
    }
}

impl From<Arc<PayloadCipher>> for Channel {
    fn from(cipher: Arc<PayloadCipher>) -> Self {
        Self(Keys::Cipher(cipher))
    }
}

impl From<KeyRing> for Channel {
    fn from(ring: KeyRing) -> Self {
        Self::from(Arc::new(ring))
    }
}

impl From<Arc<KeyRing>> for Channel {
    fn from(ring: Arc<KeyRing>) -> Self {
        Self(Keys::Ring(ring))
    }
}

impl From<(PublicKeySealer, PrivateKeyOpener)> for Channel {
    fn from((sealer, opener): (PublicKeySealer, PrivateKeyOpener)) -> Self {
        let (sealer, opener): (Arc<dyn Seal>, Arc<dyn Open>) = (Arc::new(sealer), Arc::new(opener));
        Self::from((sealer, opener))
    }
}

impl From<(Arc<dyn Seal>, Arc<dyn Open>)> for Channel {
    fn from((sealer, opener): (Arc<dyn Seal>, Arc<dyn Open>)) -> Self {
        Self(Keys::Pair { sealer, opener })
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Keys::Cipher(_) => "Channel(cipher, [redacted])",
            Keys::Ring(_) => "Channel(key ring, [redacted])",
            Keys::Pair { .. } => "Channel(sealer and opener, [redacted])",
        })
    }
}
