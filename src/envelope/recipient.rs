//! Sealing to a public key and opening with the private one: `RSA-OAEP-256` (RFC 7518 section 4.3)
//! and `ECDH-ES` on P-256 (section 4.6).

use core::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::payload::refuse_encrypted_key;
use super::{DEFAULT_MAX_SEALED_LEN, to_json};
use crate::backend::{Backend, P256Public, RsaPublic};
use crate::codec::base64url;
use crate::error::{Error, HeaderProblem, Malformed};
use crate::jwe::compact::{Compact, ENCRYPTED_KEY};
use crate::jwe::header::{self, Agreement, Header};
use crate::jwe::seal::Message;
use crate::jwe::{open, seal};
use crate::keys::algorithm::{Algorithm, KeyType};
use crate::keys::derivation::{Derivation, check_party_info};
use crate::keys::jwk;
use crate::keys::pair::KeyPair;
use crate::keys::public::{Kind, NEEDS_P256, P256Point, PublicKey};
use crate::nonce::NonceSource;
use crate::secret::{Opened, Secret32};

/// Seals messages to the owner of a public key, each under a key of its own.
///
/// An RSA key gives `RSA-OAEP-256`, a P-256 key gives `ECDH-ES`. No page of BankEzy's documentation
/// shows either for bodies: this is this crate's own addition.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::{KeyPair, PrivateKeyOpener, PublicKeySealer};
///
/// let theirs = KeyPair::generate()?; // or `generate_rsa(3072)`
/// let sealed = PublicKeySealer::new(theirs.public_key())?.seal(b"{}")?;
/// let opened = PrivateKeyOpener::new(theirs).open(&sealed)?;
/// assert_eq!(&*opened, b"{}");
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
pub struct PublicKeySealer {
    recipient: Recipient,
    max_sealed_len: usize,
    backend: Backend,
}

enum Recipient {
    Rsa(Box<dyn RsaPublic>),
    P256 {
        key: Box<dyn P256Public>,
        apu: Vec<u8>,
        apv: Vec<u8>,
    },
}

impl PublicKeySealer {
    /// On the default backend.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend cannot set up the key.
    #[cfg(feature = "aws-lc-rs")]
    pub fn new(recipient: &PublicKey) -> Result<Self, Error> {
        Self::with_backend(recipient, &crate::backend::AWS_LC_RS)
    }

    /// On the given backend.
    ///
    /// # Errors
    /// [`Error::Backend`] if the backend cannot set up the key.
    pub fn with_backend(recipient: &PublicKey, backend: &Backend) -> Result<Self, Error> {
        let recipient = match recipient.inner() {
            Kind::Rsa(rsa) => Recipient::Rsa(backend.primitives().rsa_public(rsa.n(), rsa.e())?),
            Kind::P256(point) => Recipient::P256 {
                key: backend.primitives().p256_public(point.as_sec1())?,
                apu: Vec::new(),
                apv: Vec::new(),
            },
        };
        Ok(Self {
            recipient,
            max_sealed_len: DEFAULT_MAX_SEALED_LEN,
            backend: *backend,
        })
    }

    /// Binds `apu` and `apv` into every message (RFC 7518 section 4.6.1): P-256 only, up to 1024
    /// bytes each. They travel in the header, and the key depends on them.
    ///
    /// # Errors
    /// [`Error::WrongKeyType`] for an RSA key, [`Error::PartyInfoTooLong`].
    pub fn with_party_info(mut self, apu: &[u8], apv: &[u8]) -> Result<Self, Error> {
        check_party_info(apu)?;
        check_party_info(apv)?;
        match &mut self.recipient {
            Recipient::Rsa(_) => return Err(NEEDS_P256),
            Recipient::P256 {
                apu: own_apu,
                apv: own_apv,
                ..
            } => {
                *own_apu = apu.to_vec();
                *own_apv = apv.to_vec();
            }
        }
        Ok(self)
    }

