//! The answer of each call as its own page shows it.

use serde_json::{Value, json};

use super::super::super::endpoint::EmulatedEndpoint;
use super::super::routes::{Route, Version};
use super::told::Told;

pub(super) fn success(route: &Route, told: &Told<'_>) -> Value {
    let v2 = |code: u32| match route.version {
        Version::V1 => json!(code),
        Version::V2 => json!("TOK200"),
    };
    match route.endpoint {
        EmulatedEndpoint::GetToken => get_token(v2(100), told),
        EmulatedEndpoint::OnboardingUserToken => json!({
            "resCode": 200,
            "resDesc": "Full Onboarding Success",
            "data": {
                "resCode": 100,
                "resDesc": "Success",
                "token": told.token,
                "expiry": told.expires_at,
                "serverPublicKey": told.server_key,
            },
        }),
        EmulatedEndpoint::GetAppToken => app_token(json!(100), told),
        EmulatedEndpoint::Renew => json!({
            "resCode": v2(200),
            "resDesc": "SUCCESS",
            "data": {
                "loginId": told.login_id,
                "accountNumber": told.account,
                "token": told.token,
                "expiryDate": told.expires_at,
            },
        }),
        _ => json!({
            "resCode": v2(200),
            "resDesc": "SUCCESS",
            "data": { "resCode": 100, "resDesc": "Success" },
        }),
    }
}

/// The second answer of the page, if it has two.
pub(super) fn second_tab(route: &Route, told: &Told<'_>) -> Value {
    match (route.endpoint, route.version) {
        (EmulatedEndpoint::GetToken, _) => get_token(json!(100), told),
        // Its code table.
        (EmulatedEndpoint::GetAppToken, Version::V2) => app_token(json!("TOK200"), told),
        // Invalidate has a token to report if the request named it.
        (EmulatedEndpoint::Renew | EmulatedEndpoint::Invalidate, _) => json!({
            "resCode": 100,
            "referenceId": told.reference,
            "token": told.token,
            "expireAt": told.expires_at,
        }),
        _ => success(route, told),
    }
}

fn get_token(code: Value, told: &Told<'_>) -> Value {
    json!({
        "resCode": code,
        "resDesc": "SUCCESS",
        "referenceId": told.reference,
        "serverPubKey": told.server_key,
        "token": told.token,
        "expireAt": told.expires_at,
    })
}

fn app_token(code: Value, told: &Told<'_>) -> Value {
    json!({
        "resCode": code,
        "resDesc": "Success",
        "token": told.token,
        "expiry": told.expires_at,
        "serverPublicKey": told.server_key,
    })
}
