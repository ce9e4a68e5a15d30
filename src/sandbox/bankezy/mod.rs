//! BankEzy's calls: from a request to an answer, with faults on the way.

mod answers;
mod calls;
mod requests;

use core::time::Duration;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::bodies;
use super::channel::Channel;
use super::credentials::ECHO_PATH;
use super::faults::InjectedFault;
use super::server::DropConnection;
use super::state::{Bank, Endpoint, Session};
use super::tokens::TokenId;
use crate::error::Error;

/// Which shape of answer a path gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// A path and what it does.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) endpoint: Endpoint,
    version: Version,
}

const fn route(path: &'static str, endpoint: Endpoint, version: Version) -> Route {
    Route {
        path,
        endpoint,
        version,
    }
}

pub(super) static ROUTES: &[Route] = &[
    route(
        "/token-service/client/server/new/token",
        Endpoint::GetToken,
        Version::V1,
    ),
    route(
        "/token-service/client/server/new/v2/token",
        Endpoint::GetToken,
        Version::V2,
    ),
    route(
        "/onboarding/user/token",
        Endpoint::OnboardingUserToken,
        Version::V1,
    ),
    // Not documented: this crate's own, after the pattern of the others.
    route(
        "/onboarding/user/v2/token",
        Endpoint::OnboardingUserToken,
        Version::V2,
    ),
    route(
        "/token-service/new/token",
        Endpoint::GetAppToken,
        Version::V1,
    ),
    route(
        "/token-service/new/v2/token",
        Endpoint::GetAppToken,
        Version::V2,
    ),
    // The table of the documentation and its sample name different paths.
    route(
        "/token-service/client/server/renewtoken",
        Endpoint::Renew,
        Version::V1,
    ),
    route(
        "/token-service/client/app/renew/token",
        Endpoint::Renew,
        Version::V1,
    ),
    route(
        "/token-service/client/app/renew/v2/token",
        Endpoint::Renew,
        Version::V2,
    ),
    route(
        "/token-service/client/server/invalidate/token",
        Endpoint::Invalidate,
        Version::V1,
    ),
    route(
        "/token-service/client/server/invalidate/v2/token",
        Endpoint::Invalidate,
        Version::V2,
    ),
    route(ECHO_PATH, Endpoint::Echo, Version::V1),
];

/// An answer before it is sealed.
enum Reply {
    Sealed {
        channel: Channel,
        json: Vec<u8>,
    },
    Clear {
        json: Vec<u8>,
    },
    Refused {
        status: StatusCode,
        text: &'static str,
    },
}

fn refused(status: StatusCode, text: &'static str) -> Reply {
    Reply::Refused { status, text }
}

