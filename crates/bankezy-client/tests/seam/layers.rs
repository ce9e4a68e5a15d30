//! Over our own client in `tower` layers: whether anything was sent arrives through all of them.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bankezy_client::{
    ClientError, ClientErrorKind, ConnectProblem, Delivery, RetryPolicy, Transport,
};
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_test_support::{in_time, vacant};
use bankezy_tower::SealedClientLayer;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

use crate::{SHORT, Sealed, Server, builder, eager, of_service, post};

#[tokio::test]
async fn a_timeout_layer_says_nothing_was_sent_while_connecting_and_not_after() {
    let server = Server::start(None).await;
    let over = |url: &str| {
        let service = ServiceBuilder::new()
            .timeout(SHORT)
            .service(builder().build().unwrap());
        let url = url.to_owned();
        async move {
            let transport = Transport::new(service).retries(eager());
            let sent = transport.execute(|| Ok::<_, ClientError>(post(&url)));
            of_service(sent.await.unwrap_err())
        }
    };
    let (cause, delivery) = over(&server.https()).await;
    assert!(cause.get().is::<Elapsed>());
    assert_eq!(delivery, Delivery::NotSent);
    assert_eq!(
        server.connections(),
        3,
        "it is safe to repeat, and repeated"
    );

    let (cause, delivery) = over(&server.url).await;
    assert!(cause.get().is::<Elapsed>());
    assert_eq!(delivery, Delivery::PossiblySent);
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn layers_that_make_no_copy_keep_that_nothing_was_sent() {
    let client = || builder().build().unwrap();
    let timeout = || ServiceBuilder::new().timeout(10 * SHORT);
    let buffered = ServiceBuilder::new().buffer(1).service(client());
    let cipher = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let all = ServiceBuilder::new()
        .buffer(1)
        .timeout(10 * SHORT)
        .layer(SealedClientLayer::new(cipher))
        .service(client());
    for (name, transport) in [
        ("itself", Transport::from(client())),
        ("service", Transport::new(client())),
        ("timeout", Transport::new(timeout().service(client()))),
        ("boxed", Transport::new(BoxCloneSyncService::new(client()))),
        ("buffer", Transport::new(buffered)),
        ("all", Transport::new(BoxCloneSyncService::new(all))),
    ] {
        let url = format!("http://{}/", vacant());
        let error = transport.send(post(&url)).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent, "{name}");
    }
}

#[tokio::test]
async fn who_waits_for_a_permit_has_sent_nothing() {
    let server = Server::start(Some(2 * SHORT)).await;
    let service = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(builder().build().unwrap());
    let transport = Transport::new(service).retries(RetryPolicy::none());
    let first = tokio::spawn({
        let (transport, request) = (transport.clone(), post(&server.url));
        async move { transport.send(request).await }
    });
    while server.bytes() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = server.bytes();
    let second = transport.clone().deadline(SHORT / 3);
    let error = second.send(post(&server.url)).await.unwrap_err();
    let expected = ClientError::new(ClientErrorKind::Timeout, Delivery::NotSent);
    assert_eq!((error, server.bytes()), (expected, before));
    first.await.unwrap().unwrap();
    transport.send(post(&server.url)).await.unwrap();
}

/// Sends again, whatever failed, a number of times in all.
#[derive(Clone)]
struct Again(usize);

impl<A, E> Policy<Sealed, A, E> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Sealed, result: &mut Result<A, E>) -> Option<Ready<()>> {
        self.0 = self.0.checked_sub(1)?;
        result.is_err().then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Sealed) -> Option<Sealed> {
        Some(request.clone())
    }
}

/// The layer keeps a clone of its last attempt, too, and nothing shows that nobody sent that.
#[tokio::test]
async fn a_retry_layer_makes_what_was_not_sent_possibly_sent() {
    let url = format!("http://{}", vacant());
    let client = builder().build().unwrap();
    let attempts = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&attempts);
    let counting = service_fn(move |request: Sealed| {
        counted.fetch_add(1, Ordering::SeqCst);
        client.clone().oneshot(request)
    });
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(Again(3)))
        .service(counting);
    let transport = Transport::new(service).retries(eager());
    let sent = transport.execute(|| Ok::<_, ClientError>(post(&url)));
    let (cause, delivery) = of_service(sent.await.unwrap_err());
    assert_eq!(delivery, Delivery::PossiblySent);
    let last = cause.get().downcast_ref::<ClientError>();
    assert_eq!(last, Some(&ClientError::from(ConnectProblem::Refused)));
    assert_eq!(attempts.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_retry_layer_does_not_make_what_was_sent_unsent() {
    // Takes the request, closes, and does not listen any more.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096])
            .await
            .unwrap()
    });
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(Again(1)))
        .service(builder().build().unwrap());
    let transport = Transport::new(service).retries(eager());
    let error = transport.send(post(&url)).await.unwrap_err();
    assert!(served.await.unwrap() > 0);
    let (cause, delivery) = of_service(error);
    assert_eq!(delivery, Delivery::PossiblySent);
    let last = cause.get().downcast_ref::<ClientError>().unwrap();
    assert_eq!(last.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn in_layers_the_client_keeps_its_own_deadline_and_cap() {
    let server = Server::start(None).await;
    let mut client = builder().deadline(SHORT).build().unwrap();
    let request = post(&server.url).map(|_| "body".into());
    let answer = client.ready().await.unwrap().call(request);
    let answer = in_time("the deadline", answer).await;
    let expected = ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent);
    assert_eq!(answer.unwrap_err(), expected);

    let server = Server::start(Some(Duration::ZERO)).await;
    let capped = builder().max_response_len(1).build().unwrap();
    let error = Transport::new(capped).send(post(&server.url)).await;
    let error = error.unwrap_err();
    assert!(matches!(
        error.kind(),
        ClientErrorKind::ResponseTooLong { max: 1 }
    ));
}
