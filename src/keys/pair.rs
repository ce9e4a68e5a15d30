//! Key pairs, and key agreement on P-256.

use core::fmt;

use crate::backend::{Backend, P256Private, RsaPrivate};
use crate::error::{Error, KeyProblem};
use crate::keys::derivation::Derivation;
use crate::keys::private::{self, PrivateParts, StatedPoint};
use crate::keys::public::{Kind, NEEDS_P256, P256Point, PublicKey, RsaPublicNumbers};
use crate::secret::{PayloadSecret, Secret32, SecretBytes, SecretText};

/// A private key with its public half: P-256 for agreement and `ECDH-ES`, RSA for `RSA-OAEP-256`.
///
/// The private half wipes itself, `Debug` does not show it, and there is no `Clone`.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{Derivation, KeyPair, PayloadCipher, PublicKey};
///
/// let ours = KeyPair::generate()?; // a new one for each login
/// let sdk_public_key = ours.public_key().to_wire(); // 168 characters, sent in the request
/// # let server = KeyPair::generate()?;
/// # let server_pub_key = server.public_key().to_wire();
/// let server = PublicKey::from_wire(&server_pub_key)?; // as it came in the answer
/// let cipher = PayloadCipher::new(&ours.agree(&server, &Derivation::Sha256)?)?;
///
/// // A key that is kept: encrypt the file, or give the PEM to a secret store.
/// let kept = ours.to_pem()?;
/// assert_eq!(KeyPair::from_pem(kept.as_str())?.public_key(), ours.public_key());
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
pub struct KeyPair {
    public: PublicKey,
    private: Private,
    backend: Backend,
}

/// The private half: what it is written from, and what the backend made of it.
enum Private {
    P256 {
        scalar: Secret32,
        key: Box<dyn P256Private>,
    },
    Rsa {
        pkcs8: SecretBytes,
        key: Box<dyn RsaPrivate>,
    },
}

/// On the default backend.
#[cfg(feature = "aws-lc-rs")]
impl KeyPair {
    /// Makes a new P-256 key pair.
    ///
    /// AWS-LC aborts the process if the operating system gives no random numbers; the other backend returns
    /// [`Error::Randomness`].
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend fails.
    pub fn generate() -> Result<Self, Error> {
        Self::generate_with_backend(&crate::backend::AWS_LC_RS)
    }

    /// Makes a new RSA key pair of 2048, 3072, 4096 or 8192 bits.
    ///
    /// Without random numbers it fails as [`generate`](Self::generate) does.
    ///
    /// # Errors
    /// [`Error::RsaKeySize`] for any other size, [`Error::Backend`] if the backend fails.
    pub fn generate_rsa(bits: usize) -> Result<Self, Error> {
        Self::generate_rsa_with_backend(bits, &crate::backend::AWS_LC_RS)
    }

    /// Reads PEM: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (RFC 5915), whichever
    /// of the three structures it holds.
    ///
    /// Text around the block, certificates and public keys beside it, which are not looked at, and line ends
    /// written as `\n` are ignored. A key that is encrypted with a password is refused: `from_encrypted_pem`
    /// (feature `encrypted-keys`) reads it.
    ///
    /// A file may have text around its block that is not UTF-8, such as names in Latin-1 that `openssl pkcs12`
    /// writes: replace the octets above 127 before. No block has such octets.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        Self::from_pem_with_backend(pem, &crate::backend::AWS_LC_RS)
    }

    /// Reads a DER PKCS#8 PrivateKeyInfo (RFC 5958) of an RSA or P-256 key.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        Self::from_pkcs8_der_with_backend(der, &crate::backend::AWS_LC_RS)
    }

    /// Reads a DER PKCS#1 RSAPrivateKey (RFC 8017 appendix A.1.2).
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, Error> {
        Self::from_pkcs1_der_with_backend(der, &crate::backend::AWS_LC_RS)
    }

    /// Reads a DER SEC 1 ECPrivateKey (RFC 5915) that names the curve P-256.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_sec1_der(der: &[u8]) -> Result<Self, Error> {
        Self::from_sec1_der_with_backend(der, &crate::backend::AWS_LC_RS)
    }

    /// Reads a private key on P-256 of ANSI X9.63: 97 octets, the uncompressed public point and the private
    /// scalar, as `x963Representation` of Apple's CryptoKit and `SecKeyCopyExternalRepresentation` give it.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_x963(key: &[u8]) -> Result<Self, Error> {
        Self::from_x963_with_backend(key, &crate::backend::AWS_LC_RS)
    }

    /// Reads a private JWK. `use`, `alg` and `key_ops`, where present, have to agree with
    /// decryption under this profile; an RSA key needs all of `d`, `p`, `q`, `dp`, `dq` and `qi`. A member
    /// that is `null` or empty counts as absent. `kid` is kept as [`PublicKey::key_id`] of the public half.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key.
    pub fn from_jwk(json: &str) -> Result<Self, Error> {
        Self::from_jwk_with_backend(json, &crate::backend::AWS_LC_RS)
    }
}

