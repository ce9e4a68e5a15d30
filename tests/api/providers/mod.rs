//! Faceki, ComplyCube and Sardine as pure functions, and what all four providers have in common: the requests, every
//! documented form of the answers, and everything else that may arrive.

mod bankezy;
mod complycube;
mod faceki;
mod keys;
mod sardine;
mod sealed_storage;

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use bankezy_crypto::ErrorCategory;
use bankezy_crypto::providers::{
    CallError, FieldProblem, Refusal, RequestError, TokenApi, UnexpectedReply,
};
use http::Response;

/// In every input that is not to be shown.
const CANARY: &str = "CANARY";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn later(seconds: u64) -> Option<SystemTime> {
    Some(now() + Duration::from_secs(seconds))
}

fn answer(status: u16, body: impl AsRef<[u8]>) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .body(body.as_ref().to_vec())
        .unwrap()
}

/// What a type prints of itself, which never holds a canary.
fn shown(value: &impl Debug) -> String {
    let shown = format!("{value:?} {value:#?}");
    assert!(!shown.to_uppercase().contains(CANARY), "{shown}");
    shown
}

/// An answer that is refused, which shows nothing of what came in.
fn refused<A: TokenApi<Answer: Debug>>(
    api: &A,
    request: &A::Request,
    response: &Response<Vec<u8>>,
) -> CallError {
    let error = api.response(request, response, now()).unwrap_err();
    shown(&error);
    let told = error.to_string();
    assert!(!told.to_uppercase().contains(CANARY), "{told}");
    assert_eq!(error.category(), ErrorCategory::Provider);
    error
}

/// A refusal in the form that the provider documents, with its whole text beside it.
fn documented_refusal<A: TokenApi<Answer: Debug>>(
    api: &A,
    request: &A::Request,
    status: u16,
    body: &str,
) -> Refusal {
    let error = refused(api, request, &answer(status, body));
    assert_eq!(error.code(), "reply.refused", "{body}");
    assert_eq!(error.status().unwrap().as_u16(), status);
    match error {
        CallError::Refused { plain, refusal, .. } => {
            assert_eq!(plain.unauthenticated_text(), body);
            refusal
        }
        error => panic!("{error:?}"),
    }
}

fn unexpected<A: TokenApi<Answer: Debug>>(
    api: &A,
    request: &A::Request,
    status: u16,
    body: impl AsRef<[u8]>,
) -> UnexpectedReply {
    let error = refused(api, request, &answer(status, &body));
    assert_eq!(error.status().unwrap().as_u16(), status);
    match error {
        CallError::Unexpected { problem, .. } => problem,
        error => panic!("{error:?}"),
    }
}

/// A field that is refused, by an error that does not show its value.
fn refused_field<T: Debug>(result: Result<T, RequestError>) -> (&'static str, FieldProblem) {
    let error = result.unwrap_err();
    shown(&error);
    let told = error.to_string();
    assert!(!told.contains(CANARY), "{told}");
    match error {
        RequestError::Field { name, problem, .. } => (name, problem),
        error => panic!("{error:?}"),
    }
}

