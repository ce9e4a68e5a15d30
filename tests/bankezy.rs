//! BankEzy's calls as pure functions: what goes out, and every documented shape of what comes back.

mod common;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bankezy_crypto::backend::Backend;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, BankEzy, Call, Channel, DateOfBirth, Endpoint, TokenAnswer,
    TokenRequest, Version, meaning, read, read_invalidated, read_token,
};
use bankezy_crypto::providers::{BaseUrl, CallError, Token, UnexpectedReply};
use bankezy_crypto::{
    Derivation, Error, Fault, FieldProblem, KeyPair, PrivateKeyOpener, PublicKeySealer,
    SecretBytes, UrlProblem,
};
use common::{cipher, each_backend, p256, rsa_2048, secret, shown};
use http::{Method, Request, Response};
use serde_json::{Value, json};

const RAW: Derivation<'static> = Derivation::RawSharedSecret;

fn server(version: Version) -> BankEzy {
    let base = BaseUrl::parse("https://api.example.com/kong").unwrap();
    BankEzy::new(base, "CANARY-api-key", version).unwrap()
}

fn channel(backend: &Backend) -> Channel {
    Channel::from_secret(&secret(), backend).unwrap()
}

fn first() -> &'static Backend {
    &bankezy_crypto::backend::AVAILABLE[0]
}

fn account() -> AccountNumber {
    AccountNumber::new(9_999_999_999_999_999_999).unwrap()
}

fn request() -> TokenRequest<'static> {
    TokenRequest::new("ref-1", "wire", "CANARY-sdk-key", account()).unwrap()
}

fn token() -> Token {
    Token::new("Bearer CANARY.token".to_owned().into(), None)
}

/// What the server sees inside a request sealed under the static secret.
fn inside(request: &Request<SecretBytes>) -> Value {
    cipher(first()).open_json(request.body()).unwrap()
}

/// An answer sealed under the static secret.
fn sealed(status: u16, body: &Value) -> Response<String> {
    answer(status, cipher(first()).seal_json(body).unwrap())
}

fn answer(status: u16, body: impl Into<String>) -> Response<String> {
    Response::builder()
        .status(status)
        .body(body.into())
        .unwrap()
}

