//! An axum server that gets sealed callbacks, and a client that sends it one: in one process, no
//! network, no credentials.
//!
//! `cargo run -p bankezy-tower --example axum_callbacks`

use std::error::Error;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_tower::{SealedClientLayer, SealedServerLayer};
use http::Request;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use tower::{Layer as _, ServiceExt as _};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settled {
    reference_id: String,
    amount: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    res_code: u32,
    reference_id: String,
}

/// The handler knows nothing of envelopes.
async fn settled(Json(callback): Json<Settled>) -> Json<Received> {
    println!(
        "the handler gets         {} over {}\n",
        callback.reference_id, callback.amount
    );
    Json(Received {
        res_code: 100,
        reference_id: callback.reference_id,
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // From onboarding in real life. Both sides have it.
    let cipher = Arc::new(PayloadCipher::new(&PayloadSecret::generate()?)?);

    // `axum::serve(listener, app)` serves it over the network.
    let app: Router = Router::new()
        .route("/callbacks/settled", post(settled))
        .route_layer(SealedServerLayer::new(Arc::clone(&cipher)).with_max_request_len(64 * 1024))
        .layer(from_fn(show_what_travels));

    // In real life around an HTTP client, such as that of hyper-util, in place of `app`.
    let client = SealedClientLayer::new(cipher).layer(app.clone());
    let json = r#"{"referenceId":"7d9f0c3e","amount":1250}"#;
    println!("the sender hands in      {json}\n");
    let request = Request::post("/callbacks/settled").body(Body::from(json))?;
    let response = client.oneshot(request).await?;
    let answer = response.into_body().collect().await?.to_bytes();
    println!(
        "the sender gets back     {}\n",
        String::from_utf8_lossy(&answer)
    );

    println!("Somebody without the key tries it:\n");
    let request = Request::post("/callbacks/settled")
        .header("content-type", "text/plain")
        .body(Body::from(json))?;
    app.oneshot(request).await?;
    Ok(())
}

/// Outside the layer, so it sees what an eavesdropper sees.
async fn show_what_travels(request: Request<Body>, next: Next) -> Result<Response, &'static str> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 * 1024).await.map_err(|_| "too long")?;
    println!("{} {}", parts.method, parts.uri);
    println!(
        "over the wire there      {}\n",
        String::from_utf8_lossy(&body)
    );
    let response = next.run(Request::from_parts(parts, body.into())).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 64 * 1024).await.map_err(|_| "too long")?;
    println!("{}", parts.status);
    println!(
        "over the wire back       {}\n",
        String::from_utf8_lossy(&body)
    );
    Ok(Response::from_parts(parts, body.into()))
}
