//! From a request to an answer, with the faults on the way: the same for every provider.

use core::ops::ControlFlow::{self, Break, Continue};
use core::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use bankezy_crypto::Error;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER,
};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::bodies;
use super::faults::InjectedFault;
use super::state::State;

/// On a response: close the connection instead of sending it.
#[derive(Debug, Clone, Copy)]
pub(super) struct DropConnection;

/// An answer before a fault spoils it.
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(status: StatusCode, text: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            kind: "text/plain",
            body: text.into(),
        }
    }

    pub(super) fn json(status: StatusCode, json: &Value) -> Self {
        Self::clear(status, to_bytes(json))
    }

    /// JSON that has been written already.
    pub(super) fn clear(status: StatusCode, json: Vec<u8>) -> Self {
        Self {
            status,
            kind: "application/json",
            body: json,
        }
    }
}

/// Nothing that a request can cause; its text says nothing of what it was.
impl From<Error> for Answer {
    fn from(_: Error) -> Self {
        Self::text(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }
}

/// The fault that a request goes on with, or what it gets in place of being executed.
pub(super) fn apply_fault(
    state: &State,
    request: &Request,
    sealed: bool,
) -> ControlFlow<Response, Option<InjectedFault>> {
    // The router hands HEAD to GET.
    if request.method() == Method::HEAD {
        return Break(text(StatusCode::METHOD_NOT_ALLOWED, ""));
    }
    let fault = match state.faults.take(request.headers(), request.uri().path()) {
        Ok(None) => return Continue(None),
        Ok(Some(fault)) => fault,
        Err(problem) => return Break(text(StatusCode::BAD_REQUEST, problem)),
    };
    Break(match fault {
        InjectedFault::DropBefore => dropped(),
        InjectedFault::Unauthorized => unauthorized(),
        InjectedFault::TooManyRequests { retry_after } => {
            busy(StatusCode::TOO_MANY_REQUESTS, retry_after)
        }
        InjectedFault::ServerError => page(StatusCode::INTERNAL_SERVER_ERROR),
        InjectedFault::ServiceUnavailable { retry_after } => {
            busy(StatusCode::SERVICE_UNAVAILABLE, retry_after)
        }
        InjectedFault::HtmlPage => page(StatusCode::OK),
        // Refused, because a caller that asked for it would wait in vain for its effect.
        InjectedFault::WrongKey | InjectedFault::Clear200 if !sealed => text(
            StatusCode::BAD_REQUEST,
            "wrong-key and clear-200 are for answers that are sealed",
        ),
        fault => return Continue(Some(fault)),
    })
}

/// Sends an answer, and spoils it where a fault says so.
pub(super) async fn send(answer: Answer, fault: Option<InjectedFault>) -> Response {
    match fault {
        Some(InjectedFault::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(InjectedFault::DropAfter) => return dropped(),
        Some(InjectedFault::AfterUnauthorized) => return unauthorized(),
        Some(InjectedFault::AfterTooManyRequests { retry_after }) => {
            return busy(StatusCode::TOO_MANY_REQUESTS, retry_after);
        }
        Some(InjectedFault::AfterServiceUnavailable { retry_after }) => {
            return busy(StatusCode::SERVICE_UNAVAILABLE, retry_after);
        }
        Some(InjectedFault::HugeBody { bytes }) => {
            return response(StatusCode::OK, "text/plain", bodies::huge(bytes));
        }
        _ => {}
    }
    let Answer { status, kind, body } = answer;
    if fault != Some(InjectedFault::CutBody) {
        return response(status, kind, body.into());
    }
    let promised = body.len();
    let first = Bytes::from(body).slice(..promised / 2);
    let mut response = response(status, kind, bodies::cut(first));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(promised));
    response
}

/// Sets a fault. Not itself subject to any.
pub(super) async fn control_faults(state: &State, request: Request) -> Response {
    let Ok(body) = read_body(state.max_body, request.into_body()).await else {
        return text(StatusCode::BAD_REQUEST, "the body cannot be read");
    };
    match state.faults.control(&body) {
        Err(problem) => text(StatusCode::BAD_REQUEST, problem),
        Ok(()) => {
            let pending = format!(r#"{{"pending":{}}}"#, state.faults.pending());
            response(StatusCode::OK, "application/json", pending.into())
        }
    }
}

pub(super) async fn read_body(max: usize, body: Body) -> Result<Bytes, Answer> {
    const SLOWEST: Duration = Duration::from_secs(30);
    let refused = |status, text: &str| Err(Answer::text(status, text));
    match tokio::time::timeout(SLOWEST, Limited::new(body, max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long")
        }
        Ok(Err(_)) => refused(StatusCode::BAD_REQUEST, "the body cannot be read"),
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
    }
}

/// Whether `Content-Type` names this, whatever its parameters.
pub(super) fn is_content(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|found| found.trim().eq_ignore_ascii_case(kind))
}

pub(super) fn to_bytes(json: &Value) -> Vec<u8> {
    json.to_string().into_bytes()
}

fn text(status: StatusCode, text: &'static str) -> Response {
    response(status, "text/plain", text.into())
}

fn unauthorized() -> Response {
    text(StatusCode::UNAUTHORIZED, "unauthorized")
}

/// As a proxy or a load balancer in between writes it.
fn page(status: StatusCode) -> Response {
    let page = format!("<html><body><h1>{status}</h1></body></html>");
    response(status, "text/html", page.into())
}

/// Asks to wait so many seconds.
fn busy(status: StatusCode, retry_after: u64) -> Response {
    let mut response = text(status, "come back later");
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response {
    const NO_STORE: (HeaderName, HeaderValue) =
        (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(NO_STORE.0, NO_STORE.1);
    response
}

/// Has the connection closed without an answer.
fn dropped() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(DropConnection);
    response
}
