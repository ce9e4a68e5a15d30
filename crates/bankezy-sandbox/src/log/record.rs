//! One exchange, as the log keeps it.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::borrow::Cow;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::clock::rfc3339;

/// The rule that a request broke: why it was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenRule {
    /// A stable name, such as `x-api-token`.
    pub rule: Cow<'static, str>,
    /// What the emulator expected.
    pub expected: String,
    /// What it found instead.
    pub found: String,
}

impl BrokenRule {
    pub(crate) fn new(
        rule: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    fn bytes(&self) -> usize {
        self.expected.len() + self.found.len()
    }
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            expected,
            found,
        } = self;
        write!(f, "{rule}: expected {expected}, found {found}")
    }
}

/// The key that a message was opened or sealed with: its name, never its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedKey {
    /// `static`, `session N`, or `random` for the fault `wrong-key`.
    pub name: String,
    /// How the key was derived from the shared secret, as the ready file names it; `None` if it was not.
    pub derivation: Option<&'static str>,
    /// `dir` or `RSA-OAEP-256`.
    pub algorithm: &'static str,
}

impl LoggedKey {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "derivation": self.derivation,
            "algorithm": self.algorithm,
        })
    }
}

/// A request or an answer. Its bodies are shown: use no real data with an emulator.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedMessage {
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The body as transmitted, cut at 64 KiB.
    pub text: String,
    /// Whether text is missing from `text` or `opened`.
    pub truncated: bool,
    /// Length of the whole body, in bytes.
    pub bytes: u64,
    /// The JWE header, decoded and otherwise as it was sent.
    pub header: Option<String>,
    /// The body after it was opened or before it was sealed, cut at 64 KiB.
    pub opened: Option<String>,
    /// The key for it.
    pub key: Option<LoggedKey>,
}

impl LoggedMessage {
    fn to_json(&self) -> Value {
        json!({
            "contentType": self.content_type,
            "text": self.text,
            "truncated": self.truncated,
            "bytes": self.bytes,
            "header": self.header,
            "opened": self.opened,
            "key": self.key.as_ref().map(LoggedKey::to_json),
        })
    }

    fn size(&self) -> usize {
        let texts = [&self.content_type, &self.header, &self.opened];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        self.text.len() + texts + self.key.as_ref().map_or(0, |key| key.name.len())
    }
}

/// Without what was sent.
impl fmt::Debug for LoggedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedMessage")
            .field("bytes", &self.bytes)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// An exchange in the request log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedExchange {
    /// Counts from 1, in the order in which exchanges ended.
    pub number: u64,
    /// When the request arrived, by the system clock.
    pub time: SystemTime,
    /// Who sent it.
    pub peer: SocketAddr,
    /// The HTTP method.
    pub method: String,
    /// The path, without its query, which can hold credentials.
    pub path: String,
    /// The call by its name, such as `get-token`; `None` for a path that is not built in.
    pub call: Option<&'static str>,
    /// The HTTP status; `None` if the connection was closed without an answer.
    pub status: Option<u16>,
    /// From the request's head to the answer's, delays included.
    pub duration: Duration,
    /// The fault that was injected.
    pub fault: Option<&'static str>,
    /// Why the request was refused.
    pub broken: Option<BrokenRule>,
    /// What was accepted although a server might refuse it, and the like.
    pub notes: Vec<Cow<'static, str>>,
    /// The number of the token that the request named or the answer holds.
    pub token: Option<u64>,
    /// The request.
    pub request: LoggedMessage,
    /// The answer.
    pub response: Option<LoggedMessage>,
}

impl LoggedExchange {
    /// Whether the client did not get a good answer: none, an error status, a refusal, or an answer that a fault
    /// changed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
            || self.broken.is_some()
            || self.fault.is_some_and(|fault| fault != "delay")
    }

    /// What a list shows of it.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "number": self.number,
            "time": rfc3339(self.time),
            "peer": self.peer.to_string(),
            "method": self.method,
            "path": self.path,
            "call": self.call,
            "status": self.status,
            "durationMs": self.duration.as_micros() as f64 / 1000.0,
            "fault": self.fault,
            "failed": self.failed(),
            "rule": self.broken.as_ref().map(|broken| &broken.rule),
            "notes": self.notes.len(),
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        let broken = self.broken.as_ref().map(|broken| {
            json!({ "rule": broken.rule, "expected": broken.expected, "found": broken.found })
        });
        let mut json = self.summary();
        if let Some(members) = json.as_object_mut() {
            let response = self.response.as_ref().map(LoggedMessage::to_json);
            members.insert("request".to_owned(), self.request.to_json());
            members.insert("response".to_owned(), response.into());
            members.insert("problem".to_owned(), broken.into());
            members.insert("notes".to_owned(), json!(self.notes));
            members.insert("token".to_owned(), self.token.into());
        }
        json
    }

    /// About how much memory it takes.
    pub(crate) fn size(&self) -> usize {
        let messages = self.request.size() + self.response.as_ref().map_or(0, LoggedMessage::size);
        let notes = self.notes.iter().map(|note| note.len()).sum::<usize>();
        size_of::<Self>()
            + self.method.len()
            + self.path.len()
            + messages
            + notes
            + self.broken.as_ref().map_or(0, BrokenRule::bytes)
    }
}
