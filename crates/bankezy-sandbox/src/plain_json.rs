//! Token APIs in plain JSON, which only TLS protects: one path each, JSON both ways.

use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodFilter;
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;

use super::endpoint::EmulatedEndpoint;
use super::exchange::{self, Answer, Received};
use super::state::State;

/// A path and what it does.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) method: MethodFilter,
    pub(super) endpoint: EmulatedEndpoint,
    /// From head and body of a request to the JSON of a success, or to a refusal.
    pub(super) execute: fn(&State, &Parts, &[u8]) -> Result<Value, Answer>,
}

/// Answers one request.
pub(super) async fn serve(state: &State, route: &Route, request: Request) -> Response {
    let mut received = match exchange::receive(state, request, Some(route.endpoint), false).await {
        Ok(received) => received,
        Err(instead) => return instead,
    };
    let answer = execute(state, route, &mut received).unwrap_or_else(|refusal| refusal);
    exchange::send(answer, received.fault, &received.trace).await
}

fn execute(state: &State, route: &Route, received: &mut Received) -> Result<Answer, Answer> {
    let body = received.take_body()?;
    let json = (route.execute)(state, &received.parts, &body)?;
    state.executed.add(route.endpoint);
    Ok(Answer::json(StatusCode::OK, &json))
}
