//! The three ways to the key under which bodies travel.

use core::fmt;
use std::sync::Arc;

use crate::backend::Backend;
use crate::envelope::{PayloadCipher, PrivateKeyOpener, PublicKeySealer};
use crate::error::Error;
use crate::keys::algorithm::KeyKind;
use crate::keys::public::PublicKey;
use crate::keys::{Derivation, KeyPair};
use crate::secret::{Opened, PayloadSecret};

/// What bodies are sealed and opened with.
#[non_exhaustive]
pub enum Channel {
    /// The static payload secret from onboarding.
    Static(PayloadCipher),
    /// A key agreed on P-256 between `sdkPublicKey` and `serverPubKey`.
    Agreed(PayloadCipher),
    /// RSA key transport: requests sealed to the server's RSA key, answers sealed to ours, both as
    /// `RSA-OAEP-256`. BankEzy's public pages show only P-256; this way is this crate's own.
    KeyTransport {
        /// Seals to `serverPubKey`.
        server: PublicKeySealer,
        /// Opens with the private half of `sdkPublicKey`.
        ours: PrivateKeyOpener,
    },
}

impl Channel {
    /// Under the static payload secret, on the backend given.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend cannot set up the key.
    pub fn from_secret(secret: &PayloadSecret, backend: &Backend) -> Result<Self, Error> {
        PayloadCipher::with_backend(secret, backend).map(Self::Static)
    }

    /// From our key pair and the server's key as it travels; runs on the backend of the key pair.
    /// The kind of our key decides: P-256 agrees under `derivation`, RSA needs none.
    ///
    /// # Errors
    /// [`Error::Key`] if the server's key is refused, [`Error::WrongKeyKind`] if it is of another
    /// kind than ours.
    pub fn establish(
        ours: Arc<KeyPair>,
        server_pub_key: &str,
        derivation: &Derivation<'_>,
    ) -> Result<Self, Error> {
        let server = PublicKey::from_wire(server_pub_key)?;
        let (needed, found) = (ours.public_key().kind(), server.kind());
        if needed != found {
            return Err(Error::WrongKeyKind { needed, found });
        }
        let backend = ours.backend();
        match needed {
            KeyKind::P256 => {
                let secret = ours.agree(&server, derivation)?;
                PayloadCipher::with_backend(&secret, &backend).map(Self::Agreed)
            }
            KeyKind::Rsa => Ok(Self::KeyTransport {
                server: PublicKeySealer::with_backend(&server, &backend)?,
                ours: PrivateKeyOpener::new(ours),
            }),
        }
    }

    /// Seals a body.
    ///
    /// # Errors
    /// As for [`PayloadCipher::seal`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        match self {
            Self::Static(cipher) | Self::Agreed(cipher) => cipher.seal(plaintext),
            Self::KeyTransport { server, .. } => server.seal(plaintext),
        }
    }

    /// Opens a body.
    ///
    /// # Errors
    /// As for [`PayloadCipher::open`].
    pub fn open(&self, sealed: impl AsRef<[u8]>) -> Result<Opened, Error> {
        match self {
            Self::Static(cipher) | Self::Agreed(cipher) => cipher.open(sealed),
            Self::KeyTransport { ours, .. } => ours.open(sealed),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static(_) => "Channel::Static([redacted])",
            Self::Agreed(_) => "Channel::Agreed([redacted])",
            Self::KeyTransport { .. } => "Channel::KeyTransport([redacted])",
        })
    }
}
