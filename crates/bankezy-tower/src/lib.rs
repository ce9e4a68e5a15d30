//! Sealing and opening around any [`tower_service::Service`] over `http` types.
//!
//! [`SealedServerLayer`] stands before a server's handlers: it opens what comes in, such as the
//! callbacks that BankEzy sends to a partner, hands on JSON, and seals the answers.
//! [`SealedClientLayer`] stands before an HTTP client: it seals what goes out and opens the answers.
//! Both take the keys as an [`Envelope`]. What they send and expect is a compact JWE as the whole
//! body, as `text/plain`; that BankEzy's bodies have this form is inferred.
//!
//! ```
//! # #[cfg(feature = "aws-lc-rs")] {
//! use axum::{Json, Router, routing::post};
//! use bankezy_tower::SealedServerLayer;
//! use bankezy_crypto::{PayloadCipher, PayloadSecret};
//! use serde_json::{Value, json};
//!
//! async fn settled(Json(callback): Json<Value>) -> Json<Value> {
//!     Json(json!({ "resCode": 100, "referenceId": callback["referenceId"] }))
//! }
//!
//! let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
//! let app: Router = Router::new()
//!     .route("/callbacks/settled", post(settled))
//!     .layer(SealedServerLayer::new(cipher));
//! # }
//! # Ok::<(), bankezy_crypto::Error>(())
//! ```
//!
//! # What the envelope does not cover
//! Only bodies are sealed. Method, path, status and headers travel as they are, and nothing binds a
//! body to them. With a shared key both directions look alike, and a sealed text can be sent again:
//! whether a message is fresh, and an answer to what was asked, only its content can tell. Bodies
//! that are empty by their nature (those of `HEAD`, of 204 and 304, and of a `GET` or `DELETE`
//! without one) are not sealed and not authenticated; the extensions [`Opened`] and
//! [`Unauthenticated`] tell handlers and callers which is which.
//!
//! # Limits
//! Bodies are collected up to a cap, which also holds while they stream in. There is no timeout
//! here: put one around it. Compressed bodies are refused, so compression goes nowhere near these
//! layers. Trailers are dropped.
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic: where one of these is right, it says why.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
#![cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        reason = "lengths of what is in memory"
    )
)]

mod body;
mod client;
mod error;
mod server;

pub use client::{SealedClient, SealedClientLayer};
pub use error::{MiddlewareError, Refusal};
pub use server::{SealedServer, SealedServerLayer};

use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::{Error, KeyRing, PayloadCipher, PrivateKeyOpener, PublicKeySealer};

/// Longest body that is sealed unless the caller says otherwise, in bytes: 6 MiB less 4 KiB. Sealed
/// it stays below [`DEFAULT_MAX_SEALED_LEN`](bankezy_crypto::DEFAULT_MAX_SEALED_LEN), whichever the key.
pub const DEFAULT_MAX_PLAIN_LEN: usize = 6 * 1024 * 1024 - 4 * 1024;

/// The keys of both directions. Clones share them.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_tower::Envelope;
/// use bankezy_crypto::{KeyPair, KeyRing, PayloadCipher, PayloadSecret};
/// use bankezy_crypto::{PrivateKeyOpener, PublicKeySealer};
/// use std::sync::Arc;
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let shared = Envelope::from(cipher);
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let ring = Arc::new(KeyRing::new("2026-10", cipher)); // kept, to rotate it
/// let rotating = Envelope::from(Arc::clone(&ring));
///
/// let (ours, theirs) = (KeyPair::generate_rsa(2048)?, KeyPair::generate_rsa(2048)?);
/// let sealer = PublicKeySealer::new(theirs.public_key())?;
/// let recipient = Envelope::from((sealer, PrivateKeyOpener::new(ours)));
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Envelope {
    /// One payload secret for both directions.
    Shared(Arc<PayloadCipher>),
    /// Payload secrets that rotate, by the system's clock. Requests are sealed with the newest one;
    /// an answer with the one that its request came under, which may be all that the other side has
    /// yet. If that one is no longer in the ring by then, and where the request came without a body,
    /// the newest one seals.
    Ring(Arc<KeyRing>),
    /// Sealed to the other side's public key, opened with our private key.
    Recipient {
        /// To the other side's public key.
        sealer: Arc<PublicKeySealer>,
        /// With our private key.
        opener: Arc<PrivateKeyOpener>,
    },
}