    /// Makes sealed texts of at most `max` bytes. Default: [`DEFAULT_MAX_SEALED_LEN`], 8 MiB, which is
    /// also what [`PrivateKeyOpener`] opens.
    #[must_use]
    pub fn with_max_sealed_len(mut self, max: usize) -> Self {
        self.max_sealed_len = max;
        self
    }

    /// Seals a payload.
    ///
    /// # Errors
    /// [`Error::PayloadTooLong`], [`Error::Randomness`], [`Error::Backend`]. Without random numbers AWS-LC
    /// aborts the process where it makes the key pair of `ECDH-ES`.
    pub fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        let mut sealed = String::new();
        self.seal_into(plaintext, &mut sealed)?;
        Ok(sealed)
    }

    /// Replaces `sealed` with the sealed payload. On failure it is empty.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_into(&self, plaintext: &[u8], sealed: &mut String) -> Result<(), Error> {
        seal::into_text(sealed, |bytes| self.seal_to_bytes(plaintext, bytes))
    }

    /// Replaces `sealed` with the bytes of the sealed payload. On failure it is empty.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        sealed.clear();
        let fits = |header: &str, encrypted_key: &str| {
            let max = self.max_sealed_len;
            seal::check_len(header.len(), encrypted_key.len(), plaintext.len(), max)
        };
        let nonce = NonceSource::random().nonce()?;
        match &self.recipient {
            Recipient::Rsa(rsa) => {
                let key = Secret32::random()?;
                let wrapped = base64url::encode_to_string(&rsa.wrap(&key)?);
                fits(header::RSA_OAEP_256, &wrapped)?;
                let aead = self.backend.primitives().aes_256_gcm(&key)?;
                let message = Message {
                    header: header::RSA_OAEP_256,
                    encrypted_key: &wrapped,
                    nonce,
                    plaintext,
                };
                message.seal(&aead, sealed)
            }
            Recipient::P256 { key, apu, apv } => {
                let (epk, shared) = key.agree_with_new()?;
                let epk = Kind::P256(P256Point::of_new_pair(epk)).into();
                let key = Derivation::ConcatKdf { apu, apv }.derive(shared, self.backend)?;
                let aead = self.backend.primitives().aes_256_gcm(&key)?;
                let header = agreement_header(&epk, apu, apv);
                fits(&header, "")?;
                let message = Message {
                    header: &header,
                    encrypted_key: "",
                    nonce,
                    plaintext,
                };
                message.seal(&aead, sealed)
            }
        }
    }

    /// Writes a value as JSON and seals it.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal), and [`Error::Json`] if the value cannot be written as JSON.
    pub fn seal_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<String, Error> {
        self.seal(to_json(value)?.as_bytes())
    }
}

impl fmt::Debug for PublicKeySealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeySealer({})", self.backend.name())
    }
}

