//! Requests: paths, headers and bodies, and fields that are refused.

use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, Call, DateOfBirth, Endpoint, TokenRequest, Version, read,
};
use bankezy_crypto::providers::{FieldProblem, RequestError};
use http::Method;
use serde_json::json;

use super::{account, channel, first, inside, request, sealed, server, token};
use crate::common::{cipher, each_backend, p256};

#[test]
fn get_token_goes_out_as_documented() {
    each_backend(|backend| {
        let request = request()
            .with_first_name("Asha")
            .with_mobile("91", "9876543210")
            .unwrap()
            .with_dob(DateOfBirth::new(1999, 1, 1).unwrap())
            .with_dob(DateOfBirth::new(2000, 2, 29).unwrap())
            .with_data("channel", "app")
            .with_data("channel", "web")
            .with_kyc_level("full")
            .with_extra("branch", &json!({"code": 7}))
            .unwrap();
        let request = server(Version::V2)
            .get_token_request(&request, &channel(backend))
            .unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(
            request.uri(),
            "https://api.example.com/kong/token-service/client/server/new/v2/token"
        );
        assert_eq!(request.headers()["content-type"], "text/plain");
        assert_eq!(request.headers()["x-api-key"], "CANARY-api-key");
        assert!(request.headers()["x-api-key"].is_sensitive());
        let opened = cipher(backend).open(request.body()).unwrap();
        assert_eq!(
            opened.as_str().unwrap(),
            r#"{"referenceId":"ref-1","sdkPublicKey":"wire","sdkApiKey":"CANARY-sdk-key","accountNumber":9999999999999999999,"firstName":"Asha","kycLevel":"full","isdCode":91,"mobileNumber":9876543210,"dob":20000229,"data":{"channel":"web"},"branch":{"code":7}}"#
        );
    });
}

#[test]
fn every_call_goes_to_its_documented_place() {
    let channel = channel(first());
    let paths = |version| {
        let server = server(version);
        let (app, _) = server
            .app_token_request(
                &AppCredentials {
                    api_key: "a",
                    secret: "s",
                },
                p256(first()),
            )
            .unwrap();
        [
            server.get_token_request(&request(), &channel).unwrap(),
            server
                .onboarding_token_request(&request(), &channel)
                .unwrap(),
            app,
            server.renew_request(&token(), account(), &channel).unwrap(),
            server.invalidate_request("ref", None, &channel).unwrap(),
            server
                .call_request("/wallet/balance", &json!({}), &token(), &channel)
                .unwrap(),
        ]
        .map(|request| request.uri().path().trim_start_matches("/kong").to_owned())
    };
    assert_eq!(
        paths(Version::V1),
        [
            "/token-service/client/server/new/token",
            "/onboarding/user/token",
            "/token-service/new/token",
            "/token-service/client/server/renewtoken",
            "/token-service/client/server/invalidate/token",
            "/wallet/balance",
        ]
    );
    assert_eq!(
        paths(Version::V2),
        [
            "/token-service/client/server/new/v2/token",
            "/onboarding/user/token",
            "/token-service/new/v2/token",
            "/token-service/client/app/renew/v2/token",
            "/token-service/client/server/invalidate/v2/token",
            "/wallet/balance",
        ]
    );
}

#[test]
fn debug_of_an_endpoint_shows_no_path() {
    let endpoint = Endpoint::from("/accounts/CANARY?token=CANARY").idempotent();
    let shown = format!("{endpoint:?} {endpoint:#?}");
    assert!(shown.contains("POST") && shown.contains("idempotent: true"));
    assert!(!shown.contains("CANARY"), "{shown}");
}

#[test]
fn every_endpoint_can_be_overridden() {
    use Call::{AppToken, GetToken, Invalidate, OnboardingToken, Renew};
    for call in [GetToken, OnboardingToken, AppToken, Renew, Invalidate] {
        let server = server(Version::V1).with_endpoint(call, Endpoint::new(Method::GET, "/other"));
        let channel = channel(first());
        let request = match call {
            GetToken => server.get_token_request(&request(), &channel).unwrap(),
            OnboardingToken => server
                .onboarding_token_request(&request(), &channel)
                .unwrap(),
            AppToken => {
                let credentials = AppCredentials {
                    api_key: "a",
                    secret: "s",
                };
                server
                    .app_token_request(&credentials, p256(first()))
                    .unwrap()
                    .0
            }
            Renew => server.renew_request(&token(), account(), &channel).unwrap(),
            _ => server.invalidate_request("ref", None, &channel).unwrap(),
        };
        assert_eq!(
            (request.method(), request.uri().path()),
            (&Method::GET, "/kong/other")
        );
    }
}

