//! The errors of the client layer.

use core::fmt;

use bankezy_crypto::{Delivery, Error};
use http::StatusCode;

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
    /// The answer is the sealed request that it should answer, sent back.
    Reflected {
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
            Self::Reflected { .. } => "middleware.reflected",
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
            | Self::Reflected { .. }
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
                "the request's body is compressed, nothing was sent: pass it on uncompressed",
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
            Self::Reflected { status } => write!(
                f,
                "the answer with status {} is the request itself, sent back; the server may have executed the request",
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
