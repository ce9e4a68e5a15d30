//! What the client layer takes, passes and refuses.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{Delivery, Error, OpenedByKey, PublicKeySealer};
use bankezy_tower::{MiddlewareError, SealedClientLayer};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower::{Layer, ServiceExt, service_fn};

use super::{
    CANARY, Endless, Pieces, answer, bytes, each_backend, header, shared, was_opened,
    with_another_key,
};
use crate::common::{cipher, p256, shown};

type Answer = Response<Full<Bytes>>;
type Failed = MiddlewareError<&'static str>;

fn request() -> Request<Full<Bytes>> {
    Request::post("/call").body(Full::from(CANARY)).unwrap()
}

/// What is made of an answer of the service behind the layer.
async fn made_of<R>(layer: SealedClientLayer, inner: Response<R>) -> Result<Answer, Failed>
where
    R: Body<Data = Bytes, Error: Send> + Clone + Send + 'static,
{
    let service = layer.layer(service_fn(move |_: Request<Full<Bytes>>| {
        let inner = inner.clone();
        async { Ok::<_, &'static str>(inner) }
    }));
    service.oneshot(request()).await
}

/// The error, having looked at what it shows.
fn silent(result: Result<Answer, Failed>) -> Failed {
    let error = result.unwrap_err();
    let source = error.source().map(|source| format!("{source} {source:?}"));
    let all = format!("{error} {} {source:?}", shown(&error));
    assert!(!all.contains("canary"), "{all}");
    error
}

fn every_status() -> impl Iterator<Item = StatusCode> {
    (200..600)
        .filter_map(|code| StatusCode::from_u16(code).ok())
        .filter(|status| ![204, 205, 304].contains(&status.as_u16()))
}

#[test]
fn a_sealed_answer_is_opened_whatever_its_status() {
    each_backend(async |backend| {
        for status in every_status() {
            let inner = answer(status, cipher(backend).seal(b"[1]").unwrap());
            let response = made_of(SealedClientLayer::new(shared(backend)), inner)
                .await
                .unwrap();
            assert_eq!(response.status(), status);
            assert!(was_opened(response.extensions()));
            assert_eq!(
                header(response.headers(), "content-type"),
                Some("application/json")
            );
            assert_eq!(header(response.headers(), "content-length"), Some("3"));
            assert_eq!(bytes(response.into_body()).await, "[1]");
        }
    });
}

#[test]
fn an_answer_in_clear_is_an_error_unless_it_tells_of_one() {
    each_backend(async |backend| {
        for status in every_status() {
            for text in [
                "",
                CANARY,
                r#"{"resCode":200,"d":"canary-4711"}"#,
                "canary.4711.a.b.c",
            ] {
                let mut inner = answer(status, text);
                inner
                    .headers_mut()
                    .insert("content-type", "text/html".parse().unwrap());
                let made = made_of(SealedClientLayer::new(shared(backend)), inner).await;
                if status.is_client_error() || status.is_server_error() {
                    let response = made.unwrap();
                    assert!(!was_opened(response.extensions()));
                    assert_eq!(response.status(), status);
                    assert_eq!(
                        header(response.headers(), "content-type"),
                        Some("text/html")
                    );
                    assert_eq!(bytes(response.into_body()).await, text);
                } else {
                    let error = silent(made);
                    assert_eq!(
                        (error.code(), error.delivery()),
                        ("middleware.not_sealed", Some(Delivery::PossiblySent))
                    );
                    assert!(
                        matches!(error, MiddlewareError::NotSealed { status: found } if found == status)
                    );
                }
            }
        }
    });
}

#[test]
fn what_is_sealed_and_does_not_open_is_an_error_whatever_its_status() {
    each_backend(async |backend| {
        let pair = p256(backend);
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        for status in [200, 401, 500] {
            for (text, code) in [
                (
                    with_another_key(backend).seal(CANARY.as_bytes()),
                    "envelope.open_failed",
                ),
                (sealer.seal(CANARY.as_bytes()), "header.alg_mismatch"),
            ] {
                let inner = answer(StatusCode::from_u16(status).unwrap(), text.unwrap());
                let error = silent(made_of(SealedClientLayer::new(shared(backend)), inner).await);
                assert_eq!(error.code(), code);
                assert!(
                    matches!(error, MiddlewareError::Open { status: found, .. } if found == status)
                );
                assert!(error.to_string().contains(&status.to_string()));
            }
        }
    });
}

#[test]
fn answers_without_a_body_pass_as_unauthenticated() {
    each_backend(async |backend| {
        for status in [
            StatusCode::NO_CONTENT,
            StatusCode::RESET_CONTENT,
            StatusCode::NOT_MODIFIED,
        ] {
            let response = made_of(SealedClientLayer::new(shared(backend)), answer(status, "x"))
                .await
                .unwrap();
            assert!(!was_opened(response.extensions()));
            assert!(
                bytes(response.into_body()).await.is_empty(),
                "a body that may not be there"
            );
        }
    });
}

#[test]
fn a_mark_that_the_service_left_is_not_believed() {
    each_backend(async |backend| {
        let sealed = cipher(backend).seal(b"1").unwrap();
        let opened = made_of(
            SealedClientLayer::new(shared(backend)),
            answer(StatusCode::OK, sealed),
        )
        .await
        .unwrap();
        let mark = opened.extensions().get::<OpenedByKey>().unwrap().clone();
        let mut forged = answer(StatusCode::BAD_REQUEST, "clear");
        forged.extensions_mut().insert(mark);
        let response = made_of(SealedClientLayer::new(shared(backend)), forged)
            .await
            .unwrap();
        assert!(!was_opened(response.extensions()));
    });
}

#[test]
fn an_answer_is_refused_as_soon_as_it_exceeds_the_cap() {
    each_backend(async |backend| {
        for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
            let body = Endless::default();
            let mut inner = Response::new(body.clone());
            *inner.status_mut() = status;
            let layer = SealedClientLayer::new(shared(backend)).with_max_response_len(2048);
            let error = silent(made_of(layer, inner).await);
            assert_eq!(
                (error.code(), body.taken()),
                ("middleware.response_too_long", 3)
            );
            assert!(
                matches!(error, MiddlewareError::ResponseTooLong { max: 2048, status: found } if found == status)
            );
        }
    });
}

