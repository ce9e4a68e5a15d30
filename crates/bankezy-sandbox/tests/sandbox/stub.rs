//! The bank for unit tests.

use std::io::ErrorKind;

use ::http::StatusCode;
use bankezy_crypto::{Delivery, DeliveryTracker};
use bankezy_sandbox::{StubAnswer, StubBank};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use tower_service::Service as _;

type Answer = Result<(StatusCode, Bytes), (ErrorKind, Delivery)>;

/// A call to `bank`, sealed under a session with `sealed_for`. An error comes with whether the call was sent.
async fn call(bank: &StubBank, sealed_for: &StubBank, path: &str) -> Answer {
    let session = sealed_for.session(None);
    let (token, channel) = (&session.answer.token, &session.channel);
    let server = bank.server().unwrap();
    let request = server.call_request(path, &json!({ "amount": 1 }), token, channel);
    let request = request.unwrap();
    let mut request = request.map(|body| Full::new(Bytes::from_owner(body)));
    let tracker = DeliveryTracker::new();
    request.extensions_mut().insert(tracker.clone());
    match bank.clone().call(request).await {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            Ok((parts.status, body.collect().await.unwrap().to_bytes()))
        }
        Err(error) => Err((error.kind(), tracker.abandon())),
    }
}

#[tokio::test]
async fn it_answers_as_the_test_says() {
    let bank = StubBank::new(|path, body| match path {
        "/pay" => StubAnswer::from(json!({ "paid": body["amount"] })),
        "/busy" => StubAnswer::Plain(StatusCode::SERVICE_UNAVAILABLE, "busy".to_owned()),
        "/lost" => StubAnswer::Lost,
        _ => StubAnswer::NotSent,
    });
    let bank = bank.unwrap();

    let (status, sealed) = call(&bank, &bank, "/pay").await.unwrap();
    assert_eq!(status, StatusCode::OK);
    let opened = bank.session(None).channel.open(&sealed).unwrap();
    assert_eq!(&*opened, br#"{"paid":1}"#);
    let busy = call(&bank, &bank, "/busy").await.unwrap();
    assert_eq!(busy, (StatusCode::SERVICE_UNAVAILABLE, "busy".into()));
    let lost = call(&bank, &bank, "/lost").await.unwrap_err();
    assert_eq!(lost, (ErrorKind::ConnectionReset, Delivery::PossiblySent));
    let not_sent = call(&bank, &bank, "/refused").await.unwrap_err();
    assert_eq!(not_sent, (ErrorKind::ConnectionRefused, Delivery::NotSent));

    let amount = json!({ "amount": 1 });
    let received = ["/pay", "/busy", "/lost"].map(|path| (path.to_owned(), amount.clone()));
    assert_eq!(bank.calls(), received);
}

#[tokio::test]
async fn it_opens_what_is_sealed_for_it_alone() {
    let new = || StubBank::new(|_, _| json!({})).unwrap();
    let (bank, other) = (new(), new());
    let (status, _) = call(&bank, &other, "/pay").await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(bank.calls().is_empty());
}
