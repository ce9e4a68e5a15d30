//! Sealing and opening as traits that can be `dyn`.

use std::sync::Arc;

use super::{KeyRing, PayloadCipher, PrivateKeyOpener, PublicKeySealer};
use crate::error::Error;
use crate::jwe::seal;
use crate::secret::Opened;

/// Anything that seals: a [`PayloadCipher`], a [`KeyRing`], a [`PublicKeySealer`], a
/// [`Channel`](crate::Channel), or a type of your own, such as a mock.
///
/// The types have methods of the same names; the trait is for code that takes any of them, as
/// `&dyn Seal` or `Arc<dyn Seal>`.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{PayloadCipher, PayloadSecret, Seal};
///
/// fn body(sealer: &dyn Seal) -> Result<String, bankezy_crypto::Error> {
///     sealer.seal(b"{}")
/// }
/// assert!(body(&PayloadCipher::new(&PayloadSecret::generate()?)?)?.starts_with("eyJ"));
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
pub trait Seal: Send + Sync {
    /// Replaces `sealed` with the bytes of the sealed payload, which are text. On failure it is empty.
    ///
    /// # Errors
    /// Those of the type, such as of [`PayloadCipher::seal`].
    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error>;

    /// A digest of the secret that it seals under, which a token cache uses to keep tokens of different secrets
    /// apart. Zeros, the default, if there is no such secret.
    fn key_tag(&self) -> [u8; 32] {
        [0; 32]
    }

    /// Seals a payload.
    ///
    /// # Errors
    /// As for [`seal_to_bytes`](Self::seal_to_bytes), and [`Error::Backend`] if a type of your own does not write UTF-8.
    fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        let mut sealed = String::new();
        seal::into_text(&mut sealed, |bytes| self.seal_to_bytes(plaintext, bytes))?;
        Ok(sealed)
    }
}

/// Anything that opens: a [`PayloadCipher`], a [`KeyRing`], a [`PrivateKeyOpener`], a
/// [`Channel`](crate::Channel), or a type of your own, such as a mock.
///
/// The types have methods of the same names, which take texts and bytes alike. Where this trait is
/// imported, call them on the type itself and not through an `Arc`, or pass bytes.
pub trait Open: Send + Sync {
    /// Replaces `opened` with the opened payload. On failure it is empty, and its memory wiped. An
    /// [`Opened`] of your own making comes from [`SecretBytes`](crate::SecretBytes).
    ///
    /// # Errors
    /// Those of the type, such as those of [`PayloadCipher::open`].
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error>;

    /// Opens a sealed text.
    ///
    /// # Errors
    /// As for [`open_into`](Self::open_into).
    fn open(&self, sealed: &[u8]) -> Result<Opened, Error> {
        let mut opened = Opened::new();
        self.open_into(sealed, &mut opened)?;
        Ok(opened)
    }
}

impl Seal for PayloadCipher {
    fn key_tag(&self) -> [u8; 32] {
        self.fingerprint()
    }

    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        self.seal_to_bytes(plaintext, sealed)
    }
}

impl Open for PayloadCipher {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        self.open_into(sealed, opened)
    }
}

/// Seals with the newest key.
impl Seal for KeyRing {
    /// Of the newest key.
    fn key_tag(&self) -> [u8; 32] {
        self.fingerprint()
    }

    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        self.seal_to_bytes(plaintext, sealed)
    }
}

/// Opens with any key of the ring, by the system clock.
impl Open for KeyRing {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        self.open_into(sealed, opened).map(drop)
    }
}

impl Seal for PublicKeySealer {
    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        self.seal_to_bytes(plaintext, sealed)
    }
}

impl Open for PrivateKeyOpener {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        self.open_into(sealed, opened)
    }
}

impl<T: Seal + ?Sized> Seal for &T {
    fn key_tag(&self) -> [u8; 32] {
        (**self).key_tag()
    }

    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        (**self).seal_to_bytes(plaintext, sealed)
    }

    fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        (**self).seal(plaintext)
    }
}

impl<T: Open + ?Sized> Open for &T {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        (**self).open_into(sealed, opened)
    }

    fn open(&self, sealed: &[u8]) -> Result<Opened, Error> {
        (**self).open(sealed)
    }
}

impl<T: Seal + ?Sized> Seal for Arc<T> {
    fn key_tag(&self) -> [u8; 32] {
        (**self).key_tag()
    }

    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        (**self).seal_to_bytes(plaintext, sealed)
    }

    fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        (**self).seal(plaintext)
    }
}

impl<T: Open + ?Sized> Open for Arc<T> {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        (**self).open_into(sealed, opened)
    }

    fn open(&self, sealed: &[u8]) -> Result<Opened, Error> {
        (**self).open(sealed)
    }
}
