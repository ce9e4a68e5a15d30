//! The body of an answer, capped while it arrives.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bankezy_crypto::Delivery;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::classify::classify;
use crate::ClientError;

/// The body of an answer of a [`Client`](crate::Client) that is used as a tower service. It ends with
/// [`ClientError`] if it is longer than the client's cap, or not complete by the client's deadline.
pub struct ResponseBody {
    inner: reqwest::Body,
    max: usize,
    left: u64,
}

impl ResponseBody {
    pub(super) fn new(inner: reqwest::Body, max: usize) -> Self {
        Self {
            inner,
            max,
            left: max as u64,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ClientError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientError>>> {
        let too_long = ClientError::ResponseTooLong { max: self.max };
        // What is announced is refused before it is read.
        if self.inner.size_hint().lower() > self.left {
            return Poll::Ready(Some(Err(too_long)));
        }
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                return Poll::Ready(Some(Err(classify(&error, Delivery::PossiblySent))));
            }
            None => return Poll::Ready(None),
        };
        let len = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(len) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(too_long))),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody([redacted])")
    }
}
