//! The refusals of the server layer.

use core::fmt;

use bankezy_crypto::Error;
use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;

use super::body::{self, NotCollected};

/// Why a [`SealedServer`](super::SealedServer) refused a request or replaced an answer: an extension of the
/// response, for logs and metrics around the layer. It is not sent, since it says more than the client should
/// learn.
///
/// ```
/// use bankezy_tower::Refusal;
///
/// fn count<B>(response: &http::Response<B>) {
///     if let Some(refusal) = response.extensions().get::<Refusal>() {
///         println!("refused: {}", refusal.code());
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// 415: the content type is not `text/plain`.
    ContentType,
    /// 415: the body is compressed, or has another content coding.
    ContentEncoding,
    /// 400: the request has no body, which its route does not allow:
    /// [`SealedServerLayer::allow_empty`](super::SealedServerLayer::allow_empty).
    Empty,
    /// 429: more answers than allowed would be sealed for requests without a body, which anyone can send:
    /// [`SealedServerLayer::with_unauthenticated_rate`](super::SealedServerLayer::with_unauthenticated_rate).
    UnauthenticatedRate,
    /// 413: the request is longer than the limit.
    RequestTooLong {
        /// The limit, in sealed bytes.
        max: usize,
    },
    /// 413: another limit around the body, such as [`http_body_util::Limited`], ended it.
    RequestOverLimit,
    /// 503: as many requests as allowed, or as many bytes of them, are being read or wait for the service.
    Overloaded,
    /// 503: the request's body did not arrive before its deadline.
    RequestTimedOut,
    /// 400: the request's body ended early.
    RequestBody,
    /// 400: the request does not open.
    NotOpened {
        /// The reason, which is not sent to the client.
        error: Error,
    },
    /// 400: the request names no keys, several, or keys that the lookup does not find. It is answered like one that
    /// does not open.
    UnknownKey,
    /// 503: the lookup of the keys failed.
    LookupFailed,
    /// 503: the keys were not found before the deadline.
    LookupTimedOut,
    /// 409: the request was received before, or is an answer of this server. Whether it was handled is not known. The
    /// reason is sealed, within [a rate](super::SealedServerLayer::with_unauthenticated_rate).
    Replayed,
    /// 409: the request has no timestamp, or is so old or so far ahead that it cannot be known whether it was
    /// received before, or is from before the start of this process. The reason is sealed, within the same rate.
    Stale,
    /// 503: there is no room for the mark of the request or of its answer. After the latter the service has been
    /// called.
    ReplayMarksFull,
    /// 503: the store of marks failed, or did not answer before its deadline. It may have been asked about the
    /// answer: then the service has been called.
    ReplayStoreFailed,
    /// 500: the service's answer is longer than the limit.
    AnswerTooLong {
        /// The limit, in bytes before sealing.
        max: usize,
    },
    /// 500: the body of the service's answer ended early.
    AnswerBody,
    /// 500: the service's answer is compressed, or has another content coding.
    AnswerEncoding,
    /// 500: the service's answer is a part of one (206), or changes the protocol (101): neither can be sealed.
    AnswerPartial,
    /// 500: the service's answer could not be sealed.
    NotSealed {
        /// The reason.
        error: Error,
    },
}

/// For the server's logs: the client sees only the status and a fixed text.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType => f.write_str("the request's content type is not text/plain"),
            Self::ContentEncoding => {
                f.write_str("the request's Content-Encoding is other than identity")
            }
            Self::Empty => f.write_str("the request has no body, which its route does not allow"),
            Self::UnauthenticatedRate => {
                f.write_str("more answers than allowed would be sealed for requests without a body")
            }
            Self::RequestTooLong { max } => write!(f, "the request is longer than {max} bytes"),
            Self::RequestOverLimit => {
                f.write_str("the request is longer than another limit around its body allows")
            }
            Self::Overloaded => {
                f.write_str("as many requests as allowed are being read or wait for the service")
            }
            Self::RequestTimedOut => {
                f.write_str("the request's body did not arrive before its deadline")
            }
            Self::RequestBody => f.write_str("the request's body broke off"),
            Self::NotOpened { error } => write!(f, "the request does not open: {error}"),
            Self::UnknownKey => f.write_str("the request names no keys, several, or unknown ones"),
            Self::LookupFailed => f.write_str("the lookup of the keys failed"),
            Self::LookupTimedOut => f.write_str("the keys were not found before the deadline"),
            Self::Replayed => f.write_str("the request was received before"),
            Self::Stale => f.write_str("the request's timestamp is missing, too old or ahead"),
            Self::ReplayMarksFull => f.write_str("the memory for marks of messages is full"),
            Self::ReplayStoreFailed => f.write_str("the store of marks failed or was too slow"),
            Self::AnswerTooLong { max } => {
                write!(f, "the service's answer is longer than {max} bytes")
            }
            Self::AnswerBody => f.write_str("the service's answer broke off"),
            Self::AnswerEncoding => {
                f.write_str("the service's answer has a Content-Encoding other than identity")
            }
            Self::AnswerPartial => {
                f.write_str("the service's answer is a part (206) or an upgrade (101)")
            }
            Self::NotSealed { error } => {
                write!(f, "the service's answer could not be sealed: {error}")
            }
        }
    }
}

