//! What is under `/_sandbox`, and the checks for each request there.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::response::Response;
use axum::routing::any;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, StatusCode};
use tokio::sync::{Semaphore, watch};

use super::access::{Access, has_token, normalized};
use super::failure::Failure;
use super::request::{Asked, Console, Outcome, content, empty};
use super::{callbacks, clock, exchanges, faults, keys, page, stream, text, tokens};
use crate::error::SandboxError;
use crate::random;
use crate::state::State;

/// The path of all of it, whatever the prefix of the emulated paths.
const ROOT: &str = "/_sandbox";
/// Streams of exchanges at once.
const STREAMS: usize = 16;

/// Nothing if the console is off.
pub(crate) fn router(
    state: &Arc<State>,
    access: Access,
    callback_hosts: Vec<String>,
    stop: watch::Receiver<bool>,
) -> Result<Router, SandboxError> {
    let callback_hosts = callback_hosts.iter().map(|host| {
        normalized(host).ok_or(SandboxError::Config {
            problem: "a host of callbacks is a name or an IP address, without scheme and port",
        })
    });
    let callback_hosts = callback_hosts.collect::<Result<_, _>>()?;
    if state.ready.console.is_none() {
        return Ok(Router::new());
    }
    let console = Console {
        state: Arc::clone(state),
        access,
        callback_hosts,
        run: random::hex::<8>()?,
        stop,
        streams: Arc::new(Semaphore::new(STREAMS)),
        heavy: Semaphore::new(1),
    };
    let serve = |Shared(console): Shared<Arc<Console>>, request: Request| async move {
        guarded(&console, request).await
    };
    Ok(Router::new()
        .route(ROOT, any(serve))
        .route("/_sandbox/", any(serve))
        .route("/_sandbox/{*rest}", any(serve))
        .with_state(Arc::new(console)))
}

async fn guarded(console: &Arc<Console>, request: Request) -> Response {
    let outcome = match console.access.check(request.uri(), request.headers()) {
        Ok(()) => answer(console, request).await,
        Err(foreign) => Err(foreign),
    };
    let mut response = outcome.unwrap_or_else(|failure| failure.response());
    let headers = response.headers_mut();
    let policy = HeaderValue::from_str(&page::POLICY);
    let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn answer(console: &Arc<Console>, request: Request) -> Outcome {
    let path = request.uri().path().to_owned();
    let path = path.strip_prefix(ROOT).unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let is_get = request.method() == Method::GET;
    // They hold no data.
    match segments.as_slice() {
        [] if is_get => {
            let mut response = empty();
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            let place = HeaderValue::from_static("/_sandbox/");
            response.headers_mut().insert(LOCATION, place);
            return Ok(response);
        }
        [""] if is_get => {
            let html = "text/html; charset=utf-8";
            return Ok(content(html, StatusCode::OK, page::HTML));
        }
        ["console.js"] if is_get => {
            let script = "text/javascript; charset=utf-8";
            return Ok(content(script, StatusCode::OK, page::SCRIPT));
        }
        _ => {}
    }
    let token = console
        .state
        .ready
        .console
        .as_ref()
        .map(|it| it.token.as_str());
    if !token.is_some_and(|token| has_token(request.headers(), token)) {
        let message =
            "the header Authorization is not `Bearer TOKEN` with the token of the ready file";
        let status = StatusCode::UNAUTHORIZED;
        return Err(Failure::new(status, "unauthorized", message));
    }
    let method = request.method().as_str().to_owned();
    let asked = Asked::new(console, request);
    match (segments.as_slice(), method.as_str()) {
        (["exchanges"], "GET") => exchanges::list(&asked),
        (["exchanges"], "DELETE") => exchanges::clear(asked).await,
        (["exchanges", "stream"], "GET") => stream::follow(&asked),
        (["exchanges", number], "GET") => exchanges::one(&asked, number),
        (["faults"], "GET") => faults::list(&asked),
        (["faults"], "POST") => faults::set(asked).await,
        (["faults"], "DELETE") => faults::clear(asked).await,
        (["faults", id], "DELETE") => faults::remove(asked, id).await,
        (["clock"], "GET") => clock::read(&asked),
        (["clock"], "PUT") => clock::set(asked).await,
        (["clock", "advance"], "POST") => clock::advance(asked).await,
        (["tokens"], "GET") => tokens::list(&asked),
        (["tokens", id, end @ ("expire" | "invalidate")], "POST") => {
            tokens::end(asked, id, end).await
        }
        (["sessions"], "GET") => tokens::list_sessions(&asked),
        (["sessions", id, end @ ("expire" | "invalidate")], "POST") => {
            tokens::end_session(asked, id, end).await
        }
        (["credentials"], "GET") => keys::credentials(&asked),
        (["reset"], "POST") => keys::reset(asked).await,
        (["seal"], "POST") => keys::seal(asked).await,
        (["open"], "POST") => keys::open(asked).await,
        (["inspect"], "POST") => text::inspect(asked).await,
        (["diagnose"], "POST") => text::diagnose(asked).await,
        (["callbacks"], "POST") => callbacks::send(asked).await,
        (segments, _) => refused(segments),
    }
}

/// A path that does not exist, or not with this method.
fn refused(segments: &[&str]) -> Outcome {
    let methods = match segments {
        [] | ["" | "console.js" | "credentials" | "tokens" | "sessions"] => "GET",
        ["exchanges"] => "GET, DELETE",
        ["exchanges", _] => "GET",
        ["faults"] => "GET, POST, DELETE",
        ["faults", _] => "DELETE",
        ["clock"] => "GET, PUT",
        ["tokens" | "sessions", _, "expire" | "invalidate"]
        | ["clock", "advance"]
        | ["reset" | "seal" | "open" | "inspect" | "diagnose" | "callbacks"] => "POST",
        _ => {
            let message = "no such path of the API: expected one of those in known";
            let known = [
                "exchanges",
                "faults",
                "clock",
                "tokens",
                "sessions",
                "credentials",
                "reset",
                "seal",
                "open",
                "inspect",
                "diagnose",
                "callbacks",
            ];
            let known = known.map(|name| format!("{ROOT}/{name}")).to_vec();
            return Err(Failure::not_found("no-such-path", message).known(known));
        }
    };
    let message = format!("this path takes {methods}");
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method", message);
    let mut response = failure.response();
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    Ok(response)
}
