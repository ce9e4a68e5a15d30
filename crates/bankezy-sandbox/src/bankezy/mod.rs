//! BankEzy's calls: from a request to an answer, with faults on the way.

mod answers;
mod calls;
mod requests;

use core::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use bankezy_crypto::Error;
use http::StatusCode;
use http::header::HeaderMap;

use super::channel::Channel;
use super::credentials::ECHO_PATH;
use super::exchange::{self, Answer, is_content, to_bytes};
use super::faults::InjectedFault;
use super::state::{Bank, Endpoint, Session};
use super::tokens::TokenId;

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
    /// JSON.
    Clear(Vec<u8>),
    Refused(Answer),
}

fn refused(status: StatusCode, text: &'static str) -> Reply {
    Reply::Refused(Answer::text(status, text))
}

impl From<Answer> for Reply {
    fn from(refusal: Answer) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        Self::Refused(error.into())
    }
}

/// Answers one request.
pub(super) async fn serve(bank: &Bank, route: &Route, request: Request) -> Response {
    let fault = match exchange::meet(bank, &request, true) {
        Continue(fault) => fault,
        Break(instead) => return instead,
    };
    let reply = execute(bank, route, request)
        .await
        .unwrap_or_else(|refused| refused);
    let answer = seal(bank, reply, fault).unwrap_or_else(Answer::from);
    exchange::send(answer, fault).await
}

fn seal(bank: &Bank, reply: Reply, fault: Option<InjectedFault>) -> Result<Answer, Error> {
    let wrong_key = fault == Some(InjectedFault::WrongKey);
    let clear = fault == Some(InjectedFault::Clear200);
    let sealed = |text: String| Ok(Answer::text(StatusCode::OK, text));
    match reply {
        Reply::Refused(refusal) => Ok(refusal),
        Reply::Sealed { channel, json } if wrong_key => {
            sealed(bank.keys.seal_wrongly(Some(&channel), &json)?)
        }
        Reply::Clear(json) if wrong_key => sealed(bank.keys.seal_wrongly(None, &json)?),
        Reply::Sealed { channel, json } if !clear => sealed(bank.keys.seal(&channel, &json)?),
        Reply::Sealed { json, .. } | Reply::Clear(json) => Ok(Answer::clear(StatusCode::OK, json)),
    }
}

async fn execute(bank: &Bank, route: &Route, request: Request) -> Result<Reply, Reply> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    check_content_type(route.endpoint, headers)?;
    let body = exchange::read_body(bank.max_body, body).await?;
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
    if allowed.iter().any(|kind| is_content(headers, kind)) {
        return Ok(());
    }
    Err(refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the Content-Type of a sealed body is text/plain",
    ))
}
