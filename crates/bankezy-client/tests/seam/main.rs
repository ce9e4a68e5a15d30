//! The seam for sending: every client over a stub, over our client in `tower` layers, and sealed.

mod failover;
mod layers;
mod options;
mod sealed;
mod stubs;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bankezy_client::{
    Client, ClientBuilder, ClientError, ClientErrorKind, Delivery, RetryPolicy, ServiceError,
};
use bankezy_crypto::SecretBytes;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tower::{Service, service_fn};

const CANARY: &str = "canary-of-a-service";
const SHORT: Duration = Duration::from_millis(300);

type Sealed = Request<Full<Bytes>>;
type Answer = Response<Full<Bytes>>;

fn post(url: &str) -> Request<SecretBytes> {
    let body = SecretBytes::from(b"body".to_vec());
    Request::post(url).body(body).unwrap()
}

fn ok(body: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(body.into()))
}

fn builder() -> ClientBuilder {
    // Plain http to the loopback address needs no roots, and a machine may have none.
    Client::builder().only_these_roots(true)
}

/// Three attempts with next to no wait.
fn eager() -> RetryPolicy {
    let pause = Duration::from_millis(1);
    RetryPolicy::default().with_backoff(pause, pause)
}

/// A service that answers with what a closure makes of a request.
fn stub<F>(
    answer: impl Fn(Sealed) -> F + Clone + Send + Sync + 'static,
) -> impl Service<Sealed, Response = Answer, Error = io::Error, Future: Send> + Clone + Send + Sync
where
    F: Future<Output = Result<Answer, io::Error>> + Send,
{
    service_fn(answer)
}

/// A failure of a service whose text must not be shown.
fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, CANARY)
}

/// The cause and delivery of a failure of a service, after a look at its texts.
fn of_service(error: ClientError) -> (ServiceError, Delivery) {
    assert!(!format!("{error} {error:?} {error:#?}").contains(CANARY));
    assert!(std::error::Error::source(&error).is_none());
    match error.kind() {
        ClientErrorKind::Service(cause) => (cause.clone(), error.delivery()),
        other => panic!("{other:?}"),
    }
}

/// A server that counts connections and bytes, and answers each request after a pause, or never.
struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answers_after: Option<Duration>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (connections, bytes) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let server = Self {
            url,
            connections: Arc::clone(&connections),
            bytes: Arc::clone(&bytes),
        };
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let bytes = Arc::clone(&bytes);
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(len @ 1..) = stream.read(&mut buffer).await {
                        bytes.fetch_add(len, Ordering::SeqCst);
                        let Some(pause) = answers_after else { continue };
                        tokio::time::sleep(pause).await;
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        server
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    /// The same address by `https`: no handshake ends there.
    fn https(&self) -> String {
        self.url.replace("http://127.0.0.1", "https://localhost")
    }
}
