//! No secret, token, URL, header value or body in any metric or span.

use std::convert::Infallible;
use std::sync::Arc;

use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
use bankezy_metrics::{ClockSkewLayer, MessageMetricsLayer, client_layer, counted};
use bankezy_sandbox::{AnswerForm, InjectedFault, Sandbox, TestClock};
use bankezy_test_support::Captured;
use bankezy_tower::SealedServerLayer;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::client::{ECHO, faceki, keeper};
use crate::recorded::Recorded;

const CANARY: &str = "canary-4711";

/// Calls that work and calls that fail, with a canary in path, query, body and answer. Returns the secrets of
/// the emulator.
async fn visit_client() -> Vec<String> {
    let builder = Sandbox::builder().answers(AnswerForm::Varied);
    let sandbox = builder.start().await.unwrap();
    let clock = TestClock::default();
    let keeper = keeper(&sandbox, &clock);
    let body = json!({ CANARY: CANARY });
    for fault in [
        InjectedFault::CutBody,
        InjectedFault::WrongKey,
        InjectedFault::Clear200,
        InjectedFault::ServerError,
        InjectedFault::DropAfter,
        InjectedFault::DropBefore,
    ] {
        sandbox.faults().inject_at(ECHO, fault, 1);
        let _ = keeper.call::<_, Value>(ECHO, &body).await;
        let _: Value = keeper.call(ECHO, &body).await.unwrap();
    }
    let path = format!("/{CANARY}/path?query={CANARY}");
    assert!(keeper.call::<_, Value>(path, &body).await.is_err());
    let session = keeper.session().await.unwrap();
    let slot = faceki(&sandbox).slot(()).unwrap();
    let token = slot.get().await.unwrap();
    slot.get().await.unwrap();
    let known = sandbox.credentials();
    let secrets = [
        known.api_key(),
        known.app_api_key(),
        known.app_secret(),
        known.faceki_client_id(),
        known.faceki_client_secret(),
        session
            .answer()
            .token
            .as_str()
            .trim_start_matches("Bearer "),
        session.answer().token_reference_id.as_deref().unwrap(),
        token.as_str(),
        sandbox.url(),
        ECHO,
        "token-service",
    ];
    secrets.map(str::to_owned).to_vec()
}

/// Requests that open and requests that are refused. Returns the secrets.
async fn visit_server() -> Vec<String> {
    let secret = PayloadSecret::generate().unwrap();
    let cipher = Arc::new(PayloadCipher::new(&secret).unwrap());
    let ring = Arc::new(KeyRing::new("2026-11", Arc::clone(&cipher)));
    let metrics = MessageMetricsLayer::new("callbacks");
    let handler = service_fn(|_: Request<Full<Bytes>>| async {
        let mut response = Response::new(Full::<Bytes>::from(CANARY));
        let headers = response.headers_mut();
        headers.insert("x-mine", CANARY.parse().unwrap());
        headers.insert("date", CANARY.parse().unwrap());
        Ok::<_, Infallible>(response)
    });
    let layer = SealedServerLayer::new(Arc::clone(&ring));
    let service = metrics.layer(layer.layer(metrics.layer(handler)));
    let service = ClockSkewLayer.layer(service);
    let sealed = cipher.seal(CANARY.as_bytes()).unwrap();
    let (first, rest) = sealed.split_at(60);
    let changed = format!("{first}A{}", &rest[1..]);
    for (content_type, body) in [
        ("text/plain", sealed.as_str()),
        ("text/plain", changed.as_str()),
        ("text/plain", CANARY),
        (CANARY, sealed.as_str()),
    ] {
        let request = Request::post(format!("http://server.example/{CANARY}?{CANARY}"))
            .header("content-type", content_type)
            .header("x-mine", CANARY)
            .body(Full::<Bytes>::from(body.to_owned()))
            .unwrap();
        service.clone().oneshot(request).await.unwrap();
    }
    let _ = counted("queue", ring.open(&sealed));
    let _ = counted("queue", ring.open(CANARY));
    vec![secret.to_base64url().as_str().to_owned(), sealed, changed]
}

#[tokio::test]
async fn no_metric_and_no_span_holds_what_went_in() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let captured = Captured::default();
    let spans = tracing_subscriber::fmt::layer()
        .with_writer(captured.clone())
        .with_ansi(false)
        .with_span_events(FmtSpan::FULL)
        .with_filter(Targets::new().with_target("bankezy_client", LevelFilter::TRACE));
    let subscriber = tracing_subscriber::registry()
        .with(client_layer())
        .with(spans);
    let _listening = tracing::subscriber::set_default(subscriber);

    let mut hidden = visit_client().await;
    hidden.extend(visit_server().await);
    hidden.push(CANARY.to_owned());

    let traces = captured.text();
    let metrics = recorded.text();
    for expected in [
        "attempts_total",
        "login_duration",
        "opened_total",
        "refused_total",
    ] {
        assert!(metrics.contains(expected), "{expected} in {metrics}");
    }
    assert!(traces.contains("http_call"), "{traces}");
    for text in hidden {
        assert!(!metrics.contains(&text), "{text} in {metrics}");
        assert!(!traces.contains(&text), "{text} in {traces}");
    }
}