impl KeyPair {
    /// As [`generate`](Self::generate), on the given backend.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend fails, [`Error::Randomness`].
    pub fn generate_with_backend(backend: &Backend) -> Result<Self, Error> {
        let key = backend.primitives().p256_generate()?;
        Self::from_p256(key.scalar()?, &[], key, *backend)
    }

    /// As [`generate_rsa`](Self::generate_rsa), on the given backend.
    ///
    /// # Errors
    /// [`Error::RsaKeySize`] for any other size; [`Error::Unsupported`] where the backend does no
    /// private RSA; [`Error::Randomness`]; [`Error::Backend`] if it fails.
    pub fn generate_rsa_with_backend(bits: usize, backend: &Backend) -> Result<Self, Error> {
        if ![2048, 3072, 4096, 8192].contains(&bits) {
            return Err(Error::RsaKeySize { bits });
        }
        let pkcs8 = backend.primitives().rsa_generate(bits)?;
        Self::from_pkcs8_der_with_backend(pkcs8.as_bytes(), backend)
    }

    /// As [`from_pem`](Self::from_pem), on the given backend.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key; [`Error::Unsupported`] where the
    /// backend does no private RSA.
    pub fn from_pem_with_backend(pem: &str, backend: &Backend) -> Result<Self, Error> {
        Self::from_parts(private::from_pem(pem)?, *backend)
    }

    /// As [`from_pkcs8_der`](Self::from_pkcs8_der), on the given backend.
    ///
    /// # Errors
    /// As for [`from_pem_with_backend`](Self::from_pem_with_backend).
    pub fn from_pkcs8_der_with_backend(der: &[u8], backend: &Backend) -> Result<Self, Error> {
        Self::from_parts(private::from_pkcs8(der)?, *backend)
    }

    /// As [`from_pkcs1_der`](Self::from_pkcs1_der), on the given backend.
    ///
    /// # Errors
    /// As for [`from_pem_with_backend`](Self::from_pem_with_backend).
    pub fn from_pkcs1_der_with_backend(der: &[u8], backend: &Backend) -> Result<Self, Error> {
        Self::from_parts(private::from_pkcs1(der)?, *backend)
    }

    /// As [`from_sec1_der`](Self::from_sec1_der), on the given backend.
    ///
    /// # Errors
    /// As for [`from_sec1_der`](Self::from_sec1_der).
    pub fn from_sec1_der_with_backend(der: &[u8], backend: &Backend) -> Result<Self, Error> {
        Self::from_parts(private::from_sec1(der)?, *backend)
    }

    /// As [`from_x963`](Self::from_x963), on the given backend.
    ///
    /// # Errors
    /// As for [`from_x963`](Self::from_x963).
    pub fn from_x963_with_backend(key: &[u8], backend: &Backend) -> Result<Self, Error> {
        Self::from_parts(private::from_x963(key)?, *backend)
    }

    /// As [`from_jwk`](Self::from_jwk), on the given backend.
    ///
    /// # Errors
    /// As for [`from_pem_with_backend`](Self::from_pem_with_backend).
    pub fn from_jwk_with_backend(json: &str, backend: &Backend) -> Result<Self, Error> {
        let (parts, public) = private::from_jwk(json)?;
        let pair = Self::from_parts(parts, *backend)?;
        // The same key, with its identifier.
        Ok(Self { public, ..pair })
    }

    /// The public half: its [`to_wire`](PublicKey::to_wire) is what BankEzy calls `sdkPublicKey`.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Agrees on a payload secret with the owner of another P-256 key.
    ///
    /// The same two keys give the same secret every time (with the same [`Derivation`]), so all ciphers made
    /// from it share one nonce budget: make a new key pair for each exchange, or keep one cipher for all.
    ///
    /// # Errors
    /// [`Error::WrongKeyType`] if either key is RSA; [`Error::PartyInfoTooLong`]; what a [`Derivation::Custom`]
    /// returns; [`Error::Backend`] if the backend fails; [`KeyProblem::OwnPublicKey`] if the other key has the x
    /// coordinate of this one's own public key, which is then this key or its negative, sent back by somebody who has
    /// no private key.
    pub fn agree(
        &self,
        peer: &PublicKey,
        derivation: &Derivation<'_>,
    ) -> Result<PayloadSecret, Error> {
        let peer = peer.p256()?;
        if self.public.p256()?.x() == peer.x() {
            return Err(KeyProblem::OwnPublicKey.into());
        }
        let shared = self.shared_secret(peer)?;
        derivation
            .derive(shared, self.backend)
            .map(PayloadSecret::from_secret)
    }