impl Refusal {
    /// A stable identifier, such as `middleware.content_type`, or that of the [`Error`] inside if opening or
    /// sealing failed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ContentType => "middleware.content_type",
            Self::ContentEncoding => "middleware.content_encoding",
            Self::Empty => "middleware.empty",
            Self::UnauthenticatedRate => "middleware.unauthenticated_rate",
            Self::RequestTooLong { .. } => "middleware.request_too_long",
            Self::RequestOverLimit => "middleware.request_over_limit",
            Self::Overloaded => "middleware.overloaded",
            Self::RequestTimedOut => "middleware.request_timed_out",
            Self::RequestBody => "middleware.request_body",
            Self::UnknownKey => "middleware.unknown_key",
            Self::LookupFailed => "middleware.lookup_failed",
            Self::LookupTimedOut => "middleware.lookup_timed_out",
            Self::Replayed => "middleware.replayed",
            Self::Stale => "middleware.stale",
            Self::ReplayMarksFull => "middleware.replay_marks_full",
            Self::ReplayStoreFailed => "middleware.replay_store_failed",
            Self::AnswerTooLong { .. } => "middleware.answer_too_long",
            Self::AnswerBody => "middleware.answer_body",
            Self::AnswerEncoding => "middleware.answer_encoding",
            Self::AnswerPartial => "middleware.answer_partial",
            Self::NotOpened { error } | Self::NotSealed { error } => error.code(),
        }
    }

    /// All that the client learns. Failures that depend on a key have the same answer as those that depend on
    /// the form of the text.
    fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Self::ContentType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body has to be a sealed text, as text/plain",
            ),
            Self::ContentEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body has to be sent without Content-Encoding",
            ),
            Self::Empty => (StatusCode::BAD_REQUEST, "the body has to be a sealed text"),
            Self::UnauthenticatedRate => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
            Self::RequestTooLong { .. } | Self::RequestOverLimit => {
                (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long")
            }
            Self::Overloaded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the server has too many requests to read",
            ),
            Self::RequestTimedOut => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the body did not arrive in time",
            ),
            Self::RequestBody | Self::NotOpened { .. } | Self::UnknownKey => {
                (StatusCode::BAD_REQUEST, "the body could not be opened")
            }
            Self::LookupFailed | Self::LookupTimedOut => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the server cannot find keys",
            ),
            Self::Replayed => (StatusCode::CONFLICT, r#"{"code":"replayed"}"#),
            Self::Stale => (StatusCode::CONFLICT, r#"{"code":"stale"}"#),
            Self::ReplayMarksFull | Self::ReplayStoreFailed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the server cannot tell whether the message is new",
            ),
            Self::AnswerTooLong { .. }
            | Self::AnswerBody
            | Self::AnswerEncoding
            | Self::AnswerPartial
            | Self::NotSealed { .. } => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer could not be sealed",
            ),
        }
    }

    /// Whether the client learns the reason sealed: it has the key, or sends again what someone with the key sent.
    pub(super) fn is_sealed(&self) -> bool {
        matches!(self, Self::Replayed | Self::Stale)
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let (status, text) = self.answer();
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        let content_type = if self.is_sealed() {
            body::JSON
        } else {
            body::TEXT_PLAIN
        };
        body::describe(response.headers_mut(), content_type, text.len());
        if status == StatusCode::TOO_MANY_REQUESTS {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(RETRY_AFTER, second);
        }
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) fn refusal_of_request(error: &NotCollected, max: usize) -> Refusal {
    match error {
        NotCollected::TooLong => Refusal::RequestTooLong { max },
        NotCollected::OverLimit => Refusal::RequestOverLimit,
        NotCollected::NoRoom => Refusal::Overloaded,
        NotCollected::Broken => Refusal::RequestBody,
    }
}

pub(super) fn refusal_of_answer(error: &NotCollected, max: usize) -> Refusal {
    match error {
        NotCollected::TooLong => Refusal::AnswerTooLong { max },
        NotCollected::OverLimit | NotCollected::NoRoom | NotCollected::Broken => {
            Refusal::AnswerBody
        }
    }
}