#[test]
fn renew_invalidate_and_other_calls_carry_what_they_need() {
    let (server, channel) = (server(Version::V1), channel(first()));
    let renew = server.renew_request(&token(), account(), &channel).unwrap();
    assert_eq!(renew.headers()["x-api-token"], "Bearer CANARY.token");
    assert_eq!(renew.headers()["x-account-number"], "9999999999999999999");
    assert!(renew.headers()["x-account-number"].is_sensitive());
    assert_eq!(inside(&renew), json!({"token": "Bearer CANARY.token"}));
    let of_an_app = server.renew_request(&token(), None, &channel).unwrap();
    assert_eq!(of_an_app.headers()["x-api-token"], "Bearer CANARY.token");
    assert!(!of_an_app.headers().contains_key("x-account-number"));
    assert_eq!(inside(&of_an_app), inside(&renew));
    let invalidate = server.invalidate_request("ref-1", None, &channel).unwrap();
    assert_eq!(inside(&invalidate), json!({"tokenReferenceId": "ref-1"}));
    assert!(!invalidate.headers().contains_key("x-api-token"));
    let invalidate = server
        .invalidate_request("ref-1", Some(&token()), &channel)
        .unwrap();
    assert_eq!(invalidate.headers()["x-api-token"], "Bearer CANARY.token");
    let call = server
        .call_request("/echo", &json!([1, 2]), &token(), &channel)
        .unwrap();
    assert_eq!(inside(&call), json!([1, 2]));
    for name in ["x-api-token", "x-api-key"] {
        assert!(call.headers()[name].is_sensitive() && renew.headers()[name].is_sensitive());
    }
    let other: Vec<u8> = read(&sealed(200, &json!([3])), &channel).unwrap();
    assert_eq!(other, [3]);
}

#[test]
fn fields_are_checked_for_what_the_documentation_states() {
    let refused = |result: Result<TokenRequest<'_>, RequestError>| match result.unwrap_err() {
        RequestError::Field { name, problem, .. } => (name, problem),
        other => panic!("{other:?}"),
    };
    let new = |reference, key, sdk| TokenRequest::new(reference, key, sdk, account());
    assert_eq!(
        refused(new("", "k", "s")),
        ("referenceId", FieldProblem::Missing)
    );
    assert_eq!(
        refused(new("r", "", "s")),
        ("sdkPublicKey", FieldProblem::Missing)
    );
    assert_eq!(
        refused(new("r", "k", "")),
        ("sdkApiKey", FieldProblem::Missing)
    );
    for taken in ["firstName", "accountNumber", "data"] {
        assert_eq!(
            refused(request().with_extra(taken, "x")),
            ("extra", FieldProblem::Duplicate)
        );
    }
    let twice = request().with_extra("a", "x").unwrap().with_extra("a", "y");
    assert_eq!(refused(twice), ("extra", FieldProblem::Duplicate));
    for (isd, mobile) in [
        ("", "1"),
        ("+91", "1"),
        ("91", "098"),
        ("91", "12a"),
        ("9".repeat(4).as_str(), "1"),
    ] {
        assert!(
            request().with_mobile(isd, mobile).is_err(),
            "{isd} {mobile}"
        );
    }
    for digits in ["1", "9999999999999999999"] {
        assert!(AccountNumber::parse(digits).is_ok());
    }
    for digits in ["", "012", "-1", "1.0", "1e3", "10000000000000000000", "١"] {
        assert!(AccountNumber::parse(digits).is_err(), "{digits}");
    }
    assert!(AccountNumber::new(10_000_000_000_000_000_000).is_err());
    for date in [20_000_229, 19_991_231, 18_000_101, 20_240_229] {
        assert!(DateOfBirth::from_yyyymmdd(date).is_ok(), "{date}");
    }
    for date in [
        0, 19_000_229, 20_230_229, 20_230_431, 20_231_301, 20_230_100, 17_991_231, 131_900,
    ] {
        assert!(DateOfBirth::from_yyyymmdd(date).is_err(), "{date}");
    }
}
