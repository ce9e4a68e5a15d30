//! The client layer talks to the server layer before axum's handlers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use bankezy_crypto::{
    Channel, KeyPair, KeyRing, OpenedByKey, PayloadCipher, Previous, PrivateKeyOpener,
    PublicKeySealer,
};
use bankezy_tower::{SealedClientLayer, SealedServerLayer};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

use super::{
    Pieces, bytes, each_backend, header, sealed_post, shared, was_opened, with_another_key,
};
use crate::common::{cipher, p256, rsa_2048};

/// What an axum application sees of a request, sent back.
async fn settled(
    headers: HeaderMap,
    by_key: Extension<OpenedByKey>,
    Json(body): Json<Value>,
) -> Json<Value> {
    Json(json!({
        "type": header(&headers, "content-type"),
        "length": header(&headers, "content-length"),
        "key": by_key.key_id(),
        "body": body,
    }))
}

fn app(channel: impl Into<Channel>) -> Router {
    Router::new()
        .route("/callback", post(settled))
        .route("/state", get(async || Json(json!({ "state": "up" }))))
        .route("/state", delete(async || StatusCode::NO_CONTENT))
        .layer(SealedServerLayer::new(channel).allow_empty())
}

fn callback(body: &str) -> Request<Full<Bytes>> {
    Request::post("/callback")
        .header("content-type", "application/json")
        .body(Full::from(body.to_owned()))
        .unwrap()
}

fn an_hour() -> Previous {
    Previous::OpensUntil(SystemTime::now() + Duration::from_secs(3600))
}

