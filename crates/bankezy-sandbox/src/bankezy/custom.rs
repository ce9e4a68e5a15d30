//! Calls of the user's own routes.

use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::Value;

use super::super::channel::Channel;
use super::super::custom::{CustomRoute, RouteKey, Surroundings};
use super::super::endpoint::EmulatedEndpoint;
use super::super::exchange::{self, Answer, Received, to_bytes};
use super::super::state::State;
use super::answers;
use super::calls::check_api_key;
use super::reply::Reply;
use super::requests::{Problem, failure};
use super::{sealing, unrouted};

/// Answers a request of a path that is not built in.
pub(in super::super) async fn serve(state: &State, request: Request) -> Response {
    let Some(of_path) = state.custom.get(request.uri().path()) else {
        return unrouted::unknown_path(state, request).await;
    };
    let wanted = |route: &&CustomRoute| route.method == request.method();
    let Some(route) = of_path.iter().find(wanted) else {
        return unrouted::wrong_method(state, request).await;
    };
    let is_sealed = route.key != RouteKey::Clear;
    let mut received = match exchange::receive(state, request, None, is_sealed).await {
        Ok(received) => received,
        Err(instead) => return instead,
    };
    let reply = match route.key {
        RouteKey::Clear => clear(state, route, &mut received),
        _ => sealed(state, route, &mut received),
    };
    tokio::time::sleep(route.delay).await;
    sealing::send(state, reply, &received).await
}

fn clear(state: &State, route: &CustomRoute, received: &mut Received) -> Result<Reply, Reply> {
    let body = received.take_body()?;
    let json = match parse(route, &body) {
        Ok(request) => answer(state, route, &request, received),
        Err(problem) => {
            let json = serde_json::json!({ "error": problem.text });
            let answer = Answer::json(StatusCode::BAD_REQUEST, &json);
            let broken = problem.broken;
            return Err(answer.because("json", broken.expected, broken.found).into());
        }
    };
    Ok(Answer::clear(route.status, json).into())
}

fn sealed(state: &State, route: &CustomRoute, received: &mut Received) -> Result<Reply, Reply> {
    let body = received.take_body()?;
    let is_empty = body.is_empty() && has_no_body(&route.method);
    if !is_empty {
        sealing::check_content_type(state, false, received)?;
    }
    let (headers, trace) = (&received.parts.headers, &received.trace);
    let api_key = sealing::api_key(headers)?;
    let session = match route.key {
        RouteKey::Static => None,
        _ => Some(sealing::session(state, headers, trace)?.1),
    };
    let (opened, channel) = if is_empty {
        let keys = session.as_ref().map(|session| session.keys.clone());
        (None, keys.map_or(Channel::Static, Channel::Exchanged))
    } else {
        let (opened, channel) = sealing::open(state, &body, session.as_ref(), trace)?;
        (Some(opened), channel)
    };
    let text = opened.as_ref().map(|opened| opened.as_bytes());
    let request =
        check_api_key(state, api_key).and_then(|()| parse(route, text.unwrap_or_default()));
    let (json, status) = match request {
        Ok(request) => (answer(state, route, &request, received), route.status),
        Err(problem) => {
            let json = answers::plain_failure(problem.code, &problem.text);
            trace.broken(|| problem.broken);
            (to_bytes(&json), StatusCode::OK)
        }
    };
    Ok(Reply::Sealed {
        channel,
        json,
        status,
        session,
    })
}

fn parse(route: &CustomRoute, body: &[u8]) -> Result<Value, Problem> {
    if body.is_empty() && has_no_body(&route.method) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|_| {
        let text = "Failure: the body is not JSON";
        failure("json", text, "JSON", "another text")
    })
}

fn has_no_body(method: &Method) -> bool {
    [Method::GET, Method::DELETE, Method::OPTIONS].contains(method)
}

fn answer(state: &State, route: &CustomRoute, request: &Value, received: &Received) -> Vec<u8> {
    state.executed.add(EmulatedEndpoint::Echo);
    let surroundings = Surroundings {
        now: state.clock.now(),
        note: &|note| received.trace.note(note),
    };
    to_bytes(&(route.answer)(request, &surroundings))
}
