//! Token APIs that travel in clear, inside TLS alone: one path each, JSON both ways.

use core::ops::ControlFlow::{Break, Continue};

use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodFilter;
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;

use super::exchange::{self, Answer};
use super::state::{Bank, Endpoint};

/// A path and what it does.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) method: MethodFilter,
    pub(super) endpoint: Endpoint,
    /// From head and body of a request to the JSON of a success, or to a refusal.
    pub(super) execute: fn(&Bank, &Parts, &[u8]) -> Result<Value, Answer>,
}

/// Answers one request.
pub(super) async fn serve(bank: &Bank, route: &Route, request: Request) -> Response {
    let fault = match exchange::apply_fault(bank, &request, false) {
        Continue(fault) => fault,
        Break(instead) => return instead,
    };
    let answer = execute(bank, route, request)
        .await
        .unwrap_or_else(|refusal| refusal);
    exchange::send(answer, fault).await
}

async fn execute(bank: &Bank, route: &Route, request: Request) -> Result<Answer, Answer> {
    let (parts, body) = request.into_parts();
    let body = exchange::read_body(bank.max_body, body).await?;
    let json = (route.execute)(bank, &parts, &body)?;
    bank.count(route.endpoint);
    Ok(Answer::json(StatusCode::OK, &json))
}