fn read_one(body: &Value) -> Result<TokenAnswer, CallError> {
    read_token(Call::OnboardingToken, &sealed(200, body), &channel(first()))
}

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
            .get_token(&request, &channel(backend))
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
            .app_token(
                &AppCredentials {
                    api_key: "a",
                    secret: "s",
                },
                p256(first()),
            )
            .unwrap();
        [
            server.get_token(&request(), &channel).unwrap(),
            server.onboarding_token(&request(), &channel).unwrap(),
            app,
            server.renew(&token(), account(), &channel).unwrap(),
            server.invalidate("ref", None, &channel).unwrap(),
            server
                .call("/wallet/balance", &json!({}), &token(), &channel)
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
fn every_endpoint_can_be_overridden() {
    use Call::{AppToken, GetToken, Invalidate, OnboardingToken, Renew};
    for call in [GetToken, OnboardingToken, AppToken, Renew, Invalidate] {
        let server = server(Version::V1).with_endpoint(call, Endpoint::new(Method::GET, "/other"));
        let channel = channel(first());
        let request = match call {
            GetToken => server.get_token(&request(), &channel).unwrap(),
            OnboardingToken => server.onboarding_token(&request(), &channel).unwrap(),
            AppToken => {
                let credentials = AppCredentials {
                    api_key: "a",
                    secret: "s",
                };
                server.app_token(&credentials, p256(first())).unwrap().0
            }
            Renew => server.renew(&token(), account(), &channel).unwrap(),
            _ => server.invalidate("ref", None, &channel).unwrap(),
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
    let renew = server.renew(&token(), account(), &channel).unwrap();
    assert_eq!(renew.headers()["x-api-token"], "Bearer CANARY.token");
    assert_eq!(renew.headers()["x-account-number"], "9999999999999999999");
    assert!(renew.headers()["x-account-number"].is_sensitive());
    assert_eq!(inside(&renew), json!({"token": "Bearer CANARY.token"}));
    let of_an_app = server.renew(&token(), None, &channel).unwrap();
    assert_eq!(of_an_app.headers()["x-api-token"], "Bearer CANARY.token");
    assert!(!of_an_app.headers().contains_key("x-account-number"));
    assert_eq!(inside(&of_an_app), inside(&renew));
    let invalidate = server.invalidate("ref-1", None, &channel).unwrap();
    assert_eq!(inside(&invalidate), json!({"tokenReferenceId": "ref-1"}));
    assert!(!invalidate.headers().contains_key("x-api-token"));
    let invalidate = server
        .invalidate("ref-1", Some(&token()), &channel)
        .unwrap();
    assert_eq!(invalidate.headers()["x-api-token"], "Bearer CANARY.token");
    let call = server
        .call("/echo", &json!([1, 2]), &token(), &channel)
        .unwrap();
    assert_eq!(inside(&call), json!([1, 2]));
    for name in ["x-api-token", "x-api-key"] {
        assert!(call.headers()[name].is_sensitive() && renew.headers()[name].is_sensitive());
    }
    let other: Vec<u8> = read(&sealed(200, &json!([3])), &channel).unwrap();
    assert_eq!(other, [3]);
}

#[test]
fn answers_are_read_in_every_documented_shape() {
    let jwe = "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..a.b.c";
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_688_892_488_123);
    for token in [jwe, "Bearer x.y.z", "x.y.z"] {
        for expiry in ["expireAt", "expiry", "expiryDate", "expiryAt"] {
            for server_key in ["serverPubKey", "serverPublicKey", "ServerPublicKey"] {
                for milliseconds in [json!(1_688_892_488_123_u64), json!("1688892488123")] {
                    let members = json!({
                        "token": token, expiry: milliseconds, server_key: "key",
                        "referenceId": "r", "accountNumber": "12345678901234567890",
                    });
                    let mut flat = members.clone();
                    flat["resCode"] = json!("TOK200");
                    let nested = json!({"resCode": 200, "resDesc": "SUCCESS", "data": members});
                    for body in [flat, nested] {
                        let answer = read_one(&body).unwrap();
                        assert_eq!(answer.token.as_str(), token);
                        assert_eq!(answer.token.expires_at(), Some(at));
                        assert_eq!(answer.server_public_key.as_deref(), Some("key"));
                        assert_eq!(answer.token_reference_id.as_deref(), Some("r"));
                        let account = answer.account_number.as_deref();
                        assert_eq!(account, Some("12345678901234567890"));
                    }
                }
            }
        }
    }
    let renewed = json!({"resCode": 200, "token": "t", "loginId": 77, "accountNumber": 12,
        "errorMessage": "null"});
    let renewed = read_one(&renewed).unwrap();
    assert_eq!(renewed.login_id.as_deref(), Some("77"));
    assert_eq!(renewed.account_number.as_deref(), Some("12"));
    assert_eq!(
        (renewed.server_public_key, renewed.token.expires_at()),
        (None, None)
    );
    assert_eq!(
        renewed.outcome.description, None,
        "the text null is no description"
    );
}

#[test]
fn both_codes_are_judged() {
    let body = |outer: Value, inner: Value| {
        let mut data = json!({"token": "t"});
        if !inner.is_null() {
            data["resCode"] = inner;
        }
        json!({"resCode": outer, "data": data})
    };
    for (outer, inner) in [
        (json!(200), json!(100)),
        (json!(200), json!(0)),
        (json!(200), json!(200)),
        (json!("TOK200"), json!(100)),
        (json!("ONB200"), json!(200)),
        (json!("200"), Value::Null),
        (json!("TOK200"), Value::Null),
    ] {
        assert!(
            read_one(&body(outer.clone(), inner.clone())).is_ok(),
            "{outer} {inner}"
        );
    }
    for (outer, inner, told) in [
        (json!(200), json!(301), "code 200, inside 301"),
        (json!("TOK002"), Value::Null, "code TOK002"),
        (json!(100), json!(200), "code 100, inside 200"),
        (json!(0), json!(0), "code 0, inside 0"),
        (
            json!("a long text with CANARY"),
            Value::Null,
            "code another code",
        ),
    ] {
        let error = read_one(&body(outer, inner)).unwrap_err();
        assert!(error.to_string().ends_with(told), "{error}");
        assert_eq!(
            (error.code(), error.fault()),
            ("reply.failed", Fault::Provider)
        );
        assert!(!shown(&error).contains("CANARY"));
    }
    let blocked = json!({"resCode": 200, "resDesc": "SUCCESS",
        "data": {"resCode": 301, "resDesc": "null", "errorMessage": "blocked"}});
    let CallError::Failed { outcome, .. } = read_one(&blocked).unwrap_err() else {
        panic!("a failure is a failure");
    };
    assert_eq!(outcome.description.as_deref(), Some("blocked"));
    let CallError::Failed { outcome, .. } =
        read_one(&json!({"resCode": "TOK004", "resDesc": "CANARY"})).unwrap_err()
    else {
        panic!("a failure is a failure");
    };
    assert_eq!(outcome.description.as_deref(), Some("CANARY"));
    let code = outcome.code.unwrap();
    assert_eq!(
        meaning(&code),
        Some("Your credentials not allowed to generate token")
    );
}

#[test]
fn a_success_in_clear_is_never_taken() {
    for body in ["{\"resCode\":200,\"token\":\"t\"}", "", "<html>", "a.b.c"] {
        let error = read_token(Call::GetToken, &answer(200, body), &channel(first())).unwrap_err();
        let CallError::Unexpected { problem, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(problem, UnexpectedReply::NotSealed, "{body}");
    }
    let redirect = read_token(Call::GetToken, &answer(302, ""), &channel(first())).unwrap_err();
    assert!(matches!(
        redirect,
        CallError::Unexpected {
            problem: UnexpectedReply::Status,
            ..
        }
    ));
    let foreign = channel(first());
    let other = bankezy_crypto::PayloadSecret::generate().unwrap();
    let other = Channel::from_secret(&other, first()).unwrap();
    let error = read_token(
        Call::GetToken,
        &answer(200, other.seal(b"{}").unwrap()),
        &foreign,
    )
    .unwrap_err();
    assert!(matches!(error, CallError::Envelope(Error::OpenFailed)));
}

#[test]
fn refusals_keep_their_status_and_an_unauthenticated_text() {
    for status in [400, 401, 403, 429, 500, 503] {
        let error = read_token(
            Call::GetToken,
            &answer(status, "CANARY refused"),
            &channel(first()),
        )
        .unwrap_err();
        assert!(!error.to_string().contains("CANARY") && !shown(&error).contains("CANARY"));
        let CallError::Plain(plain) = error else {
            panic!()
        };
        assert_eq!(plain.status().as_u16(), status);
        assert_eq!(plain.unauthenticated_text(), "CANARY refused");
    }
    let mut busy = answer(429, "busy");
    for (value, expected) in [("60", Some(60)), ("soon", None), ("-1", None)] {
        busy.headers_mut()
            .insert("retry-after", value.parse().unwrap());
        let error = read_token(Call::GetToken, &busy, &channel(first())).unwrap_err();
        let CallError::Plain(plain) = error else {
            panic!()
        };
        assert_eq!(
            plain.retry_after(),
            expected.map(Duration::from_secs),
            "{value}"
        );
    }
    let long = read_token(
        Call::GetToken,
        &answer(500, "x".repeat(10_000)),
        &channel(first()),
    )
    .unwrap_err();
    let CallError::Plain(plain) = long else {
        panic!()
    };
    assert_eq!(plain.unauthenticated_text().len(), 4096);
    let authenticated = sealed(401, &json!({"resCode": "TOK003"}));
    let error = read_token(Call::GetToken, &authenticated, &channel(first())).unwrap_err();
    assert!(
        matches!(error, CallError::Failed { .. }),
        "a sealed refusal is authenticated"
    );
}

#[test]
fn answers_that_are_not_as_documented_say_what_is_wrong() {
    use UnexpectedReply::{Invalid, Missing, NotJson};
    for (body, expected) in [
        (json!([1]), NotJson),
        (json!({"resCode": 200}), Missing { member: "token" }),
        (json!({"token": 5}), Invalid { member: "token" }),
        (json!({"token": null}), Missing { member: "token" }),
        (json!({"token": ""}), Missing { member: "token" }),
        (
            json!({"token": "t", "expiry": "soon"}),
            Invalid { member: "expiry" },
        ),
        (
            json!({"token": "t", "expireAt": -1}),
            Invalid { member: "expireAt" },
        ),
        (
            json!({"token": "t", "expireAt": 1.5}),
            Invalid { member: "expireAt" },
        ),
        (
            json!({"token": "t", "expiryAt": u64::MAX}),
            Invalid { member: "expiryAt" },
        ),
        (
            json!({"token": "t", "loginId": {}}),
            Invalid { member: "loginId" },
        ),
        (
            json!({"token": "t", "serverPubKey": 1}),
            Invalid {
                member: "serverPubKey",
            },
        ),
    ] {
        match read_one(&body) {
            Err(CallError::Unexpected { problem, .. }) => assert_eq!(problem, expected, "{body}"),
            // The end of time differs from system to system.
            Ok(_) if body["expiryAt"] == u64::MAX => {}
            other => panic!("{body}: {other:?}"),
        }
    }
    for silent in [json!({}), json!({"errorMessage": "no such token"})] {
        let silent = read_invalidated(&sealed(200, &silent), &channel(first()));
        assert!(
            matches!(silent, Err(CallError::Failed { .. })),
            "no code is no success"
        );
    }
    let wrong_service = json!({"resCode": "ONB200", "token": "t"});
    let wrong_service = read_token(
        Call::GetToken,
        &sealed(200, &wrong_service),
        &channel(first()),
    );
    assert!(matches!(wrong_service, Err(CallError::Failed { .. })));
    let invalidated = read_invalidated(&sealed(200, &json!({"resCode": 200})), &channel(first()));
    assert_eq!(invalidated.unwrap().to_string(), "code 200");
}

#[test]
fn keys_are_exchanged_in_clear_and_calls_then_sealed_both_ways() {
    each_backend(|backend| {
        let theirs = p256(backend);
        let (request, handshake) = server(Version::V1)
            .app_token(
                &AppCredentials {
                    api_key: "app",
                    secret: "CANARY",
                },
                p256(backend),
            )
            .unwrap();
        assert_eq!(request.headers()["content-type"], "application/json");
        let sent: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
        assert_eq!(
            (&sent["apiKey"], &sent["secret"]),
            (&json!("app"), &json!("CANARY"))
        );
        let reply = json!({"resCode": "TOK200", "data": {
            "resCode": 100, "token": "t", "serverPubKey": theirs.public_key().to_wire()}});
        let session = handshake
            .finish(&answer(200, reply.to_string()), &RAW)
            .unwrap();
        let client = bankezy_crypto::PublicKey::from_wire(sent["publicKey"].as_str().unwrap());
        let agreed = theirs.agree(&client.unwrap(), &RAW).unwrap();
        let server_side = Channel::from_secret(&agreed, backend).unwrap();
        let call = server(Version::V1)
            .call(
                "/x",
                &json!({"a": 1}),
                &session.answer.token,
                &session.channel,
            )
            .unwrap();
        assert_eq!(
            server_side.open(call.body()).unwrap().as_bytes(),
            b"{\"a\":1}"
        );
        let back = answer(200, server_side.seal(b"{\"b\":2}").unwrap());
        let back: Value = read(&back, &session.channel).unwrap();
        assert_eq!(back, json!({"b": 2}));
    });
}

#[test]
fn rsa_keys_transport_keys_both_ways() {
    each_backend(|backend| {
        let Some(ours) = rsa_2048(backend) else {
            return;
        };
        let theirs = include_str!("data/rsa2048-other.pem");
        let theirs = KeyPair::from_pem_with_backend(theirs, backend).unwrap();
        let to_us = PublicKeySealer::with_backend(ours.public_key(), backend).unwrap();
        let wire = theirs.public_key().to_wire();
        let channel = Channel::establish(Arc::new(ours), &wire, &RAW).unwrap();
        let at_server = PrivateKeyOpener::new(theirs);
        let request = server(Version::V1).get_token(&request(), &channel).unwrap();
        assert!(at_server.open(request.body()).is_ok());
        let reply = to_us.seal(b"{\"resCode\":200,\"token\":\"t\"}").unwrap();
        assert!(read_token(Call::GetToken, &answer(200, reply), &channel).is_ok());
        let mixed = Channel::establish(Arc::new(p256(backend)), &wire, &RAW);
        assert!(matches!(mixed, Err(Error::WrongKeyKind { .. })));
    });
}

#[test]
fn handshakes_that_fail_say_why() {
    let start = || {
        let credentials = AppCredentials {
            api_key: "a",
            secret: "s",
        };
        server(Version::V1)
            .app_token(&credentials, p256(first()))
            .unwrap()
            .1
    };
    let finish = |status, body: &str| start().finish(&answer(status, body), &RAW).unwrap_err();
    assert!(matches!(finish(401, "no"), CallError::Plain(_)));
    assert!(matches!(
        finish(200, "<html>"),
        CallError::Unexpected { .. }
    ));
    assert!(matches!(
        finish(200, r#"{"resCode":200,"token":"t"}"#),
        CallError::Unexpected {
            problem: UnexpectedReply::Missing {
                member: "serverPubKey"
            },
            ..
        }
    ));
    assert!(matches!(
        finish(200, r#"{"resCode":"TOK002"}"#),
        CallError::Failed { .. }
    ));
    let cut = r#"{"token":"t","serverPubKey":"eyJrdHkiOiJFQyIs"}"#;
    assert!(matches!(
        finish(200, cut),
        CallError::Envelope(Error::Key { .. })
    ));
}

#[test]
fn fields_are_checked_for_what_the_documentation_states() {
    let refused = |result: Result<TokenRequest<'_>, Error>| match result.unwrap_err() {
        Error::Field { name, problem } => (name, problem),
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
            ("extra", FieldProblem::Twice)
        );
    }
    let twice = request().with_extra("a", "x").unwrap().with_extra("a", "y");
    assert_eq!(refused(twice), ("extra", FieldProblem::Twice));
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

#[test]
fn base_urls_and_paths_are_checked() {
    for good in [
        "https://a.example",
        "https://a.example:8443/kong/",
        "http://127.0.0.1:1",
        "http://localhost:80",
        "http://[::1]:8080/x",
    ] {
        assert!(BaseUrl::parse(good).is_ok(), "{good}");
    }
    for (bad, expected) in [
        ("", UrlProblem::Invalid),
        ("/path", UrlProblem::Invalid),
        ("http://a.example", UrlProblem::NotHttps),
        ("http://127.0.0.1.example", UrlProblem::NotHttps),
        ("http://localhost.example", UrlProblem::NotHttps),
        ("ftp://a.example", UrlProblem::NotHttps),
        ("https://u:CANARY@a.example", UrlProblem::UserInfo),
        ("https://a.example/?k=CANARY", UrlProblem::Query),
        ("https://a.example/#CANARY", UrlProblem::Query),
    ] {
        let error = BaseUrl::parse(bad).unwrap_err();
        assert_eq!(error, Error::BaseUrl { problem: expected }, "{bad}");
        assert!(!error.to_string().contains("CANARY"));
    }
    for path in ["", "x", "/a b", "https://evil.example/"] {
        let call = server(Version::V1).call(path, &1, &token(), &channel(first()));
        assert_eq!(
            call.unwrap_err(),
            Error::BaseUrl {
                problem: UrlProblem::Path
            },
            "{path}"
        );
    }
    let unfit = Token::new("line\nbreak".to_owned().into(), None);
    let call = server(Version::V1).call("/x", &1, &unfit, &channel(first()));
    let problem = FieldProblem::NotAHeaderValue;
    assert_eq!(
        call.unwrap_err(),
        Error::Field {
            name: "token",
            problem
        }
    );
}

#[test]
fn nothing_secret_is_shown() {
    let values = [
        shown(&server(Version::V1)),
        shown(&channel(first())),
        shown(&token()),
        shown(&account()),
        shown(
            &request()
                .with_email("CANARY")
                .with_extra("x", "CANARY")
                .unwrap(),
        ),
        shown(&AppCredentials {
            api_key: "CANARY",
            secret: "CANARY",
        }),
        shown(
            &server(Version::V1)
                .get_token(&request(), &channel(first()))
                .unwrap(),
        ),
        shown(&read_one(&json!({"token": "CANARY"})).unwrap()),
        shown(&BaseUrl::parse("https://api.example.com/CANARY").unwrap()),
    ];
    for value in values {
        assert!(
            !value.contains("CANARY") && !value.contains("9999"),
            "{value}"
        );
    }
}

#[test]
fn a_token_knows_how_long_it_lasts() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
    let token = Token::new("t".to_owned().into(), Some(at));
    assert_eq!(
        token.remaining(at - Duration::from_secs(7)),
        Some(Duration::from_secs(7))
    );
    assert_eq!(
        token.remaining(at + Duration::from_secs(7)),
        Some(Duration::ZERO)
    );
    assert_eq!(Token::new("t".to_owned().into(), None).remaining(at), None);
}
