//! What a caller states about one call, beside its content.

use core::fmt;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Request};

use super::request_error::{FieldProblem, RequestError};

/// Headers that a call sets itself, before or after its options are applied.
const RESERVED: [HeaderName; 5] = [
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-api-token"),
];

/// A request extension: the server executes this call once, however often it arrives.
///
/// Only the caller can know that, for example because the server recognizes the `referenceId`. It allows a
/// transport to send the request again, and no header does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotent;

/// What a caller states about one call, beside its content. By default it is sent once, without further headers, and
/// an empty answer is an error.
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct CallOptions {
    idempotent: bool,
    allow_empty: bool,
    headers: HeaderMap,
}

impl CallOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// States that the server executes the call once, however often it arrives, so that it may be sent again:
    /// see [`Idempotent`]. If the server recognizes a header for this, add it by [`header`](Self::header).
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// A header of your own, such as `traceparent` or an idempotency key. The last one of a name counts. One that the
    /// call sets itself, such as `X-API-KEY` and `Content-Type`, is an error when the request is made.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Accepts a success without a body, such as 204, as the JSON `null`. Nothing authenticates such an answer
    /// but TLS.
    pub fn allow_empty(mut self) -> Self {
        self.allow_empty = true;
        self
    }

    /// Whether the call may be sent again.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    pub(crate) fn allows_empty(&self) -> bool {
        self.allow_empty
    }

    /// Marks a request, and adds the headers to it.
    ///
    /// # Errors
    /// [`RequestError::Field`] if the call sets one of them itself.
    pub fn apply<B>(&self, request: &mut Request<B>) -> Result<(), RequestError> {
        if self.idempotent {
            request.extensions_mut().insert(Idempotent);
        }
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            if RESERVED.contains(name) || headers.contains_key(name) {
                return Err(RequestError::field("header", FieldProblem::Duplicate));
            }
            headers.insert(name, value.clone());
        }
        Ok(())
    }
}

impl fmt::Debug for CallOptions {
    /// The names of headers, not their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("idempotent", &self.idempotent)
            .field("allow_empty", &self.allow_empty)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}
