//! ComplyCube.

use bankezy_crypto::providers::complycube::{
    BASE_URL, ComplyCube, ErrorKind, MatchPattern, Param, Refusal, Sdk, TokenRequest,
};
use bankezy_crypto::providers::{
    self, BaseUrl, CachedTokenApi, CallError, TokenApi, UnexpectedReply,
};
use bankezy_crypto::providers::{FieldProblem, PatternProblem};
use http::Method;

use super::{
    answer, documented_refusal, keeps_other_refusals_plain, now, refused, refused_field,
    refuses_what_is_no_json, shown, unexpected,
};

const DOCUMENTED: &str = r#"{"token":"CANARY-token"}"#;

fn api() -> ComplyCube {
    ComplyCube::new("test_CANARY").unwrap()
}

fn web(referrer: &str) -> TokenRequest {
    let referrer = MatchPattern::parse(referrer).unwrap();
    TokenRequest::new("CANARY-client", Sdk::Web { referrer }).unwrap()
}

fn mobile(app_id: &str) -> Sdk {
    Sdk::Mobile {
        app_id: app_id.to_owned(),
    }
}

fn request() -> TokenRequest {
    web("https://www.example.com/*")
}

fn refusal(status: u16, body: &str) -> Refusal {
    match documented_refusal(&api(), &request(), status, body) {
        providers::Refusal::ComplyCube(refusal) => refusal,
        refusal => panic!("{refusal:?}"),
    }
}

#[test]
fn the_request_goes_out_as_documented() {
    let sent = api().request(&request()).unwrap();
    assert_eq!(sent.method(), Method::POST);
    assert_eq!(sent.uri(), "https://api.complycube.com/v1/tokens");
    assert_eq!(sent.headers()["authorization"], "test_CANARY");
    assert!(sent.headers()["authorization"].is_sensitive());
    assert_eq!(sent.headers()["content-type"], "application/json");
    assert_eq!(
        sent.body().as_bytes(),
        br#"{"clientId":"CANARY-client","referrer":"https://www.example.com/*"}"#
    );
    shown(&sent);

    let request = TokenRequest::new("c\"", mobile("com.myapp.demo.app")).unwrap();
    let sent = api().request(&request).unwrap();
    assert_eq!(
        sent.body().as_bytes(),
        br#"{"clientId":"c\"","appId":"com.myapp.demo.app"}"#
    );

    let base = BaseUrl::parse("http://localhost:8080/cc").unwrap();
    let sent = api().with_base_url(base).request(&request).unwrap();
    assert_eq!(sent.uri(), "http://localhost:8080/cc/v1/tokens");
    assert_eq!(BASE_URL, "https://api.complycube.com");
}

#[test]
fn fields_are_checked() {
    let key = |key| refused_field(ComplyCube::new(key));
    assert_eq!(key(""), ("apiKey", FieldProblem::Missing));
    assert_eq!(key("CANARY\n"), ("apiKey", FieldProblem::ControlCharacter));
    let missing = FieldProblem::Missing;
    let request = TokenRequest::new("", mobile("CANARY"));
    assert_eq!(refused_field(request), ("clientId", missing));
    let request = TokenRequest::new("CANARY", mobile(""));
    assert_eq!(refused_field(request), ("appId", missing));
    assert_eq!(
        refused_field(MatchPattern::parse("")),
        ("referrer", missing)
    );
}

#[test]
fn referrers_are_match_patterns() {
    for good in [
        "https://www.example.com/*",
        "*://*/*",
        "https://*/foo*",
        "https://*.example.com/foo*bar",
        "http://127.0.0.1/",
        "http://localhost/*",
        "http://localhost:8080/*",
        "http://*:*/*",
        "https://*.example.com:443/",
        "https://[::1]/*",
        "https://[::1]:8443/*",
        "https://xn--bcher-kva.example/*",
        "https://www.example.com/a?b=*",
    ] {
        assert_eq!(MatchPattern::parse(good).unwrap().as_str(), good);
    }
    use PatternProblem::{AllUrls, Host, Path, Port, Scheme, WhiteSpace};
    for (bad, expected) in [
        ("<all_urls>", AllUrls),
        ("https://www.CANARY.com/* ", WhiteSpace),
        ("https://www.CANARY.com/*\n", WhiteSpace),
        ("www.CANARY.com/*", Scheme),
        ("www.CANARY.com", Scheme),
        ("//www.CANARY.com/*", Scheme),
        ("ftp://www.CANARY.com/*", Scheme),
        ("file:///CANARY*", Scheme),
        ("HTTPS://www.CANARY.com/*", Scheme),
        ("https*://www.CANARY.com/*", Scheme),
        ("https:/www.CANARY.com/*", Scheme),
        ("://www.CANARY.com/*", Scheme),
        ("https://www.CANARY.com", Path),
        ("https://*", Path),
        ("https://www.CANARY.com?a=*", Path),
        ("https://www.CANARY.com/b\u{fc}cher/*", Path),
        ("https:///*", Host),
        ("https://www.*.com/*", Host),
        ("https://*CANARY.com/*", Host),
        ("https://CANARY.*/*", Host),
        ("https://**/*", Host),
        ("https://*./*", Host),
        ("https://*.*.com/*", Host),
        ("https://.CANARY.com/*", Host),
        ("https://CANARY..com/*", Host),
        ("https://user@CANARY.com/*", Host),
        ("https://bücher.example/*", Host),
        ("https://[::g]/*", Host),
        ("https://[::1/*", Host),
        ("https://:443/*", Host),
        ("https://CANARY.com:/*", Port),
        ("https://CANARY.com:0/*", Port),
        ("https://CANARY.com:65536/*", Port),
        ("https://CANARY.com:+1/*", Port),
        ("https://CANARY.com:4*/*", Port),
    ] {
        let problem = FieldProblem::MatchPattern { problem: expected };
        let found = refused_field(MatchPattern::parse(bad));
        assert_eq!(found, ("referrer", problem), "{bad}");
    }
}

