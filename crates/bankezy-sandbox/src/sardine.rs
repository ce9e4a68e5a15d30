//! Sardine's token for identity documents.
//!
//! No error shape is documented: 401 for the credentials and 400 for the rest, both in plain text,
//! are this crate's own, and so is what a request without `provider` gets.

use axum::routing::MethodFilter;
use bankezy_crypto::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use super::endpoint::EmulatedEndpoint;
use super::exchange::{Answer, is_content};
use super::plain_json::Route;
use super::random;
use super::state::State;

pub(super) static ROUTE: Route = Route {
    path: "/sardine/v1/identity-documents/tokens",
    method: MethodFilter::POST,
    endpoint: EmulatedEndpoint::SardineToken,
    execute,
};

/// In seconds.
const LIFETIME: u64 = 600;
/// In characters.
const MAX_SESSION_KEY: usize = 100;

#[expect(clippy::indexing_slicing, reason = "the answer is an object")]
fn execute(state: &State, parts: &Parts, body: &[u8]) -> Result<Value, Answer> {
    let refused = |text: &str| {
        Answer::text(StatusCode::BAD_REQUEST, text).because(
            "sardine-request",
            "JSON with sessionKey, as application/json",
            text,
        )
    };
    let credentials = basic(&parts.headers);
    if !credentials.is_some_and(|pair| state.credentials.is_sardine(pair.as_bytes())) {
        return Err(Answer::text(
            StatusCode::UNAUTHORIZED,
            "Authorization is not Basic with the client's credentials",
        )
        .because(
            "sardine-credentials",
            "Authorization: Basic with clientId and clientSecret of the ready file",
            "no such header, or another value",
        ));
    }
    if !is_content(&parts.headers, "application/json") {
        return Err(refused("the Content-Type is not application/json"));
    }
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| refused("the body is not a JSON object"))?;
    let session_key = members.get("sessionKey").and_then(Value::as_str);
    if !session_key.is_some_and(|key| (1..=MAX_SESSION_KEY).contains(&key.chars().count())) {
        return Err(refused("sessionKey is not a string of 1 to 100 characters"));
    }
    for (name, problem) in [
        ("customerId", "customerId is not a string"),
        ("platform", "platform is not a string"),
    ] {
        if members.get(name).is_some_and(|value| !value.is_string()) {
            return Err(refused(problem));
        }
    }
    let mut answer = json!({
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "access_token": random::hex::<32>()?,
        "scope": "mobilesdk",
    });
    match members.get("provider").map(Value::as_str) {
        None | Some(Some("au10tix")) => {}
        Some(Some("incode")) => {
            // A name that never resolves (RFC 2606): the emulator has no Incode.
            answer["incode_sdk_base_url"] = "https://incode.invalid".into();
            answer["verification_id"] = random::hex::<12>()?.into();
        }
        Some(_) => return Err(refused("provider is neither incode nor au10tix")),
    }
    Ok(answer)
}

/// What `Authorization: Basic` holds (RFC 7617), with the colon in it.
fn basic(headers: &HeaderMap) -> Option<SecretBytes> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    scheme.eq_ignore_ascii_case("basic").then(|| decoded.into())
}
