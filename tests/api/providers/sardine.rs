//! Sardine.

use bankezy_crypto::providers::sardine::{
    Platform, Provider, SANDBOX_BASE_URL, Sardine, TokenRequest,
};
use bankezy_crypto::providers::{
    BaseUrl, CachedTokenApi, CallError, FieldProblem, TokenApi, UnexpectedReply,
};
use http::Method;

use super::{
    answer, keeps_other_refusals_plain, later, now, reads_each_form_of_expires_in, refused,
    refused_field, refuses_what_is_no_json, shown, unexpected,
};

const DOCUMENTED: &str = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"CANARY-token","scope":"mobilesdk","incode_sdk_base_url":"https://CANARY.example/0","verification_id":"CANARY-v"}"#;

fn sandbox() -> BaseUrl {
    BaseUrl::parse(SANDBOX_BASE_URL).unwrap()
}

fn api() -> Sardine {
    Sardine::new(sandbox(), "CANARY-id", "CANARY:secret").unwrap()
}

fn request() -> TokenRequest {
    TokenRequest::new("CANARY-session").unwrap()
}

#[test]
fn the_request_goes_out_as_documented() {
    // The example of RFC 7617 section 2.
    let api = Sardine::new(sandbox(), "Aladdin", "open sesame").unwrap();
    let sent = api.request(&request()).unwrap();
    assert_eq!(sent.method(), Method::POST);
    assert_eq!(
        sent.uri(),
        "https://api.sandbox.sardine.ai/v1/identity-documents/tokens"
    );
    assert_eq!(
        sent.headers()["authorization"],
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    );
    assert!(sent.headers()["authorization"].is_sensitive());
    assert_eq!(sent.headers()["content-type"], "application/json");
    assert_eq!(
        sent.body().as_bytes(),
        br#"{"sessionKey":"CANARY-session"}"#
    );
    shown(&sent);

    let full = request()
        .with_provider(Provider::INCODE)
        .with_platform(Platform::ANDROID)
        .with_customer_id("c")
        .unwrap();
    assert_eq!(
        api.request(&full).unwrap().body().as_bytes(),
        br#"{"sessionKey":"CANARY-session","customerId":"c","platform":"android","provider":"incode"}"#
    );
    for (platform, provider, expected) in [
        (Platform::IOS, Provider::AU10TIX, ["ios", "au10tix"]),
        (
            Platform::new("web").unwrap(),
            Provider::new("other").unwrap(),
            ["web", "other"],
        ),
    ] {
        let request = request().with_platform(platform).with_provider(provider);
        let sent = api.request(&request).unwrap();
        let body: serde_json::Value = serde_json::from_slice(sent.body().as_bytes()).unwrap();
        assert_eq!([&body["platform"], &body["provider"]], expected);
    }
    assert_eq!(Platform::new("ios"), Ok(Platform::IOS));
}

#[test]
fn any_base_url_serves_production() {
    let base = BaseUrl::parse("https://api.example.com/kyc").unwrap();
    let api = Sardine::new(base, "i", "s").unwrap();
    assert_eq!(
        api.request(&request()).unwrap().uri(),
        "https://api.example.com/kyc/v1/identity-documents/tokens"
    );
}

#[test]
fn credentials_and_fields_are_checked() {
    let new = |id, secret| refused_field(Sardine::new(sandbox(), id, secret));
    assert_eq!(new("", "s"), ("clientId", FieldProblem::Missing));
    assert_eq!(new("i", ""), ("clientSecret", FieldProblem::Missing));
    assert_eq!(new("CANARY:i", "s"), ("clientId", FieldProblem::Colon));
    let line = FieldProblem::ControlCharacter;
    assert_eq!(new("CANARY\n", "s"), ("clientId", line));
    assert_eq!(new("i", "CANARY\n"), ("clientSecret", line));

    // Characters, not bytes.
    for fits in ["s".repeat(100), "é".repeat(100), "\u{1f511}".repeat(100)] {
        assert!(TokenRequest::new(&fits).is_ok());
    }
    let session = |key: &str| refused_field(TokenRequest::new(key));
    assert_eq!(session(""), ("sessionKey", FieldProblem::Missing));
    let too_long = ("sessionKey", FieldProblem::TooLong { max: 100 });
    assert_eq!(session(&"s".repeat(101)), too_long);
    assert_eq!(session(&"é".repeat(101)), too_long);
    let missing = FieldProblem::Missing;
    let customer = request().with_customer_id("");
    assert_eq!(refused_field(customer), ("customerId", missing));
    assert_eq!(refused_field(Platform::new("")), ("platform", missing));
    assert_eq!(refused_field(Provider::new("")), ("provider", missing));
}

#[test]
fn the_documented_answer_is_read() {
    let found = api()
        .response(&request(), &answer(200, DOCUMENTED), now())
        .unwrap();
    shown(&found);
    assert_eq!(found.token.as_str(), "CANARY-token");
    assert_eq!(found.token.token_type(), Some("Bearer"));
    assert_eq!(found.token.expires_at(), later(3600));
    assert_eq!(found.scope.as_deref(), Some("mobilesdk"));
    let url = found.incode_sdk_base_url.as_deref();
    assert_eq!(url, Some("https://CANARY.example/0"));
    assert_eq!(found.verification_id.as_deref(), Some("CANARY-v"));

    let au10tix = r#"{"access_token":"t","scope":null,"new":[{"a":1}]}"#;
    let found = api()
        .response(&request(), &answer(200, au10tix), now())
        .unwrap();
    assert_eq!(found.as_ref().as_str(), "t");
    assert_eq!(
        (
            found.scope,
            found.incode_sdk_base_url,
            found.verification_id
        ),
        (None, None, None)
    );
}

#[test]
fn every_refusal_is_plain_for_none_is_documented() {
    keeps_other_refusals_plain(&api(), &request());
    for body in [DOCUMENTED, r#"{"type":"CANARY","message":"CANARY"}"#] {
        let error = refused(&api(), &request(), &answer(401, body));
        assert!(matches!(error, CallError::Plain(_)), "{body}");
    }
}

#[test]
fn answers_that_are_not_as_documented_say_what_is_wrong() {
    use UnexpectedReply::{Invalid, Missing};
    refuses_what_is_no_json(&api(), &request(), DOCUMENTED);
    reads_each_form_of_expires_in(&api(), &request(), DOCUMENTED);
    let member = "access_token";
    for (body, expected) in [
        ("{}", Missing { member }),
        (r#"{"access_token":null}"#, Missing { member }),
        (r#"{"access_token":""}"#, Missing { member }),
        (r#"{"access_token":false}"#, Invalid { member }),
    ] {
        assert_eq!(
            unexpected(&api(), &request(), 200, body),
            expected,
            "{body}"
        );
    }
    for member in [
        "token_type",
        "scope",
        "incode_sdk_base_url",
        "verification_id",
    ] {
        let body = format!(r#"{{"access_token":"CANARY","{member}":["CANARY"]}}"#);
        // It is not needed, so the token is still used.
        let read = api().response(&request(), &answer(200, body), now());
        assert_eq!(read.unwrap().as_ref().as_str(), "CANARY");
    }
}

#[test]
fn nothing_secret_is_shown() {
    shown(&api());
    let request = request()
        .with_customer_id("CANARY")
        .unwrap()
        .with_platform(Platform::IOS);
    shown(&request);
    shown(&api().key(&request).unwrap());
}
