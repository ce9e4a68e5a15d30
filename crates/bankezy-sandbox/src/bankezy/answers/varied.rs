//! Answers for clients that must cope with all forms: every code and name that the documentation shows anywhere for
//! something occurs in some answer.

use serde_json::{Map, Value, json};

use super::super::super::endpoint::EmulatedEndpoint;
use super::super::routes::{Route, Version};
use super::told::Told;

/// The names that one endpoint and version uses.
struct Shape {
    /// `resCode`; in v2 the outer one.
    outer: Value,
    /// `resCode` under `data`; v1 has none.
    inner: Value,
    expiry: &'static str,
    expiry_as_text: bool,
    server_key: &'static str,
    /// Whether a JWT follows `Bearer `.
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
        // Without a token to report.
        _ => named(200.into(), 200, "", "", false),
    }
}

/// Flat in v1, under `data` in v2.
pub(super) fn success(route: &Route, told: &Told<'_>) -> Value {
    let shape = shape(route);
    let reference = match route.endpoint {
        EmulatedEndpoint::Invalidate => "tokenReferenceId",
        _ => "referenceId",
    };
    let mut fields = Map::new();
    let mut tell = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    tell(reference, told.reference.into());
    tell("accountNumber", told.account.into());
    tell("loginId", told.login_id.into());
    if let Some(token) = told.token.filter(|_| !shape.expiry.is_empty()) {
        tell("token", token.into());
        let expiry = match (told.expires_at, shape.expiry_as_text) {
            (Some(expiry), true) => expiry.to_string().into(),
            (expiry, _) => expiry.into(),
        };
        tell(shape.expiry, expiry);
    }
    if let Some(key) = told.server_key {
        tell(shape.server_key, key.into());
    }
    match route.version {
        Version::V1 => {
            tell("resCode", shape.outer);
            tell("resDesc", "SUCCESS".into());
            Value::Object(fields)
        }
        Version::V2 => {
            tell("resCode", shape.inner);
            // A string, as on the page that shows it.
            tell("errorMessage", "null".into());
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
pub(super) fn failure(route: &Route, problem: Value) -> Value {
    match route.version {
        Version::V1 => problem,
        Version::V2 => json!({ "resCode": 200, "resDesc": "SUCCESS", "data": problem }),
    }
}

pub(super) fn has_prefix(route: &Route) -> bool {
    shape(route).bearer
}
