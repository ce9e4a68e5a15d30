//! From a request to an answer, with injected faults: the same for every provider.

use core::ops::ControlFlow::{self, Break, Continue};
use core::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use bankezy_crypto::Error;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER,
};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::bodies;
use super::endpoint::EmulatedEndpoint;
use super::faults::{Hit, InjectedFault, Order, OrderError};
use super::log::{BrokenRule, Trace};
use super::members::Members;
use super::state::State;

/// On a response: close the connection instead of sending it.
#[derive(Debug, Clone, Copy)]
pub(super) struct DropConnection;

/// An answer before a fault changes it.
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: Vec<u8>,
    /// Why this is a refusal, for the log.
    broken: Option<BrokenRule>,
}

impl Answer {
    pub(super) fn text(status: StatusCode, text: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            kind: "text/plain",
            body: text.into(),
            broken: None,
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
            broken: None,
        }
    }

    /// Says in the log why this is a refusal.
    pub(super) fn because(
        self,
        rule: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            broken: Some(BrokenRule::new(rule, expected, found)),
            ..self
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

/// Nothing that a request can cause; its text does not say what it was.
impl From<Error> for Answer {
    fn from(_: Error) -> Self {
        Self::text(StatusCode::INTERNAL_SERVER_ERROR, "internal error").because(
            "internal",
            "an answer",
            "an error of the emulator itself",
        )
    }
}

/// A request that is to be executed.
pub(super) struct Received {
    pub(super) parts: Parts,
    pub(super) body: Result<Bytes, Answer>,
    /// For its answer.
    pub(super) fault: Option<InjectedFault>,
    pub(super) trace: Trace,
}

impl Received {
    /// The body, once.
    pub(super) fn take_body(&mut self) -> Result<Bytes, Answer> {
        core::mem::replace(&mut self.body, Ok(Bytes::new()))
    }
}

/// Reads a request, or answers it with a fault in place of its execution.
pub(super) async fn receive(
    state: &State,
    request: Request,
    call: Option<EmulatedEndpoint>,
    sealed: bool,
) -> Result<Received, Response> {
    let (parts, body) = request.into_parts();
    let trace = parts.extensions.get::<Trace>().cloned();
    let trace = trace.unwrap_or_default();
    let call = call.map(EmulatedEndpoint::name);
    trace.with(|draft| draft.call = call);
    // The router hands HEAD to GET.
    if parts.method == Method::HEAD {
        let methods = state.faults.known().methods(parts.uri.path());
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "");
        if let Ok(allow) = HeaderValue::from_str(&methods) {
            refused.headers_mut().insert(ALLOW, allow);
        }
        trace.broken(|| BrokenRule::new("method", methods, "HEAD"));
        return Err(refused);
    }
    let body = read_body(state.max_body, body).await;
    trace.request(&parts.headers, body.as_deref().unwrap_or_default());
    let hit = match state.faults.take(&parts.headers, parts.uri.path(), call) {
        Ok(hit) => hit,
        Err(problem) => {
            let sent = parts.headers.get("x-sandbox-fault");
            let sent = String::from_utf8_lossy(sent.map_or(b"", |sent| sent.as_bytes()));
            let sent: String = sent.chars().take(100).collect();
            let expected = format!("NAME or NAME=AMOUNT: {problem}");
            trace.broken(|| BrokenRule::new("x-sandbox-fault", expected, format!("{sent:?}")));
            let problem = format!("X-Sandbox-Fault: {problem}");
            return Err(response(
                StatusCode::BAD_REQUEST,
                "text/plain",
                problem.into(),
            ));
        }
    };
    if let Some(Hit { fault, delay }) = hit {
        trace.with(|draft| draft.fault = Some(fault.name()));
        tokio::time::sleep(delay.unwrap_or_default()).await;
    }
    let fault = match instead(hit.map(|hit| hit.fault), sealed) {
        Continue(fault) => fault,
        Break(instead) => return Err(instead),
    };
    Ok(Received {
        parts,
        body,
        fault,
        trace,
    })
}

/// The fault to apply after execution, or the answer in place of execution.
fn instead(
    fault: Option<InjectedFault>,
    sealed: bool,
) -> ControlFlow<Response, Option<InjectedFault>> {
    let Some(fault) = fault else {
        return Continue(None);
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

/// Sends an answer, or changes it as a fault says.
pub(super) async fn send(answer: Answer, fault: Option<InjectedFault>, trace: &Trace) -> Response {
    if let Some(broken) = &answer.broken {
        trace.broken(|| broken.clone());
    }
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
            trace.note(format!("the answer has {bytes} bytes, which are not kept"));
            return response(StatusCode::OK, "text/plain", bodies::huge(bytes));
        }
        _ => {}
    }
    let Answer {
        status, kind, body, ..
    } = answer;
    if fault != Some(InjectedFault::CutBody) {
        return response(status, kind, body.into());
    }
    let promised = body.len();
    let first = Bytes::from(body).slice(..promised / 2);
    trace.partial_answer(&first);
    let mut response = response(status, kind, bodies::cut(first));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(promised));
    response
}

/// Sets a fault by `POST /sandbox/faults`. Not itself subject to any.
pub(super) async fn control_faults(state: &State, request: Request) -> Response {
    let Ok(body) = read_body(state.max_body, request.into_body()).await else {
        return text(StatusCode::BAD_REQUEST, "the body cannot be read");
    };
    match set_fault(state, &body) {
        Err(problem) => response(
            StatusCode::BAD_REQUEST,
            "text/plain",
            problem.to_string().into(),
        ),
        Ok(()) => {
            let pending = format!(r#"{{"pending":{}}}"#, state.faults.pending());
            response(StatusCode::OK, "application/json", pending.into())
        }
    }
}

fn set_fault(state: &State, body: &[u8]) -> Result<(), OrderError> {
    const MEMBERS: &[&str] = &["fault", "times", "path", "delayMs", "retryAfter", "bytes"];
    let members = Members::from_json(body, MEMBERS)?;
    if members
        .raw("fault")
        .is_some_and(|it| it.get() == r#""none""#)
    {
        state.faults.clear();
        return Ok(());
    }
    let order = Order::parse(&members, state.faults.known(), "times")?;
    state.faults.add(order).map(drop)
}

pub(super) async fn read_body(max: usize, body: Body) -> Result<Bytes, Answer> {
    const SLOWEST: Duration = Duration::from_secs(30);
    let refused = |status, text: &str| {
        let limit = format!("at most {max} bytes, within {} s", SLOWEST.as_secs());
        Err(Answer::text(status, text).because("body", limit, text))
    };
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

/// As a proxy or a load balancer writes it.
fn page(status: StatusCode) -> Response {
    let page = format!("<html><body><h1>{status}</h1></body></html>");
    response(status, "text/html", page.into())
}

/// Asks the client to wait this many seconds.
fn busy(status: StatusCode, retry_after: u64) -> Response {
    let mut response = text(status, "try again later");
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

/// Not to be stored, as every answer.
pub(super) fn response(status: StatusCode, kind: &'static str, body: Body) -> Response {
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
