//! Which requests of an axum router use up their mark.

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use bankezy_crypto::backend::AVAILABLE;
use bankezy_tower::{ReplayGuard, SealedServerLayer};
use http::{Request, StatusCode};
use tower::ServiceExt;

use super::{HOUR, sealed_post, shared};

async fn status(app: &Router, path: &str, sealed: &str) -> u16 {
    let (mut parts, body) = sealed_post(sealed.to_owned()).into_parts();
    parts.uri = path.parse().unwrap();
    let request = Request::from_parts(parts, body);
    app.clone().oneshot(request).await.unwrap().status().into()
}

/// A bank that calls back at a wrong path, or with a path that is not deployed yet, can send the same bytes again.
#[tokio::test]
async fn a_route_layer_records_no_message_to_an_unknown_path() {
    let key = shared(&AVAILABLE[0]);
    let guard = ReplayGuard::without_freshness(HOUR);
    let layer = SealedServerLayer::new(Arc::clone(&key)).with_replay_guard(guard);
    let router = || Router::new().route("/callback", post(async || "{}"));

    let message = key.seal(b"{}").unwrap();
    let app = router().route_layer(layer.clone());
    assert_eq!(status(&app, "/unknown", &message).await, 404);
    assert_eq!(status(&app, "/callback", &message).await, 200);
    assert_eq!(status(&app, "/callback", &message).await, 409);

    // `layer` is also around the fallback.
    let message = key.seal(b"{}").unwrap();
    let app = router().layer(layer);
    assert_eq!(status(&app, "/unknown", &message).await, 404);
    assert_eq!(status(&app, "/callback", &message).await, 409);
}

#[tokio::test]
async fn after_an_error_of_the_handler_the_same_message_is_a_replay() {
    let key = shared(&AVAILABLE[0]);
    for failure in [StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE] {
        let guard = ReplayGuard::without_freshness(HOUR);
        let layer = SealedServerLayer::new(Arc::clone(&key)).with_replay_guard(guard);
        let app = Router::new()
            .route("/callback", post(move || async move { failure }))
            .route_layer(layer);
        let message = key.seal(b"{}").unwrap();
        assert_eq!(status(&app, "/callback", &message).await, failure.as_u16());
        assert_eq!(status(&app, "/callback", &message).await, 409);
    }
}

#[tokio::test]
async fn after_a_panic_of_the_handler_the_same_message_is_a_replay() {
    let key = shared(&AVAILABLE[0]);
    let guard = ReplayGuard::without_freshness(HOUR);
    let layer = SealedServerLayer::new(Arc::clone(&key)).with_replay_guard(guard);
    let app = Router::new()
        .route(
            "/callback",
            post(async || -> &'static str { panic!("of the handler") }),
        )
        .route_layer(layer);
    let message = key.seal(b"{}").unwrap();
    let (first, sealed) = (app.clone(), message.clone());
    let handled = tokio::spawn(async move { status(&first, "/callback", &sealed).await });
    assert!(handled.await.unwrap_err().is_panic());
    assert_eq!(status(&app, "/callback", &message).await, 409);
}
