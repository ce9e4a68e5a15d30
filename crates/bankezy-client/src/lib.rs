//! HTTP for the provider functions of `bankezy-crypto`: clients, a session keeper and a token cache.
//!
//! | type | what it does |
//! |---|---|
//! | [`Client`] | one HTTP exchange, or several attempts of it, on `reqwest`; any status is a response |
//! | [`Transport`] | the same over any `tower` service |
//! | [`BankEzyClient`], [`TokenClient`] | the calls of BankEzy, and the token call of any provider |
//! | [`SessionKeeper`], [`TokenCache`] | sessions and tokens, renewed ahead of their expiry |
//! | [`Blocking`] | any of them for code without a runtime |
//!
//! # What holds for every call
//! - **TLS.** [`Client`] sends `https` only, with TLS 1.2 or 1.3; plain `http` only to `localhost`,
//!   `127.0.0.0/8` and `::1`, and then never through a proxy. HTTP/1.1. It follows no redirect, and uses
//!   no proxy of the system's unless asked to.
//! - **Bounds.** One deadline spans all attempts of a call, and an answer is refused as soon as it
//!   exceeds the cap. Nothing outlives the deadline.
//! - **Never twice.** A request is repeated only if nothing of it was sent, unless
//!   [`RetryPolicy::idempotent`] states that it may be. After a timeout or a connection lost in the middle the
//!   server may have executed the request, and [`ClientError::delivery`] says so.
//! - **Silence.** No error, `Debug` or trace holds a path, query, header or body. Events go out under
//!   the target `bankezy_client`, with the host, method, status, lengths and times. The
//!   libraries underneath log on their own targets (`hyper_util`, `reqwest`, `rustls`): keep those
//!   below `debug`.
//!
//! Bodies are wiped where this crate holds them. The buffers of TLS and HTTP underneath are not,
//! nor are header values: another reason to seal what travels.
//!
//! ```no_run
//! use bankezy_client::Client;
//! use bankezy_crypto::{PayloadCipher, PayloadSecret, SecretBytes};
//!
//! # async fn call() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder().build()?;
//! let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
//! let response = client
//!     .execute(|| {
//!         // Called once an attempt, so that each has its own nonce.
//!         let body = SecretBytes::from(cipher.seal(br#"{"referenceId":"1"}"#)?.into_bytes());
//!         let mut request = http::Request::new(body);
//!         *request.method_mut() = http::Method::POST;
//!         *request.uri_mut() = http::Uri::from_static("https://api.example.com/kong/echo");
//!         Ok::<_, Box<dyn std::error::Error>>(request)
//!     })
//!     .await?;
//! let answer = cipher.open(response.body().as_bytes())?;
//! # drop(answer);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic. Arithmetic is on small counts and bounded times only.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod backoff;
mod bankezy;
mod blocking;
mod call;
mod error;
mod http;
mod in_flight;
mod retry;
mod session;
mod settings;
mod token_cache;
mod token_client;
mod transport;

pub use self::http::{Client, ClientBuilder, DEFAULT_CONNECT_TIMEOUT};
pub use bankezy::BankEzyClient;
pub use bankezy_crypto::{Delivery, DeliveryTracker};
pub use blocking::{Blocking, Bounded};
pub use error::{
    ClientError, ClientErrorKind, ConnectProblem, ProviderError, ServiceError, Setting, StoreError,
    TlsProblem, TokenProblem,
};
pub use retry::RetryPolicy;
pub use session::{Renewal, Session, SessionKeeper};
pub use settings::RefreshSettings;
pub use token_cache::{DEFAULT_TOKEN_CAPACITY, MemoryStore, TokenCache, TokenSlot, TokenStore};
pub use token_client::TokenClient;
pub use transport::{DEFAULT_DEADLINE, DEFAULT_MAX_RESPONSE_LEN, Transport};

/// `Debug` of what holds secrets shows its name alone.
macro_rules! redacted {
    ($([$($generics:tt)*] $type:ty => $name:literal;)*) => {$(
        impl<$($generics)*> core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!($name, "([redacted])"))
            }
        }
    )*};
}

redacted! {
    [] http::Pools => "Pools";
    [] ClientBuilder => "ClientBuilder";
    [A] TokenClient<A> => "TokenClient";
    [] SessionKeeper => "SessionKeeper";
    [] RefreshSettings => "RefreshSettings";
    [A: bankezy_crypto::providers::TokenApi, S] TokenCache<A, S> => "TokenCache";
    [A: bankezy_crypto::providers::TokenApi, S] TokenSlot<A, S> => "TokenSlot";
    [] ServiceError => "ServiceError";
}

/// The examples of this crate's README, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// The examples of the repository's README, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod repository_readme {}
