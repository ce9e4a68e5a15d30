//! The body of a request, which checks right before it is written that a caller still waits.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use bankezy_crypto::DeliveryTracker;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body that decides, when hyper begins to write its request, whether it still may be sent.
///
/// hyper checks whether the caller is still there, asks for the end of the stream, puts the head into its
/// buffer, asks for the first frame, and flushes. The body of an abandoned request fails at its first
/// frame, so that the connection closes before anything is written.
pub(super) struct WatchedBody<B> {
    pub(super) inner: B,
    pub(super) exchange: DeliveryTracker,
    /// Of the caller's request. Middleware may make several exchanges of one request.
    pub(super) of_request: DeliveryTracker,
}

impl<B> WatchedBody<B> {
    /// Marks the request as begun; `false` if the caller has given up and nothing may be written.
    pub(super) fn begin(&self) -> bool {
        self.exchange.begin() && self.of_request.begin()
    }
}

impl<B: Body<Data = Bytes, Error = Infallible> + Unpin> Body for WatchedBody<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if !self.begin() {
            // The caller gave up before the first byte was written.
            return Poll::Ready(Some(Err(io::ErrorKind::Interrupted.into())));
        }
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        polled.map_err(|never| match never {})
    }

    fn is_end_stream(&self) -> bool {
        let ended = self.inner.is_end_stream();
        // An abandoned body must be asked for its first frame, so that it fails.
        self.begin() && ended
    }

    fn size_hint(&self) -> SizeHint {
        if self.exchange.is_abandoned() || self.of_request.is_abandoned() {
            // As above: an empty body would not be asked for a frame.
            return SizeHint::with_exact(1);
        }
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bankezy_crypto::Delivery;
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Duration;

    use http_body_util::Full;

    /// Where hyper is with a request.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Moment {
        /// It has looked for the caller, and writes nothing yet.
        AfterTheCheck,
        /// The head is in its buffer, and is not flushed.
        AfterTheHead,
    }

    /// A body at which hyper stops at one moment, until it may go on.
    struct Stopping {
        body: Full<Bytes>,
        at: Moment,
        reached: Sender<()>,
        go_on: Arc<Mutex<Receiver<()>>>,
    }

    impl Stopping {
        fn stop(&self, moment: Moment) {
            // Only the first time: then nobody listens any more.
            if moment == self.at && self.reached.send(()).is_ok() {
                let _ = self.go_on.lock().unwrap().recv();
            }
        }
    }

    impl Body for Stopping {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.stop(Moment::AfterTheHead);
            Pin::new(&mut self.body).poll_frame(context)
        }

        fn is_end_stream(&self) -> bool {
            self.stop(Moment::AfterTheCheck);
            self.body.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            if self.body.is_end_stream() {
                self.stop(Moment::AfterTheHead);
            }
            self.body.size_hint()
        }
    }

    /// What the caller learns who gives up at a moment, and how many bytes the server gets.
    fn give_up(at: Moment, body: &'static str, of_request: bool) -> (Delivery, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream
                .set_read_timeout(Some(Duration::from_millis(300)))
                .unwrap();
            let mut got = 0;
            while let Ok(len @ 1..) = stream.read(&mut [0; 4096]) {
                got += len;
            }
            got
        });
        let (reached, reaches) = channel();
        let (goes_on, go_on) = channel();
        let stopping = Stopping {
            body: Full::from(body),
            at,
            reached,
            go_on: Arc::new(Mutex::new(go_on)),
        };
        let (tracker, other) = (DeliveryTracker::new(), DeliveryTracker::new());
        let taken = tracker.clone();
        assert!(taken.take());
        let (of_request, exchange) = if of_request {
            (taken, other)
        } else {
            (other, taken)
        };
        let watched = WatchedBody {
            inner: stopping,
            exchange,
            of_request,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(url).body(reqwest::Body::wrap(watched)).send();
        let sending = runtime.spawn(request);
        reaches.recv().unwrap();
        drop(reaches);
        let delivery = tracker.abandon();
        sending.abort();
        drop(goes_on);
        (delivery, served.join().unwrap())
    }

    #[test]
    fn who_gives_up_between_hypers_check_and_the_head_keeps_it_from_being_sent() {
        for body in ["body", ""] {
            for of_request in [true, false] {
                let given_up = give_up(Moment::AfterTheCheck, body, of_request);
                assert_eq!(given_up, (Delivery::NotSent, 0), "{body:?}");
            }
        }
    }

    #[test]
    fn who_gives_up_after_that_learns_that_it_may_have_been_sent() {
        let (delivery, _) = give_up(Moment::AfterTheHead, "body", true);
        assert_eq!(delivery, Delivery::PossiblySent);
    }
}
