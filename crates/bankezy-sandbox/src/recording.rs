//! Writes each exchange into the request log.

use core::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;
use http_body::Body as _;
use http_body_util::BodyExt as _;

use super::exchange::DropConnection;
use super::log::{Journal, Recording, Trace};

/// Who sent a request.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Wraps everything that is emulated.
pub(super) async fn record(
    Shared(journal): Shared<Arc<Journal>>,
    mut request: Request,
    next: Next,
) -> Response {
    let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let peer = request.extensions().get::<Peer>();
    let peer = peer.map_or(unknown, |peer| peer.0);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let recording = Recording::start(&journal, peer, method.as_str(), &path);
    request.extensions_mut().insert(recording.trace.clone());
    let response = next.run(request).await;
    let response = with_answer(&recording.trace, response).await;
    recording.end();
    response
}

async fn with_answer(trace: &Trace, response: Response) -> Response {
    if response.extensions().get::<DropConnection>().is_some() {
        trace.with(|draft| draft.response = None);
        return response;
    }
    let (parts, body) = response.into_parts();
    // A body without a length, or with a wrong one, is generated while it is sent.
    if body.size_hint().exact().is_none() {
        trace.answer(parts.status, &parts.headers, None);
        return Response::from_parts(parts, body);
    }
    let whole = body.collect().await.map(|whole| whole.to_bytes());
    let whole = whole.unwrap_or_default();
    trace.answer(parts.status, &parts.headers, Some(&whole));
    Response::from_parts(parts, Body::from(whole))
}
