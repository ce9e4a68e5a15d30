//! Reading before the service is reserved, and its limits.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{Next, from_fn};
use axum::routing::post;
use bankezy_crypto::backend::AVAILABLE;
use bankezy_test_support::{eventually, in_time};
use bankezy_tower::{Refusal, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{Full, Limited};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use super::{NeverReady, sealed_post, shared};
use crate::common::cipher;

type Answer = Response<Full<Bytes>>;

fn layer() -> SealedServerLayer {
    SealedServerLayer::new(shared(&AVAILABLE[0]))
}

fn sealed() -> String {
    cipher(&AVAILABLE[0]).seal(b"{}").unwrap()
}

async fn echo(request: Request<Full<Bytes>>) -> Result<Answer, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// Sends this much, and then nothing more.
struct Stalled(Option<Bytes>);

impl Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

fn stalled(piece: &str) -> Request<Stalled> {
    sealed_post("").map(|_| Stalled(Some(Bytes::from(piece.to_owned()))))
}

fn refusal(response: &Answer) -> (u16, Refusal) {
    let refusal = response.extensions().get::<Refusal>().unwrap().clone();
    (response.status().as_u16(), refusal)
}

/// One exchange over a connection of its own.
async fn exchange(address: std::net::SocketAddr, body: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let len = body.len();
    let head = format!(
        "POST /callback HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Two senders who stall held both places of the limit, and everyone else waited.
#[tokio::test]
async fn stalled_uploads_take_no_place_of_a_concurrency_limit() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&arrived);
    let limited = layer()
        .with_max_pending(3)
        .with_read_deadline(Duration::from_secs(3600));
    let app = Router::new()
        .route("/callback", post(async |body: String| body))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn(
                    move |request: Request<axum::body::Body>, next: Next| {
                        counted.fetch_add(1, Ordering::SeqCst);
                        next.run(request)
                    },
                ))
                .layer(limited)
                .layer(GlobalConcurrencyLimitLayer::new(2)),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut held = Vec::new();
    for count in 1..=2 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let begun = "POST /callback HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\neyJ";
        connection.write_all(begun.as_bytes()).await.unwrap();
        held.push(connection);
        eventually("the upload", || arrived.load(Ordering::SeqCst) == count).await;
    }
    let answer = in_time("an answer", exchange(address, &sealed())).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    held.push({
        let mut connection = TcpStream::connect(address).await.unwrap();
        let begun = "POST /callback HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.write_all(begun.as_bytes()).await.unwrap();
        connection
    });
    eventually("the upload", || arrived.load(Ordering::SeqCst) == 4).await;
    let answer = in_time("an answer", exchange(address, &sealed())).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

