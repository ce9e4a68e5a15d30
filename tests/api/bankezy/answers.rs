//! Answers: every documented form, refusals, and everything else.

use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::bankezy::{
    Call, Outcome, ResultCode, meaning, read, read_invalidated, read_token,
};
use bankezy_crypto::providers::{CallError, UnexpectedReply};
use bankezy_crypto::{Advice, Channel, Error, ErrorCategory};
use serde_json::{Value, json};

use super::{answer, channel, first, read_one, sealed};
use crate::common::{cipher, shown};

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
        // Digits, with more letters or more digits than a documented code has.
        (json!("CANARY12"), Value::Null, "code another code"),
        (json!("TOK12345"), Value::Null, "code another code"),
    ] {
        let error = read_one(&body(outer, inner)).unwrap_err();
        assert!(error.to_string().ends_with(told), "{error}");
        assert_eq!(
            (error.code(), error.category()),
            ("reply.failed", ErrorCategory::Provider)
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
    for (body, expected) in [
        (
            "{\"resCode\":200,\"token\":\"t\"}",
            UnexpectedReply::NotSealed,
        ),
        ("", UnexpectedReply::Empty),
        (" \n", UnexpectedReply::Empty),
        ("\n<!DOCTYPE html>", UnexpectedReply::WebPage),
        ("a.b.c", UnexpectedReply::NotSealed),
    ] {
        let error = read_token(Call::GetToken, &answer(200, body), &channel(first())).unwrap_err();
        let CallError::Unexpected { problem, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(problem, expected, "{body}");
    }
    for coding in ["gzip", "br"] {
        let mut coded = answer(200, "\u{1f}");
        let coding = coding.parse().unwrap();
        coded.headers_mut().insert("content-encoding", coding);
        let error = read_token(Call::GetToken, &coded, &channel(first())).unwrap_err();
        assert_eq!(error.code(), "reply.content_encoding");
    }
    let redirect = read_token(Call::GetToken, &answer(302, ""), &channel(first())).unwrap_err();
    assert!(matches!(
        redirect,
        CallError::Unexpected {
            problem: UnexpectedReply::Redirect,
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
    for (status, retryable) in [(429, true), (503, true), (500, false), (401, false)] {
        let mut refused = answer(status, "");
        for (retry_after, retryable) in [(None, false), (Some("60"), retryable)] {
            if let Some(seconds) = retry_after {
                let headers = refused.headers_mut();
                headers.insert("retry-after", seconds.parse().unwrap());
            }
            let error = read_token(Call::GetToken, &refused, &channel(first())).unwrap_err();
            assert_eq!(error.is_retryable(), retryable, "{status} {retry_after:?}");
        }
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

/// Nothing authenticates a status: a proxy may have changed that of a success.
#[test]
fn a_status_alone_does_not_turn_a_sealed_answer_into_a_failure() {
    let success = |code: Value| json!({"resCode": code, "token": "t"});
    for body in [
        success(json!(200)),
        success(json!("TOK200")),
        success(json!("ONB200")),
        success(json!(100)),
        json!({"resCode": 200, "data": {"resCode": 0}}),
        json!({"paid": "12.50"}),
    ] {
        for status in [400, 401, 500, 503] {
            let answer = sealed(status, &body);
            let as_token = read_token(Call::GetToken, &answer, &channel(first())).unwrap_err();
            let as_any = read::<Value, _>(&answer, &channel(first())).unwrap_err();
            for error in [as_token, as_any] {
                assert_eq!(error.advice(), Advice::AskByReference, "{status} {body}");
                assert!(!error.to_string().contains("says that the call failed"));
            }
        }
    }
    for body in [
        json!({"resCode": "TOK003"}),
        json!({"resCode": 200, "data": {"resCode": 301}}),
    ] {
        let error = read::<Value, _>(&sealed(500, &body), &channel(first())).unwrap_err();
        assert_eq!(error.advice(), Advice::ReadOutcome, "{body}");
    }
    let blocked = sealed(200, &json!({"resCode": 200, "data": {"resCode": 301}}));
    let error = read_token(Call::GetToken, &blocked, &channel(first())).unwrap_err();
    assert_eq!(error.advice(), Advice::ReadOutcome);
}

/// As Java's Gson writes the numbers of a map, and PHP large ones.
#[test]
fn numbers_of_one_value_are_one_number() {
    let text = r#"{"resCode":200.0,"data":{"resCode":1E2,"token":"t","expiry":1.7e12,
        "loginId":7.0,"accountNumber":1.234567890123456e15}}"#;
    let sealed = answer(200, cipher(first()).seal(text.as_bytes()).unwrap());
    let answer = read_token(Call::GetToken, &sealed, &channel(first())).unwrap();
    let codes = [answer.outcome.code, answer.outcome.inner_code];
    assert_eq!(
        codes,
        ["200", "100"].map(|code| Some(ResultCode::new(code)))
    );
    let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    assert_eq!(answer.token.expires_at(), Some(expiry));
    assert_eq!(answer.login_id.as_deref(), Some("7"));
    assert_eq!(answer.account_number.as_deref(), Some("1234567890123456"));
}

/// Two accounts must not become one.
#[test]
fn an_identifier_that_does_not_fit_is_none() {
    for number in [
        "1.23e20",
        "123456789012345678901.0",
        "18446744073709551615.0",
    ] {
        let text = format!(r#"{{"token":"t","accountNumber":{number},"referenceId":{number}}}"#);
        let sealed = answer(200, cipher(first()).seal(text.as_bytes()).unwrap());
        let answer = read_token(Call::GetToken, &sealed, &channel(first())).unwrap();
        assert_eq!((answer.account_number, answer.reference_id), (None, None));
    }
    let digits = "123456789012345678901";
    let text = format!(r#"{{"token":"t","accountNumber":{digits}}}"#);
    let sealed = answer(200, cipher(first()).seal(text.as_bytes()).unwrap());
    let answer = read_token(Call::GetToken, &sealed, &channel(first())).unwrap();
    assert_eq!(answer.account_number.as_deref(), Some(digits));
}

#[test]
fn an_expiry_beyond_the_last_date_is_none() {
    for never in [
        "253402300800000",
        "9223372036854775807",
        "18446744073709551616",
        "1e40",
    ] {
        let body: Value =
            serde_json::from_str(&format!(r#"{{"token":"t","expiryAt":"{never}"}}"#)).unwrap();
        assert_eq!(read_one(&body).unwrap().token.expires_at(), None, "{never}");
    }
    let last = SystemTime::UNIX_EPOCH + Duration::from_millis(253_402_300_799_999);
    let body = json!({"token": "t", "expiryAt": 253_402_300_799_999_u64});
    assert_eq!(read_one(&body).unwrap().token.expires_at(), Some(last));
}

#[test]
fn an_invalid_member_that_is_not_needed_does_not_lose_the_token() {
    for member in [
        "referenceId",
        "tokenReferenceId",
        "loginId",
        "accountNumber",
        "resDesc",
    ] {
        for value in [json!({}), json!([1]), json!(true), json!(1.5), json!(null)] {
            let answer = read_one(&json!({"token": "t", member: value})).unwrap();
            assert_eq!(answer.token.as_str(), "t", "{member}: {value}");
            assert_eq!(answer.reference_id, None);
        }
    }
    let answer = read_one(&json!({"token": "t", "referenceId": 12})).unwrap();
    assert_eq!(answer.reference_id.as_deref(), Some("12"));
}

#[test]
fn the_codes_of_the_answer_to_any_call_can_be_read() {
    let refused = json!({"resCode": 200, "data": {"resCode": 301}});
    let reply = sealed(200, &refused);
    // The meaning of codes differs from service to service, so any answer that opens is returned.
    let read: Value = read(&reply, &channel(first())).unwrap();
    let outcome = Outcome::of(&read);
    assert_eq!(outcome.codes(), [Some("200"), Some("301")]);
    assert!(outcome.states_failure());
    for (answer, codes) in [
        (
            json!({"resCode": 200.0, "data": {"resCode": "100"}}),
            [Some("200"), Some("100")],
        ),
        (json!({"data": {"resCode": 0}}), [None, Some("0")]),
        (
            json!({"resCode": "TOK200", "data": [1]}),
            [Some("TOK200"), None],
        ),
        (json!({"resCode": null}), [None, None]),
        (json!([{"resCode": 301}]), [None, None]),
        (json!(null), [None, None]),
    ] {
        let outcome = Outcome::of(&answer);
        assert_eq!(outcome.codes(), codes, "{answer}");
        assert!(!outcome.states_failure(), "{answer}");
    }
}

#[test]
fn an_expiry_that_is_no_time_does_not_lose_the_token() {
    let from_epoch =
        |milliseconds| Some(SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds));
    for (expiry, expected) in [
        (json!(-1), None),
        (json!("soon"), None),
        (json!(""), None),
        (json!(true), None),
        (json!({}), None),
        (json!(u64::MAX), None),
        (json!(1_688_892_488_123.75), from_epoch(1_688_892_488_123)),
        (json!("1688892488123.5"), from_epoch(1_688_892_488_123)),
        (json!(0.5), from_epoch(0)),
    ] {
        let answer = read_one(&json!({"token": "t", "expiry": expiry})).unwrap();
        assert_eq!(answer.token.as_str(), "t");
        assert_eq!(answer.token.expires_at(), expected, "{expiry}");
    }
    // Another member may tell.
    let answer = read_one(&json!({"token": "t", "expireAt": -1, "expiry": 5})).unwrap();
    assert_eq!(answer.token.expires_at(), from_epoch(5));
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
        // A key exchange depends on it.
        (
            json!({"token": "t", "serverPubKey": {"kty": "EC"}}),
            Invalid {
                member: "serverPubKey",
            },
        ),
    ] {
        match read_one(&body) {
            Err(CallError::Unexpected { problem, .. }) => assert_eq!(problem, expected, "{body}"),
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
fn text_in_clear_is_kept_for_callers_and_not_shown_by_errors() {
    let clear = |status: u16, kind: &str, body: &str| {
        let mut reply = answer(status, body);
        reply
            .headers_mut()
            .insert("content-type", kind.parse().unwrap());
        read::<Value, _>(&reply, &channel(first())).unwrap_err()
    };
    let failed = r#"{"resCode":"TOK003","resDesc":"CANARY"}"#;
    for (status, kind, body, code) in [
        (200, "text/html", "<p>CANARY</p>", "reply.web_page"),
        (200, "application/json", failed, "reply.failure_in_clear"),
        (
            200,
            "application/json",
            r#"{"token":"CANARY"}"#,
            "reply.not_sealed",
        ),
        (302, "text/html", "CANARY", "reply.redirect"),
        (304, "text/plain", "CANARY", "reply.status"),
        (500, "text/html", "CANARY", "reply.plain"),
    ] {
        let error = clear(status, kind, body);
        assert_eq!(error.code(), code);
        let received = error.unauthenticated().unwrap();
        assert_eq!(received.unauthenticated_text(), body);
        assert_eq!(received.content_type(), Some(kind));
        assert!(!format!("{error} {error:?} {error:#?}").contains("CANARY"));
    }
    let long = clear(200, &"t".repeat(257), &"<".repeat(5000));
    let long = long.unauthenticated().unwrap();
    assert_eq!(long.unauthenticated_text().len(), 4096);
    assert_eq!(long.content_type(), None);
    // What opened is not in clear.
    let error = read_one(&json!({"resCode": 200})).unwrap_err();
    assert!(error.unauthenticated().is_none());
}
