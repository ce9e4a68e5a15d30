//! Keys that are looked up for each request.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Channel, Error, KeyRing, Open, Opened, PayloadCipher, PayloadSecret, Previous, Seal,
};
use bankezy_tower::{
    FoundKeys, KeyLookup, LookedUpKeys, Refusal, SealedServerLayer, Unavailable, only_header,
};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

use super::{CANARY, Endless, answer, bytes, each_backend, sealed_post, with_another_key};
use crate::common::{cipher, shown};

type Answer = Response<Full<Bytes>>;

#[derive(Debug, Clone, PartialEq)]
struct Partner(String);

/// What happens when an identifier is looked up.
#[derive(Clone)]
enum Row {
    Keys(Channel),
    Fails,
    Hangs,
}

/// A table of partners by API key, which counts what it is asked.
#[derive(Clone, Default)]
struct Partners {
    rows: HashMap<String, Row>,
    asked: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

impl Partners {
    fn with(mut self, api_key: &str, row: Row) -> Self {
        self.rows.insert(api_key.to_owned(), row);
        self
    }

    fn keys(self, api_key: &str, channel: impl Into<Channel>) -> Self {
        self.with(api_key, Row::Keys(channel.into()))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl KeyLookup for Partners {
    type Principal = Partner;

    fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str> {
        only_header(request, "x-api-key")
    }

    async fn find(&self, api_key: &str) -> Result<Option<FoundKeys<Partner>>, Unavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        match self.rows.get(api_key) {
            Some(Row::Keys(channel)) => {
                let partner = Partner(api_key.to_owned());
                Ok(Some(FoundKeys::new("id", channel.clone(), partner)))
            }
            Some(Row::Fails) => Err(std::io::Error::other(CANARY))?,
            Some(Row::Hangs) => pending().await,
            None => Ok(None),
        }
    }
}

fn limits(partners: &Partners, backend: &Backend) -> LookedUpKeys {
    let secret = PayloadSecret::generate().unwrap();
    let decoy = PayloadCipher::with_backend(&secret, backend).unwrap();
    LookedUpKeys::with_decoy(partners.clone(), decoy)
}

fn layer(partners: &Partners, backend: &Backend) -> SealedServerLayer {
    SealedServerLayer::from_lookup(limits(partners, backend))
}

fn by(api_key: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut request = sealed_post(body);
    let value = api_key.parse().unwrap();
    request.headers_mut().insert("x-api-key", value);
    request
}

/// The answer of a handler that answers with the name of the principal and the body.
async fn answered(layer: &SealedServerLayer, request: Request<Full<Bytes>>) -> Answer {
    let service = layer.layer(service_fn(async |request: Request<Full<Bytes>>| {
        let (parts, body) = request.into_parts();
        let principal = parts.extensions.get::<Partner>();
        let mut text = format!("{principal:?} ").into_bytes();
        text.extend_from_slice(&bytes(body).await);
        Ok::<_, Infallible>(answer(http::StatusCode::OK, text))
    }));
    service.oneshot(request).await.unwrap()
}

/// All that a client sees, and what is told inside alone.
async fn refused(
    layer: &SealedServerLayer,
    request: Request<Full<Bytes>>,
) -> ((u16, HeaderMap, Bytes), Refusal) {
    let (parts, body) = answered(layer, request).await.into_parts();
    let refusal = parts.extensions.get::<Refusal>().unwrap().clone();
    assert!(!format!("{refusal} {}", shown(&refusal)).contains("canary"));
    let seen = (parts.status.as_u16(), parts.headers, bytes(body).await);
    (seen, refusal)
}

/// Messages of other libraries, each under a key of its own.
#[test]
fn each_partner_has_its_own_key() {
    each_backend(async |backend| {
        let mut partners = Partners::default();
        let mut messages = Vec::new();
        for file in [
            include_str!("../../../../test-vectors/jose.json"),
            include_str!("../../../../test-vectors/nimbus.json"),
        ] {
            let vectors: Value = serde_json::from_str(file).unwrap();
            for case in vectors["cases"].as_array().unwrap() {
                if case["kind"] != "dir" || case["result"] != "valid" {
                    continue;
                }
                let text = |member: &str| case[member].as_str().unwrap().to_owned();
                let secret = PayloadSecret::from_base64url(&text("key_b64u")).unwrap();
                let cipher = Arc::new(PayloadCipher::with_backend(&secret, backend).unwrap());
                let api_key = format!("partner-{}", messages.len());
                partners = partners.keys(&api_key, Arc::clone(&cipher));
                messages.push((api_key, cipher, text("jwe")));
            }
        }
        assert!(messages.len() > 5, "{}", messages.len());
        let layer = layer(&partners, backend);
        for (api_key, cipher, jwe) in &messages {
            let response = answered(&layer, by(api_key, jwe.clone())).await;
            assert_eq!(response.status(), 200);
            let opened = cipher.open(&bytes(response.into_body()).await).unwrap();
            let principal = format!("{:?} ", Some(Partner(api_key.clone())));
            assert!(opened.starts_with(principal.as_bytes()), "{api_key}");
            let payload = cipher.open(jwe.as_bytes()).unwrap();
            assert!(opened.ends_with(payload.as_bytes()));
        }
        // Under another partner's key.
        let ((status, ..), refusal) = refused(&layer, by("partner-0", messages[1].2.clone())).await;
        assert_eq!((status, refusal.code()), (400, "envelope.open_failed"));
    });
}

#[test]
fn an_unknown_key_is_answered_like_one_that_does_not_open() {
    each_backend(async |backend| {
        let partners = Partners::default().keys("known", cipher(backend));
        let layer = layer(&partners, backend);
        let sealed = with_another_key(backend).seal(b"{}").unwrap();
        let (known, refusal) = refused(&layer, by("known", sealed.clone())).await;
        assert_eq!(refusal.code(), "envelope.open_failed");
        assert_eq!(known.0, 400);

        let mut twice = by("known", sealed.clone());
        let again = "known".parse().unwrap();
        twice.headers_mut().append("x-api-key", again);
        for request in [
            by("unknown", sealed.clone()),
            by("unknown", sealed.clone()),
            by("", sealed.clone()),
            by("unknown", cipher(backend).seal(b"{}").unwrap()),
            sealed_post(sealed.clone()),
            twice,
        ] {
            let (seen, refusal) = refused(&layer, request).await;
            assert_eq!((seen, refusal), (known.clone(), Refusal::UnknownKey));
        }

        // What no key opens is the same answer, and nothing is looked up.
        let asked = partners.asked();
        let (_, tag) = sealed.rsplit_once('.').unwrap();
        for text in [
            String::new(),
            "no sealed text".to_owned(),
            "{}".to_owned(),
            format!("{sealed}.{tag}"),
            sealed.replacen("..", ".", 1),
            format!("{sealed}A"),
            format!("!{sealed}"),
        ] {
            for api_key in ["known", "unknown"] {
                let (seen, refusal) = refused(&layer, by(api_key, text.clone())).await;
                assert_eq!(seen, known, "{text}");
                assert!(matches!(refusal, Refusal::NotOpened { .. }), "{refusal}");
            }
        }
        assert_eq!(partners.asked(), asked);

        // That the limit of its keys is lower than the layer's does not tell either.
        let small = cipher(backend).with_max_sealed_len(100);
        let layer = self::layer(&Partners::default().keys("small", small), backend);
        let long = cipher(backend).seal(&[b' '; 200]).unwrap();
        let (seen, _) = refused(&layer, by("small", long)).await;
        assert_eq!(seen, known);
    });
}

/// What has the form of a sealed text.
fn sealed_text() -> String {
    cipher(&AVAILABLE[0]).seal(b"{}").unwrap()
}

/// Counts what it is given to open.
struct Counting(AtomicUsize);

impl Open for Counting {
    fn open_into(&self, _: &[u8], _: &mut Opened) -> Result<(), Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(Error::OpenFailed)
    }
}

#[test]
fn an_unknown_key_takes_the_same_opening() {
    each_backend(async |backend| {
        let (found, decoy) = [(); 2]
            .map(|()| Arc::new(Counting(AtomicUsize::new(0))))
            .into();
        let channel = |opener: &Arc<Counting>| {
            let sealer: Arc<dyn Seal> = Arc::new(cipher(backend));
            let opener: Arc<dyn Open> = opener.clone();
            Channel::from((sealer, opener))
        };
        let partners = Partners::default().keys("known", channel(&found));
        let keys = LookedUpKeys::with_decoy(partners, channel(&decoy));
        let layer = SealedServerLayer::from_lookup(keys);
        for api_key in ["known", "unknown", "unknown"] {
            let _ = refused(&layer, by(api_key, sealed_text())).await;
        }
        let count = |counting: &Counting| counting.0.load(Ordering::SeqCst);
        assert_eq!((count(&found), count(&decoy)), (1, 2));
    });
}

#[test]
fn what_is_refused_for_its_form_or_length_is_not_looked_up() {
    each_backend(async |backend| {
        let partners = Partners::default().keys("known", cipher(backend));
        let layer = layer(&partners, backend).with_max_request_len(1000);
        let service = layer.layer(service_fn(
            async |_: Request<Full<Bytes>>| -> Result<Answer, Infallible> {
                panic!("the service behind was called")
            },
        ));
        for (announced, status) in [(0, 413), (1001, 413)] {
            let body = Endless {
                announced,
                ..Endless::default()
            };
            let request = by("known", "").map(|_| body);
            let response = service.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
        }
        let mut json = by("known", "{}");
        json.headers_mut().remove("content-type");
        assert_eq!(refused(&layer, json).await.0.0, 415);
        assert_eq!(partners.asked(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_remembered_for_a_while() {
    let partners = Partners::default();
    let keys = limits(&partners, &AVAILABLE[0]);
    let layer = SealedServerLayer::from_lookup(keys.clone());
    for _ in 0..5 {
        let _ = refused(&layer, by("unknown", sealed_text())).await;
    }
    assert_eq!(partners.asked(), 1);
    tokio::time::advance(Duration::from_secs(4)).await;
    let _ = refused(&layer, by("unknown", sealed_text())).await;
    assert_eq!(partners.asked(), 1);
    tokio::time::advance(Duration::from_secs(6)).await;
    let _ = refused(&layer, by("unknown", sealed_text())).await;
    assert_eq!(partners.asked(), 2);

    // A flood of others does not make it grow: the oldest are looked up again.
    let few = SealedServerLayer::from_lookup(keys.clone().with_max_unknown(10));
    for count in 0..20 {
        let _ = refused(&few, by(&format!("unknown-{count}"), sealed_text())).await;
    }
    assert_eq!(partners.asked(), 22);
    let _ = refused(&few, by("unknown-19", sealed_text())).await;
    assert_eq!(partners.asked(), 22);
    let _ = refused(&few, by("unknown-0", sealed_text())).await;
    assert_eq!(partners.asked(), 23);

    for none in [
        keys.clone().with_unknown_time(Duration::ZERO),
        keys.clone().with_max_unknown(0),
        keys.with_max_unknown(1),
    ] {
        let before = partners.asked();
        let layer = SealedServerLayer::from_lookup(none);
        for _ in 0..2 {
            let _ = refused(&layer, by("unknown", sealed_text())).await;
        }
        assert_eq!(partners.asked(), before + 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_fails_or_is_late_is_a_503() {
    let partners = Partners::default()
        .with("fails", Row::Fails)
        .with("hangs", Row::Hangs);
    let layer = layer(&partners, &AVAILABLE[0]);
    for round in 1..=2 {
        let ((status, ..), refusal) = refused(&layer, by("fails", sealed_text())).await;
        assert_eq!((status, refusal), (503, Refusal::LookupFailed));
        let begun = tokio::time::Instant::now();
        let ((status, ..), refusal) = refused(&layer, by("hangs", sealed_text())).await;
        assert_eq!((status, refusal), (503, Refusal::LookupTimedOut));
        assert_eq!(begun.elapsed().as_secs(), 2);
        assert_eq!(partners.asked(), 2 * round, "neither is remembered");
    }
}

/// Otherwise the status would tell which keys exist.
#[tokio::test(start_paused = true)]
async fn while_lookups_fail_a_remembered_key_is_a_503_too() {
    let partners = Partners::default()
        .keys("known", with_another_key(&AVAILABLE[0]))
        .with("fails", Row::Fails)
        .with("hangs", Row::Hangs);
    let keys = limits(&partners, &AVAILABLE[0]).with_unknown_time(Duration::from_secs(60));
    let layer = SealedServerLayer::from_lookup(keys);
    let unknown = async || refused(&layer, by("unknown", sealed_text())).await;
    assert_eq!(unknown().await.0.0, 400);
    for failing in ["fails", "hangs"] {
        let asked = partners.asked();
        let (failed, refusal) = refused(&layer, by(failing, sealed_text())).await;
        assert_eq!(unknown().await, (failed, refusal));
        let found = refused(&layer, by("known", sealed_text())).await;
        assert_eq!(unknown().await.0, found.0, "lookups work again");
        assert_eq!(partners.asked(), asked + 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_remembered_for_no_longer_than_said() {
    let partners = Partners::default();
    let layer = layer(&partners, &AVAILABLE[0]);
    let ask = async |api_key| drop(refused(&layer, by(api_key, sealed_text())).await);
    for other_at in [0, 2000, 4999, 5000, 7000, 9999] {
        ask("new").await;
        tokio::time::advance(Duration::from_millis(other_at)).await;
        ask("other").await;
        tokio::time::advance(Duration::from_millis(10_000 - other_at)).await;
        let asked = partners.asked();
        ask("new").await;
        assert_eq!(partners.asked(), asked + 1, "{other_at}");
        tokio::time::advance(Duration::from_secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn lookups_are_bounded() {
    let key = Arc::new(cipher(&AVAILABLE[0]));
    let partners = Partners::default()
        .keys("known", Arc::clone(&key))
        .with("hangs", Row::Hangs);
    let keys = limits(&partners, &AVAILABLE[0]).with_max_lookups(2);
    let layer = SealedServerLayer::from_lookup(keys);
    let many = (0..20).map(|_| {
        let (layer, sealed) = (layer.clone(), key.seal(b"{}").unwrap());
        tokio::spawn(async move { answered(&layer, by("known", sealed)).await.status() })
    });
    for answer in many.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(partners.most_at_once.load(Ordering::SeqCst), 2);

    // Who waits for a place that does not come is told at the deadline.
    let hanging = [(); 3].map(|()| {
        let layer = layer.clone();
        tokio::spawn(async move { refused(&layer, by("hangs", sealed_text())).await.1 })
    });
    for refusal in hanging {
        assert_eq!(refusal.await.unwrap(), Refusal::LookupTimedOut);
    }
}

#[test]
fn the_answer_comes_under_the_key_that_opened_the_request() {
    each_backend(async |backend| {
        let old = Arc::new(cipher(backend));
        let ring = Arc::new(KeyRing::new("old", Arc::clone(&old)));
        let later = std::time::SystemTime::now() + Duration::from_secs(3600);
        let next = with_another_key(backend);
        ring.rotate("new", next, Previous::OpensUntil(later))
            .unwrap();
        let layer = layer(&Partners::default().keys("known", ring), backend);
        let request = by("known", old.seal(b"{}").unwrap());
        let response = answered(&layer, request).await;
        assert!(old.open(&bytes(response.into_body()).await).is_ok());
    });
}

#[test]
fn nobody_is_a_principal_who_proved_nothing() {
    each_backend(async |backend| {
        let key = Arc::new(cipher(backend));
        let partners = Partners::default().keys("known", Arc::clone(&key));
        let layer = layer(&partners, backend).allow_empty().allow_preflight();
        // Whether the key is known does not show.
        for api_key in ["known", "unknown"] {
            for method in ["GET", "HEAD", "DELETE"] {
                for content_type in ["text/plain", "application/json"] {
                    let mut request = by(api_key, "");
                    *request.method_mut() = method.parse().unwrap();
                    let content_type = content_type.parse().unwrap();
                    request.headers_mut().insert("content-type", content_type);
                    let ((status, ..), refusal) = refused(&layer, request).await;
                    assert_eq!((status, refusal), (400, Refusal::Empty));
                }
            }
        }
        assert_eq!(partners.asked(), 0);
        // A mark from outside.
        let mut request = by("known", key.seal(b"{}").unwrap());
        request.extensions_mut().insert(Partner(CANARY.to_owned()));
        let response = answered(&layer, request).await;
        let opened = key.open(&bytes(response.into_body()).await).unwrap();
        assert_eq!(&*opened, br#"Some(Partner("known")) {}"#);
        let mut preflight = by("known", "");
        *preflight.method_mut() = http::Method::OPTIONS;
        for (name, value) in [("origin", "x"), ("access-control-request-method", "POST")] {
            let value = value.parse().unwrap();
            preflight.headers_mut().insert(name, value);
        }
        preflight
            .extensions_mut()
            .insert(Partner(CANARY.to_owned()));
        let response = answered(&layer, preflight).await;
        assert_eq!(bytes(response.into_body()).await, "None ");
    });
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn the_random_key_that_is_made_by_default_opens_nothing() {
    let keys = LookedUpKeys::new(Partners::default()).unwrap();
    let layer = SealedServerLayer::from_lookup(keys);
    let sealed = cipher(&AVAILABLE[0]).seal(b"{}").unwrap();
    let ((status, ..), refusal) = refused(&layer, by("unknown", sealed)).await;
    assert_eq!((status, refusal), (400, Refusal::UnknownKey));
}

#[test]
fn a_value_that_is_there_twice_is_none() {
    let parts = |values: &[&[u8]]| {
        let mut request = Request::new(());
        for value in values {
            let value = http::HeaderValue::from_bytes(value).unwrap();
            request.headers_mut().append("x-api-key", value);
        }
        request.into_parts().0
    };
    let name = "X-API-KEY";
    assert_eq!(only_header(&parts(&[b"a"]), name), Some("a"));
    let nones: [&[&[u8]]; 4] = [&[], &[b""], &[b"a", b"a"], &[b"\xff"]];
    for none in nones {
        assert_eq!(only_header(&parts(none), name), None);
    }
}
