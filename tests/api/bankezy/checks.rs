//! URLs, paths and tokens; and that nothing secret is shown.

use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::bankezy::{AppCredentials, Version};
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::providers::{FieldProblem, RequestError, UrlProblem};
use serde_json::json;

use super::{account, channel, first, read_one, request, server, token};
use crate::common::shown;

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
        assert_eq!(error, RequestError::from(expected), "{bad}");
        assert!(!error.to_string().contains("CANARY"));
    }
    for path in ["", "x", "/a b", "https://evil.example/"] {
        let call = server(Version::V1).call_request(path, &1, &token(), &channel(first()));
        assert_eq!(
            call.unwrap_err(),
            RequestError::from(UrlProblem::Path),
            "{path}"
        );
    }
    let unfit = Token::new("line\nbreak".to_owned().into(), None);
    let call = server(Version::V1).call_request("/x", &1, &unfit, &channel(first()));
    let problem = FieldProblem::NotAHeaderValue;
    assert_eq!(call.unwrap_err(), RequestError::field("token", problem));
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
                .get_token_request(&request(), &channel(first()))
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
