//! No plaintext is left in memory that is given back, as far as it was the layers' to wipe.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::slice;
use std::task::{Context, Poll};
use std::time::Duration;

use bankezy_tower::{ReplayGuard, SealedClientLayer, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use super::{each_backend, sealed_post, shared};
use crate::common::cipher;

const PLAINTEXT: &[u8] = b"plaintext-that-has-to-go-";

thread_local! {
    /// How many blocks with the plaintext this thread has given back while it was watched. Constant
    /// and without a destructor, so that reading it allocates nothing.
    static FOUND: Cell<Option<usize>> = const { Cell::new(None) };
}

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is handed on to the system's allocator, with the same layout for a block's
// whole life. Blocks are zeroed at first, so that all of a block can be read before it goes.
// `realloc` is the provided one, which allocates, copies and deallocates.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let _ = FOUND.try_with(|found| {
            if let Some(count) = found.get() {
                let block = unsafe { slice::from_raw_parts(memory, layout.size()) };
                if block.windows(PLAINTEXT.len()).any(|part| part == PLAINTEXT) {
                    found.set(Some(count + 1));
                }
            }
        });
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Blocks with the plaintext that are given back while the work is done and its result dropped.
async fn left_behind<T>(work: impl Future<Output = T>) -> usize {
    FOUND.set(Some(0));
    drop(work.await);
    FOUND.take().unwrap()
}

/// Pieces of memory that nobody else has.
struct Owned(VecDeque<Vec<u8>>);

impl Owned {
    fn pieces(count: usize) -> Self {
        Self((0..count).map(|_| PLAINTEXT.repeat(20)).collect())
    }
}

impl Body for Owned {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.pop_front();
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece.into()))))
    }
}

#[test]
fn the_watching_allocator_sees_what_is_left() {
    each_backend(async |_| {
        assert_eq!(left_behind(async { PLAINTEXT.to_vec() }).await, 1);
    });
}

#[test]
fn nothing_is_left_of_requests_and_answers() {
    each_backend(async |backend| {
        for pieces in [1, 2, 300] {
            let handler = service_fn(async |request: Request<Full<Bytes>>| {
                drop(request);
                Ok::<_, Infallible>(Response::new(Owned::pieces(2)))
            });
            let server = SealedServerLayer::new(shared(backend)).layer(handler);
            let client = SealedClientLayer::new(shared(backend)).layer(server);
            let request = Request::post("/").body(Owned::pieces(pieces)).unwrap();
            let left = left_behind(async {
                let response = client.oneshot(request).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                response
            });
            assert_eq!(left.await, 0, "{pieces} pieces");
        }
    });
}

#[test]
fn nothing_is_left_of_what_is_replayed() {
    each_backend(async |backend| {
        let handler = service_fn(async |request: Request<Full<Bytes>>| {
            drop(request);
            Ok::<_, Infallible>(Response::new(Owned::pieces(1)))
        });
        let guard = ReplayGuard::without_freshness(Duration::from_secs(60));
        let layer = SealedServerLayer::new(shared(backend)).with_replay_guard(guard);
        let service = layer.layer(handler);
        let sealed = cipher(backend).seal(PLAINTEXT).unwrap();
        for status in [StatusCode::OK, StatusCode::CONFLICT] {
            let left = left_behind(async {
                let request = sealed_post(sealed.clone());
                let response = service.clone().oneshot(request).await.unwrap();
                assert_eq!(response.status(), status);
            });
            assert_eq!(left.await, 0, "{status}");
        }
    });
}

#[test]
fn nothing_is_left_of_what_is_refused() {
    each_backend(async |backend| {
        for pieces in [1, 5] {
            let unreachable = service_fn(
                async |_: Request<Full<Bytes>>| -> Result<Response<Full<Bytes>>, Infallible> {
                    unreachable!()
                },
            );
            let max = 500 * pieces - 1;
            let layer = SealedClientLayer::new(shared(backend)).with_max_request_len(max);
            let request = Request::post("/").body(Owned::pieces(pieces)).unwrap();
            let left =
                left_behind(async { layer.layer(unreachable).oneshot(request).await.unwrap_err() });
            assert_eq!(left.await, 0, "{pieces} pieces");
        }
    });
}
