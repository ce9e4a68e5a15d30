//! A callback endpoint that refuses what it received before.
//!
//! `cargo run -p bankezy-tower --example callback_endpoint`

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::{Json, Router, http::Request, routing::post};
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_tower::{Freshness, ReplayGuard, SealedServerLayer};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settled {
    reference_id: String,
    amount: u64,
    sent_at: u64, // milliseconds; agree on it with the sender: BankEzy documents no such member
}

/// A sender who missed the answer seals the callback anew. So pay each reference out only once.
async fn settled(Json(callback): Json<Settled>) -> Json<Value> {
    println!("{} over {}", callback.reference_id, callback.amount);
    Json(json!({ "resCode": 100, "referenceId": callback.reference_id }))
}

fn sent_at(payload: &[u8]) -> Option<SystemTime> {
    let callback: Settled = serde_json::from_slice(payload).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(callback.sent_at))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cipher = Arc::new(PayloadCipher::new(&PayloadSecret::generate()?)?); // from onboarding
    let sealed = SealedServerLayer::new(Arc::clone(&cipher))
        .with_max_request_len(64 * 1024)
        .with_replay_guard(ReplayGuard::new(Freshness::by_timestamp(sent_at)));
    // `axum::serve(listener, app)` serves it over the network.
    let app: Router = Router::new()
        .route("/callbacks/settled", post(settled))
        .route_layer(sealed); // not `layer`: an unknown path would use up the message

    // The bank sends a callback, and somebody who recorded it sends it again.
    tokio::time::sleep(Duration::from_millis(1)).await; // what was stamped before the start is refused
    let now = UNIX_EPOCH.elapsed()?.as_millis() as u64;
    let callback = json!({ "referenceId": "7d9f0c3e", "amount": 1250, "sentAt": now });
    let message = cipher.seal_json(&callback)?;
    for status in [200, 409] {
        let request = Request::post("/callbacks/settled").header("content-type", "text/plain");
        let request = request.body(message.clone())?;
        let answer = app.clone().oneshot(request).await?;
        assert_eq!(answer.status(), status);
        let body = axum::body::to_bytes(answer.into_body(), 64 * 1024).await?;
        println!("{status}: {}", String::from_utf8_lossy(&cipher.open(body)?));
    }
    Ok(())
}
