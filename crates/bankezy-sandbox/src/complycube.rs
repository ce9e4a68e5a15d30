//! ComplyCube's SDK token.
//!
//! `Authorization` is the API key alone, without a scheme. The page documents 401 with `{"type":"unauthorized",…}`
//! for a wrong key and 400 with `{"type","message","param"}` for a wrong argument. That `clientId` comes with exactly
//! one of `referrer` and `appId` is this crate's reading of the page, and so are the messages, except for `'clientId'
//! is invalid`.

use axum::routing::MethodFilter;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::endpoint::EmulatedEndpoint;
use super::exchange::{Answer, is_content};
use super::plain_json::Route;
use super::random;
use super::state::State;

pub(super) static ROUTE: Route = Route {
    path: "/complycube/v1/tokens",
    method: MethodFilter::POST,
    endpoint: EmulatedEndpoint::ComplyCubeToken,
    execute,
};

fn execute(state: &State, parts: &Parts, body: &[u8]) -> Result<Value, Answer> {
    let key = parts.headers.get(header::AUTHORIZATION);
    let key = key.map(HeaderValue::as_bytes).unwrap_or_default();
    if !state.credentials.is_complycube_api_key(key) {
        let json = json!({
            "type": "unauthorized",
            "message": "The 'Authorization' header is invalid",
        });
        return Err(Answer::json(StatusCode::UNAUTHORIZED, &json).because(
            "complycube-api-key",
            "Authorization: the API key of the ready file, without a scheme",
            if key.is_empty() {
                "no such header"
            } else {
                "another value"
            },
        ));
    }
    if !is_content(&parts.headers, "application/json") {
        return Err(invalid("Content-Type"));
    }
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| invalid("body"))?;
    // Any client name is accepted: the emulator has no list of clients.
    let any = |text: &str| !text.trim().is_empty();
    if !has(&members, "clientId", any)? {
        return Err(refusal("'clientId' must be provided", "clientId"));
    }
    let referrer = has(&members, "referrer", is_match_pattern)?;
    let app_id = has(&members, "appId", is_bundle_id)?;
    match (referrer, app_id) {
        (false, false) => Err(refusal(
            "'referrer' or 'appId' must be provided",
            "referrer",
        )),
        (true, true) => Err(refusal(
            "'appId' must not be provided together with 'referrer'",
            "appId",
        )),
        _ => Ok(json!({ "token": random::hex::<32>()? })),
    }
}

/// Whether a text is present; it must then be valid.
fn has(
    members: &Map<String, Value>,
    name: &'static str,
    fits: impl FnOnce(&str) -> bool,
) -> Result<bool, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::String(text)) if fits(text) => Ok(true),
        Some(_) => Err(invalid(name)),
    }
}

fn invalid(param: &str) -> Answer {
    refusal(&format!("'{param}' is invalid"), param)
}

fn refusal(message: &str, param: &str) -> Answer {
    let json = json!({ "type": "invalid_request", "message": message, "param": param });
    Answer::json(StatusCode::BAD_REQUEST, &json).because(
        "complycube-request",
        "JSON with clientId and one of referrer and appId, as application/json",
        message,
    )
}

/// A match pattern of Chrome's extensions for a web page: `https://www.example.com/*`.
fn is_match_pattern(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let Some((host, _path)) = rest.split_once('/') else {
        return false;
    };
    let name = host.strip_prefix("*.").unwrap_or(host);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    ["*", "http", "https"].contains(&scheme)
        && (host == "*" || !name.is_empty() && name.chars().all(plain))
        && text.chars().all(|c| c.is_ascii_graphic())
}

/// Such as `com.example.app`.
fn is_bundle_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn match_patterns_have_a_scheme_a_host_and_a_path() {
        for pattern in [
            "https://www.example.com/*",
            "http://localhost:3000/",
            "*://*.example.com/a?b=*",
            "https://*/*",
        ] {
            assert!(is_match_pattern(pattern), "{pattern}");
        }
        for not in [
            "",
            "www.example.com",
            "www.example.com/*",
            "https://www.example.com",
            "https:///*",
            "ftp://example.com/*",
            "https://www.*.com/*",
            "https://*.*/*",
            "https://*./*",
            "https://example.com/ *",
            "<all_urls>",
        ] {
            assert!(!is_match_pattern(not), "{not}");
        }
    }
}
