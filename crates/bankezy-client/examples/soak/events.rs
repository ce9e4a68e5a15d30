//! Counts the client's trace events, for the process and for each call. It shares no code with the client.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing::{Event, Metadata, Subscriber};

tokio::task_local! {
    /// The counts of the call that this task makes. Logins and token requests run in tasks of their own.
    static OF_THE_CALL: Counts;
}

type Counts = Arc<Mutex<Seen>>;

/// What events said so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Seen {
    /// Spans `http_call`: each has to leave one end, as an attempt that is not repeated or as a drop.
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) dropped: u64,
    /// Attempts with a status.
    pub(crate) answered: u64,
    /// Attempts and dropped calls without one, that the server may have received.
    pub(crate) possibly_sent: u64,
    /// Attempts and dropped calls of which nothing was sent.
    pub(crate) not_sent: u64,
    pub(crate) lookups: u64,
    pub(crate) tokens: u64,
    pub(crate) logins: u64,
    pub(crate) renewals: u64,
    pub(crate) failures: u64,
}

impl Seen {
    /// How many requests the server may have received.
    pub(crate) fn sent(&self) -> u64 {
        self.answered + self.possibly_sent
    }
}

/// Runs a call, and says what its events were, those of its drop among them.
pub(crate) async fn watched<T>(call: impl Future<Output = T>) -> (T, Seen) {
    let counts = Counts::default();
    let result = OF_THE_CALL.scope(Arc::clone(&counts), call).await;
    let seen = *lock(&counts);
    (result, seen)
}

/// The counts of the process.
#[derive(Clone, Default)]
pub(crate) struct Events(Counts);

impl Events {
    pub(crate) fn of_the_process() -> Result<Self, SetGlobalDefaultError> {
        let events = Self::default();
        set_global_default(events.clone())?;
        Ok(events)
    }

    pub(crate) fn seen(&self) -> Seen {
        *lock(&self.0)
    }

    fn count(&self, change: impl Fn(&mut Seen)) {
        change(&mut lock(&self.0));
        // In a task that makes no call there is nothing else to count.
        let _ = OF_THE_CALL.try_with(|counts| change(&mut lock(counts)));
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bankezy_client"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        if span.metadata().name() == "http_call" {
            self.count(|seen| seen.begun += 1);
        }
        // Spans are not told apart.
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let is_sent = |seen: &mut Seen| match (fields.has_status, fields.is_possibly_sent) {
            (true, _) => seen.answered += 1,
            (false, true) => seen.possibly_sent += 1,
            (false, false) => seen.not_sent += 1,
        };
        self.count(|seen| match fields.message.as_str() {
            "attempt ended" => {
                is_sent(seen);
                seen.ended += u64::from(!fields.is_repeated);
            }
            // Without a method: it waited for a session, outside of any HTTP call.
            "call dropped before its end" if fields.has_method => {
                is_sent(seen);
                seen.dropped += 1;
            }
            "token looked up" => seen.lookups += 1,
            "token obtained" => seen.tokens += 1,
            "session obtained" if fields.is_renewal => seen.renewals += 1,
            "session obtained" => seen.logins += 1,
            "no session obtained" | "no token obtained" => seen.failures += 1,
            _ => {}
        });
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields {
    message: String,
    has_method: bool,
    has_status: bool,
    is_possibly_sent: bool,
    is_repeated: bool,
    is_renewal: bool,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, _: u64) {
        match field.name() {
            "http.response.status_code" => self.has_status = true,
            "retry_in_ms" => self.is_repeated = true,
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "possibly_sent" => self.is_possibly_sent = value,
            "renewed" => self.is_renewal = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "http.request.method" => self.has_method = true,
            "message" => self.message = format!("{value:?}"),
            _ => {}
        }
    }
}

fn lock(counts: &Counts) -> MutexGuard<'_, Seen> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
