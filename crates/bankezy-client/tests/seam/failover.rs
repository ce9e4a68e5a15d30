//! Over middleware that tries several ways, some of which do not report whether they sent the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bankezy_client::{ClientError, ClientErrorKind, Delivery, DeliveryTracker, Transport};
use bankezy_test_support::vacant;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt as _, service_fn};

use crate::{Answer, SHORT, Sealed, Server, builder, eager, of_service, post};

type Way = BoxCloneSyncService<Sealed, Answer, BoxError>;

/// A server that executes each request, and then keeps or loses the connection without an answer.
struct Bank {
    url: String,
    executed: Arc<AtomicUsize>,
}

impl Bank {
    async fn start(keeps_connections: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let executed = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&executed);
        tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\nbody") {
                    assert!(stream.read_buf(&mut request).await.unwrap() > 0);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                if keeps_connections {
                    kept.push(stream);
                }
            }
        });
        Self { url, executed }
    }

    /// An HTTP client that does not know our tracker, and asks this bank whatever the request says.
    fn foreign(&self) -> Way {
        let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let url = self.url.clone();
        Way::new(service_fn(move |mut request: Sealed| {
            *request.uri_mut() = url.parse().unwrap();
            let answer = client.request(request);
            async move { Ok::<_, BoxError>(answer.await?.map(|_| Full::default())) }
        }))
    }

    fn executed(&self) -> usize {
        self.executed.load(Ordering::SeqCst)
    }
}

/// Our client. The requests of these tests go to an address that refuses connections.
fn ours() -> Way {
    Way::new(builder().build().unwrap().map_err(BoxError::from))
}

/// Gives each way but the last a clone of the request, until one answers.
fn failover(
    ways: impl IntoIterator<Item = Way>,
) -> impl Service<Sealed, Response = Answer, Error = BoxError, Future: Send> + Clone + Send + Sync {
    let ways: Vec<Way> = ways.into_iter().collect();
    service_fn(move |request: Sealed| {
        let mut ways = ways.clone();
        async move {
            let last = ways.pop().unwrap();
            for way in ways {
                if let Ok(answer) = way.oneshot(request.clone()).await {
                    return Ok(answer);
                }
            }
            last.oneshot(request).await
        }
    })
}

/// The error of a call that would be repeated if nothing of it was sent.
async fn call(transport: Transport) -> ClientError {
    let refusing = format!("http://{}/", vacant());
    let sent = transport.execute(|| Ok::<_, ClientError>(post(&refusing)));
    sent.await.unwrap_err()
}

#[tokio::test]
async fn what_a_foreign_client_sent_counts_as_sent_whatever_ours_reports() {
    let bank = Bank::start(false).await;
    for (count, ways) in [
        vec![bank.foreign()],
        vec![ours(), bank.foreign()],
        vec![bank.foreign(), ours()],
        vec![ours(), bank.foreign(), ours()],
        vec![ours(), ours(), bank.foreign()],
    ]
    .into_iter()
    .enumerate()
    {
        let error = call(Transport::new(failover(ways)).retries(eager())).await;
        let found = (error.delivery(), bank.executed());
        assert_eq!(found, (Delivery::PossiblySent, count + 1), "{count}");
        of_service(error);
    }
}

#[tokio::test]
async fn a_deadline_that_passes_while_a_foreign_client_waits_says_possibly_sent() {
    let bank = Bank::start(true).await;
    let transport = Transport::new(failover([ours(), bank.foreign()])).deadline(SHORT);
    let error = call(transport.retries(eager())).await;
    let expected = ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent);
    assert_eq!((error, bank.executed()), (expected, 1));
}

#[tokio::test]
async fn where_every_way_reports_not_sent_is_said_and_the_call_repeated() {
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    let first = ours().map_request(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        request
    });
    let service = failover([Way::new(first), ours()]);
    let error = call(Transport::new(service).retries(eager())).await;
    let found = (error.delivery(), count.load(Ordering::SeqCst));
    assert_eq!(found, (Delivery::NotSent, 3));
}

/// Middleware that tries a server that refuses connections, and then another with a request of its own, which
/// has no tracker.
#[tokio::test]
async fn what_a_second_request_sent_is_not_repeated() {
    let server = Server::start(None).await;
    let (second, refusing) = (server.url.clone(), format!("http://{}/", vacant()));
    let client = builder().deadline(SHORT).build().unwrap();
    let failover = service_fn(move |request| {
        let (client, second) = (client.clone(), second.clone());
        async move {
            let first = client.clone().oneshot(request).await;
            assert_eq!(first.unwrap_err().delivery(), Delivery::NotSent);
            let again: Sealed = http::Request::post(second).body("body".into()).unwrap();
            client.oneshot(again).await
        }
    });
    let transport = Transport::new(failover).retries(eager());
    let sent = transport.execute(|| Ok::<_, ClientError>(post(&refusing)));
    let error = sent.await.unwrap_err();
    let found = (error.delivery(), server.connections());
    assert_eq!(found, (Delivery::PossiblySent, 1));
}

/// Middleware whose second way gets a request of its own, without extensions, and does not report: the middleware
/// does so.
#[tokio::test]
async fn middleware_that_builds_a_request_reports_for_it() {
    let bank = Bank::start(false).await;
    for sends in [false, true] {
        let (foreign, url) = (bank.foreign(), bank.url.clone());
        let service = service_fn(move |request: Sealed| {
            let tracker = request.extensions().get::<DeliveryTracker>().cloned();
            let (foreign, url) = (foreign.clone(), url.clone());
            async move {
                let tracker = tracker.unwrap();
                assert!(tracker.take());
                let refused = ours().oneshot(request).await;
                if sends && tracker.begin() {
                    let again = http::Request::post(url).body("body".into()).unwrap();
                    return foreign.oneshot(again).await;
                }
                refused
            }
        });
        let error = call(Transport::new(service).retries(eager())).await;
        let expected = if sends {
            Delivery::PossiblySent
        } else {
            Delivery::NotSent
        };
        assert_eq!(
            (error.delivery(), bank.executed()),
            (expected, usize::from(sends))
        );
    }
}

/// The same without a report: nobody knows what it sent, and nothing is repeated unless the caller asks for it.
#[tokio::test]
async fn over_a_service_nothing_is_repeated_unasked() {
    let bank = Bank::start(false).await;
    let (foreign, url) = (bank.foreign(), bank.url.clone());
    let service = service_fn(move |request: Sealed| {
        let (foreign, url) = (foreign.clone(), url.clone());
        async move {
            let refused = ours().oneshot(request).await;
            let again = http::Request::post(url).body("body".into()).unwrap();
            foreign.oneshot(again).await.or(refused)
        }
    });
    call(Transport::new(service)).await;
    assert_eq!(bank.executed(), 1);
}
