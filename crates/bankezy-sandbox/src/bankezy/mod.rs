//! BankEzy's calls: from a request to an answer, with injected faults.

mod answers;
mod calls;
mod custom;
mod nearest;
mod reply;
mod requests;
mod routes;
mod sealing;
mod unopened;
mod unrouted;

pub(super) use custom::serve as serve_custom;
pub(super) use routes::ROUTES;
pub(super) use unrouted::wrong_method;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::header::HeaderMap;
use http::{Method, StatusCode};

use super::endpoint::EmulatedEndpoint;
use super::exchange::{self, Received, to_bytes};
use super::sessions::Session;
use super::state::State;
use super::tokens::TokenId;
use reply::Reply;
use routes::Route;

/// Answers one request.
pub(super) async fn serve(state: &State, route: &Route, request: Request) -> Response {
    let received = exchange::receive(state, request, Some(route.endpoint), true).await;
    let mut received = match received {
        Ok(received) => received,
        Err(instead) => return instead,
    };
    if received.parts.method == Method::GET {
        let note = "the method GET was accepted: the documentation's text names it for this call, its samples send POST";
        received.trace.note(note);
    }
    let reply = execute(state, route, &mut received).await;
    sealing::send(state, reply, &received).await
}

async fn execute(state: &State, route: &Route, received: &mut Received) -> Result<Reply, Reply> {
    let is_app_token = route.endpoint == EmulatedEndpoint::GetAppToken;
    sealing::check_content_type(state, is_app_token, received)?;
    let body = received.take_body()?;
    let (headers, trace) = (&received.parts.headers, &received.trace);
    let api_key = sealing::api_key(headers)?;
    if is_app_token {
        return calls::app_token(state, route, api_key, &body, trace).await;
    }
    let session = session(state, route.endpoint, received)?;
    let named = session.as_ref().map(|(_, session)| session);
    let (opened, channel) = sealing::open(state, &body, named, trace)?;
    let session_of_key = named.cloned();
    let call = calls::Call {
        state,
        route,
        headers,
        api_key,
        session,
        body: opened.as_bytes(),
        trace,
    };
    // An answer that refuses a request is sealed like any other.
    let json = match call.execute().await {
        Ok(json) => json,
        Err(calls::Refusal::Plain(reply)) => return Err(reply),
        Err(calls::Refusal::Sealed(problem)) => {
            let (form, code) = (state.answers, problem.code);
            let json = to_bytes(&answers::failure(form, route, code, &problem.text));
            trace.broken(|| problem.broken);
            json
        }
    };
    Ok(Reply::Sealed {
        channel,
        json,
        status: StatusCode::OK,
        session: session_of_key,
    })
}

/// The session named by `X-API-TOKEN`, where the call needs one or may have one.
fn session(
    state: &State,
    endpoint: EmulatedEndpoint,
    received: &Received,
) -> Result<Option<(TokenId, Arc<Session>)>, Reply> {
    let headers: &HeaderMap = &received.parts.headers;
    match endpoint {
        EmulatedEndpoint::GetToken
        | EmulatedEndpoint::OnboardingUserToken
        | EmulatedEndpoint::GetAppToken => Ok(None),
        EmulatedEndpoint::Invalidate if !headers.contains_key("x-api-token") => Ok(None),
        _ => sealing::session(state, headers, &received.trace).map(Some),
    }
}
