//! Metrics of the client, from its traces.

use core::fmt;

use metrics::{Label, counter, histogram};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::catalog::{ATTEMPT_SECONDS, ATTEMPTS, FAILURES, LOGIN_SECONDS, LOOKUPS, POSSIBLY_SENT};

/// A layer that records metrics of `bankezy-client` from its traces, which have the target `bankezy_client`.
///
/// Most of these events are at `debug` (attempts, logins) or `trace` (token lookups). The layer sees them if no
/// filter of the whole subscriber removes them, so give each other layer a filter of its own, as below. A filter that
/// is added as a layer, such as `registry().with(EnvFilter::new("info"))`, and the features `release_max_level_*` and
/// `max_level_*` of `tracing` remove events for every layer. At `info`, only what is at `warn` is counted then:
/// attempts that were possibly sent, dropped calls, and failures other than those of revocations.
/// [`client_events_enabled`] returns whether that is so.
///
/// The layer keeps only the fields of an event that become labels: method, host, status, error code, and times.
///
/// ```
/// use bankezy_metrics::{client_events_enabled, client_layer};
/// use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
/// use tracing_subscriber::{filter::LevelFilter, fmt};
///
/// let subscriber = tracing_subscriber::registry()
///     .with(fmt::layer().with_filter(LevelFilter::INFO)) // or an `EnvFilter`
///     .with(client_layer());
/// # tracing::subscriber::with_default(subscriber, || {
/// // tracing::subscriber::set_global_default(subscriber)?;
/// assert!(client_events_enabled());
/// # });
/// ```
#[must_use]
pub fn client_layer<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let events = Targets::new().with_target("bankezy_client", LevelFilter::TRACE);
    ClientLayer.with_filter(events)
}

/// Whether the subscriber of this thread lets through all events that [`client_layer`] counts: `false` if a filter
/// of the whole subscriber, or a feature of `tracing`, removes those at `debug` or `trace`. Call it once after the
/// subscriber was installed, and log a warning.
#[must_use]
pub fn client_events_enabled() -> bool {
    let is_enabled = tracing::enabled!(target: "bankezy_client", tracing::Level::TRACE);
    // The answers of layer filters are kept for the next event of the thread, so that has to be one of ours: it would
    // be lost otherwise.
    tracing::trace!(target: "bankezy_client", "asked whether traces arrive");
    is_enabled
}

struct ClientLayer;

impl<S: Subscriber> Layer<S> for ClientLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.count();
    }
}

/// The fields of an event that become labels or values. Others are not kept.
#[derive(Default)]
struct Fields {
    message: String,
    method: String,
    host: String,
    status: String,
    error_type: String,
    elapsed_ms: Option<u64>,
    possibly_sent: bool,
    hit: bool,
    renewed: bool,
}

impl Fields {
    /// The meaning of the client's events. They are identified by their texts, which a test of this crate compares
    /// with what the client sends.
    fn count(self) {
        match self.message.as_str() {
            "attempt ended" => self.count_attempt(),
            "call dropped before its end" => {
                let error_type = "dropped".to_owned();
                Self { error_type, ..self }.count_attempt();
            }
            "token looked up" => {
                counter!(LOOKUPS, "hit" => self.hit.to_string()).increment(1);
            }
            "session obtained" => {
                let seconds = histogram!(LOGIN_SECONDS, "renewed" => self.renewed.to_string());
                record_millis(&seconds, self.elapsed_ms);
            }
            "answer not accepted" => self.count_failure("answer"),
            "outcome unknown" => self.count_unknown_outcome(),
            "no session obtained" => self.count_failure("session"),
            "renewal failed, logging in instead" => self.count_failure("renewal"),
            "replaced token not invalidated" => self.count_failure("revocation"),
            "no token obtained" => self.count_failure("token"),
            store if store.starts_with("token not ") => self.count_failure("token_store"),
            _ => {}
        }
    }

    fn count_unknown_outcome(&self) {
        let host = Label::new("server_address", self.host.clone());
        let error_type = Label::new("error_type", self.error_type.clone());
        counter!(POSSIBLY_SENT, vec![host, error_type]).increment(1);
    }

    fn count_attempt(self) {
        if self.possibly_sent {
            self.count_unknown_outcome();
        }
        let method = Label::new("http_request_method", self.method);
        let host = Label::new("server_address", self.host);
        let error_type = Label::new("error_type", self.error_type);
        // Without it, the call was dropped between two attempts, or before the first.
        if self.elapsed_ms.is_some() {
            let seconds = histogram!(ATTEMPT_SECONDS, vec![method.clone(), host.clone()]);
            record_millis(&seconds, self.elapsed_ms);
            let status = Label::new("http_response_status_code", self.status);
            counter!(ATTEMPTS, vec![method, host, status, error_type]).increment(1);
        }
    }

    fn count_failure(self, operation: &'static str) {
        let labels = vec![
            Label::new("operation", operation),
            Label::new("error_type", self.error_type),
        ];
        counter!(FAILURES, labels).increment(1);
    }
}

fn record_millis(histogram: &metrics::Histogram, millis: Option<u64>) {
    if let Some(millis) = millis {
        histogram.record(core::time::Duration::from_millis(millis));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let kept = match field.name() {
            "http.request.method" => &mut self.method,
            "server.address" => &mut self.host,
            "error.type" | "error.code" => &mut self.error_type,
            _ => return,
        };
        value.clone_into(kept);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "http.response.status_code" => self.status = value.to_string(),
            "elapsed_ms" => self.elapsed_ms = Some(value),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "possibly_sent" => self.possibly_sent = value,
            "hit" => self.hit = value,
            "renewed" => self.renewed = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
