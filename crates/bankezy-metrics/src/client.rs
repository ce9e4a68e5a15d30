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
/// It sees the events of that target at every level, whatever filters other layers have. It keeps nothing of an
/// event but the fields that become labels: method, host, status, error code, and times.
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let subscriber = tracing_subscriber::registry().with(bankezy_metrics::client_layer());
/// # let _ = subscriber;
/// // tracing::subscriber::set_global_default(subscriber)
/// ```
#[must_use]
pub fn client_layer<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let events = Targets::new().with_target("bankezy_client", LevelFilter::TRACE);
    ClientLayer.with_filter(events)
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
    /// What the client's events mean. They are known by their texts, which a test of this crate holds to
    /// what the client sends.
    fn count(self) {
        match self.message.as_str() {
            "attempt ended" => self.count_attempt(),
            "call dropped before its end" => self.count_dropped(),
            "token looked up" => {
                counter!(LOOKUPS, "hit" => self.hit.to_string()).increment(1);
            }
            "session obtained" => {
                let seconds = histogram!(LOGIN_SECONDS, "renewed" => self.renewed.to_string());
                record_millis(&seconds, self.elapsed_ms);
            }
            "answer not accepted" => self.count_failure("answer"),
            "no session obtained" => self.count_failure("session"),
            "renewal failed, logging in instead" => self.count_failure("renewal"),
            "replaced token not invalidated" => self.count_failure("revocation"),
            "no token obtained" => self.count_failure("token"),
            store if store.starts_with("token not ") => self.count_failure("token_store"),
            _ => {}
        }
    }

    fn count_attempt(self) {
        let method = Label::new("http_request_method", self.method);
        let host = Label::new("server_address", self.host);
        let error_type = Label::new("error_type", self.error_type);
        let seconds = histogram!(ATTEMPT_SECONDS, vec![method.clone(), host.clone()]);
        record_millis(&seconds, self.elapsed_ms);
        if self.possibly_sent {
            counter!(POSSIBLY_SENT, vec![host.clone(), error_type.clone()]).increment(1);
        }
        let status = Label::new("http_response_status_code", self.status);
        counter!(ATTEMPTS, vec![method, host, status, error_type]).increment(1);
    }

    fn count_dropped(self) {
        if self.possibly_sent {
            let host = Label::new("server_address", self.host);
            let error_type = Label::new("error_type", "dropped");
            counter!(POSSIBLY_SENT, vec![host, error_type]).increment(1);
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
