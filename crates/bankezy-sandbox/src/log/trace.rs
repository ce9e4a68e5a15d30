//! What is learned about an exchange while it runs.

use core::net::SocketAddr;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use bankezy_crypto::Inspection;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::journal::Journal;
use super::record::{BrokenRule, LoggedExchange, LoggedKey, LoggedMessage};
use crate::bodies::bare;

/// Longest text that is kept of a body, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// Collects what is known of an exchange. Does nothing while the log is off.
#[derive(Clone, Default)]
pub(crate) struct Trace(Option<Arc<Mutex<Option<LoggedExchange>>>>);

impl Trace {
    /// Runs only while the log is on and the exchange has not ended.
    pub(crate) fn with(&self, write: impl FnOnce(&mut LoggedExchange)) {
        if let Some(draft) = &self.0
            && let Some(draft) = &mut *draft.lock().unwrap_or_else(PoisonError::into_inner)
        {
            write(draft);
        }
    }

    fn take(&self) -> Option<LoggedExchange> {
        let draft = self.0.as_ref()?;
        draft.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn note(&self, note: impl Into<Cow<'static, str>>) {
        self.with(|draft| draft.notes.push(note.into()));
    }

    /// The first rule that was broken is the reason.
    pub(crate) fn broken(&self, rule: impl FnOnce() -> BrokenRule) {
        self.with(|draft| {
            draft.broken.get_or_insert_with(rule);
        });
    }

    /// What the request says.
    pub(crate) fn opened(&self, text: &[u8], key: impl FnOnce() -> LoggedKey) {
        self.with(|draft| draft.request.opened(text, Some(key())));
    }

    /// What the answer says.
    pub(crate) fn answered(&self, text: &[u8], key: impl FnOnce() -> LoggedKey) {
        self.with(|draft| {
            let response = draft.response.get_or_insert_default();
            response.opened(text, Some(key()));
        });
    }

    pub(crate) fn request(&self, headers: &HeaderMap, body: &[u8]) {
        self.with(|draft| draft.request.travelled(headers, body));
    }

    /// A part of an answer that is not sent as a whole.
    pub(crate) fn partial_answer(&self, body: &[u8]) {
        self.with(|draft| {
            let response = draft.response.get_or_insert_default();
            response.body(body);
        });
    }

    pub(crate) fn answer(&self, status: StatusCode, headers: &HeaderMap, body: Option<&[u8]>) {
        self.with(|draft| {
            draft.status = Some(status.as_u16());
            let response = draft.response.get_or_insert_default();
            response.content_type = content_type(headers);
            if let Some(body) = body {
                response.body(body);
            }
        });
    }
}

/// Writes an exchange into the log when it ends: when this is dropped.
pub(crate) struct Recording {
    pub(crate) trace: Trace,
    journal: Arc<Journal>,
    started: Instant,
    /// Whether there is an outcome.
    ended: bool,
}

impl Recording {
    pub(crate) fn start(
        journal: &Arc<Journal>,
        peer: SocketAddr,
        method: &str,
        path: &str,
    ) -> Self {
        let draft = LoggedExchange {
            number: 0,
            time: SystemTime::now(),
            peer,
            method: cut(method, 64).0,
            path: cut(path, 2048).0,
            call: None,
            status: None,
            duration: core::time::Duration::ZERO,
            fault: None,
            broken: None,
            notes: Vec::new(),
            token: None,
            request: LoggedMessage::default(),
            response: None,
        };
        Self {
            trace: Trace(Some(Arc::new(Mutex::new(Some(draft))))),
            journal: Arc::clone(journal),
            started: Instant::now(),
            ended: false,
        }
    }

    pub(crate) fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some(mut exchange) = self.trace.take() else {
            return;
        };
        exchange.duration = self.started.elapsed();
        if !self.ended {
            exchange.response = None;
            let note = "the client closed the connection before the answer was ready";
            exchange.notes.push(note.into());
        }
        self.journal.push(exchange);
    }
}

impl LoggedMessage {
    fn travelled(&mut self, headers: &HeaderMap, body: &[u8]) {
        self.content_type = content_type(headers);
        self.body(body);
    }

    fn body(&mut self, body: &[u8]) {
        let (text, is_cut) = lossy(body);
        self.text = text;
        self.truncated |= is_cut;
        self.bytes = body.len() as u64;
        let sealed = bare(body);
        let sealed = Inspection::parse_with_limit(sealed, sealed.len()).ok();
        self.header = sealed.map(|found| cut(&found.header, 4096).0);
    }

    fn opened(&mut self, text: &[u8], key: Option<LoggedKey>) {
        let (text, is_cut) = lossy(text);
        self.opened = Some(text);
        self.truncated |= is_cut;
        self.key = key;
    }
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?;
    Some(cut(&String::from_utf8_lossy(value.as_bytes()), 256).0)
}

/// UTF-8 of at most [`MAX_TEXT`] bytes, and whether it is cut.
fn lossy(bytes: &[u8]) -> (String, bool) {
    let first = bytes.get(..MAX_TEXT).unwrap_or(bytes);
    let (text, is_cut) = cut(&String::from_utf8_lossy(first), MAX_TEXT);
    (text, is_cut || first.len() < bytes.len())
}

fn cut(text: &str, max: usize) -> (String, bool) {
    let mut ends = (0..=max.min(text.len())).rev();
    let kept = ends.find_map(|end| text.get(..end)).unwrap_or_default();
    (kept.to_owned(), kept.len() < text.len())
}
