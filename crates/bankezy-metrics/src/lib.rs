//! Metrics of `bankezy-client` and `bankezy-tower`, through the facade of the crate [`metrics`].
//!
//! Nothing is recorded unless you install a part of this crate, and a recorder of the facade, such as a
//! Prometheus exporter.
//!
//! # Start here
//! | I want to measure | use |
//! |---|---|
//! | attempts, possibly sent requests, logins and renewals, token lookups and failures of `bankezy-client` | [`client_layer`] in the subscriber |
//! | refused requests, replays and keys in use of `bankezy-tower` | [`MessageMetricsLayer`], outside and inside its layers |
//! | messages that I open myself | [`counted`] |
//! | what is left of the nonce budgets of named keys | [`NonceBudgets`] |
//! | how far the clocks of servers and senders are from ours | [`ClockSkewLayer`] and [`with_age_recorded`] |
//!
//! [`METRICS`] lists the metrics, and [`describe`] gives the recorder their descriptions and units. Labels are
//! host names, methods, status codes, error codes, and names of your choice: no secret, token, path,
//! query, header value or body.
//!
//! ```
//! use bankezy_metrics::{client_layer, describe};
//! use tracing_subscriber::layer::SubscriberExt as _;
//! use tracing_subscriber::util::SubscriberInitExt as _;
//!
//! // First install a recorder, such as `metrics_exporter_prometheus::PrometheusBuilder::new().install()`.
//! describe();
//! tracing_subscriber::registry().with(client_layer()).init();
//! ```
//!
//! Other layers need filters of their own: a filter of the whole subscriber removes events for [`client_layer`] too.
//! [`client_events_enabled`] returns whether all of them arrive.
//!
//! # Features
//! | feature | what it brings |
//! |---|---|
//! | `aws-lc-rs` (default) | the backend AWS-LC, as in `bankezy-tower`; without it, another crate in the build must choose a backend |
//!
//! The page `docs/operations.md` of the repository has alert rules and runbooks.
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic.
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

mod budget;
mod catalog;
mod client;
mod clock;
mod server;

pub use budget::NonceBudgets;
pub use catalog::{Kind, METRICS, Metric, describe};
pub use client::{client_events_enabled, client_layer};
pub use clock::{ClockSkew, ClockSkewLayer, with_age_recorded};
pub use server::{MessageMetrics, MessageMetricsLayer, counted};

/// The examples of this crate's README, run as doc tests.
#[cfg(all(doctest, feature = "aws-lc-rs"))]
#[doc = include_str!("../README.md")]
mod readme {}

/// The examples of the page for operators, run as doc tests.
#[cfg(all(doctest, feature = "aws-lc-rs"))]
#[doc = include_str!("../../../docs/operations.md")]
mod operations {}
