//! Metrics around the server layer, and of keys.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret, Previous};
use bankezy_metrics::{MessageMetricsLayer, NonceBudgets, counted};
use bankezy_tower::{ReplayGuard, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::recorded::Recorded;

type Sealed = Request<Full<Bytes>>;

fn cipher() -> Arc<PayloadCipher> {
    let secret = PayloadSecret::generate().unwrap();
    Arc::new(PayloadCipher::new(&secret).unwrap())
}

fn request(content_type: &str, body: impl Into<Bytes>) -> Sealed {
    Request::post("/callback")
        .header("content-type", content_type)
        .body(Full::new(body.into()))
        .unwrap()
}

/// A server whose handler answers with what it got, measured on both sides.
async fn send(layer: &SealedServerLayer, request: Sealed) {
    let metrics = MessageMetricsLayer::new("callbacks");
    let handler = service_fn(|request: Sealed| async move {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    let service = metrics.layer(layer.layer(metrics.layer(handler)));
    service.oneshot(request).await.unwrap();
}

#[tokio::test]
async fn refusals_open_failures_and_replays_are_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let key = cipher();
    let guard = ReplayGuard::without_freshness(Duration::from_secs(60));
    let layer = SealedServerLayer::new(Arc::clone(&key)).with_replay_guard(guard);
    let message = key.seal(b"{}").unwrap();
    send(&layer, request("text/plain", message.clone())).await;
    assert_eq!(recorded.text(), "", "a single key has no identifier");

    send(&layer, request("text/plain", message)).await;
    let foreign = cipher().seal(b"{}").unwrap();
    send(&layer, request("text/plain", foreign)).await;
    send(&layer, request("application/json", "{}")).await;

    let count =
        |metric: &str, code| recorded.count(metric, &[("name", "callbacks"), ("code", code)]);
    for code in [
        "middleware.replayed",
        "envelope.open_failed",
        "middleware.content_type",
    ] {
        assert_eq!(count("bankezy_refused_total", code), 1.0, "{code}");
    }
    assert_eq!(recorded.count("bankezy_refused_total", &[]), 3.0);
    assert_eq!(count("bankezy_replays_total", "middleware.replayed"), 1.0);
    assert_eq!(recorded.count("bankezy_replays_total", &[]), 1.0);
    assert_eq!(
        count("bankezy_open_failures_total", "envelope.open_failed"),
        1.0
    );
    assert_eq!(recorded.count("bankezy_open_failures_total", &[]), 1.0);
}

#[tokio::test]
async fn the_keys_of_rings_that_open_are_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let (old, new) = (cipher(), cipher());
    let ring = Arc::new(KeyRing::new("2026-10", Arc::clone(&old)));
    let hour = SystemTime::now() + Duration::from_secs(3600);
    ring.rotate("2026-11", Arc::clone(&new), Previous::OpensUntil(hour))
        .unwrap();
    let layer = SealedServerLayer::new(Arc::clone(&ring));
    for key in [&old, &old, &new] {
        let message = key.seal(b"{}").unwrap();
        send(&layer, request("text/plain", message)).await;
    }
    let opened = |name, key_id, newest| {
        let labels = [("name", name), ("key_id", key_id), ("newest", newest)];
        recorded.count("bankezy_opened_total", &labels)
    };
    assert_eq!(opened("callbacks", "2026-10", "false"), 2.0);
    assert_eq!(opened("callbacks", "2026-11", "true"), 1.0);

    let message = old.seal(b"{}").unwrap();
    let (payload, _) = counted("queue", ring.open(&message)).unwrap();
    assert_eq!(&*payload, b"{}");
    assert_eq!(opened("queue", "2026-10", "false"), 1.0);
    ring.retire("2026-10").unwrap();
    let error = counted("queue", ring.open(&message)).unwrap_err();
    let labels = [("name", "queue"), ("code", error.code())];
    assert_eq!(recorded.count("bankezy_open_failures_total", &labels), 1.0);
}

#[test]
fn gauges_show_what_is_left_of_the_budgets_of_named_keys() {
    let recorded = Recorded::default();
    metrics::with_local_recorder(&recorded, || {
        let secret = PayloadSecret::generate().unwrap();
        let cipher = PayloadCipher::new(&secret).unwrap().with_nonce_budget(4);
        let cipher = Arc::new(cipher);
        let read = Arc::clone(&cipher);
        let budgets = NonceBudgets::new().with("partner-a", move || read.nonce_budget());
        budgets.record();
        for _ in 0..3 {
            cipher.seal(b"{}").unwrap();
        }
        budgets.record();
    });
    let key = [("key", "partner-a")];
    let shares = recorded.values("bankezy_nonce_budget_remaining_ratio", &key);
    assert_eq!(shares, [1.0, 0.25]);
}
