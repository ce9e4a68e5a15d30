//! Requests without a body: refused, or allowed and rate-limited, and CORS preflight requests among them.

use std::convert::Infallible;
use std::time::Duration;

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{NonceBudget, PayloadCipher};
use bankezy_tower::{Refusal, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use std::sync::Arc;
use tower::{Layer, ServiceExt, service_fn};

use super::{answer, bytes, each_backend, header, sealed_post, shared, was_opened};
use crate::common::cipher;

type Answer = Response<Full<Bytes>>;

fn empty(method: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method);
    request.body(Full::default()).unwrap()
}

fn preflight() -> Request<Full<Bytes>> {
    let mut request = empty("OPTIONS");
    let headers = request.headers_mut();
    headers.insert("origin", "https://shop.example".parse().unwrap());
    let method = "access-control-request-method";
    headers.insert(method, "POST".parse().unwrap());
    request
}

/// The answer to a request, of a handler that answers anything with `1`.
async fn answered(layer: &SealedServerLayer, request: Request<Full<Bytes>>) -> Answer {
    let service = layer.layer(service_fn(async |request: Request<Full<Bytes>>| {
        assert!(!was_opened(request.extensions()));
        assert!(bytes(request.into_body()).await.is_empty());
        let mut answer = answer(StatusCode::OK, "1");
        let headers = answer.headers_mut();
        headers.insert("content-length", "1".parse().unwrap());
        headers.insert("access-control-allow-origin", "*".parse().unwrap());
        Ok::<_, Infallible>(answer)
    }));
    service.oneshot(request).await.unwrap()
}

fn refusal(response: &Answer) -> (u16, &Refusal) {
    let refusal = response.extensions().get().unwrap();
    (response.status().as_u16(), refusal)
}

#[test]
fn requests_without_a_body_are_refused() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend));
        for method in ["GET", "HEAD", "DELETE"] {
            let response = answered(&layer, empty(method)).await;
            assert_eq!(refusal(&response), (400, &Refusal::Empty), "{method}");
            let (parts, body) = sealed_post("").into_parts();
            let mut request = Request::from_parts(parts, body);
            *request.method_mut() = method.parse().unwrap();
            let response = answered(&layer, request).await;
            assert_eq!(refusal(&response), (400, &Refusal::Empty), "{method}");
        }
        for layer in [layer.clone(), layer.allow_empty()] {
            for method in ["POST", "PUT", "PATCH", "OPTIONS"] {
                let response = answered(&layer, empty(method)).await;
                assert_eq!(refusal(&response), (415, &Refusal::ContentType), "{method}");
            }
        }
    });
}

#[test]
fn where_they_are_allowed_their_answers_are_sealed() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend)).allow_empty();
        for method in ["GET", "HEAD", "DELETE"] {
            let (parts, body) = answered(&layer, empty(method)).await.into_parts();
            assert_eq!(parts.status, StatusCode::OK);
            let body = bytes(body).await;
            if method == "HEAD" {
                assert!(body.is_empty());
                let length = header(&parts.headers, "content-length");
                assert_eq!(length, None, "it tells of the plaintext");
            } else {
                assert_eq!(cipher(backend).open(&body).unwrap().as_bytes(), b"1");
            }
        }
    });
}

fn used(cipher: &PayloadCipher) -> u64 {
    let budget: NonceBudget = cipher.nonce_budget();
    budget.used()
}

#[tokio::test(start_paused = true)]
async fn a_stranger_cannot_spend_the_nonces() {
    let key = Arc::new(cipher(&AVAILABLE[0]));
    let layer = SealedServerLayer::new(Arc::clone(&key)).allow_empty();
    let mut statuses = Vec::new();
    for count in 0..100 {
        let method = if count % 2 == 0 { "GET" } else { "DELETE" };
        // Each service of the layer counts for all.
        statuses.push(answered(&layer.clone(), empty(method)).await.status());
    }
    assert_eq!(used(&key), 10);
    assert_eq!(statuses[..10], [StatusCode::OK; 10]);
    assert_eq!(statuses[10..], [StatusCode::TOO_MANY_REQUESTS; 90]);
    let response = answered(&layer, empty("GET")).await;
    assert_eq!(refusal(&response), (429, &Refusal::UnauthenticatedRate));
    assert_eq!(header(response.headers(), "retry-after"), Some("1"));
    // What takes no nonce is not counted.
    assert_eq!(answered(&layer, empty("HEAD")).await.status(), 200);

    // Over a minute, 10 a second.
    for _ in 0..600 {
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(answered(&layer, empty("GET")).await.status(), 200);
        assert_eq!(answered(&layer, empty("GET")).await.status(), 429);
    }
    assert_eq!(used(&key), 610);

    for (rate, passing) in [(0, 0), (3, 3)] {
        let layer = layer.clone().with_unauthenticated_rate(rate);
        let mut passed = 0;
        for _ in 0..20 {
            passed += usize::from(answered(&layer, empty("GET")).await.status() == 200);
        }
        assert_eq!(passed, passing);
    }
}

#[test]
fn preflight_requests_pass_where_they_are_allowed() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend));
        let response = answered(&layer, preflight()).await;
        assert_eq!(refusal(&response), (415, &Refusal::ContentType));

        let layer = layer.allow_preflight();
        let response = answered(&layer, preflight()).await;
        let (parts, body) = response.into_parts();
        let allowed = header(&parts.headers, "access-control-allow-origin");
        assert_eq!((parts.status.as_u16(), allowed), (200, Some("*")));
        assert_eq!(header(&parts.headers, "content-length"), Some("1"));
        assert_eq!(bytes(body).await, "1", "unchanged");

        // What only looks like one.
        let without = |name| {
            let mut request = preflight();
            request.headers_mut().remove(name);
            request
        };
        let mut post = preflight();
        *post.method_mut() = http::Method::POST;
        for request in [
            without("origin"),
            without("access-control-request-method"),
            preflight().map(|_| Full::from("{}")),
            post,
        ] {
            let response = answered(&layer, request).await;
            assert_eq!(refusal(&response), (415, &Refusal::ContentType));
        }
    });
}
