//! One call: its attempts, its deadline and its trace, without I/O and timers.

use core::time::Duration;
use std::sync::{Arc, OnceLock};

use bankezy_crypto::providers::Idempotent;
use bankezy_crypto::{Delivery, DeliveryTracker, SecretBytes};
use http::{Request, Response, StatusCode};
use tokio::time::Instant;
use tracing::{Span, debug, debug_span, field::Empty, warn};

use super::{ClientError, RetryPolicy, backoff::millis};

/// The methods that OpenTelemetry knows.
#[rustfmt::skip]
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

pub(super) struct Call {
    retries: RetryPolicy,
    pub(super) deadline: Instant,
    attempt: u32,
    /// While an attempt is under way.
    attempt_started: Option<Instant>,
    is_idempotent: bool,
    /// Of the attempt, as soon as a service may send it.
    pub(super) sending: Arc<OnceLock<DeliveryTracker>>,
    /// Whether an earlier attempt was possibly sent.
    sent_before: bool,
    pub(super) has_ended: bool,
    /// What traces show of the request.
    /// As OpenTelemetry names it.
    method: &'static str,
    host: String,
    request_len: usize,
    pub(super) span: Span,
}

impl Call {
    pub(super) fn new(retries: RetryPolicy, deadline: Duration) -> Self {
        Self {
            retries,
            deadline: Instant::now() + deadline,
            attempt: 0,
            attempt_started: None,
            is_idempotent: false,
            sending: Arc::default(),
            sent_before: false,
            has_ended: false,
            method: "",
            host: String::new(),
            request_len: 0,
            span: debug_span!(
                target: "bankezy_client",
                "http_call",
                http.request.method = Empty, server.address = Empty, error.type = Empty,
                http.response.status_code = Empty, http.request.resend_count = Empty,
            ),
        }
    }

    /// Starts the next attempt, with this request.
    pub(super) fn begin(&mut self, request: &Request<SecretBytes>) {
        self.attempt += 1;
        self.sent_before = self.is_possibly_sent();
        self.sending = Arc::default();
        self.attempt_started = Some(Instant::now());
        self.is_idempotent = request.extensions().get::<Idempotent>().is_some();
        let known = METHODS.into_iter().find(|known| request.method() == known);
        self.method = known.unwrap_or("_OTHER");
        self.host = request.uri().host().unwrap_or_default().to_owned();
        self.request_len = request.body().as_bytes().len();
        if self.attempt == 1 {
            self.span
                .record("http.request.method", self.method)
                .record("server.address", self.host.as_str());
        }
    }

    /// How long to wait before the next attempt; `None` if the result is final. An error says whether any attempt
    /// was possibly sent.
    pub(super) fn judge(
        &mut self,
        result: &mut Result<Response<SecretBytes>, ClientError>,
    ) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let (attempt, is_idempotent) = (self.attempt, self.is_idempotent);
        let wait = self.retries.wait(attempt, left, is_idempotent, result);
        if let Err(error) = result
            && self.sent_before
        {
            error.set_possibly_sent();
        }
        // Whatever a service reported.
        self.sent_before |= result.is_ok();
        let (response, error) = (result.as_ref().ok(), result.as_ref().err());
        let status = response.map(Response::status);
        let error_status = status.as_ref().filter(|it| it.as_u16() >= 400);
        let code = error.map(ClientError::code);
        let error_type = code.or(error_status.map(StatusCode::as_str));
        let status = status.map(|it| it.as_u16());
        let (resends, took) = (self.resends(), self.took());
        // Of the call: an attempt that is followed by another leaves nothing to ask for.
        let possibly_sent = error
            .filter(|_| wait.is_none())
            .map(|it| it.delivery() == Delivery::PossiblySent);
        macro_rules! ended {
            ($event:ident) => { $event!(target: "bankezy_client", {
                http.request.method = self.method, server.address = self.host.as_str(),
                http.response.status_code = status, http.request.resend_count = resends,
                error.type = error_type, elapsed_ms = took, possibly_sent, request_len = self.request_len,
                response_len = response.map(|it| it.body().as_bytes().len()), retry_in_ms = wait.map(millis),
            }, "attempt ended") };
        }
        // Somebody has to ask for its outcome, so the usual filters let it through.
        match possibly_sent {
            Some(true) => ended!(warn),
            _ => ended!(debug),
        }
        self.has_ended = wait.is_none();
        if self.has_ended {
            self.span
                .record("http.response.status_code", status)
                .record("error.type", error_type)
                .record("http.request.resend_count", resends);
        }
        wait
    }

    fn took(&mut self) -> Option<u64> {
        self.attempt_started.take().map(|it| millis(it.elapsed()))
    }

    fn resends(&self) -> Option<u32> {
        self.attempt.checked_sub(1).filter(|count| *count > 0)
    }

    fn is_possibly_sent(&self) -> bool {
        let sent = |it: &DeliveryTracker| it.abandon() == Delivery::PossiblySent;
        self.sent_before || self.sending.get().is_some_and(sent)
    }
}

/// A caller that drops its call learns nothing of it, so the trace has to tell.
impl Drop for Call {
    fn drop(&mut self) {
        if !self.has_ended {
            let (took, possibly_sent) = (self.took(), self.is_possibly_sent());
            let _entered = self.span.enter();
            self.span
                .record("error.type", "dropped")
                .record("http.request.resend_count", self.resends());
            warn!(target: "bankezy_client", {
                http.request.method = self.method, server.address = self.host.as_str(),
                http.request.resend_count = self.resends(), elapsed_ms = took, possibly_sent,
            }, "call dropped before its end");
        }
    }
}
