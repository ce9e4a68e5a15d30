//! Requests that match no route.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::ALLOW;
use http::request::Parts;

use super::super::bodies::bare;
use super::super::exchange::{self, read_body};
use super::super::log::{BrokenRule, Trace};
use super::super::state::State;
use super::nearest;

/// Refuses a request of a path that is not emulated.
pub(in super::super) async fn unknown_path(state: &State, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let known = state.faults.known();
    let near = nearest::hint(known, &path).map_or_else(String::new, |hint| format!(": {hint}"));
    let answer = format!(
        "this path is not emulated{near}\n\nThe paths are:\n{}",
        nearest::list(known)
    );
    let expected = format!("a path that is emulated{near}");
    log(state, request, || BrokenRule::new("path", expected, path)).await;
    exchange::response(StatusCode::NOT_FOUND, "text/plain", answer.into())
}

/// Refuses a request whose path is emulated for other methods.
pub(in super::super) async fn wrong_method(state: &State, request: Request) -> Response {
    let method = request.method().to_string();
    let methods = state.faults.known().methods(request.uri().path());
    let allow = [(ALLOW, methods.clone())];
    log(state, request, || {
        BrokenRule::new("method", methods, method)
    })
    .await;
    (StatusCode::METHOD_NOT_ALLOWED, allow).into_response()
}

/// A wrong path is a common mistake, and what was sent to it helps to find it.
async fn log(state: &State, request: Request, broken: impl FnOnce() -> BrokenRule) {
    let (parts, body) = request.into_parts();
    let Some(trace) = parts.extensions.get::<Trace>() else {
        return;
    };
    trace.broken(broken);
    // Before the body: a client may leave before it has sent all of it.
    trace.request(&parts.headers, &[]);
    match read_body(state.max_body, body).await {
        Ok(body) => {
            trace.request(&parts.headers, &body);
            open(state, &parts, &body, trace);
        }
        Err(_) => trace.note("the body is missing here: it was too long, too slow or cut off"),
    }
}

/// With the keys of the token that the request names, or else the static payload secret.
fn open(state: &State, parts: &Parts, body: &[u8], trace: &Trace) {
    let token = parts.headers.get("x-api-token");
    let token = token.and_then(|token| token.to_str().ok());
    let named = token.and_then(|token| state.remembered(token));
    trace.with(|draft| draft.token = named.as_ref().map(|(number, _)| *number));
    let session = named.map(|(_, session)| session);
    let sealed = bare(body);
    for session in [session.as_ref(), None] {
        let keys = session.map(|session| &session.keys);
        if let Ok((opened, channel)) = state.keys.open(sealed, keys) {
            trace.opened(opened.as_bytes(), || state.key_of(&channel, session));
            return;
        }
    }
}