    /// Writes the private key as DER PKCS#8.
    ///
    /// # Errors
    /// [`Error::Key`] if the key cannot be encoded, which a key that was read cannot cause.
    pub fn to_pkcs8_der(&self) -> Result<SecretBytes, Error> {
        Ok(match &self.private {
            Private::P256 { scalar, .. } => private::p256_to_pkcs8(scalar, self.public.p256()?)?,
            Private::Rsa { pkcs8, .. } => pkcs8.as_bytes().to_vec().into(),
        })
    }

    /// Writes the private key as PEM with the label `PRIVATE KEY` (PKCS#8).
    ///
    /// # Errors
    /// As for [`to_pkcs8_der`](Self::to_pkcs8_der).
    pub fn to_pem(&self) -> Result<SecretText, Error> {
        Ok(private::pkcs8_to_pem(&self.to_pkcs8_der()?)?)
    }

    /// Writes the private key as a JWK's JSON.
    ///
    /// # Errors
    /// As for [`to_pkcs8_der`](Self::to_pkcs8_der).
    pub fn to_jwk(&self) -> Result<SecretText, Error> {
        Ok(match &self.private {
            Private::P256 { scalar, .. } => private::p256_to_jwk(scalar, &self.public),
            Private::Rsa { pkcs8, .. } => private::rsa_to_jwk(pkcs8, &self.public)?,
        })
    }

    /// The backend it runs on.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    pub(crate) fn shared_secret(&self, peer: &P256Point) -> Result<Secret32, Error> {
        self.try_shared_secret(peer.as_sec1())?
            .ok_or(failed(self.backend))
    }

    /// `None` unless the peer is a point on the curve.
    pub(crate) fn try_shared_secret(&self, peer: &[u8; 65]) -> Result<Option<Secret32>, Error> {
        match &self.private {
            Private::P256 { key, .. } => Ok(key.agree(peer)),
            Private::Rsa { .. } => Err(NEEDS_P256),
        }
    }

    /// Decrypts a wrapped key. On any failure `key` is unchanged.
    pub(crate) fn unwrap_key(&self, wrapped: &[u8], key: &mut Secret32) -> Option<()> {
        match &self.private {
            Private::Rsa { key: rsa, .. } => rsa.unwrap(wrapped, key),
            Private::P256 { .. } => None,
        }
    }

    pub(super) fn from_parts(parts: PrivateParts, backend: Backend) -> Result<Self, Error> {
        match parts {
            PrivateParts::P256 { scalar, stated } => {
                let key = backend
                    .primitives()
                    .p256_private(&scalar)
                    .ok_or(KeyProblem::PrivateInvalid)?;
                Self::from_p256(scalar, &stated, key, backend)
            }
            PrivateParts::Rsa { pkcs8, public } => Self::from_rsa(pkcs8, public, backend),
        }
    }

    fn from_p256(
        scalar: Secret32,
        stated: &[StatedPoint],
        key: Box<dyn P256Private>,
        backend: Backend,
    ) -> Result<Self, Error> {
        let public = P256Point::from_sec1(&key.public()?)?;
        if !stated.iter().all(|stated| stated.is(&public)) {
            return Err(KeyProblem::PrivateInvalid.into());
        }
        Ok(Self {
            public: Kind::P256(public).into(),
            private: Private::P256 { scalar, key },
            backend,
        })
    }

    fn from_rsa(
        pkcs8: SecretBytes,
        public: RsaPublicNumbers,
        backend: Backend,
    ) -> Result<Self, Error> {
        let key = backend
            .primitives()
            .rsa_private(&pkcs8)?
            .ok_or(KeyProblem::PrivateInvalid)?;
        Ok(Self {
            public: Kind::Rsa(public).into(),
            private: Private::Rsa { pkcs8, key },
            backend,
        })
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({:?}, [redacted])", self.public)
    }
}

/// With a point on the curve there is no reason to.
fn failed(backend: Backend) -> Error {
    Error::Backend {
        backend: backend.name(),
        operation: "P-256 key agreement",
    }
}