/// The layer is always ready, and yet the limit behind it holds.
#[tokio::test]
async fn a_concurrency_limit_behind_the_layer_holds() {
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counting = {
        let most = Arc::clone(&most);
        service_fn(move |request: Request<Full<Bytes>>| {
            let (at_once, most) = (Arc::clone(&at_once), Arc::clone(&most));
            async move {
                let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                tokio::task::yield_now().await;
                at_once.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Infallible>(Response::new(request.into_body()))
            }
        })
    };
    let service = ServiceBuilder::new()
        .layer(layer())
        .layer(GlobalConcurrencyLimitLayer::new(2))
        .service(counting);
    let many = (0..20).map(|_| tokio::spawn(service.clone().oneshot(sealed_post(sealed()))));
    for answer in many.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn more_requests_than_allowed_are_refused() {
    let layer = layer().with_max_pending(1);
    let first = tokio::spawn(layer.layer(service_fn(echo)).oneshot(stalled("eyJ")));
    tokio::task::yield_now().await;
    // Another service of the same layer: what is pending is counted over all of them.
    let service = layer.layer(service_fn(echo));
    let response = service.clone().oneshot(sealed_post(sealed())).await;
    assert_eq!(refusal(&response.unwrap()), (503, Refusal::Overloaded));
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let response = service.oneshot(sealed_post(sealed())).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn more_bytes_than_allowed_are_refused_as_they_arrive() {
    let text = sealed();
    let layer = layer().with_max_pending_bytes(text.len() + 10);
    let service = layer.layer(service_fn(echo));
    let first = tokio::spawn(service.clone().oneshot(stalled("0123456789+")));
    tokio::task::yield_now().await;
    let response = service.clone().oneshot(sealed_post(text.clone())).await;
    assert_eq!(refusal(&response.unwrap()), (503, Refusal::Overloaded));
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    for _ in 0..3 {
        let response = service.clone().oneshot(sealed_post(text.clone())).await;
        assert_eq!(response.unwrap().status(), 200);
    }
}

/// 60 senders who stall with all that they may send leave bytes for others.
#[tokio::test(start_paused = true)]
async fn by_default_a_request_takes_a_small_part_of_the_bytes() {
    let service = layer().layer(service_fn(echo));
    let mib = 1024 * 1024;
    let begun = "A".repeat(mib);
    let senders = [(); 60].map(|()| tokio::spawn(service.clone().oneshot(stalled(&begun))));
    tokio::task::yield_now().await;
    let response = service.clone().oneshot(sealed_post(sealed())).await;
    assert_eq!(response.unwrap().status(), 200);
    let response = service.oneshot(sealed_post("A".repeat(mib + 1))).await;
    let refusal = refusal(&response.unwrap());
    assert_eq!(refusal, (413, Refusal::RequestTooLong { max: mib }));
    for sender in senders {
        sender.abort();
    }
}

#[tokio::test]
async fn what_is_pending_counts_until_the_service_takes_it() {
    let text = sealed();
    let layer = layer().with_max_pending(1);

    // In the handler it is not pending any more.
    let busy = service_fn(|_: Request<Full<Bytes>>| pending::<Result<Answer, Infallible>>());
    let handled = tokio::spawn(layer.layer(busy).oneshot(sealed_post(text.clone())));
    tokio::task::yield_now().await;
    let echoing = layer.layer(service_fn(echo));
    let response = echoing.clone().oneshot(sealed_post(text.clone())).await;
    assert_eq!(response.unwrap().status(), 200);

    // Waiting for the handler it is.
    let waiting = tokio::spawn(layer.layer(NeverReady).oneshot(sealed_post(text.clone())));
    tokio::task::yield_now().await;
    let response = echoing.oneshot(sealed_post(text)).await;
    assert_eq!(refusal(&response.unwrap()), (503, Refusal::Overloaded));
    handled.abort();
    waiting.abort();
}

/// Which anyone can send, as the others.
#[tokio::test]
async fn a_preflight_request_is_pending_too() {
    let layer = layer().allow_preflight().with_max_pending(1);
    let preflight = || {
        let request = Request::options("/callback").header("origin", "https://shop.example");
        let request = request.header("access-control-request-method", "POST");
        request.body(Full::<Bytes>::default()).unwrap()
    };
    let waiting = tokio::spawn(layer.layer(NeverReady).oneshot(preflight()));
    tokio::task::yield_now().await;
    let echoing = layer.layer(service_fn(echo));
    for request in [preflight(), sealed_post(sealed())] {
        let response = echoing.clone().oneshot(request).await;
        assert_eq!(refusal(&response.unwrap()), (503, Refusal::Overloaded));
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let response = echoing.oneshot(preflight()).await;
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_ends_at_its_deadline() {
    for (layer, deadline) in [
        (layer(), Duration::from_secs(10)),
        (
            layer().with_read_deadline(Duration::from_secs(3)),
            Duration::from_secs(3),
        ),
    ] {
        let begun = tokio::time::Instant::now();
        let response = layer.layer(service_fn(echo)).oneshot(stalled("eyJ")).await;
        assert_eq!(refusal(&response.unwrap()), (503, Refusal::RequestTimedOut));
        // To the timer's precision of a millisecond, on a clock that is paused.
        assert_eq!(begun.elapsed().as_secs(), deadline.as_secs());
    }
}

#[tokio::test]
async fn another_limit_around_the_body_is_a_413_too() {
    let text = sealed();
    let limited = || Limited::new(Full::<Bytes>::from(text.clone()), text.len() - 1);
    let service = layer().layer(service_fn(echo));
    let bare = service
        .clone()
        .oneshot(sealed_post("").map(|_| limited()))
        .await;
    assert_eq!(refusal(&bare.unwrap()), (413, Refusal::RequestOverLimit));
    // The cause of axum's error.
    let wrapped = sealed_post("").map(|_| axum::body::Body::new(limited()));
    let wrapped = service.oneshot(wrapped).await;
    assert_eq!(refusal(&wrapped.unwrap()), (413, Refusal::RequestOverLimit));
}

/// axum's own limit of 2 MB applies to what was opened, and is raised by axum's own setting.
#[tokio::test]
async fn axums_limit_behind_the_layer_is_a_413_until_it_is_raised() {
    let plain = format!("\"{}\"", "x".repeat(2 << 20));
    let text = cipher(&AVAILABLE[0]).seal(plain.as_bytes()).unwrap();
    let app = || {
        let handler = post(async |body: String| body.len().to_string());
        let app = Router::new().route("/callback", handler);
        app.layer(layer().with_max_request_len(4 << 20))
    };
    for (app, status) in [
        (app(), 413),
        (app().layer(DefaultBodyLimit::max(4 << 20)), 200),
    ] {
        let request = sealed_post(text.clone()).map(axum::body::Body::new);
        let answer = app.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}
