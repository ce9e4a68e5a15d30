//! What the server layer refuses and what it lets pass.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bankezy_crypto::{PrivateKeyOpener, PublicKeySealer};
use bankezy_tower::{Refusal, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use super::{
    CANARY, Endless, Pieces, answer, bytes, each_backend, header, sealed_post, shared, was_opened,
    with_another_key,
};
use crate::common::{cipher, p256, rsa_2048, shown};

type Answer = Response<Full<Bytes>>;

/// Answers a request that must not reach the handler; gives back what it was answered with.
async fn refused<B>(layer: &SealedServerLayer, request: Request<B>) -> (u16, String, Refusal)
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>> + Send> + Send + 'static,
{
    let service = layer.layer(service_fn(
        async |_: Request<Full<Bytes>>| -> Result<Answer, Infallible> {
            panic!("the service behind was called")
        },
    ));
    let response = service.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    assert_eq!(header(&parts.headers, "content-type"), Some("text/plain"));
    let text = String::from_utf8(bytes(body).await.to_vec()).unwrap();
    let refusal = parts.extensions.get::<Refusal>().unwrap().clone();
    assert!(!format!("{text}{}", shown(&refusal)).contains("canary"));
    (parts.status.as_u16(), text, refusal)
}

#[test]
fn whatever_does_not_open_is_one_answer() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend));
        let sealed = cipher(backend).seal(CANARY.as_bytes()).unwrap();
        let (rest, tag) = sealed.rsplit_once('.').unwrap();
        let flipped = if tag.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{rest}.{flipped}{}", &tag[1..]);
        let pair = p256(backend);
        let to_a_public_key = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let mut answers = Vec::new();
        let mut codes = Vec::new();
        for body in [
            String::new(),
            format!(r#"{{"a":"{CANARY}"}}"#),
            format!("\n{sealed}"),
            sealed[..sealed.len() - 1].to_owned(),
            changed,
            with_another_key(backend).seal(CANARY.as_bytes()).unwrap(),
            to_a_public_key.seal(CANARY.as_bytes()).unwrap(),
            "a.b.c.d.e".to_owned(),
        ] {
            let (status, text, refusal) = refused(&layer, sealed_post(body)).await;
            answers.push((status, text));
            codes.push(refusal.code());
        }
        let broken = sealed_post("").map(|_| Pieces::that_break_off(CANARY));
        let (status, text, refusal) = refused(&layer, broken).await;
        assert_eq!(refusal, Refusal::RequestBody);
        answers.push((status, text));
        answers.dedup();
        assert_eq!(answers, [(400, "the body could not be opened".to_owned())]);
        assert_eq!(
            codes[4..6],
            ["envelope.open_failed"; 2],
            "told inside the process alone"
        );
    });
}

#[test]
fn a_key_that_does_not_unwrap_is_that_same_answer() {
    each_backend(async |backend| {
        let Some(pair) = rsa_2048(backend) else {
            return;
        };
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let sealed = sealer.seal(b"{}").unwrap();
        let layer = SealedServerLayer::new((sealer, PrivateKeyOpener::new(pair)));
        let mut parts: Vec<&str> = sealed.split('.').collect();
        let wrapped = "A".repeat(parts[1].len());
        parts[1] = &wrapped;
        let (status, text, refusal) = refused(&layer, sealed_post(parts.join("."))).await;
        assert_eq!(
            (status, text.as_str()),
            (400, "the body could not be opened")
        );
        assert_eq!(refusal.code(), "envelope.open_failed");
    });
}

#[test]
fn other_content_types_and_codings_are_refused_unread() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend));
        for types in [
            &[][..],
            &["application/json"],
            &["text/plain2"],
            &["text/html; text/plain"],
            &["text/plain", "text/plain"],
        ] {
            let body = Endless::default();
            let mut request = Request::post("/").body(body.clone()).unwrap();
            for one in types {
                request
                    .headers_mut()
                    .append("content-type", one.parse().unwrap());
            }
            let (status, _, refusal) = refused(&layer, request).await;
            assert_eq!(
                (status, refusal.code(), body.taken()),
                (415, "middleware.content_type", 0),
                "{types:?}"
            );
        }
        let mut request = sealed_post(cipher(backend).seal(b"{}").unwrap());
        request
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        let (status, text, refusal) = refused(&layer, request).await;
        assert_eq!((status, refusal), (415, Refusal::ContentEncoding));
        assert!(text.contains("Content-Encoding"), "{text}");
        for coding in ["UTF-8", "identity, gzip", "gzip,identity", "identity;q=1"] {
            let mut request = sealed_post(cipher(backend).seal(b"{}").unwrap());
            let value = coding.parse().unwrap();
            request.headers_mut().insert("content-encoding", value);
            let (_, _, refusal) = refused(&layer, request).await;
            assert_eq!(refusal, Refusal::ContentEncoding, "{coding}");
        }

        let body = Endless::default();
        let request = Request::get("/").body(body.clone()).unwrap();
        let (status, ..) = refused(&layer, request).await;
        assert_eq!(
            (status, body.taken()),
            (415, 0),
            "a GET with a body is no exception"
        );
        let body = Endless::default();
        let request = Request::get("/").body(body.clone()).unwrap();
        let (status, ..) = refused(&layer.allow_empty(), request).await;
        assert_eq!(
            (status, body.taken()),
            (415, 1),
            "it is read to see whether it is empty"
        );
    });
}

