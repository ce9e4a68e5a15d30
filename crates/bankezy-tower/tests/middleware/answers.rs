//! What the server layer makes of the answers of the service behind it.

use std::convert::Infallible;

use bankezy_crypto::backend::Backend;
use bankezy_tower::{Refusal, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use super::{CANARY, Endless, Pieces, answer, bytes, each_backend, header, sealed_post, shared};
use crate::common::{cipher, shown};

type Answer = Response<Full<Bytes>>;

/// What a handler's answer becomes.
async fn sealed(layer: SealedServerLayer, backend: &Backend, inner: Answer) -> Answer {
    let service = layer.layer(service_fn(move |_: Request<Full<Bytes>>| {
        let inner = inner.clone();
        async { Ok::<_, Infallible>(inner) }
    }));
    let request = sealed_post(cipher(backend).seal(b"{}").unwrap());
    service.oneshot(request).await.unwrap()
}

#[test]
fn answers_are_sealed_whatever_their_status() {
    each_backend(async |backend| {
        for status in [200, 201, 302, 400, 401, 404, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            let mut inner = answer(status, CANARY);
            let headers = inner.headers_mut();
            headers.insert("content-type", "application/json".parse().unwrap());
            headers.insert("digest", "sha-256=x".parse().unwrap());
            headers.insert("x-kept", "1".parse().unwrap());
            let response = sealed(SealedServerLayer::new(shared(backend)), backend, inner).await;
            assert_eq!(response.status(), status);
            assert_eq!(
                header(response.headers(), "content-type"),
                Some("text/plain")
            );
            assert_eq!(header(response.headers(), "x-kept"), Some("1"));
            assert_eq!(
                header(response.headers(), "digest"),
                None,
                "it tells of the plaintext"
            );
            let length = header(response.headers(), "content-length")
                .unwrap()
                .to_owned();
            let body = bytes(response.into_body()).await;
            assert_eq!(length, body.len().to_string());
            assert_eq!(
                cipher(backend).open(&body).unwrap().as_bytes(),
                CANARY.as_bytes()
            );
        }
    });
}

#[test]
fn errors_stay_in_clear_where_asked() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend)).seal_errors(false);
        let mut inner = answer(StatusCode::CONFLICT, r#"{"resCode":301}"#);
        inner
            .headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        let response = sealed(layer.clone(), backend, inner).await;
        assert_eq!(
            header(response.headers(), "content-type"),
            Some("application/json")
        );
        assert_eq!(bytes(response.into_body()).await, r#"{"resCode":301}"#);

        let success = sealed(layer, backend, answer(StatusCode::OK, "1")).await;
        assert!(
            cipher(backend)
                .open(bytes(success.into_body()).await)
                .is_ok()
        );
    });
}

/// What the handler says of its plaintext, which is not what is sent.
const OF_THE_PLAINTEXT: [&str; 10] = [
    "etag",
    "last-modified",
    "content-range",
    "accept-ranges",
    "content-disposition",
    "content-language",
    "content-location",
    "content-md5",
    "digest",
    "repr-digest",
];

#[test]
fn what_describes_the_plaintext_is_not_sent() {
    each_backend(async |backend| {
        for status in [200, 404, 204, 304] {
            let mut inner = answer(StatusCode::from_u16(status).unwrap(), "");
            for name in OF_THE_PLAINTEXT {
                inner.headers_mut().insert(name, CANARY.parse().unwrap());
            }
            let headers = inner.headers_mut();
            headers.insert("content-type", "application/json".parse().unwrap());
            headers.insert("cache-control", "no-store".parse().unwrap());
            let layer = SealedServerLayer::new(shared(backend));
            let response = sealed(layer, backend, inner).await;
            for name in OF_THE_PLAINTEXT {
                assert_eq!(header(response.headers(), name), None, "{status}");
            }
            let content_type = match status {
                200 | 404 => Some("text/plain"),
                _ => None,
            };
            let headers = response.headers();
            assert_eq!(header(headers, "content-type"), content_type, "{status}");
            assert_eq!(header(headers, "cache-control"), Some("no-store"));
        }
    });
}