#[test]
fn the_documented_answer_is_read_without_a_lifetime() {
    for body in [
        DOCUMENTED,
        r#"{"token":"CANARY-token","expires_in":3600,"type":"invalid_request","message":"new"}"#,
    ] {
        let token = api()
            .response(&request(), &answer(200, body), now())
            .unwrap();
        assert_eq!(token.as_str(), "CANARY-token");
        assert_eq!((token.expires_at(), token.token_type()), (None, None));
        shown(&token);
    }
}

#[test]
fn documented_refusals_are_typed() {
    let documented =
        r#"{"type":"invalid_request","message":"'clientId' is invalid","param":"clientId"}"#;
    let found = refusal(400, documented);
    assert_eq!(found.kind, ErrorKind::InvalidRequest);
    assert_eq!(found.param, Some(Param::ClientId));
    assert_eq!(
        found.unauthenticated_message.as_str(),
        "'clientId' is invalid"
    );
    assert_eq!(
        refused(&api(), &request(), &answer(400, documented)).to_string(),
        "the server refused with status 400, invalid_request: check `clientId`"
    );
    for (status, kind, name) in [
        (401, ErrorKind::Unauthorized, "unauthorized"),
        (403, ErrorKind::Unauthorized, "unauthorized"),
        (404, ErrorKind::ResourceNotFound, "resource_not_found"),
        (429, ErrorKind::RateLimitExceeded, "rate_limit_exceeded"),
        (500, ErrorKind::InternalServerError, "internal_server_error"),
        (422, ErrorKind::Other, "CANARY"),
    ] {
        let body = format!(r#"{{"type":"{name}","message":"CANARY","new":1}}"#);
        let found = refusal(status, &body);
        assert_eq!((found.kind, found.param), (kind, None));
        assert_eq!(kind.name().unwrap_or(name), name);
    }
    for (json, param) in [
        ("\"referrer\"", Some(Param::Referrer)),
        ("\"appId\"", Some(Param::AppId)),
        ("\"CANARY\"", Some(Param::Other)),
        ("null", None),
        ("7", None),
    ] {
        let body = format!(r#"{{"type":"invalid_request","message":"","param":{json}}}"#);
        assert_eq!(refusal(400, &body).param, param, "{json}");
    }
}

#[test]
fn other_refusals_stay_plain() {
    keeps_other_refusals_plain(&api(), &request());
    for body in [
        DOCUMENTED,
        r#"{"type":"invalid_request"}"#,
        r#"{"message":"CANARY"}"#,
        r#"{"type":1,"message":"CANARY"}"#,
        r#"{"type":"invalid_request","type":"CANARY","message":"CANARY"}"#,
    ] {
        let error = refused(&api(), &request(), &answer(400, body));
        assert!(matches!(error, CallError::Plain(_)), "{body}");
    }
}

#[test]
fn answers_that_are_not_as_documented_say_what_is_wrong() {
    use UnexpectedReply::{Invalid, Missing};
    refuses_what_is_no_json(&api(), &request(), DOCUMENTED);
    let member = "token";
    for (body, expected) in [
        ("{}", Missing { member }),
        (r#"{"token":null}"#, Missing { member }),
        (r#"{"token":""}"#, Missing { member }),
        (r#"{"token":7}"#, Invalid { member }),
        (r#"{"token":{"token":"CANARY"}}"#, Invalid { member }),
        (
            r#"{"type":"invalid_request","message":"CANARY"}"#,
            Missing { member },
        ),
    ] {
        assert_eq!(
            unexpected(&api(), &request(), 200, body),
            expected,
            "{body}"
        );
    }
}

#[test]
fn nothing_secret_is_shown() {
    shown(&api());
    shown(&request());
    shown(&mobile("CANARY"));
    shown(&Sdk::Web {
        referrer: MatchPattern::parse("https://www.example.com/*").unwrap(),
    });
    shown(&api().key(&request()).unwrap());
}
