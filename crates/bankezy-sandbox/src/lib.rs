//! An emulator of BankEzy's token service, with an API that returns what it was sent, and of the token calls of
//! Faceki, ComplyCube and Sardine.
//!
//! It needs no network and no credentials: it makes everything when it starts and keeps nothing when it stops. What
//! the providers' documentation leaves open is marked as this crate's own choice.
//!
//! ```
//! # async fn start() -> Result<(), bankezy_sandbox::SandboxError> {
//! use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! sandbox.faults().inject(InjectedFault::DropBefore, 1);
//! println!("{} {}", sandbox.url(), sandbox.credentials().api_key());
//! // … calls …
//! assert_eq!(sandbox.executed().of(EmulatedEndpoint::Renew), 0);
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! For unit tests without a network there are [`StubBank`], whose answers the test chooses, and [`TestClock`].
//!
//! # Start here
//! [`Sandbox::start`] for an emulator with defaults, [`Sandbox::builder`] for settings, and [`StubBank`] for a unit test
//! without a network. A program in another language starts `bankezy sandbox` of the crate `bankezy-cli`. This crate has
//! no features.
//!
//! # What it serves
//! Get Token (POST, and GET since the documentation says so), Onboarding user token, Get App Token,
//! Renew (both documented paths of v1), Invalidate, and `/sandbox/echo`, under the paths of the
//! documentation; the path of Onboarding's v2 is this crate's own. Each answers in the form that its own page
//! shows; [`SandboxBuilder::answers`] changes that.
//!
//! Requests are accepted as in the documentation's samples: Onboarding without `referenceId` and with an empty
//! `sdkPublicKey`, dates as yyyyMMdd and as ddMMyyyy, `application/json` as content type, and quotes or a line end
//! around a sealed text. [`SandboxBuilder::strict`] refuses more.
//!
//! The other providers, in plain JSON:
//!
//! | call | takes | gives |
//! |---|---|---|
//! | `GET /faceki/auth/api/access-token` | `clientId`, `clientSecret` in the query, or the headers `clientid`, `clientSecret` | `responseCode` 0, `data` with `access_token`, 3600 s |
//! | `POST /complycube/v1/tokens` | `Authorization: KEY`; `clientId` and one of `referrer`, `appId` | `token` |
//! | `POST /sardine/v1/identity-documents/tokens` | `Authorization: Basic …`; `sessionKey`, `customerId`, `platform`, `provider` | `access_token`, 600 s, and what Incode needs |
//!
//! Their tokens are random text: the emulator has no calls that use them.
//!
//! # Keys
//! At BankEzy, Get Token and Onboarding are sealed with the static payload secret, Get App Token is plain JSON. Their
//! answers contain a server key of the type that the client sent. A later call names its session by `X-API-TOKEN`,
//! and is answered under the key that it was sealed with: the static payload secret (not for sessions of Get App
//! Token), the key agreed on P-256, or RSA both ways, as `RSA-OAEP-256`. Invalidate without `X-API-TOKEN` is sealed
//! with the static payload secret.
//!
//! # Refusals
//! BankEzy: HTTP 401 in clear text for a missing `X-API-KEY` and for a token that is missing, unknown, expired,
//! renewed or invalidated; 400 for a body that does not open, 413 for one that is too long, 415 for the wrong
//! `Content-Type`. What is wrong with an opened request is reported in a sealed answer with HTTP 200, whose form is
//! this crate's own: `TOK002` unknown API key, `TOK004` credentials that may not have a token, `TOK003` anything
//! else, with a `resDesc` that names the field.
//!
//! Faceki: 403 without `clientId`, 402 without `clientSecret`, 401 for wrong ones, in the forms of its page.
//! ComplyCube: 401 and 400 with `type`, `message` and, for 400, `param`; that exactly one of `referrer` and `appId`
//! is required is inferred. Sardine, which documents no errors: 401 and 400 in plain text, this crate's own.
//!
//! # Faults
//! [`Sandbox::faults`] in the process, the header `X-Sandbox-Fault: NAME` or `NAME=AMOUNT` for one
//! request, or `POST /sandbox/faults` with `{"fault":"delay","times":2,"path":"…","delayMs":100}`
//! (`retryAfter` in seconds, `bytes`; `times` is 1 and `path` is any unless given; `none` clears). Unknown members,
//! paths and names are refused. See [`InjectedFault`] for the names. The JSON API aims them at calls too, with a
//! probability.
//!
//! # Log and console
//! [`SandboxBuilder::request_log`] keeps the newest exchanges, and [`SandboxBuilder::console`] serves a web page and a
//! JSON API under `/_sandbox`. Both are off by default; `docs/sandbox.md` of the repository describes them.
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic; where one of these is used, an `expect` says why.
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
    expect(clippy::arithmetic_side_effects, reason = "small counts and times")
)]

mod bankezy;
mod bodies;
mod builder;
mod channel;
mod clock;
mod complycube;
mod config;
mod console;
mod credentials;
mod custom;
mod endpoint;
mod error;
mod exchange;
mod faceki;
mod faults;
mod log;
mod members;
mod plain_json;
mod random;
mod ready;
mod recording;
mod routes_file;
mod running;
mod sardine;
mod server;
mod sessions;
mod state;
mod stub;
mod template;
mod test_clock;
mod tls;
mod tokens;

pub use builder::SandboxBuilder;
pub use config::AnswerForm;
pub use credentials::Credentials;
pub use custom::{CustomRoute, RouteKey};
pub use endpoint::{EmulatedEndpoint, Executed};
pub use error::SandboxError;
pub use faults::{Faults, InjectedFault};
pub use log::{BrokenRule, LogLimits, LoggedExchange, LoggedKey, LoggedMessage};
pub use running::Sandbox;
pub use stub::{StubAnswer, StubBank};
pub use test_clock::TestClock;
pub use tokens::TokenFormat;

/// The examples of this crate's README, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
