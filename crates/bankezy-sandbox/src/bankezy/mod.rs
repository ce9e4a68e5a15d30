//! BankEzy's calls: from a request to an answer, with faults on the way.

mod answers;
mod calls;
mod reply;
mod requests;
mod routes;

pub(super) use routes::{OWN, ROUTES};

use core::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use bankezy_crypto::Error;
use http::StatusCode;
use http::header::HeaderMap;

use super::config::AnswerForm;
use super::exchange::{self, Answer, is_content, to_bytes};
use super::faults::InjectedFault;
use super::state::{EmulatedEndpoint, Session, State};
use super::tokens::TokenId;
use reply::{Reply, refused};
use routes::Route;

/// Answers one request.
pub(super) async fn serve(state: &State, route: &Route, request: Request) -> Response {
    let fault = match exchange::apply_fault(state, &request, true) {
        Continue(fault) => fault,
        Break(instead) => return instead,
    };
    let reply = execute(state, route, request)
        .await
        .unwrap_or_else(|refused| refused);
    let answer = seal(state, reply, fault).unwrap_or_else(Answer::from);
    exchange::send(answer, fault).await
}

fn seal(state: &State, reply: Reply, fault: Option<InjectedFault>) -> Result<Answer, Error> {
    let wrong_key = fault == Some(InjectedFault::WrongKey);
    let clear = fault == Some(InjectedFault::Clear200);
    let sealed = |text: String| Ok(Answer::text(StatusCode::OK, text));
    match reply {
        Reply::Refused(refusal) => Ok(refusal),
        Reply::Sealed { channel, json } if wrong_key => {
            sealed(state.keys.seal_wrongly(Some(&channel), &json)?)
        }
        Reply::Clear(json) if wrong_key => sealed(state.keys.seal_wrongly(None, &json)?),
        Reply::Sealed { channel, json } if !clear => sealed(state.keys.seal(&channel, &json)?),
        // JSON under the content type that the documentation has for it.
        Reply::Clear(json) if state.answers != AnswerForm::Varied => {
            Ok(Answer::text(StatusCode::OK, json))
        }
        Reply::Sealed { json, .. } | Reply::Clear(json) => Ok(Answer::clear(StatusCode::OK, json)),
    }
}

async fn execute(state: &State, route: &Route, request: Request) -> Result<Reply, Reply> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    check_content_type(state, route.endpoint, headers)?;
    let body = exchange::read_body(state.max_body, body).await?;
    let api_key = headers
        .get("x-api-key")
        .ok_or(refused(StatusCode::UNAUTHORIZED, "X-API-KEY is missing"))?
        .as_bytes();
    if route.endpoint == EmulatedEndpoint::GetAppToken {
        return calls::app_token(state, route, api_key, &body).await;
    }
    let session = session(state, route.endpoint, headers)?;
    let keys = session.as_ref().map(|(_, session)| &session.keys);
    let (opened, channel) = state
        .keys
        .open(if state.strict { &body } else { bare(&body) }, keys)
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "the body cannot be decrypted"))?;
    let call = calls::Call {
        state,
        route,
        headers,
        api_key,
        session,
        answering: state.own_path(parts.uri.path()),
        body: opened.as_bytes(),
    };
    // An answer that refuses what was asked is sealed as any other.
    let json = match call.execute().await {
        Ok(json) => json,
        Err(calls::Refusal::Plain(reply)) => return Err(reply),
        Err(calls::Refusal::Sealed(problem)) => {
            let (form, code) = (state.answers, problem.code);
            to_bytes(&answers::failure(form, route, code, &problem.text))
        }
    };
    Ok(Reply::Sealed { channel, json })
}

/// The session named by `X-API-TOKEN`, where the call needs one or may have one.
fn session(
    state: &State,
    endpoint: EmulatedEndpoint,
    headers: &HeaderMap,
) -> Result<Option<(TokenId, Arc<Session>)>, Reply> {
    let token = headers.get("x-api-token");
    match (endpoint, token) {
        (
            EmulatedEndpoint::GetToken
            | EmulatedEndpoint::OnboardingUserToken
            | EmulatedEndpoint::GetAppToken,
            _,
        )
        | (EmulatedEndpoint::Invalidate, None) => Ok(None),
        (_, None) => Err(refused(StatusCode::UNAUTHORIZED, "X-API-TOKEN is missing")),
        (_, Some(token)) => state
            .session(token.to_str().unwrap_or_default())
            .map(Some)
            .map_err(|status| refused(StatusCode::UNAUTHORIZED, status.text())),
    }
}

/// Without the line end or the quotes that clients send around a sealed text.
fn bare(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii();
    let quoted = body
        .strip_prefix(b"\"")
        .and_then(|it| it.strip_suffix(b"\""));
    quoted.unwrap_or(body)
}

/// Samples of the documentation have `application/json` where its text says `text/plain`.
fn check_content_type(
    state: &State,
    endpoint: EmulatedEndpoint,
    headers: &HeaderMap,
) -> Result<(), Reply> {
    let is_lenient = !state.strict || endpoint == EmulatedEndpoint::GetAppToken;
    let allowed: &[&str] = if is_lenient {
        &["text/plain", "application/json"]
    } else {
        &["text/plain"]
    };
    if allowed.iter().any(|kind| is_content(headers, kind)) {
        return Ok(());
    }
    Err(refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the Content-Type of a sealed body is text/plain",
    ))
}