/// `{"epk":{…},"apu":…,"apv":…,"enc":"A256GCM","alg":"ECDH-ES"}` in base64url.
fn agreement_header(epk: &PublicKey, apu: &[u8], apv: &[u8]) -> String {
    let mut json = format!(r#"{{"epk":{}"#, epk.to_jwk());
    for (member, info) in [("apu", apu), ("apv", apv)] {
        if !info.is_empty() {
            json.push_str(&format!(r#","{member}":""#));
            base64url::encode_onto(info, &mut json);
            json.push('"');
        }
    }
    json.push_str(r#","enc":"A256GCM","alg":"ECDH-ES"}"#);
    base64url::encode_to_string(json.as_bytes())
}

/// The ephemeral public key (RFC 7518 section 4.6.1.1), checked as any other.
pub(super) fn read_epk(agreement: &Agreement) -> Result<PublicKey, Error> {
    PublicKey::from_jwk(&agreement.epk)
        .ok()
        .filter(|epk| epk.key_type() == KeyType::P256)
        .ok_or_else(|| HeaderProblem::Invalid { member: "epk" }.into())
}

/// Opens messages that were sealed to the public half of a key pair.
///
/// The kind of the key decides the algorithm, and the header has to agree. Runs on the backend that
/// the key pair was made on. [`PublicKeySealer`] has an example of both.
pub struct PrivateKeyOpener {
    key_pair: Arc<KeyPair>,
    max_sealed_len: usize,
}

impl PrivateKeyOpener {
    /// Opens with this key pair.
    #[must_use]
    pub fn new(key_pair: impl Into<Arc<KeyPair>>) -> Self {
        Self {
            key_pair: key_pair.into(),
            max_sealed_len: DEFAULT_MAX_SEALED_LEN,
        }
    }

    /// Opens sealed texts of at most `max` bytes. Default: [`DEFAULT_MAX_SEALED_LEN`], 8 MiB.
    #[must_use]
    pub fn with_max_sealed_len(mut self, max: usize) -> Self {
        self.max_sealed_len = max;
        self
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// [`Error::SealedTooLong`], [`Error::Malformed`] and [`Error::Header`] say what is wrong with its
    /// form, which depends on no secret. [`Error::Randomness`] and [`Error::Backend`] are failures of this
    /// machine, whatever the message. Everything that depends on the key is [`Error::OpenFailed`].
    pub fn open(&self, sealed: impl AsRef<[u8]>) -> Result<Opened, Error> {
        let mut opened = Opened::new();
        self.open_into(sealed, &mut opened)?;
        Ok(opened)
    }

    /// Replaces `opened` with the opened payload. On failure it is empty, and its
    /// memory wiped.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_into(&self, sealed: impl AsRef<[u8]>, opened: &mut Opened) -> Result<(), Error> {
        self.try_open(sealed.as_ref(), opened)
            .inspect_err(|_| opened.memory().wipe())
    }

    fn try_open(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        let parts = Compact::parse(sealed, self.max_sealed_len)?;
        let key = match self.key_pair.public_key().key_type() {
            KeyType::Rsa => self.unwrapped_key(&parts)?,
            KeyType::P256 => self.agreed_key(&parts)?,
        };
        let aead = self.key_pair.backend().primitives().aes_256_gcm(&key)?;
        let buffer = opened.memory().reset(parts.plaintext_len());
        open::open(&aead, &parts, buffer)
    }

    /// Opens a sealed text and reads it as JSON.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`Error::Json`], which never quotes the payload.
    pub fn open_json<T: DeserializeOwned>(&self, sealed: impl AsRef<[u8]>) -> Result<T, Error> {
        self.open(sealed)?.json()
    }

    /// RFC 7516 section 11.5: where the wrapped key does not unwrap, a random key takes its place,
    /// so that the failure comes from the tag, as for any other changed message.
    fn unwrapped_key(&self, parts: &Compact<'_>) -> Result<Secret32, Error> {
        match parts.header()? {
            Header::RsaOaep256 => {}
            other => return Err(other.instead_of(Algorithm::RsaOaep256).into()),
        }
        let wrapped =
            base64url::decode_to_vec(parts.encrypted_key).ok_or(Malformed::NotBase64url {
                part: ENCRYPTED_KEY,
            })?;
        let mut key = Secret32::random()?;
        // Deliberately the same from here on, whether it unwrapped or not.
        let _ = self.key_pair.unwrap_key(&wrapped, &mut key);
        Ok(key)
    }

    fn agreed_key(&self, parts: &Compact<'_>) -> Result<Secret32, Error> {
        let agreement = match parts.header()? {
            Header::EcdhEs(agreement) => agreement,
            other => return Err(other.instead_of(Algorithm::EcdhEs).into()),
        };
        refuse_encrypted_key(parts)?;
        let Agreement { epk, apu, apv } = agreement;
        let invalid = HeaderProblem::Invalid { member: "epk" };
        let epk = jwk::ephemeral(&epk).map_err(|_| invalid)?;
        // On P-256 only a point off the curve is refused, which depends on no secret.
        let shared = self.key_pair.try_shared_secret(&epk)?.ok_or(invalid)?;
        Derivation::ConcatKdf {
            apu: &apu,
            apv: &apv,
        }
        .derive(shared, self.key_pair.backend())
    }
}

impl fmt::Debug for PrivateKeyOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKeyOpener({:?})", self.key_pair)
    }
}
