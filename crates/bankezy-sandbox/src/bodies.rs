//! Bodies with something around them, and bodies that break on purpose.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;

use axum::body::{Body, Bytes};
use http_body::Frame;
use tokio::time::Sleep;

/// Without the line end or the quotes that clients send around a sealed text.
pub(super) fn bare(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii();
    let quoted = body
        .strip_prefix(b"\"")
        .and_then(|it| it.strip_suffix(b"\""));
    quoted.unwrap_or(body)
}

/// A body that sends what it is given and then fails, so that the connection is closed before everything that
/// `Content-Length` promised has arrived.
pub(super) fn cut(first: Bytes) -> Body {
    Body::new(Cut {
        first: Some(first),
        pause: Box::pin(tokio::time::sleep(Duration::from_millis(50))),
    })
}

struct Cut {
    first: Option<Bytes>,
    /// Long enough for the first part to be sent: an error at once would discard it.
    pause: Pin<Box<Sleep>>,
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.pause
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(io::Error::other("cut on purpose"))))
    }
}

const CHUNK: &[u8] = &[b'A'; 64 * 1024];

/// A body of this many bytes, generated while it is sent. Its length is not announced.
pub(super) fn huge(bytes: u64) -> Body {
    Body::new(Huge { left: bytes })
}

struct Huge {
    left: u64,
}

impl http_body::Body for Huge {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let len = usize::try_from(self.left).map_or(CHUNK.len(), |left| left.min(CHUNK.len()));
        if len == 0 {
            return Poll::Ready(None);
        }
        self.left -= len as u64;
        let chunk = Bytes::from_static(CHUNK).slice(..len);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}