#[test]
fn a_broken_answer_and_a_failing_service_show_no_foreign_text() {
    each_backend(async |backend| {
        let broken = service_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, &'static str>(Response::new(Pieces::that_break_off(CANARY)))
        });
        let service = SealedClientLayer::new(shared(backend)).layer(broken);
        let error = silent(service.oneshot(request()).await);
        assert_eq!(error.code(), "middleware.response_body");

        let failing = service_fn(async |_: Request<Full<Bytes>>| Err::<Answer, _>(CANARY));
        let service = SealedClientLayer::new(shared(backend)).layer(failing);
        let error = silent(service.oneshot(request()).await);
        assert_eq!(
            (error.code(), error.delivery()),
            ("middleware.service", None)
        );
        assert!(
            matches!(error, MiddlewareError::Service(CANARY)),
            "there for who asks"
        );
    });
}

#[test]
fn what_cannot_be_sealed_is_not_sent() {
    each_backend(async |backend| {
        let sent = Arc::new(AtomicUsize::new(0));
        let service = |layer: SealedClientLayer| {
            let sent = Arc::clone(&sent);
            layer.layer(service_fn(move |_: Request<Full<Bytes>>| {
                sent.fetch_add(1, Ordering::SeqCst);
                async { Ok::<_, &'static str>(answer(StatusCode::OK, "")) }
            }))
        };
        let layer = || SealedClientLayer::new(shared(backend));
        let mut errors = Vec::new();

        let body = Endless::default();
        let small = layer().with_max_request_len(3 * 1024);
        errors.push(
            service(small)
                .oneshot(request().map(|_| body.clone()))
                .await,
        );
        assert_eq!(body.taken(), 4);

        let broken = request().map(|_| Pieces::that_break_off(CANARY));
        errors.push(service(layer()).oneshot(broken).await);

        let mut compressed = request();
        compressed
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        errors.push(service(layer()).oneshot(compressed).await);

        let spent = SealedClientLayer::new(cipher(backend).with_nonce_budget(0));
        errors.push(service(spent).oneshot(request()).await);

        let errors: Vec<Failed> = errors.into_iter().map(silent).collect();
        assert!(
            errors
                .iter()
                .all(|error| error.delivery() == Some(Delivery::NotSent))
        );
        let codes: Vec<_> = errors.iter().map(MiddlewareError::code).collect();
        let expected = ["request_too_long", "request_body", "request_encoding"];
        assert_eq!(
            codes[..3],
            expected.map(|code| format!("middleware.{code}"))
        );
        assert_eq!(codes[3], "cipher.budget_spent");
        let source = errors[3].source().unwrap().downcast_ref();
        assert_eq!(source, Some(&Error::NonceBudgetSpent { limit: 0 }));
        assert_eq!(sent.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn only_the_empty_body_of_a_get_head_or_delete_stays_empty() {
    each_backend(async |backend| {
        for (method, sealed) in [
            ("GET", false),
            ("HEAD", false),
            ("DELETE", false),
            ("POST", true),
            ("PUT", true),
        ] {
            let opener = cipher(backend);
            assert_sent(backend, method, "", move |parts, body| match sealed {
                true => assert_eq!(opener.open(body).unwrap().as_bytes(), b""),
                false => assert!(body.is_empty() && !parts.headers.contains_key("content-type")),
            })
            .await;
        }
        let opener = cipher(backend);
        assert_sent(backend, "GET", "{}", move |parts, body| {
            assert_eq!(header(&parts.headers, "content-type"), Some("text/plain"));
            assert_eq!(opener.open(body).unwrap().as_bytes(), b"{}");
        })
        .await;
    });
}

/// Sends a request and looks at what the service behind the layer gets.
async fn assert_sent(
    backend: &Backend,
    method: &str,
    body: &'static str,
    look: impl Fn(&http::request::Parts, Bytes) + Send + Sync + 'static,
) {
    let look = Arc::new(look);
    let service = SealedClientLayer::new(shared(backend)).layer(service_fn(
        move |request: Request<Full<Bytes>>| {
            let look = Arc::clone(&look);
            async move {
                let (parts, body) = request.into_parts();
                look(&parts, bytes(body).await);
                Ok::<_, &'static str>(answer(StatusCode::NO_CONTENT, ""))
            }
        },
    ));
    let request = Request::builder()
        .method(method)
        .body(Full::<Bytes>::from(body))
        .unwrap();
    service.oneshot(request).await.unwrap();
}

#[test]
fn the_request_itself_is_no_answer() {
    each_backend(async |backend| {
        for (before, after) in [("", ""), (" ", "\r\n"), ("", "\n")] {
            for status in [StatusCode::OK, StatusCode::BAD_REQUEST] {
                let mirror = service_fn(move |request: Request<Full<Bytes>>| async move {
                    let sealed = request.into_body().collect().await.unwrap().to_bytes();
                    let sealed = [before.as_bytes(), &sealed, after.as_bytes()].concat();
                    let response = Response::builder().status(status);
                    Ok::<_, &'static str>(response.body(Full::<Bytes>::from(sealed)).unwrap())
                });
                let layer = SealedClientLayer::new(cipher(backend));
                let error = silent(layer.layer(mirror).oneshot(request()).await);
                assert_eq!(error.code(), "middleware.reflected", "{error}");
                assert_eq!(error.delivery(), Some(Delivery::PossiblySent));
            }
        }
        // The same JSON, sealed anew, is an answer.
        let sealed = cipher(backend).seal(CANARY.as_bytes()).unwrap();
        let inner = answer(StatusCode::OK, sealed);
        let answered = made_of(SealedClientLayer::new(cipher(backend)), inner).await;
        assert!(was_opened(answered.unwrap().extensions()));
    });
}
