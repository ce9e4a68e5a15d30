//! Token APIs that travel in clear, inside TLS alone: one path each, JSON both ways.

use core::ops::ControlFlow::{Break, Continue};

use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodFilter;
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;

use super::exchange::{self, Answer};
use super::state::{EmulatedEndpoint, State};

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
    let fault = match exchange::apply_fault(state, &request, false) {
        Continue(fault) => fault,
        Break(instead) => return instead,
    };
    let answer = execute(state, route, request)
        .await
        .unwrap_or_else(|refusal| refusal);
    exchange::send(answer, fault).await
}

async fn execute(state: &State, route: &Route, request: Request) -> Result<Answer, Answer> {
    let (parts, body) = request.into_parts();
    let body = exchange::read_body(state.max_body, body).await?;
    let json = (route.execute)(state, &parts, &body)?;
    state.count(route.endpoint);
    Ok(Answer::json(StatusCode::OK, &json))
}
