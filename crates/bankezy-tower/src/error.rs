//! The errors of the client layer and the refusals of the server layer.

use core::fmt;

use bankezy_crypto::{Delivery, Error};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;

use super::body::{self, NotCollected};

/// Why a [`SealedClient`](super::SealedClient) has no answer.
///
/// Neither `Display` nor `Debug` shows a body, a header or the text of the inner service's error, so it can
/// be logged as it is. That error, whose text may contain a URL, is only in the variant
/// [`Service`](Self::Service), not in the chain of sources.
///
/// ```
/// use bankezy_tower::MiddlewareError;
///
/// let refused = MiddlewareError::Service("https://bank.example/?secret=1");
/// assert_eq!(refused.code(), "middleware.service");
/// assert!(!format!("{refused} {refused:?}").contains("secret"));
/// assert!(refused.delivery().is_none(), "only the service knows");
/// ```
#[non_exhaustive]
pub enum MiddlewareError<E> {
    /// The inner service failed.
    Service(E),
    /// The request's body ended early. Nothing was sent.
    RequestBody,
    /// The request is longer than the limit. Nothing was sent.
    RequestTooLong {
        /// The limit, in bytes before sealing.
        max: usize,
    },
    /// The request's body is compressed, or has another content coding. Nothing was sent.
    RequestEncoding,
    /// The request could not be sealed. Nothing was sent.
    Seal {
        /// The reason.
        error: Error,
    },
    /// The answer's body ended early.
    ResponseBody {
        /// Status of the answer.
        status: StatusCode,
    },
    /// The answer is longer than the limit.
    ResponseTooLong {
        /// Status of the answer.
        status: StatusCode,
        /// The limit, in sealed bytes.
        max: usize,
    },
    /// The answer is not sealed, and not a 4xx or 5xx that may be returned as unauthenticated.
    NotSealed {
        /// Status of the answer.
        status: StatusCode,
    },
    /// The answer is sealed and does not open.
    Open {
        /// Status of the answer.
        status: StatusCode,
        /// The reason.
        error: Error,
    },
}

impl<E> MiddlewareError<E> {
    /// A stable identifier, such as `middleware.not_sealed`, or that of the [`Error`] inside if sealing or
    /// opening failed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Service(_) => "middleware.service",
            Self::RequestBody => "middleware.request_body",
            Self::RequestTooLong { .. } => "middleware.request_too_long",
            Self::RequestEncoding => "middleware.request_encoding",
            Self::ResponseBody { .. } => "middleware.response_body",
            Self::ResponseTooLong { .. } => "middleware.response_too_long",
            Self::NotSealed { .. } => "middleware.not_sealed",
            Self::Seal { error } | Self::Open { error, .. } => error.code(),
        }
    }

    /// Whether the server may have received the request. `None` if only the inner service knows: see its
    /// error, or the request's [`DeliveryTracker`](bankezy_crypto::DeliveryTracker).
    #[must_use]
    pub fn delivery(&self) -> Option<Delivery> {
        match self {
            Self::Service(_) => None,
            Self::RequestBody
            | Self::RequestTooLong { .. }
            | Self::RequestEncoding
            | Self::Seal { .. } => Some(Delivery::NotSent),
            Self::ResponseBody { .. }
            | Self::ResponseTooLong { .. }
            | Self::NotSealed { .. }
            | Self::Open { .. } => Some(Delivery::PossiblySent),
        }
    }
}

impl<E> fmt::Display for MiddlewareError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(_) => f.write_str("the service failed: its own error is in the variant"),
            Self::RequestBody => f.write_str("the request's body broke off, nothing was sent"),
            Self::RequestTooLong { max } => write!(
                f,
                "the request is longer than {max} bytes, nothing was sent: raise the cap if such requests are meant"
            ),
            Self::RequestEncoding => f.write_str(
                "the request's body is compressed, nothing was sent: hand it on uncompressed",
            ),
            Self::Seal { error } => {
                write!(
                    f,
                    "the request could not be sealed, nothing was sent: {error}"
                )
            }
            Self::ResponseBody { status } => {
                write!(f, "the answer with status {} broke off", status.as_u16())
            }
            Self::ResponseTooLong { status, max } => write!(
                f,
                "the answer with status {} is longer than {max} bytes: raise the cap if such answers are expected",
                status.as_u16()
            ),
            Self::NotSealed { status } => write!(
                f,
                "the answer with status {} is not sealed: check the URL and any proxy in between",
                status.as_u16()
            ),
            Self::Open { status, error } => {
                write!(
                    f,
                    "the answer with status {} is refused: {error}",
                    status.as_u16()
                )
            }
        }
    }
}

impl<E> fmt::Debug for MiddlewareError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MiddlewareError({}: {self})", self.code())
    }
}

impl<E> core::error::Error for MiddlewareError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Seal { error } | Self::Open { error, .. } => Some(error),
            _ => None,
        }
    }
}

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
    /// 413: the request is longer than the limit.
    RequestTooLong {
        /// The limit, in sealed bytes.
        max: usize,
    },
    /// 400: the request's body ended early.
    RequestBody,
    /// 400: the request does not open.
    NotOpened {
        /// The reason, which is not sent to the client.
        error: Error,
    },
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
            Self::RequestTooLong { max } => write!(f, "the request is longer than {max} bytes"),
            Self::RequestBody => f.write_str("the request's body broke off"),
            Self::NotOpened { error } => write!(f, "the request does not open: {error}"),
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
            Self::RequestTooLong { .. } => "middleware.request_too_long",
            Self::RequestBody => "middleware.request_body",
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
            Self::RequestTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            Self::RequestBody | Self::NotOpened { .. } => {
                (StatusCode::BAD_REQUEST, "the body could not be opened")
            }
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

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let (status, text) = self.answer();
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        body::describe(response.headers_mut(), body::TEXT_PLAIN, text.len());
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) fn refusal_of_request(error: &NotCollected, max: usize) -> Refusal {
    match error {
        NotCollected::TooLong => Refusal::RequestTooLong { max },
        NotCollected::Broken => Refusal::RequestBody,
    }
}

pub(super) fn refusal_of_answer(error: &NotCollected, max: usize) -> Refusal {
    match error {
        NotCollected::TooLong => Refusal::AnswerTooLong { max },
        NotCollected::Broken => Refusal::AnswerBody,
    }
}
