//! What an answer in clear contains, and how much of a text an error keeps.

use core::fmt;
use core::time::Duration;
use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};

use crate::providers::retry_after::{asked_to_wait, retry_after};
use crate::secret::SecretText;

/// Longest text of an answer that an error keeps, in characters.
const MAX_KEPT: usize = 4096;

/// An answer in clear that is not a success: most often an error. None of it is authenticated.
pub struct PlainError {
    status: StatusCode,
    retry_after: Option<Duration>,
    asks_to_wait: bool,
    /// Together in a box, so that errors stay small.
    received: Box<Received>,
}

struct Received {
    content_type: Option<Box<str>>,
    text: SecretText,
}

impl PlainError {
    /// Longest text that is kept, in bytes.
    const MAX_TEXT: usize = 4096;

    /// Longest `Content-Type` that is kept, in bytes.
    const MAX_TYPE: usize = 256;

    /// Status, `Content-Type`, `Retry-After` and the first 4096 bytes of an answer's body.
    #[must_use]
    pub fn new<B: AsRef<[u8]>>(response: &Response<B>) -> Self {
        let body = response.body().as_ref();
        let kept = body.get(..Self::MAX_TEXT).unwrap_or(body);
        let now = SystemTime::now();
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|it| it.to_str().ok());
        let content_type = content_type.filter(|it| it.len() <= Self::MAX_TYPE);
        Self {
            status: response.status(),
            retry_after: retry_after(response.headers(), now),
            asks_to_wait: asked_to_wait(response, now).is_some(),
            received: Box::new(Received {
                content_type: content_type.map(Into::into),
                text: SecretText::from_utf8_lossy(kept),
            }),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The `Content-Type`, if it is visible ASCII of at most 256 bytes: as little authenticated as the text.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.received.content_type.as_deref()
    }

    /// How long the server asks to wait: `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a
    /// date.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn asks_to_wait(&self) -> bool {
        self.asks_to_wait
    }

    /// Up to 4096 bytes of the body: not authenticated. Check it before logging it: it may contain secrets, such as a
    /// token that should have been encrypted, and control sequences for terminals.
    #[must_use]
    pub fn unauthenticated_text(&self) -> &str {
        self.received.text.as_str()
    }
}

impl fmt::Debug for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainError({}, [redacted])", self.status.as_u16())
    }
}

/// A text of an answer as an error keeps it.
pub(crate) fn kept(text: &str) -> SecretText {
    match text.char_indices().nth(MAX_KEPT) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned().into(),
        None => text.to_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_asks_to_wait_as_seconds_do() {
        let refused = |status, headers: &[(&str, &str)]| {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            let plain = PlainError::new(&response.body([]).unwrap());
            (
                plain.retry_after().map(|wait| wait.as_secs()),
                plain.asks_to_wait(),
            )
        };
        let date = [
            ("date", "Sun, 06 Nov 1994 12:00:00 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 12:00:09 GMT"),
        ];
        assert_eq!(refused(503, &date), (Some(9), true));
        assert_eq!(refused(429, &[("retry-after", "9")]), (Some(9), true));
        assert_eq!(refused(500, &date), (Some(9), false));
        assert_eq!(refused(503, &[]), (None, false));
        let past = [("retry-after", "Sun, 06 Nov 1994 12:00:09 GMT")];
        assert_eq!(refused(503, &past), (Some(0), true));
    }
}
