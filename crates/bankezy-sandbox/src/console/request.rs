//! Queries and bodies of the API, and what the whole console shares.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use bankezy_crypto::SecretBytes;
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::access::Access;
use super::failure::Failure;
use crate::exchange::{is_content, read_body, response};
use crate::members::Members;
use crate::state::State;

/// What the whole console shares.
pub(super) struct Console {
    pub(super) state: Arc<State>,
    pub(super) access: Access,
    /// In lower case; IPv6 addresses in brackets.
    pub(super) callback_hosts: Vec<String>,
    /// Names this run, since numbers start again with the next.
    pub(super) run: String,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) streams: Arc<Semaphore>,
    /// For work that takes a processor a while.
    pub(super) heavy: Semaphore,
}

/// An answer, or why there is none.
pub(super) type Outcome = Result<Response, Failure>;

/// A request to the API, with its body still to be read.
pub(super) struct Asked<'a> {
    pub(super) console: &'a Arc<Console>,
    pub(super) parts: Parts,
    body: axum::body::Body,
}

impl<'a> Asked<'a> {
    pub(super) fn new(console: &'a Arc<Console>, request: Request) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            console,
            parts,
            body,
        }
    }

    pub(super) fn state(&self) -> &'a State {
        &self.console.state
    }

    /// The members of the body, which has to be a JSON object.
    pub(super) async fn members(self, known: &[&str]) -> Result<Members, Failure> {
        self.no_query()?;
        if !is_content(&self.parts.headers, "application/json") {
            let message = "the Content-Type is not application/json";
            let (status, code) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type");
            return Err(Failure::new(status, code, message));
        }
        let body = self.read().await?;
        let members = Members::from_json(&body, known);
        // It may hold a secret; what the connection has read of it is out of reach.
        drop(SecretBytes::from(Vec::from(body)));
        Ok(members?)
    }

    /// For a request without parameters: its body is empty, or an empty object.
    pub(super) async fn nothing(self) -> Result<(), Failure> {
        self.no_query()?;
        let body = self.read().await?;
        if body.trim_ascii().is_empty() {
            return Ok(());
        }
        Members::from_json(&body, &[])?;
        Ok(())
    }

    async fn read(self) -> Result<axum::body::Bytes, Failure> {
        let max = self.console.state.max_body;
        let body = read_body(max, self.body).await;
        body.map_err(|answer| match answer.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let message = format!("the body has more than {max} bytes");
                Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-long", message)
            }
            status => Failure::new(status, "body-not-read", "the body cannot be read"),
        })
    }

    fn no_query(&self) -> Result<(), Failure> {
        self.query(&[]).map(drop)
    }

    /// The parameters of the query, in the order of `known`: all of them integers.
    pub(super) fn query(&self, known: &[&'static str]) -> Result<Vec<Option<u64>>, Failure> {
        let mut found = vec![None; known.len()];
        let query = self.parts.uri.query().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = known.iter().position(|known| *known == name);
            let slot = place.and_then(|place| found.get_mut(place));
            let Some(slot) = slot else {
                let message = format!("unknown query parameter {name:?}");
                let known = known.iter().map(|&name| name.to_owned()).collect();
                return Err(Failure::bad_request("unknown-parameter", message).known(known));
            };
            let number = value.bytes().all(|c| c.is_ascii_digit());
            let number = number.then(|| value.parse().ok()).flatten();
            if slot.is_some() || number.is_none() {
                let message = format!("invalid value for {name}: expected one whole number");
                return Err(Failure::bad_request("invalid-value", message));
            }
            *slot = number;
        }
        Ok(found)
    }
}

/// How many entries of a list are requested.
pub(super) fn limit(asked: Option<u64>) -> Result<usize, Failure> {
    const MAX: u64 = 1000;
    match asked.unwrap_or(100) {
        limit @ 1..=MAX => Ok(usize::try_from(limit).unwrap_or_default()),
        _ => {
            let message =
                format!("invalid value for limit: expected a whole number from 1 to {MAX}");
            Err(Failure::bad_request("invalid-value", message))
        }
    }
}

pub(super) fn json(status: StatusCode, json: &Value) -> Response {
    content("application/json", status, json.to_string())
}

pub(super) fn ok(body: &Value) -> Response {
    json(StatusCode::OK, body)
}

pub(super) fn empty() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

pub(super) fn content(
    kind: &'static str,
    status: StatusCode,
    body: impl Into<axum::body::Body>,
) -> Response {
    response(status, kind, body.into())
}
