//! One call: its attempts, its deadline and its trace, without I/O and timers.

use core::time::Duration;

use std::sync::{Arc, OnceLock};

use bankezy_crypto::providers::Idempotent;
use bankezy_crypto::{Delivery, DeliveryTracker, SecretBytes};
use http::{Method, Request, Response};
use tokio::time::Instant;
use tracing::{Span, debug, debug_span, field, warn};

use super::backoff::millis;
use super::{ClientError, RetryPolicy};

pub(super) struct Call {
    retries: RetryPolicy,
    pub(super) deadline: Instant,
    attempt: u32,
    attempt_started: Instant,
    is_idempotent: bool,
    /// Of the attempt, as soon as a service may send it.
    pub(super) sending: Arc<OnceLock<DeliveryTracker>>,
    /// Whether an earlier attempt was possibly sent.
    sent_before: bool,
    pub(super) has_ended: bool,
    /// What traces show of the request.
    method: Method,
    host: String,
    request_len: usize,
    pub(super) span: Span,
}

impl Call {
    pub(super) fn new(retries: RetryPolicy, deadline: Duration) -> Self {
        let now = Instant::now();
        Self {
            retries,
            deadline: now + deadline,
            attempt: 0,
            attempt_started: now,
            is_idempotent: false,
            sending: Arc::default(),
            sent_before: false,
            has_ended: false,
            method: Method::GET,
            host: String::new(),
            request_len: 0,
            span: debug_span!(
                target: "bankezy_client",
                "http_call",
                http.status_code = field::Empty,
                error.code = field::Empty,
                attempts = field::Empty,
            ),
        }
    }

    /// Starts the next attempt, with this request.
    pub(super) fn begin(&mut self, request: &Request<SecretBytes>) {
        self.attempt += 1;
        self.sent_before = self.is_possibly_sent();
        self.sending = Arc::default();
        self.attempt_started = Instant::now();
        self.is_idempotent = request.extensions().get::<Idempotent>().is_some();
        self.method = request.method().clone();
        self.host = request.uri().host().unwrap_or_default().to_owned();
        self.request_len = request.body().as_bytes().len();
    }

    /// How long to wait before the next attempt; `None` if the result is final.
    pub(super) fn judge(
        &mut self,
        result: &Result<Response<SecretBytes>, ClientError>,
    ) -> Option<Duration> {
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        let wait = self
            .retries
            .wait(self.attempt, left, self.is_idempotent, result);
        let response = result.as_ref().ok();
        let status = response.map(|response| response.status().as_u16());
        let code = result.as_ref().err().map(ClientError::code);
        debug!(
            target: "bankezy_client",
            {
                http.method = self.method.as_str(),
                server.address = self.host.as_str(),
                http.status_code = status,
                error.code = code,
                attempt = self.attempt,
                elapsed_ms = millis(now - self.attempt_started),
                request_len = self.request_len,
                response_len = response.map(|response| response.body().as_bytes().len()),
                retry_in_ms = wait.map(millis),
            },
            "attempt ended",
        );
        self.has_ended = wait.is_none();
        if self.has_ended {
            self.span
                .record("http.status_code", status)
                .record("error.code", code)
                .record("attempts", self.attempt);
        }
        wait
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
            let possibly_sent = self.is_possibly_sent();
            warn!(
                target: "bankezy_client",
                { server.address = self.host.as_str(), attempt = self.attempt, possibly_sent },
                "call dropped before its end",
            );
        }
    }
}
