//! HTTP clients for the providers of `bankezy-crypto`, with a session keeper and a token cache.
//!
//! | type | what it does |
//! |---|---|
//! | [`Client`] | sends an HTTP request with `reqwest`, with retries if they are safe; every status is a response |
//! | [`Transport`] | the same over any `tower` service |
//! | [`BankEzyClient`], [`TokenClient`] | make the calls of BankEzy, and the token call of any provider |
//! | [`SessionKeeper`], [`TokenCache`] | hold sessions and tokens, and renew them before they expire |
//! | [`Blocking`] | wraps any of them for code without an async runtime |
//!
//! # Start here
//! A service that calls BankEzy under one login: [`SessionKeeper`]. Tokens of the other providers: [`TokenCache`].
//! A few calls with tokens of your own: [`BankEzyClient`] and [`TokenClient`]. Code without an async runtime:
//! [`Blocking`] around any of them. The crate has no features. `docs/guide.md` of the repository leads from the first
//! day to production.
//!
//! # Guarantees for every call
//! - **TLS.** [`Client`] sends `https` only, with TLS 1.2 or 1.3; plain `http` only to `localhost`,
//!   `127.0.0.0/8` and `::1`, and then never through a proxy. It speaks HTTP/1.1, follows no redirects, and
//!   ignores the system's proxy settings by default.
//! - **Limits.** One deadline covers all attempts of a call, and an answer is refused as soon as it exceeds
//!   the maximum length. No request continues after the deadline.
//! - **No duplicates.** A request is retried only if nothing of it was sent, unless its caller states that the
//!   server executes it once ([`Idempotent`](bankezy_crypto::providers::Idempotent)). After a timeout or a
//!   lost connection the server may have executed the request, and [`ClientError::delivery`] says so.
//! - **No secrets in logs.** No error, `Debug` or trace contains a path, query, header or body. Traces have the
//!   target `bankezy_client` and contain host, method, status, lengths and times. The libraries underneath
//!   log under their own targets (`hyper_util`, `reqwest`, `rustls`): set those to `info` or less.
//!
//! Bodies in the memory of this crate are wiped. The buffers of TLS and HTTP underneath and header values are
//! not, which is another reason to seal bodies.
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
//!         // Called for each attempt, so that each has its own nonce.
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
#[cfg(all(test, shuttle))]
mod models;
mod retry;
mod session;
mod settings;
mod sync;
mod token_cache;
mod token_client;
mod transport;

pub use self::http::{
    Client, ClientBuilder, DEFAULT_CONNECT_TIMEOUT, DEFAULT_IDLE_TIMEOUT,
    DEFAULT_MAX_IDLE_PER_HOST, tls_problem,
};
pub use bankezy::BankEzyClient;
pub use bankezy_crypto::providers::bankezy::{Renewal, Session};
pub use bankezy_crypto::providers::{ServiceError, StoreError, TokenStore};
pub use bankezy_crypto::{Advice, Delivery, DeliveryTracker};
pub use blocking::Blocking;
pub use error::{
    ClientError, ClientErrorKind, ConnectProblem, ProviderError, Setting, TlsProblem, TokenProblem,
};
pub use retry::RetryPolicy;
pub use session::SessionKeeper;
pub use settings::RefreshSettings;
pub use token_cache::{DEFAULT_TOKEN_CAPACITY, MemoryStore, TokenCache, TokenSlot};
pub use token_client::TokenClient;
pub use transport::{DEFAULT_DEADLINE, DEFAULT_MAX_RESPONSE_LEN, Transport};

/// Implements a `Debug` that shows only the type's name, for types that contain secrets.
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
    [] Transport => "Transport";
    [] http::Pools => "Pools";
    [] ClientBuilder => "ClientBuilder";
    [A] TokenClient<A> => "TokenClient";
    [] SessionKeeper => "SessionKeeper";
    [] RefreshSettings => "RefreshSettings";
    [A: bankezy_crypto::providers::CachedTokenApi, S] TokenCache<A, S> => "TokenCache";
    [A: bankezy_crypto::providers::CachedTokenApi, S] TokenSlot<A, S> => "TokenSlot";
}

/// The examples of the two READMEs, the integration guide, and the pages about keys and providers, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/guide.md")]
#[doc = include_str!("../../../docs/keys.md")]
#[doc = include_str!("../../../docs/providers.md")]
mod pages {}
