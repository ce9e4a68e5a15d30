//! The layers around `tower` services: with each other, with axum, and against what others send.
//! Once per backend.

#[path = "../../../../tests/common/mod.rs"]
mod common;

mod answers;
mod client;
mod empty;
mod intake;
mod lookup;
mod readiness;
mod replay;
mod round_trip;
mod server;
mod wiping;

use std::convert::Infallible;
use std::future::Ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{OpenedByKey, PayloadCipher};
use bankezy_tower::Unauthenticated;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::Service;

/// Planted in every input; no error, mark or refusal may show it.
const CANARY: &str = "canary-4711";

/// Runs an asynchronous test once per backend.
fn each_backend(test: impl AsyncFn(&'static Backend)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    common::each_backend(|backend| runtime.block_on(test(backend)));
}

/// As in `tests/promises/backends.rs` of the core.
#[test]
fn the_backends_are_those_that_the_run_is_meant_for() {
    if let Ok(expected) = std::env::var("BANKEZY_EXPECT_BACKENDS") {
        let available = bankezy_crypto::backend::AVAILABLE;
        let names: Vec<&str> = available.iter().map(|backend| backend.name()).collect();
        let expected: Vec<&str> = expected.split(',').collect();
        assert_eq!(names, expected, "BANKEZY_EXPECT_BACKENDS");
    }
}

fn shared(backend: &Backend) -> Arc<PayloadCipher> {
    Arc::new(common::cipher(backend))
}

fn with_another_key(backend: &Backend) -> PayloadCipher {
    let secret = bankezy_crypto::PayloadSecret::from_bytes(&[7; 32]).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

/// A sealed request, as it travels.
fn sealed_post(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("/callback")
        .header("content-type", "text/plain")
        .body(Full::new(body.into()))
        .unwrap()
}

fn answer(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

async fn bytes<B: Body<Error: std::fmt::Debug>>(body: B) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// Which of the two marks is there; never both.
fn was_opened(extensions: &http::Extensions) -> bool {
    let opened = extensions.get::<OpenedByKey>().is_some();
    assert_ne!(opened, extensions.get::<Unauthenticated>().is_some());
    opened
}

/// A body that never ends, and counts the KiB that were taken from it.
#[derive(Clone, Default)]
struct Endless {
    taken: Arc<AtomicUsize>,
    announced: u64,
}

impl Endless {
    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'A'; 1024])))))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::default();
        hint.set_lower(self.announced);
        hint
    }
}

/// A body that comes in pieces, with or without an end.
struct Pieces {
    left: Vec<&'static [u8]>,
    breaks_off: bool,
}

impl Pieces {
    fn of(text: &str, size: usize) -> Self {
        let text: &'static [u8] = text.to_owned().leak().as_bytes();
        Self {
            left: text.chunks(size).rev().collect(),
            breaks_off: false,
        }
    }

    fn that_break_off(text: &str) -> Self {
        Self {
            breaks_off: true,
            ..Self::of(text, 10)
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = String;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        Poll::Ready(match self.left.pop() {
            Some(piece) => Some(Ok(Frame::data(piece.into()))),
            None if self.breaks_off => Some(Err(CANARY.to_owned())),
            None => None,
        })
    }
}

/// A service that is busy for good.
#[derive(Clone)]
struct NeverReady;

impl Service<Request<Full<Bytes>>> for NeverReady {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        unreachable!("it was never ready")
    }
}
