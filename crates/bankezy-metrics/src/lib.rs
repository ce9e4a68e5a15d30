//! Metrics of `bankezy-client` and `bankezy-tower`, through the facade of the crate [`metrics`].
//!
//! Nothing is recorded unless the caller installs a part of this crate, and a recorder of the facade, such as a
//! Prometheus exporter:
//!
//! | part | what it records |
//! |---|---|
//! | [`client_layer`] | attempts, possibly sent requests, logins and renewals, token lookups, failures: from the client's traces |
//! | [`MessageMetricsLayer`], [`counted`] | refused requests, replays, messages that did not open, and which key opened the others |
//! | [`NonceBudgets`] | what is left of the nonce budgets of named keys |
//! | [`ClockSkewLayer`], [`with_age_recorded`] | how far the clocks of servers and senders are from ours |
//!
//! [`METRICS`] lists the metrics, and [`describe`] gives the recorder their descriptions and units. Labels are
//! host names, methods, status codes, error codes, and names of the caller's choice: no secret, token, path,
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
//! Other layers need filters of their own: a filter of the whole subscriber removes events for [`client_layer`] too, which
//! [`client_events_enabled`] tells.
//!
//! # Features
//! `aws-lc-rs` (default) is the backend, as in `bankezy-tower`. Without it, another crate in the build has to choose one.
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
