//! What the processes of one payment backend share: tokens, sessions, replay marks, nonce budgets and key rotation,
//! over Redis or Valkey.
//!
//! | part | what it shares |
//! |---|---|
//! | [`SharedTokens`] | tokens of providers, sealed: one login for the fleet |
//! | [`SharedSessions`] | a session with BankEzy, token and agreed key, sealed; opt-in |
//! | [`FleetBudget`] | the nonce budget of a key, in shares |
//! | [`SharedMarks`] | marks of received messages, for the replay guard of `bankezy-tower` |
//! | [`KeyFiles`] | which keys each process can open with, so that a fleet rotates in step |
//!
//! Start with [`Fleet::connect`]: each part is a method of [`Fleet`]. The crate has no features.
//!
//! Sealing and opening never wait for the store. What is guaranteed when the store fails, and what is lost, is in
//! `docs/fleet.md` of the repository, failure by failure.
//!
//! # Start here
//! [`Fleet::connect`] with a [`FleetConfig`] joins a fleet. The methods of [`Fleet`] then return its parts:
//!
//! | I want | use |
//! |---|---|
//! | one login for all processes | [`Fleet::tokens`], as the store of a [`TokenCache`](bankezy_client::TokenCache) |
//! | one session with BankEzy for all processes | [`Fleet::sessions`], with a [`SessionKeeper`](bankezy_client::SessionKeeper) |
//! | each callback handled once | [`Fleet::replay_marks`], in a [`ReplayGuard`](bankezy_tower::ReplayGuard) |
//! | a new key in all processes | [`Fleet::key_files`] and [`KeyFiles::promote`] |
//! | a limit on the messages sealed under one key | [`Fleet::budget`]; [`Fleet::key_files`] includes it |
//! | health checks and operation | [`Fleet::health`], [`Fleet::status`], [`Fleet::check`]; `bankezy fleet` on the command line |
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use bankezy_client::{RefreshSettings, TokenCache, TokenClient};
//! use bankezy_crypto::providers::faceki::Faceki;
//! use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
//! use bankezy_fleet::{Fleet, FleetConfig};
//!
//! # fn cache(client: bankezy_client::Client, secret: PayloadSecret) -> Result<(), Box<dyn std::error::Error>> {
//! let fleet = Fleet::connect(FleetConfig::new("rediss://redis.internal:6379", "payments"))?;
//! // The wrapping key is a secret of its own, the same in all processes.
//! let ring = Arc::new(KeyRing::new("wrap-2026-11", PayloadCipher::new(&secret)?));
//! let client = TokenClient::new(client, Faceki::new("client-id", "client-secret")?);
//! let store = fleet.tokens(ring);
//! let cache = TokenCache::with_settings(client, store, RefreshSettings::default());
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! This crate has no features: the backend is AWS-LC, and TLS to the store is rustls.
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic.
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

mod admin;
mod budget;
mod check;
mod client;
mod config;
mod connection;
mod error;
mod fleet;
mod identity;
mod metrics;
mod names;
mod replay;
mod rings;
mod rotation;
mod scripts;
mod sessions;
mod tokens;

pub use admin::{Budget, Member, Status};
pub use budget::{BudgetSettings, FleetBudget};
pub use check::Finding;
pub use config::FleetConfig;
pub use connection::Health;
pub use error::{FleetError, KeyFileProblem, RevokeError};
pub use fleet::Fleet;
pub use identity::IdentityProblem;
pub use metrics::describe_metrics;
pub use replay::SharedMarks;
pub use rotation::{KeyFiles, RotationSettings};
pub use sessions::{Revoked, SessionSettings, SharedSessions};
pub use tokens::{LoginLock, SharedTokens};

/// The examples of this crate's README, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