/// What no provider's answer may be, with status 200.
fn refuses_what_is_no_json<A: TokenApi<Answer: Debug>>(
    api: &A,
    request: &A::Request,
    documented: &str,
) {
    let html = "<!DOCTYPE html><title>CANARY proxy: sign in</title>";
    for (body, expected) in [
        (html, UnexpectedReply::WebPage),
        ("", UnexpectedReply::Empty),
        (" ", UnexpectedReply::Empty),
        ("null", UnexpectedReply::NotJson),
        ("[]", UnexpectedReply::NotJson),
        ("\"CANARY\"", UnexpectedReply::NotJson),
        ("5", UnexpectedReply::NotJson),
        ("CANARY", UnexpectedReply::NotJson),
    ] {
        let problem = unexpected(api, request, 200, body);
        assert_eq!(problem, expected, "{body}");
    }
    for cut in 1..documented.len() {
        let problem = unexpected(api, request, 200, &documented[..cut]);
        assert_eq!(problem, UnexpectedReply::NotJson, "cut at {cut}");
    }
    let twice = documented.replacen('{', r#"{"twice":1,"twice":2,"#, 1);
    for body in [
        twice.as_bytes(),
        &[b"\xef\xbb\xbf", documented.as_bytes()].concat(),
        &[documented.as_bytes(), b"x"].concat(),
        &[b"{\"\xff\":1,", &documented.as_bytes()[1..]].concat(),
        "[".repeat(100_000).as_bytes(),
        "{\"a\":".repeat(100_000).as_bytes(),
    ] {
        let problem = unexpected(api, request, 200, body);
        assert_eq!(problem, UnexpectedReply::NotJson);
    }
    for status in [100, 300, 304] {
        let problem = unexpected(api, request, status, documented);
        assert_eq!(problem, UnexpectedReply::Status, "{status}");
    }
    for status in [301, 302, 303, 307, 308] {
        let problem = unexpected(api, request, status, documented);
        assert_eq!(problem, UnexpectedReply::Redirect, "{status}");
    }
    let mut coded = answer(200, b"\x1f\x8b");
    let gzip = "gzip".parse().unwrap();
    coded.headers_mut().insert("content-encoding", gzip);
    let error = refused(api, request, &coded);
    assert_eq!(error.code(), "reply.content_encoding");
    // The type in the header decides nothing.
    let mut named = answer(200, html);
    let json = "application/json".parse().unwrap();
    named.headers_mut().insert("content-type", json);
    assert!(matches!(
        refused(api, request, &named),
        CallError::Unexpected { .. }
    ));
    let mut named = answer(200, documented);
    named
        .headers_mut()
        .insert("content-type", "text/html".parse().unwrap());
    api.response(request, &named, now()).unwrap();
}

/// Refusals that are in no documented form keep their status and text.
fn keeps_other_refusals_plain<A: TokenApi<Answer: Debug>>(api: &A, request: &A::Request) {
    for status in [400, 401, 402, 403, 404, 429, 500, 502, 503] {
        for body in [
            "<html>CANARY</html>",
            "",
            "{}",
            "[\"CANARY\"]",
            r#"{"error":"CANARY"}"#,
            "{\"type\":\"CANARY",
        ] {
            let mut response = answer(status, body);
            response
                .headers_mut()
                .insert("retry-after", "60".parse().unwrap());
            let error = refused(api, request, &response);
            assert_eq!(error.code(), "reply.plain", "{body}");
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
            let CallError::Plain(plain) = error else {
                panic!("{error:?}");
            };
            assert_eq!(plain.unauthenticated_text(), body);
        }
    }
}

/// `expires_in` in the forms that are read, and those that are refused.
fn reads_each_form_of_expires_in<A: TokenApi<Answer: Debug>>(
    api: &A,
    request: &A::Request,
    documented: &str,
) {
    let body = |expires_in: &str| {
        assert!(documented.contains("\"expires_in\":3600"));
        documented.replace(
            "\"expires_in\":3600",
            &format!("\"expires_in\":{expires_in}"),
        )
    };
    let since = now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let last = 253_402_300_799 - since.as_secs();
    for (expires_in, expected) in [
        ("3600", later(3600)),
        ("\"3600\"", later(3600)),
        ("0", later(0)),
        ("null", None),
        ("4294967296", later(4_294_967_296)),
        // The same number as other writers have it.
        ("3600.0", later(3600)),
        ("3.6e3", later(3600)),
        // Rounded down.
        ("3599.5", later(3599)),
        ("\"3599.5\"", later(3599)),
        ("1e-99999999999999999999", later(0)),
        ("1e99999999999999999999", None),
        // The last second of the year 9999, by a clock that says `now`, and what says "never".
        (&last.to_string(), later(last)),
        (&(last + 1).to_string(), None),
        ("18446744073709551615", None),
        ("18446744073709551616", None),
        ("1e30", None),
    ] {
        let token = api.response(request, &answer(200, body(expires_in)), now());
        assert_eq!(
            token.unwrap().as_ref().expires_at(),
            expected,
            "{expires_in}"
        );
    }
    let absent = documented.replace("\"expires_in\"", "\"expires\"");
    let token = api.response(request, &answer(200, absent), now()).unwrap();
    assert_eq!(token.as_ref().expires_at(), None);
    // What is not a time, such as -1 for "never", does not lose the token.
    for expires_in in [
        "-1", "-0.5", "\"-1\"", "\"soon\"", "\"\"", "true", "[]", "{}",
    ] {
        let token = api.response(request, &answer(200, body(expires_in)), now());
        assert_eq!(token.unwrap().as_ref().expires_at(), None, "{expires_in}");
    }
}