#[test]
fn answers_without_a_body_by_nature_stay_empty() {
    each_backend(async |backend| {
        for status in [
            StatusCode::NO_CONTENT,
            StatusCode::RESET_CONTENT,
            StatusCode::NOT_MODIFIED,
        ] {
            let response = sealed(
                SealedServerLayer::new(shared(backend)),
                backend,
                answer(status, ""),
            )
            .await;
            assert_eq!(response.status(), status);
            assert!(bytes(response.into_body()).await.is_empty());
        }
        let empty = sealed(
            SealedServerLayer::new(shared(backend)),
            backend,
            answer(StatusCode::OK, ""),
        )
        .await;
        assert_eq!(
            cipher(backend)
                .open(bytes(empty.into_body()).await)
                .unwrap()
                .as_bytes(),
            b""
        );
    });
}

#[test]
fn an_answer_that_cannot_be_sealed_is_not_sent_in_clear() {
    each_backend(async |backend| {
        let layer = || SealedServerLayer::new(shared(backend));
        let spent = cipher(backend).with_nonce_budget(0);
        let mut compressed = answer(StatusCode::OK, CANARY);
        compressed
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        let long = CANARY.repeat(100);
        for (layer, inner, code) in [
            (
                SealedServerLayer::new(spent),
                answer(StatusCode::OK, CANARY),
                "cipher.budget_spent",
            ),
            (layer(), compressed, "middleware.answer_encoding"),
            (
                layer(),
                answer(StatusCode::PARTIAL_CONTENT, CANARY),
                "middleware.answer_partial",
            ),
            (
                layer(),
                answer(StatusCode::SWITCHING_PROTOCOLS, CANARY),
                "middleware.answer_partial",
            ),
            (
                layer().with_max_response_len(100),
                answer(StatusCode::OK, long),
                "middleware.answer_too_long",
            ),
        ] {
            let response = sealed(layer, backend, inner).await;
            assert_eq!(response.status(), 500);
            let refusal = response.extensions().get::<Refusal>().unwrap().clone();
            assert_eq!(refusal.code(), code);
            let text = bytes(response.into_body()).await;
            assert_eq!(text, "the answer could not be sealed");
            assert!(!shown(&refusal).contains("canary"));
        }
    });
}

#[test]
fn an_endless_or_broken_answer_ends_as_500() {
    each_backend(async |backend| {
        let request = || sealed_post(cipher(backend).seal(b"{}").unwrap());
        let layer = SealedServerLayer::new(shared(backend)).with_max_response_len(4096);
        let body = Endless::default();
        let endless = {
            let body = body.clone();
            layer.layer(service_fn(move |_: Request<Full<Bytes>>| {
                let body = body.clone();
                async { Ok::<_, Infallible>(Response::new(body)) }
            }))
        };
        assert_eq!(endless.oneshot(request()).await.unwrap().status(), 500);
        assert_eq!(body.taken(), 5);

        let broken = layer.layer(service_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(Response::new(Pieces::that_break_off(CANARY)))
        }));
        let response = broken.oneshot(request()).await.unwrap();
        assert_eq!(response.extensions().get(), Some(&Refusal::AnswerBody));
        assert_eq!(
            bytes(response.into_body()).await,
            "the answer could not be sealed"
        );
    });
}

#[test]
fn errors_of_the_service_pass_through() {
    each_backend(async |backend| {
        let failing = service_fn(async |_: Request<Full<Bytes>>| Err::<Answer, _>("its own error"));
        let service = SealedServerLayer::new(shared(backend)).layer(failing);
        let request = sealed_post(cipher(backend).seal(b"{}").unwrap());
        assert_eq!(service.oneshot(request).await.unwrap_err(), "its own error");
    });
}