impl Envelope {
    fn seal(&self, plaintext: &[u8]) -> Result<String, Error> {
        match self {
            Self::Shared(cipher) => cipher.seal(plaintext),
            Self::Ring(ring) => ring.seal(plaintext),
            Self::Recipient { sealer, .. } => sealer.seal(plaintext),
        }
    }

    /// Seals the answer to a request that was opened so, or that had nothing to open.
    fn seal_answer(&self, request: Option<&Opened>, plaintext: &[u8]) -> Result<String, Error> {
        if let (Self::Ring(ring), Some(key_id)) = (self, request.and_then(Opened::key_id)) {
            match ring.seal_with(key_id, plaintext, SystemTime::now()) {
                Err(Error::UnknownKeyId) => {}
                sealed => return sealed,
            }
        }
        self.seal(plaintext)
    }

    fn open(&self, sealed: &[u8]) -> Result<(bankezy_crypto::Opened, Opened), Error> {
        let with_only_key = Opened {
            key_id: None,
            newest: true,
        };
        match self {
            Self::Shared(cipher) => Ok((cipher.open(sealed)?, with_only_key)),
            Self::Recipient { opener, .. } => Ok((opener.open(sealed)?, with_only_key)),
            Self::Ring(ring) => {
                let opened = ring.open(sealed, SystemTime::now())?;
                let mark = Opened {
                    key_id: Some(opened.key_id),
                    newest: opened.newest,
                };
                Ok((opened.payload, mark))
            }
        }
    }
}

impl From<PayloadCipher> for Envelope {
    fn from(cipher: PayloadCipher) -> Self {
        Self::Shared(Arc::new(cipher))
    }
}

impl From<Arc<PayloadCipher>> for Envelope {
    fn from(cipher: Arc<PayloadCipher>) -> Self {
        Self::Shared(cipher)
    }
}

impl From<KeyRing> for Envelope {
    fn from(ring: KeyRing) -> Self {
        Self::Ring(Arc::new(ring))
    }
}

impl From<Arc<KeyRing>> for Envelope {
    fn from(ring: Arc<KeyRing>) -> Self {
        Self::Ring(ring)
    }
}

impl From<(PublicKeySealer, PrivateKeyOpener)> for Envelope {
    fn from((sealer, opener): (PublicKeySealer, PrivateKeyOpener)) -> Self {
        Self::Recipient {
            sealer: Arc::new(sealer),
            opener: Arc::new(opener),
        }
    }
}

/// Extension of a request or response whose body came sealed and was opened.
///
/// A handler that serves methods without a body asks for it, to be sure that one was sealed:
///
/// ```
/// use axum::Extension;
/// use bankezy_tower::Opened;
///
/// async fn settled(Extension(opened): Extension<Opened>) -> &'static str {
///     if opened.is_newest() { "{}" } else { r#"{"rotate":"please"}"# }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    key_id: Option<Arc<str>>,
    newest: bool,
}

impl Opened {
    /// Identifier of the [`KeyRing`]'s key that opened it; `None` where there is no ring.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Whether it was sealed with the newest key of the [`KeyRing`]; `true` where there is no ring.
    #[must_use]
    pub fn is_newest(&self) -> bool {
        self.newest
    }
}

/// Extension of a request or response whose body was handed on as it came: empty, or the text of an
/// error that is not sealed. Anyone on the way can have written it.
///
/// ```
/// use bankezy_tower::Unauthenticated;
///
/// fn may_be_believed<B>(response: &http::Response<B>) -> bool {
///     response.extensions().get::<Unauthenticated>().is_none()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unauthenticated;

/// Leaves one of the two marks, whatever was there before.
fn mark(extensions: &mut http::Extensions, opened: Option<Opened>) {
    extensions.remove::<Opened>();
    extensions.remove::<Unauthenticated>();
    match opened {
        Some(opened) => {
            extensions.insert(opened);
        }
        None => {
            extensions.insert(Unauthenticated);
        }
    }
}

/// The examples of this crate's README, run as doc tests.
#[cfg(all(doctest, feature = "aws-lc-rs"))]
#[doc = include_str!("../README.md")]
mod readme {}