/// As programs send that add a line end, or say that nothing was encoded.
#[test]
fn a_line_end_and_a_coding_that_is_none_are_taken() {
    each_backend(async |backend| {
        for (end, codings) in [
            ("\n", &[][..]),
            ("\r\n", &["identity"]),
            ("", &["IDENTITY"]),
            ("", &["identity, identity"]),
            ("", &["", " ,identity"]),
        ] {
            let service = SealedServerLayer::new(shared(backend)).layer(service_fn(
                |request: Request<Full<Bytes>>| async {
                    Ok::<_, Infallible>(Response::new(request.into_body()))
                },
            ));
            let sealed = cipher(backend).seal(b"{}").unwrap();
            let mut request = sealed_post(format!("{sealed}{end}"));
            for coding in codings {
                let value = coding.parse().unwrap();
                request.headers_mut().append("content-encoding", value);
            }
            let response = service.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200, "{end:?} {codings:?}");
        }
    });
}

#[test]
fn content_types_with_parameters_or_in_capitals_are_read() {
    each_backend(async |backend| {
        for name in ["text/plain; charset=utf-8", "TEXT/Plain", "text/plain ;x=y"] {
            let called = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&called);
            let service = SealedServerLayer::new(shared(backend)).layer(service_fn(
                move |request: Request<Full<Bytes>>| {
                    count.fetch_add(1, Ordering::SeqCst);
                    assert!(was_opened(request.extensions()));
                    async { Ok::<_, Infallible>(Response::new(request.into_body())) }
                },
            ));
            let mut request = sealed_post(cipher(backend).seal(b"{}").unwrap());
            request
                .headers_mut()
                .insert("content-type", name.parse().unwrap());
            request
                .headers_mut()
                .insert("content-digest", "sha-256=:x:".parse().unwrap());
            let response = service.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(called.load(Ordering::SeqCst), 1);
        }
    });
}

#[test]
fn a_body_is_refused_as_soon_as_it_exceeds_the_cap() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend)).with_max_request_len(10 * 1024);
        let body = Endless::default();
        let (status, text, refusal) = refused(&layer, sealed_post("").map(|_| body.clone())).await;
        assert_eq!(
            (status, text.as_str(), body.taken()),
            (413, "the body is too long", 11)
        );
        assert_eq!(refusal, Refusal::RequestTooLong { max: 10 * 1024 });

        // Announced as too long, so not read at all.
        let body = Endless {
            announced: 10 * 1024 + 1,
            ..Endless::default()
        };
        let (status, ..) = refused(&layer, sealed_post("").map(|_| body.clone())).await;
        assert_eq!((status, body.taken()), (413, 0));

        let fits = cipher(backend).seal(&vec![b' '; 600]).unwrap();
        for (max, expected) in [(fits.len(), 200), (fits.len() - 1, 413)] {
            let layer = SealedServerLayer::new(shared(backend)).with_max_request_len(max);
            let echo = service_fn(async |_: Request<Full<Bytes>>| {
                Ok::<_, Infallible>(answer(StatusCode::OK, "1"))
            });
            let response = layer
                .layer(echo)
                .oneshot(sealed_post(fits.clone()))
                .await
                .unwrap();
            assert_eq!(response.status(), expected);
        }

        let small = cipher(backend).with_max_sealed_len(100);
        let (status, ..) = refused(&SealedServerLayer::new(small), sealed_post(fits)).await;
        assert_eq!(status, 413, "the cap of the key holds too");
    });
}

#[test]
fn a_mark_from_outside_is_not_believed() {
    each_backend(async |backend| {
        let layer = SealedServerLayer::new(shared(backend)).allow_empty();
        let service = layer.layer(service_fn(async |request: Request<Full<Bytes>>| {
            let mut answer = answer(StatusCode::OK, "1");
            *answer.extensions_mut() = request.extensions().clone();
            Ok::<_, Infallible>(answer)
        }));
        let request = sealed_post(cipher(backend).seal(b"{}").unwrap());
        let opened = service.clone().oneshot(request).await.unwrap();
        assert!(was_opened(opened.extensions()));
        let mut request = Request::get("/").body(Full::<Bytes>::default()).unwrap();
        *request.extensions_mut() = opened.extensions().clone();
        let passed = service.oneshot(request).await.unwrap();
        assert!(!was_opened(passed.extensions()));
    });
}
