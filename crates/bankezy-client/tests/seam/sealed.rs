//! `SealedClientLayer` around our own client.

use axum::Router;
use axum::routing::post;
use bankezy_client::{
    Client, ClientError, ClientErrorKind, Delivery, DeliveryTracker, RetryPolicy, Transport,
};
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_test_support::vacant;
use bankezy_tower::{MiddlewareError, SealedClient, SealedClientLayer, SealedServerLayer};
use tower::{Layer as _, ServiceExt as _};

use crate::{SHORT, Sealed, Server, builder, of_service};

fn sealed(client: Client, cipher: PayloadCipher) -> SealedClient<Client> {
    SealedClientLayer::new(cipher).layer(client)
}

fn cipher() -> PayloadCipher {
    PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap()
}

fn request(url: &str) -> Sealed {
    http::Request::post(url).body(r#"{"a":1}"#.into()).unwrap()
}

#[tokio::test]
async fn bodies_travel_sealed() {
    let secret = PayloadSecret::generate().unwrap();
    let [ours, theirs] = [(); 2].map(|()| PayloadCipher::new(&secret).unwrap());
    let echo = |body: String| async move { body };
    let app = Router::new()
        .route("/echo", post(echo))
        .layer(SealedServerLayer::new(theirs));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/echo", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let service = sealed(builder().build().unwrap(), ours);
    let transport = Transport::new(service);
    let response = transport.send(crate::post(&url)).await.unwrap();
    assert_eq!(response.body().as_bytes(), b"body");
}

#[tokio::test]
async fn that_nothing_was_sent_arrives_through_it() {
    let url = format!("http://{}", vacant());
    let service = sealed(builder().build().unwrap(), cipher());

    let (tracker, mut tracked) = (DeliveryTracker::new(), request(&url));
    tracked.extensions_mut().insert(tracker.clone());
    let error = service.clone().oneshot(tracked).await.unwrap_err();
    assert_eq!(error.delivery(), None, "only the service knows");
    assert!(matches!(
        &error,
        MiddlewareError::Service(error) if matches!(error.kind(), ClientErrorKind::Connect(_))
            && error.delivery() == Delivery::NotSent
    ));
    assert_eq!(tracker.abandon(), Delivery::NotSent);

    let transport = Transport::new(service).retries(RetryPolicy::none());
    let error = transport.send(crate::post(&url)).await.unwrap_err();
    let (cause, delivery) = of_service(error);
    assert_eq!(delivery, Delivery::NotSent);
    assert!(cause.get().is::<MiddlewareError<ClientError>>());

    let server = Server::start(None).await;
    let service = sealed(builder().build().unwrap(), cipher());
    let transport = Transport::new(service).deadline(SHORT);
    let error = transport.send(crate::post(&server.url)).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::PossiblySent);
}

#[tokio::test]
async fn what_cannot_be_sealed_was_not_sent() {
    let server = Server::start(None).await;
    let spent = cipher().with_nonce_budget(0);
    let transport = Transport::new(sealed(builder().build().unwrap(), spent));
    let error = transport.send(crate::post(&server.url)).await.unwrap_err();
    assert_eq!(of_service(error).1, Delivery::NotSent);
    assert_eq!(server.connections(), 0);
}