/// Nothing that a request can cause; its text says nothing of what it was.
impl From<Error> for Reply {
    fn from(_: Error) -> Self {
        refused(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }
}

/// Answers one request.
pub(super) async fn serve(bank: &Bank, route: &Route, request: Request) -> Response {
    let fault = match bank.faults.take(request.headers(), request.uri().path()) {
        Ok(fault) => fault,
        Err(text) => return text_response(StatusCode::BAD_REQUEST, text),
    };
    match fault {
        Some(InjectedFault::DropBefore) => return dropped(),
        Some(InjectedFault::Unauthorized) => {
            return text_response(StatusCode::UNAUTHORIZED, "unauthorized");
        }
        Some(InjectedFault::TooManyRequests { retry_after }) => {
            return busy(StatusCode::TOO_MANY_REQUESTS, "slow down", retry_after);
        }
        Some(InjectedFault::ServerError) => {
            let page = "<html><body><h1>500 Internal Server Error</h1></body></html>";
            return response(StatusCode::INTERNAL_SERVER_ERROR, "text/html", page.into());
        }
        Some(InjectedFault::ServiceUnavailable { retry_after }) => {
            return busy(
                StatusCode::SERVICE_UNAVAILABLE,
                "come back later",
                retry_after,
            );
        }
        _ => {}
    }
    let reply = execute(bank, route, request)
        .await
        .unwrap_or_else(|refused| refused);
    write(bank, reply, fault).await
}

/// Sets a fault. Not itself subject to any.
pub(super) async fn control_faults(bank: &Bank, request: Request) -> Response {
    let body = match read_body(bank.max_body, request.into_body()).await {
        Ok(body) => body,
        Err(_) => return text_response(StatusCode::BAD_REQUEST, "the body cannot be read"),
    };
    match bank.faults.control(&body) {
        Err(text) => text_response(StatusCode::BAD_REQUEST, text),
        Ok(()) => {
            let pending = format!(r#"{{"pending":{}}}"#, bank.faults.pending());
            response(StatusCode::OK, "application/json", pending.into())
        }
    }
}

/// Writes a reply, and spoils it where a fault says so.
async fn write(bank: &Bank, reply: Reply, fault: Option<InjectedFault>) -> Response {
    match fault {
        Some(InjectedFault::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(InjectedFault::DropAfter) => return dropped(),
        Some(InjectedFault::HugeBody { bytes }) => {
            return response(StatusCode::OK, "text/plain", bodies::huge(bytes));
        }
        _ => {}
    }
    let (status, kind, text) = match seal(bank, reply, fault) {
        Ok(written) => written,
        Err(error) => match Reply::from(error) {
            Reply::Refused { status, text } => (status, "text/plain", text.into()),
            _ => return dropped(),
        },
    };
    if fault != Some(InjectedFault::CutBody) {
        return response(status, kind, text.into());
    }
    let promised = text.len();
    let first = Bytes::from(text).slice(..promised / 2);
    let mut response = response(status, kind, bodies::cut(first));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(promised));
    response
}

fn seal(
    bank: &Bank,
    reply: Reply,
    fault: Option<InjectedFault>,
) -> Result<(StatusCode, &'static str, Vec<u8>), Error> {
    let wrong_key = fault == Some(InjectedFault::WrongKey);
    let clear = fault == Some(InjectedFault::Clear200);
    let sealed = |text: String| Ok((StatusCode::OK, "text/plain", text.into_bytes()));
    match reply {
        Reply::Refused { status, text } => Ok((status, "text/plain", text.into())),
        Reply::Sealed { channel, json } if wrong_key => {
            sealed(bank.keys.seal_wrongly(Some(&channel), &json)?)
        }
        Reply::Clear { json } if wrong_key => sealed(bank.keys.seal_wrongly(None, &json)?),
        Reply::Sealed { channel, json } if !clear => sealed(bank.keys.seal(&channel, &json)?),
        Reply::Sealed { json, .. } | Reply::Clear { json } => {
            Ok((StatusCode::OK, "application/json", json))
        }
    }
}

async fn execute(bank: &Bank, route: &Route, request: Request) -> Result<Reply, Reply> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    check_content_type(route.endpoint, headers)?;
    let body = read_body(bank.max_body, body).await?;
    let api_key = headers
        .get("x-api-key")
        .ok_or(refused(StatusCode::UNAUTHORIZED, "X-API-KEY is missing"))?
        .as_bytes();
    if route.endpoint == Endpoint::GetAppToken {
        return calls::app_token(bank, route, api_key, &body).await;
    }
    let session = session(bank, route.endpoint, headers)?;
    let keys = session.as_ref().map(|(_, session)| &session.keys);
    let (opened, channel) = bank
        .keys
        .open(&body, keys)
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "the body cannot be decrypted"))?;
    let call = calls::Call {
        bank,
        route,
        headers,
        api_key,
        session,
        body: opened.as_bytes(),
    };
    // An answer that refuses what was asked is sealed as any other.
    let json = match call.execute().await {
        Ok(json) => json,
        Err(calls::Refusal::Plain(reply)) => return Err(reply),
        Err(calls::Refusal::Sealed(problem)) => {
            to_bytes(&answers::failure(route, problem.code, &problem.text))
        }
    };
    Ok(Reply::Sealed { channel, json })
}

/// The session named by `X-API-TOKEN`, where the call needs one or may have one.
fn session(
    bank: &Bank,
    endpoint: Endpoint,
    headers: &HeaderMap,
) -> Result<Option<(TokenId, Arc<Session>)>, Reply> {
    let token = headers.get("x-api-token");
    match (endpoint, token) {
        (Endpoint::GetToken | Endpoint::OnboardingUserToken | Endpoint::GetAppToken, _)
        | (Endpoint::Invalidate, None) => Ok(None),
        (_, None) => Err(refused(StatusCode::UNAUTHORIZED, "X-API-TOKEN is missing")),
        (_, Some(token)) => bank
            .session(token.to_str().unwrap_or_default())
            .map(Some)
            .map_err(|gone| refused(StatusCode::UNAUTHORIZED, gone.text())),
    }
}

fn check_content_type(endpoint: Endpoint, headers: &HeaderMap) -> Result<(), Reply> {
    let allowed: &[&str] = match endpoint {
        Endpoint::GetAppToken => &["application/json", "text/plain"],
        _ => &["text/plain"],
    };
    let found = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    if allowed.iter().any(|kind| found.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    Err(refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the Content-Type of a sealed body is text/plain",
    ))
}

async fn read_body(max: usize, body: Body) -> Result<Bytes, Reply> {
    const SLOWEST: Duration = Duration::from_secs(30);
    let whole = tokio::time::timeout(SLOWEST, Limited::new(body, max).collect())
        .await
        .map_err(|_| refused(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"))?;
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too long",
        )),
        Err(_) => Err(refused(StatusCode::BAD_REQUEST, "the body cannot be read")),
    }
}

fn to_bytes(json: &Value) -> Vec<u8> {
    json.to_string().into_bytes()
}

fn text_response(status: StatusCode, text: &'static str) -> Response {
    response(status, "text/plain", text.into())
}

/// Asks to wait so many seconds.
fn busy(status: StatusCode, text: &'static str, retry_after: u64) -> Response {
    let mut response = text_response(status, text);
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response {
    const NO_STORE: (HeaderName, HeaderValue) = (
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
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
