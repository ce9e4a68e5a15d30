//! The shapes of answers. The documentation shows several codes and names for one thing, from page
//! to page; here every variant occurs somewhere.

use serde_json::{Map, Value, json};

use super::super::state::{EmulatedEndpoint, Issued};
use super::routes::{Route, Version};

/// What one endpoint and version calls things.
struct Shape {
    /// `resCode`; in v2 the outer one.
    outer: Value,
    /// `resCode` under `data`; v1 has none.
    inner: Value,
    expiry: &'static str,
    expiry_as_text: bool,
    server_key: &'static str,
    /// Whether a JWT stands after `Bearer `.
    bearer: bool,
}

fn shape(route: &Route) -> Shape {
    let named = |outer: Value, inner: u32, expiry, server_key, bearer| Shape {
        outer,
        inner: inner.into(),
        expiry,
        expiry_as_text: false,
        server_key,
        bearer,
    };
    match (route.endpoint, route.version) {
        (EmulatedEndpoint::GetToken, Version::V1) => {
            named("TOK200".into(), 0, "expireAt", "serverPubKey", true)
        }
        (EmulatedEndpoint::GetToken, Version::V2) => {
            named("TOK200".into(), 100, "expiry", "serverPublicKey", false)
        }
        (EmulatedEndpoint::OnboardingUserToken, Version::V1) => {
            named("ONB200".into(), 0, "expiryDate", "ServerPublicKey", false)
        }
        (EmulatedEndpoint::OnboardingUserToken, Version::V2) => {
            named("ONB200".into(), 200, "expiryAt", "serverPubKey", true)
        }
        (EmulatedEndpoint::GetAppToken, Version::V1) => {
            named(200.into(), 0, "expiryAt", "serverPublicKey", false)
        }
        (EmulatedEndpoint::GetAppToken, Version::V2) => {
            named(200.into(), 0, "expireAt", "ServerPublicKey", true)
        }
        (EmulatedEndpoint::Renew, Version::V1) => Shape {
            expiry_as_text: true,
            ..named("200".into(), 0, "expiryDate", "", true)
        },
        (EmulatedEndpoint::Renew, Version::V2) => named(200.into(), 100, "expiry", "", false),
        (EmulatedEndpoint::Invalidate, Version::V1) => named(100.into(), 0, "", "", false),
        // Without a token to tell of.
        _ => named(200.into(), 200, "", "", false),
    }
}

/// An answer that carries a token; without a server key where there is none to tell.
pub(super) fn token(
    route: &Route,
    issued: &Issued,
    server_key: Option<&str>,
    more: Map<String, Value>,
) -> Value {
    let shape = shape(route);
    let mut fields = more;
    // A JWE has four dots, a JWT two.
    let bearer = shape.bearer && issued.token.matches('.').count() == 2;
    let prefix = if bearer { "Bearer " } else { "" };
    fields.insert("token".into(), format!("{prefix}{}", issued.token).into());
    let expiry = match shape.expiry_as_text {
        true => issued.expires_at.to_string().into(),
        false => issued.expires_at.into(),
    };
    fields.insert(shape.expiry.into(), expiry);
    if let Some(key) = server_key {
        fields.insert(shape.server_key.into(), key.into());
    }
    success(route, fields)
}

/// Flat in v1, under `data` in v2.
pub(super) fn success(route: &Route, mut fields: Map<String, Value>) -> Value {
    let shape = shape(route);
    match route.version {
        Version::V1 => {
            fields.insert("resCode".into(), shape.outer);
            fields.insert("resDesc".into(), "SUCCESS".into());
            Value::Object(fields)
        }
        Version::V2 => {
            fields.insert("resCode".into(), shape.inner);
            // Text, on the page that shows it.
            fields.insert("errorMessage".into(), "null".into());
            json!({
                "resCode": shape.outer,
                "resDesc": "SUCCESS",
                "errorMessage": "SUCCESS",
                "data": fields,
            })
        }
    }
}

/// In v2 the outer code is a success, as in the documentation's (200,301): only the inner one tells.
pub(super) fn failure(route: &Route, code: &str, text: &str) -> Value {
    let problem = json!({ "resCode": code, "resDesc": text });
    match route.version {
        Version::V1 => problem,
        Version::V2 => json!({ "resCode": 200, "resDesc": "SUCCESS", "data": problem }),
    }
}
