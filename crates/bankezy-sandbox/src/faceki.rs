//! Faceki's access token.
//!
//! Prose and a table of its page name the headers `clientSecret` and `clientid`; all of its samples send `clientId`
//! and `clientSecret` in the query. This crate uses those of the query if it has any, otherwise those of the headers.
//! The forms of the refusals are the page's; their meaning is this crate's reading: 403 `clientId` is missing (its
//! text says so), 402 `clientSecret` is missing, 401 they are wrong.

use axum::routing::MethodFilter;
use bankezy_crypto::SecretBytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::endpoint::EmulatedEndpoint;
use super::exchange::Answer;
use super::plain_json::Route;
use super::random;
use super::state::State;

pub(super) static ROUTE: Route = Route {
    path: "/faceki/auth/api/access-token",
    method: MethodFilter::GET,
    endpoint: EmulatedEndpoint::FacekiToken,
    execute,
};

/// In seconds.
const LIFETIME: u64 = 3600;

fn execute(state: &State, parts: &Parts, _: &[u8]) -> Result<Value, Answer> {
    let query = parts.uri.query().unwrap_or_default();
    let in_query = ["clientId", "clientSecret"].map(|name| query_value(query, name));
    let [id, secret] = match in_query {
        [None, None] => ["clientid", "clientsecret"].map(|name| header(&parts.headers, name)),
        found => found,
    };
    let present = |value: Option<SecretBytes>| value.filter(|value| !value.as_bytes().is_empty());
    let id = present(id).ok_or_else(|| {
        refusal(StatusCode::FORBIDDEN, "client id is required").because(
            "faceki-credentials",
            "clientId in the query, or the header clientid",
            "no client id",
        )
    })?;
    let secret = present(secret).ok_or_else(|| {
        Answer::json(StatusCode::PAYMENT_REQUIRED, &json!({ "clientSecret": "" })).because(
            "faceki-credentials",
            "clientSecret where clientId is",
            "no client secret",
        )
    })?;
    if !state
        .credentials
        .is_faceki(id.as_bytes(), secret.as_bytes())
    {
        return Err(refusal(StatusCode::UNAUTHORIZED, "").because(
            "faceki-credentials",
            "clientId and clientSecret of the ready file",
            "other ones",
        ));
    }
    Ok(json!({
        "responseCode": 0,
        "data": {
            "access_token": random::hex::<32>()?,
            "expires_in": LIFETIME,
            "token_type": "Bearer",
        },
    }))
}

/// The page shows `statusCode` 422 under another HTTP status.
fn refusal(status: StatusCode, message: &str) -> Answer {
    let json = json!({ "status": false, "message": message, "statusCode": 422, "data": {} });
    Answer::json(status, &json)
}

fn header(headers: &HeaderMap, name: &str) -> Option<SecretBytes> {
    let value = headers.get(name)?;
    Some(value.as_bytes().to_vec().into())
}

/// The first of this name, decoded as a form is (WHATWG URL section 5.1).
fn query_value(query: &str, name: &str) -> Option<SecretBytes> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| form_decoded(value))
}

/// An invalid escape is kept as it is.
fn form_decoded(text: &str) -> SecretBytes {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => hex(*high, *low).map(|byte| (byte, after)),
            _ => None,
        };
        let plain = if first == b'+' { b' ' } else { first };
        let (byte, after) = escaped.unwrap_or((plain, after));
        decoded.push(byte);
        rest = after;
    }
    decoded.into()
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_as_forms_are() {
        for (query, value) in [
            ("clientId=a%2Bb%2fc%3D", Some("a+b/c=")),
            ("x=1&clientId=a+b&clientId=c", Some("a b")),
            ("clientId=%4&clientIds=c", Some("%4")),
            ("clientId=100%zz=%", Some("100%zz=%")),
            ("clientId", Some("")),
            ("clientid=a&x", None),
            ("", None),
        ] {
            let found = query_value(query, "clientId");
            let found = found.as_ref().map(SecretBytes::as_bytes);
            assert_eq!(found, value.map(str::as_bytes), "{query}");
        }
    }
}
