//! Clocks of servers and of senders.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use bankezy_metrics::{ClockSkewLayer, with_age_recorded};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::recorded::Recorded;

/// The skew that is recorded for an answer with this `Date`.
async fn skew_of(date: Option<&'static str>) -> Vec<f64> {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let server = service_fn(move |_: Request<Full<Bytes>>| async move {
        let mut response = Response::new(Full::<Bytes>::default());
        if let Some(date) = date {
            response.headers_mut().insert("date", date.parse().unwrap());
        }
        Ok::<_, Infallible>(response)
    });
    let request = Request::get("https://bank.example/path").body(Full::default());
    let service = ClockSkewLayer.layer(server);
    service.oneshot(request.unwrap()).await.unwrap();
    let host = [("server_address", "bank.example")];
    recorded.values("bankezy_clock_skew_seconds", &host)
}

#[tokio::test]
async fn the_skew_of_a_server_is_its_time_minus_ours() {
    // 9999-12-31 and 1970-01-01.
    let ahead = skew_of(Some("Fri, 31 Dec 9999 23:59:59 GMT")).await;
    let behind = skew_of(Some("Thu, 01 Jan 1970 00:00:00 GMT")).await;
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let in_range = |skew: &[f64], expected: f64| {
        assert_eq!(skew.len(), 1);
        // However slow the test is.
        assert!((skew[0] - expected).abs() < 3600.0, "{skew:?}");
    };
    in_range(&ahead, 253_402_300_799.0 - now);
    in_range(&behind, -now);
    assert!(skew_of(None).await.is_empty());
    assert!(skew_of(Some("yesterday")).await.is_empty());
}

#[test]
fn the_age_of_a_message_is_ours_minus_its_time() {
    let recorded = Recorded::default();
    let hour = Duration::from_secs(3600);
    metrics::with_local_recorder(&recorded, || {
        let now = SystemTime::now();
        let read = with_age_recorded("callbacks", move |payload: &[u8]| match payload {
            b"old" => Some(now - hour),
            b"ahead" => Some(now + hour),
            _ => None,
        });
        assert_eq!(read(b"old"), Some(now - hour));
        assert_eq!(read(b"ahead"), Some(now + hour));
        assert_eq!(read(b"without"), None);
    });
    let name = [("name", "callbacks")];
    let ages = recorded.values("bankezy_message_age_seconds", &name);
    assert_eq!(ages.len(), 2);
    assert!(ages[0] >= 3600.0 && ages[1] <= 0.0, "{ages:?}");
}