async fn round_trip(client: Channel, server: Channel) -> Value {
    let client = SealedClientLayer::new(client).layer(app(server));
    let response = client.oneshot(callback(r#"{"amount":100}"#)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(was_opened(response.extensions()));
    assert_eq!(
        header(response.headers(), "content-type"),
        Some("application/json")
    );
    let length = header(response.headers(), "content-length").map(str::to_owned);
    let body = bytes(response.into_body()).await;
    assert_eq!(length, Some(body.len().to_string()));
    let seen: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(seen["type"], "application/json");
    assert_eq!(seen["length"], "14");
    assert_eq!(seen["body"], json!({ "amount": 100 }));
    seen
}

#[test]
fn under_a_shared_key() {
    each_backend(async |backend| {
        let seen = round_trip(shared(backend).into(), cipher(backend).into()).await;
        assert_eq!(seen["key"], Value::Null);
    });
}

#[test]
fn with_rsa_and_p256_keys_of_both_sides() {
    each_backend(async |backend| {
        let channel = |ours: KeyPair, theirs: &KeyPair| {
            let sealer = PublicKeySealer::with_backend(theirs.public_key(), backend).unwrap();
            Channel::from((sealer, PrivateKeyOpener::new(ours)))
        };
        let again = |pair: &KeyPair| {
            KeyPair::from_pem_with_backend(pair.to_pem().unwrap().as_str(), backend).unwrap()
        };
        if let Some(rsa) = rsa_2048(backend) {
            let pem = bankezy_test_support::keys::RSA_2048_OTHER;
            let other = KeyPair::from_pem_with_backend(pem, backend).unwrap();
            let client = channel(again(&rsa), &other);
            round_trip(client, channel(other, &rsa)).await;
        }
        let (one, other) = (p256(backend), p256(backend));
        let client = channel(again(&one), &other);
        round_trip(client, channel(other, &one)).await;
    });
}

#[test]
fn nothing_travels_in_clear_and_nothing_twice_alike() {
    each_backend(async |backend| {
        let wire = Arc::new(Mutex::new(Vec::new()));
        let tap = tower::service_fn({
            let (wire, app) = (Arc::clone(&wire), app(cipher(backend)));
            move |request: Request<Full<Bytes>>| {
                let (wire, app) = (Arc::clone(&wire), app.clone());
                async move {
                    assert_eq!(
                        header(request.headers(), "content-type"),
                        Some("text/plain")
                    );
                    let (parts, body) = request.into_parts();
                    let body = bytes(body).await;
                    let length = header(&parts.headers, "content-length");
                    assert_eq!(length, Some(body.len().to_string().as_str()));
                    wire.lock().unwrap().push(body.clone());
                    let response = app
                        .oneshot(Request::from_parts(parts, Full::new(body)))
                        .await?;
                    assert_eq!(
                        header(response.headers(), "content-type"),
                        Some("text/plain")
                    );
                    let (parts, body) = response.into_parts();
                    let body = bytes(body).await;
                    wire.lock().unwrap().push(body.clone());
                    Ok::<_, std::convert::Infallible>(Response::from_parts(parts, Full::new(body)))
                }
            }
        });
        let client = SealedClientLayer::new(cipher(backend)).layer(tap);
        for _ in 0..2 {
            client.clone().oneshot(callback("{}")).await.unwrap();
        }
        let mut wire = wire.lock().unwrap().clone();
        assert!(
            wire.iter()
                .all(|body| body.starts_with(b"eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0.."))
        );
        wire.sort();
        wire.dedup();
        assert_eq!(wire.len(), 4);
    });
}

#[test]
fn bodies_in_pieces_are_joined_in_order() {
    each_backend(async |backend| {
        let text = serde_json::to_string(&(0..50_000).collect::<Vec<_>>()).unwrap();
        for size in [1000, 70_000, text.len()] {
            let request = Request::post("/callback")
                .body(Pieces::of(&text, size))
                .unwrap();
            let client = SealedClientLayer::new(cipher(backend)).layer(app(cipher(backend)));
            let response = client.oneshot(request).await.unwrap();
            let seen: Value = serde_json::from_slice(&bytes(response.into_body()).await).unwrap();
            assert_eq!(seen["body"].to_string(), text);
        }
    });
}

#[test]
fn what_has_no_body_passes_and_says_so() {
    each_backend(async |backend| {
        for (method, status, opened) in [
            ("GET", 200, true),
            ("HEAD", 200, false),
            ("DELETE", 204, false),
        ] {
            let request = Request::builder().method(method).uri("/state");
            let client = SealedClientLayer::new(cipher(backend)).layer(app(cipher(backend)));
            let response = client
                .oneshot(request.body(Full::<Bytes>::default()).unwrap())
                .await
                .unwrap();
            assert_eq!(
                (
                    response.status().as_u16(),
                    was_opened(response.extensions())
                ),
                (status, opened),
                "{method}"
            );
            let body = bytes(response.into_body()).await;
            assert_eq!(
                body,
                if opened { r#"{"state":"up"}"# } else { "" },
                "{method}"
            );
        }
    });
}

#[test]
fn errors_of_the_application_arrive_sealed() {
    each_backend(async |backend| {
        let client = SealedClientLayer::new(cipher(backend)).layer(app(cipher(backend)));
        for (body, status) in [("{", 400), ("", 400)] {
            let response = client.clone().oneshot(callback(body)).await.unwrap();
            assert_eq!(response.status(), status);
            assert!(was_opened(response.extensions()), "axum's own text, sealed");
        }
        let nowhere = Request::post("/nowhere")
            .body(Full::<Bytes>::from("{}"))
            .unwrap();
        let response = client.oneshot(nowhere).await.unwrap();
        assert_eq!(response.status(), 404);
        assert!(
            was_opened(response.extensions()),
            "an empty body is sealed too"
        );
    });
}

#[test]
fn who_has_not_rotated_yet_can_read_the_answer() {
    each_backend(async |backend| {
        let server = Arc::new(KeyRing::new("old", cipher(backend)));
        let next = with_another_key(backend);
        server.rotate("new", next, an_hour()).unwrap();
        let behind = || SealedClientLayer::new(cipher(backend)).layer(app(Arc::clone(&server)));
        for (body, status) in [(r#"{"amount":100}"#, 200), ("{", 400)] {
            let response = behind().oneshot(callback(body)).await.unwrap();
            assert_eq!(response.status(), status);
            assert!(was_opened(response.extensions()));
        }
        // Nothing says which key this one has.
        let get = Request::get("/state").body(Full::<Bytes>::default());
        let refused = behind().oneshot(get.unwrap()).await.unwrap_err();
        assert_eq!(refused.code(), "envelope.open_failed");
        let newest = SealedClientLayer::new(with_another_key(backend));
        let get = Request::get("/state").body(Full::<Bytes>::default());
        let answer = newest.layer(app(Arc::clone(&server))).oneshot(get.unwrap());
        assert!(was_opened(answer.await.unwrap().extensions()));
    });
}

#[test]
fn a_key_that_is_retired_before_the_answer_does_not_seal_it() {
    each_backend(async |backend| {
        let ring = Arc::new(KeyRing::new("leaked", cipher(backend)));
        let next = with_another_key(backend);
        ring.rotate("new", next, an_hour()).unwrap();
        let retiring = tower::service_fn({
            let ring = Arc::clone(&ring);
            move |request: Request<Full<Bytes>>| {
                ring.retire("leaked").unwrap();
                async { Ok::<_, std::convert::Infallible>(Response::new(request.into_body())) }
            }
        });
        let server = SealedServerLayer::new(Arc::clone(&ring)).layer(retiring);
        let sealed = cipher(backend).seal(b"1").unwrap();
        let answer = server.oneshot(sealed_post(sealed)).await.unwrap();
        let answer = bytes(answer.into_body()).await;
        let opened = with_another_key(backend).open(&answer).unwrap();
        assert_eq!(opened.as_bytes(), b"1");
    });
}

#[test]
fn keys_rotate_while_a_request_is_on_its_way() {
    each_backend(async |backend| {
        let ring = |cipher: PayloadCipher| Arc::new(KeyRing::new("old", cipher));
        let (ours, theirs) = (ring(cipher(backend)), ring(cipher(backend)));
        let rotate = |ring: &KeyRing, previous| {
            let next = with_another_key(backend);
            ring.rotate("new", next, previous).unwrap();
        };
        // Sealed under the old key; before it arrives, both sides rotate.
        let network = tower::service_fn({
            let (ours, theirs) = (Arc::clone(&ours), Arc::clone(&theirs));
            move |request: Request<Full<Bytes>>| {
                if ours.key_ids().len() == 1 {
                    rotate(&theirs, an_hour());
                    rotate(&ours, an_hour());
                }
                app(Arc::clone(&theirs)).oneshot(request)
            }
        });
        let client = SealedClientLayer::new(Arc::clone(&ours)).layer(network);
        for key in ["old", "new"] {
            let response = client.clone().oneshot(callback("1")).await.unwrap();
            let by_key = response.extensions().get::<OpenedByKey>().unwrap().clone();
            assert_eq!(
                (by_key.key_id(), by_key.is_newest()),
                (Some(key), key == "new"),
                "the answer, under the key of the request"
            );
            let seen: Value = serde_json::from_slice(&bytes(response.into_body()).await).unwrap();
            assert_eq!(seen["key"], key, "the request");
        }
        // Over at once: the server has dropped the key that this client still uses.
        let late = ring(cipher(backend));
        let server = ring(cipher(backend));
        rotate(&server, Previous::Drop);
        let client = SealedClientLayer::new(late).layer(app(server));
        let response = client.oneshot(callback("1")).await.unwrap();
        assert_eq!(response.status(), 400);
        assert!(!was_opened(response.extensions()));
    });
}
