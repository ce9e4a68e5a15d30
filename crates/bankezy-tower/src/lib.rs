//! Middleware that seals and opens bodies, for any [`tower_service::Service`] over `http` types.
//!
//! [`SealedServerLayer`] wraps a server's handlers: it opens requests, such as the callbacks that BankEzy
//! sends to a partner, passes JSON to the handlers, and seals their answers. [`SealedClientLayer`] wraps an
//! HTTP client: it seals requests and opens answers. Both take their keys as a
//! [`Channel`](bankezy_crypto::Channel), or anything that converts into one: a cipher, a key ring, or a pair
//! of sealer and opener. The bodies that they send and expect are a compact JWE, as `text/plain`; that
//! BankEzy's bodies have this form is inferred.
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
//!     .route_layer(SealedServerLayer::new(cipher));
//! # }
//! # Ok::<(), bankezy_crypto::Error>(())
//! ```
//!
//! # Start here
//! A server that receives callbacks: [`SealedServerLayer`], with a [`ReplayGuard`]. A `tower` client of your own:
//! [`SealedClientLayer`]. A client with tokens, deadlines and retries is in the crate `bankezy-client`.
//!
//! # Features
//! | feature | what it brings |
//! |---|---|
//! | `aws-lc-rs` (default) | the backend AWS-LC |
//! | `rust-crypto` | the backend of pure Rust crates; at least one backend is needed |
//! | `rust-crypto-rsa` | public RSA keys on the crate `rsa` |
//! | `rust-crypto-private-rsa-timing-risk` | private RSA on the crate `rsa`, as in `bankezy-crypto` |
//!
//! # What the envelope does not cover
//! Only bodies are sealed. Method, path, status and headers are sent unchanged, and nothing binds a body to
//! them. With a shared key both directions look alike, and a sealed text can be replayed: only the content of
//! a message can prove that it is fresh and answers the request, and only a [`ReplayGuard`] knows that it was
//! received before. Empty bodies (those of `HEAD`, of 204 and
//! 304, and of a `GET` or `DELETE` without one) are not sealed and not authenticated. The extensions
//! [`OpenedByKey`] and [`Unauthenticated`] tell handlers and callers whether a body was sealed.
//!
//! Where a route allows requests without a body, a handler can require the extension, so that a request must
//! have been sealed:
//!
//! ```
//! use axum::Extension;
//! use bankezy_crypto::OpenedByKey;
//!
//! async fn settled(Extension(by_key): Extension<OpenedByKey>) -> &'static str {
//!     if by_key.is_newest() { "{}" } else { r#"{"rotate":"please"}"# }
//! }
//! ```
//!
//! # In production
//! - Several partners behind one address: [`SealedServerLayer::from_lookup`] finds the keys of each request.
//! - Replays: [`SealedServerLayer::with_replay_guard`] refuses what was received before. Without it a recorded
//!   message is handled as often as it is sent.
//! - Requests without a body are refused unless [`SealedServerLayer::allow_empty`] is set, and CORS preflight
//!   requests unless [`SealedServerLayer::allow_preflight`] is.
//! - [`Refusal`] says for logs and metrics why a request was refused.
//!
//! The page `docs/middleware.md` of the repository lists all settings in the order in which they apply.
//!
//! # Limits
//! Bodies are read into memory up to a maximum length, which is enforced while they arrive. The server layer
//! also limits how many requests and bytes are read at once, and for how long. Neither layer limits how long
//! the inner service takes: put a timeout around it. Compressed bodies are refused: do not combine the layers
//! with compression. Trailers are dropped.
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic. An exception states its reason.
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
mod exchange;
mod form;
mod intake;
mod keys;
mod limits;
mod lookup;
mod refusal;
mod replay;
mod server;
mod unavailable;
mod unknown;

pub use client::{SealedClient, SealedClientLayer};
pub use error::MiddlewareError;
pub use lookup::{FoundKeys, KeyLookup, LookedUpKeys, only_header};
pub use refusal::Refusal;
pub use replay::{Freshness, Mark, MemoryMarks, Recorded, ReplayGuard, ReplayStore};
pub use server::{SealedServer, SealedServerLayer};
pub use unavailable::Unavailable;

use bankezy_crypto::OpenedByKey;

/// Default maximum length of a body that is sealed, in bytes: 6 MiB less 4 KiB. Sealed under any key it
/// stays below [`DEFAULT_MAX_SEALED_LEN`](bankezy_crypto::DEFAULT_MAX_SEALED_LEN).
pub const DEFAULT_MAX_PLAIN_LEN: usize = 6 * 1024 * 1024 - 4 * 1024;

/// Extension of a request or response whose body was not sealed: empty, or the text of an error. Anyone
/// between client and server may have written it.
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

/// Sets one of the two extensions and removes the other.
fn mark(extensions: &mut http::Extensions, opened: Option<OpenedByKey>) {
    extensions.remove::<OpenedByKey>();
    extensions.remove::<Unauthenticated>();
    match opened {
        Some(by_key) => {
            extensions.insert(by_key);
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
