//! Every metric of this crate: its name, kind, unit and labels. `docs/operations.md` has the same table.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What a metric measures, for [`METRICS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only increases.
    Counter,
    /// Is set to the current value.
    Gauge,
    /// Counts observations by size.
    Histogram,
}

/// A metric that this crate may record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// `None` if it is a count or a ratio.
    pub unit: Option<Unit>,
    /// The keys of its labels.
    pub labels: &'static [&'static str],
    /// What it counts or measures.
    pub help: &'static str,
}

pub(crate) const ATTEMPTS: &str = "bankezy_client_attempts_total";
pub(crate) const ATTEMPT_SECONDS: &str = "bankezy_client_attempt_duration_seconds";
pub(crate) const POSSIBLY_SENT: &str = "bankezy_client_possibly_sent_total";
pub(crate) const LOGIN_SECONDS: &str = "bankezy_client_login_duration_seconds";
pub(crate) const LOOKUPS: &str = "bankezy_client_token_lookups_total";
pub(crate) const FAILURES: &str = "bankezy_client_failures_total";
pub(crate) const SKEW_SECONDS: &str = "bankezy_clock_skew_seconds";
pub(crate) const AGE_SECONDS: &str = "bankezy_message_age_seconds";
pub(crate) const OPENED: &str = "bankezy_opened_total";
pub(crate) const OPEN_FAILURES: &str = "bankezy_open_failures_total";
pub(crate) const REPLAYS: &str = "bankezy_replays_total";
pub(crate) const REFUSED: &str = "bankezy_refused_total";
pub(crate) const BUDGET: &str = "bankezy_nonce_budget_remaining_ratio";

/// All metrics of this crate.
pub const METRICS: &[Metric] = &[
    counter(
        ATTEMPTS,
        &[
            "http_request_method",
            "server_address",
            "http_response_status_code",
            "error_type",
        ],
        "attempts to send a request, retries included",
    ),
    seconds(
        ATTEMPT_SECONDS,
        Kind::Histogram,
        &["http_request_method", "server_address"],
        "time of an attempt, until its answer was read, it failed or its call was dropped",
    ),
    counter(
        POSSIBLY_SENT,
        &["server_address", "error_type"],
        "calls whose outcome is unknown: without an answer, or with one that does not state it under the key",
    ),
    seconds(
        LOGIN_SECONDS,
        Kind::Histogram,
        &["renewed"],
        "time to get a session, by a login (`false`) or by Renew (`true`)",
    ),
    counter(
        LOOKUPS,
        &["hit"],
        "token lookups in a token cache: found, or not",
    ),
    counter(
        FAILURES,
        &["operation", "error_type"],
        "answers that did not open, or say that the call failed (`answer`); failures to get a session \
         (`session`), to renew one (`renewal`), to end a replaced one (`revocation`), to get a token \
         (`token`), and of a token store (`token_store`)",
    ),
    seconds(
        SKEW_SECONDS,
        Kind::Gauge,
        &["server_address"],
        "the server's clock minus ours, by the `Date` of its last answer",
    ),
    seconds(
        AGE_SECONDS,
        Kind::Gauge,
        &["name"],
        "age of the last received message by its timestamp; negative if the sender's clock is ahead",
    ),
    counter(
        OPENED,
        &["name", "key_id", "newest"],
        "messages that a key of a key ring opened",
    ),
    counter(
        OPEN_FAILURES,
        &["name", "code"],
        "messages that did not open, or name no known key",
    ),
    counter(
        REPLAYS,
        &["name", "code"],
        "messages that were received before, or are stale",
    ),
    counter(
        REFUSED,
        &["name", "code"],
        "requests that the server layer refused, or whose answers it replaced",
    ),
    Metric {
        name: BUDGET,
        kind: Kind::Gauge,
        unit: None,
        labels: &["key"],
        help: "part of a key's nonce budget that is left, from 1 to 0",
    },
];

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        unit: None,
        labels,
        help,
    }
}

const fn seconds(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        unit: Some(Unit::Seconds),
        labels,
        help,
    }
}

/// Gives the installed recorder the description and unit of each metric. Call it once, after the recorder
/// was installed.
pub fn describe() {
    for metric in METRICS {
        let Metric { name, help, .. } = *metric;
        let unit = metric.unit.unwrap_or(Unit::Count);
        match metric.kind {
            Kind::Counter => describe_counter!(name, unit, help),
            Kind::Gauge => describe_gauge!(name, unit, help),
            Kind::Histogram => describe_histogram!(name, unit, help),
        }
    }
}
