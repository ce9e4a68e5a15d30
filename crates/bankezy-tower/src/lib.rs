//! Sealing and opening around any [`tower_service::Service`] over `http` types.
//!
//! [`SealedServerLayer`] stands before a server's handlers: it opens what comes in, such as the
//! callbacks that BankEzy sends to a partner, hands on JSON, and seals the answers.
//! [`SealedClientLayer`] stands before an HTTP client: it seals what goes out and opens the answers.
//! Both take the keys as a [`Channel`](bankezy_crypto::Channel), or whatever one is made from: a cipher, a
//! key ring, a pair of sealer and opener. What they send and expect is a compact JWE as the whole body, as
//! `text/plain`; that BankEzy's bodies have this form is inferred.
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
//! without one) are not sealed and not authenticated; the extensions
//! [`OpenedByKey`] and [`Unauthenticated`] tell handlers and callers which is which.
//!
//! A handler that serves methods without a body asks for the extension, to be sure that one was sealed:
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

use bankezy_crypto::OpenedByKey;

/// Longest body that is sealed unless the caller says otherwise, in bytes: 6 MiB less 4 KiB. Sealed
/// it stays below [`DEFAULT_MAX_SEALED_LEN`](bankezy_crypto::DEFAULT_MAX_SEALED_LEN), whichever the key.
pub const DEFAULT_MAX_PLAIN_LEN: usize = 6 * 1024 * 1024 - 4 * 1024;

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
