//! The console: who may use it, and what it refuses.

use bankezy_sandbox::Sandbox;
use serde_json::json;

use crate::api::*;
use crate::http::{request, send};
use crate::partner::*;

#[tokio::test]
async fn a_foreign_page_gets_nothing() {
    let sandbox = console().await;
    let port = sandbox.address().port();
    let bearer = format!("Bearer {}", token(&sandbox));
    let own = ("Authorization", bearer.as_str());
    for path in [
        "/_sandbox/",
        "/_sandbox/console.js",
        "/_sandbox/exchanges",
        "/_sandbox/nowhere",
    ] {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            "localhost".to_owned(),
        ] {
            let answer = raw(&sandbox, "GET", path, &[own, ("Host", &host)], "").await;
            assert_eq!(answer.status, 403, "{path} {host}");
            assert!(answer.text().contains("foreign-host"), "{path} {host}");
        }
        let origin = format!("http://evil.example:{port}");
        let answer = raw(&sandbox, "GET", path, &[own, ("Origin", &origin)], "").await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("foreign-origin"), "{path}");
    }
    let origin = format!("http://localhost:{port}");
    let answer = raw(
        &sandbox,
        "GET",
        "/_sandbox/clock",
        &[own, ("Origin", &origin)],
        "",
    )
    .await;
    assert_eq!(answer.status, 200);
    // The emulated paths have no such check: apps call them by whatever name leads here.
    let answer = send(
        sandbox.address(),
        &request("GET", "/nowhere", &[("Origin", "http://evil.example")], b""),
    )
    .await;
    assert_eq!(answer.unwrap().status, 404);
}

#[tokio::test]
async fn the_token_is_needed_and_no_header_opens_it_to_others() {
    let sandbox = console().await;
    let preflight = [
        ("Origin", "http://evil.example"),
        ("Access-Control-Request-Method", "GET"),
    ];
    assert_eq!(
        raw(&sandbox, "OPTIONS", "/_sandbox/clock", &preflight, "")
            .await
            .status,
        403
    );
    for headers in [
        &[][..],
        &[("Authorization", "Bearer")],
        &[("Authorization", "Bearer 0")],
    ] {
        for path in [
            "/_sandbox/exchanges",
            "/_sandbox/exchanges/stream",
            "/_sandbox/credentials",
            "/_sandbox/nowhere",
        ] {
            let answer = raw(&sandbox, "GET", path, headers, "").await;
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.text().contains(r#""code":"unauthorized""#));
        }
    }
    let bearer = format!("Bearer {}", token(&sandbox));
    for (path, status) in [
        ("/_sandbox/", 200),
        ("/_sandbox/console.js", 200),
        ("/_sandbox", 308),
        ("/_sandbox/clock", 200),
        ("/_sandbox/x", 404),
    ] {
        let answer = raw(&sandbox, "GET", path, &[("Authorization", &bearer)], "").await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"));
    }
    let shown = sandbox.console_url().unwrap();
    assert!(
        shown
            .as_str()
            .ends_with(&format!("/_sandbox/#token={}", token(&sandbox)))
    );
    assert!(!format!("{sandbox:?}").contains(&token(&sandbox)));
}

#[tokio::test]
async fn the_console_is_off_unless_it_is_asked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for path in ["/_sandbox", "/_sandbox/", "/_sandbox/exchanges"] {
        assert_eq!(raw(&sandbox, "GET", path, &[], "").await.status, 404);
    }
    assert!(sandbox.console_url().is_none());
    // At the root also with a prefix, and without a log.
    let prefixed = Sandbox::builder()
        .console(true)
        .path_prefix("/kong")
        .console_host("Emulator.test");
    let sandbox = prefixed.start().await.unwrap();
    get(&sandbox, "clock").await;
    let port = sandbox.address().port();
    let host = format!("emulator.test:{port}");
    assert_eq!(
        raw(&sandbox, "GET", "/_sandbox/", &[("Host", &host)], "")
            .await
            .status,
        200
    );
    assert_eq!(
        refused(&sandbox, "GET", "exchanges", None).await.1,
        "log-off"
    );
    assert!(
        Sandbox::builder()
            .console_host("http://x")
            .start()
            .await
            .is_err()
    );
    assert!(
        Sandbox::builder()
            .callback_host("x:1")
            .start()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused_with_what_is() {
    let sandbox = console().await;
    for (method, path, body, status, code) in [
        (
            "POST",
            "faults",
            json!({ "fault": "delai" }),
            400,
            "unknown-fault",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "delay", "path": "/nope" }),
            400,
            "unknown-path",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "delay", "call": "nope" }),
            400,
            "unknown-call",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "delay", "times": 2 }),
            400,
            "unknown-member",
        ),
        (
            "PUT",
            "clock",
            json!({ "time": "x" }),
            400,
            "unknown-member",
        ),
        (
            "POST",
            "seal",
            json!({ "key": "session 9", "body": 1 }),
            400,
            "no-such-key",
        ),
        (
            "POST",
            "reset",
            json!({ "all": true }),
            400,
            "unknown-member",
        ),
    ] {
        let (found, error, known) = refused(&sandbox, method, path, Some(body)).await;
        assert_eq!((found, error.as_str()), (status, code), "{path}");
        assert!(known.is_array(), "{path} {code}");
    }
    for (method, path, body, status, code) in [
        ("POST", "faults", json!([]), 400, "not-json"),
        ("POST", "faults", json!({}), 400, "missing-member"),
        (
            "POST",
            "faults",
            json!({ "fault": 401 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "401", "bytes": 1 }),
            400,
            "foreign-member",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "401", "count": 0 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "401", "count": 1.5 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "401", "probability": 0 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "401", "probability": 1.1 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "delay", "delayMs": 60_001 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "wrong-key", "call": "faceki" }),
            400,
            "sealed-only",
        ),
        (
            "POST",
            "faults",
            json!({ "fault": "401", "call": "echo", "path": ECHO }),
            400,
            "path-and-call",
        ),
        (
            "POST",
            "clock/advance",
            json!({ "seconds": -1 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "clock/advance",
            json!({ "seconds": 1e12 }),
            400,
            "clock-range",
        ),
        (
            "PUT",
            "clock",
            json!({ "now": "tomorrow" }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "seal",
            json!({ "key": "static" }),
            400,
            "missing-member",
        ),
        (
            "POST",
            "seal",
            json!({ "key": "static", "body": 1, "text": "" }),
            400,
            "body-and-text",
        ),
        ("POST", "open", json!({ "sealed": "x" }), 400, "not-sealed"),
        (
            "POST",
            "inspect",
            json!({ "text": "x" }),
            400,
            "not-inspected",
        ),
        (
            "POST",
            "diagnose",
            json!({ "text": "x" }),
            400,
            "not-diagnosed",
        ),
        ("POST", "tokens/1/expire", json!({}), 404, "no-such-token"),
        (
            "POST",
            "sessions/1/invalidate",
            json!({}),
            404,
            "no-such-session",
        ),
        ("PATCH", "clock", json!({}), 405, "method"),
        (
            "POST",
            "callbacks",
            json!({ "url": "https://127.0.0.1/", "key": "static", "body": 1 }),
            400,
            "invalid-value",
        ),
        (
            "POST",
            "callbacks",
            json!({ "url": "http://example.com/", "key": "static", "body": 1 }),
            403,
            "foreign-callback-host",
        ),
        (
            "POST",
            "callbacks",
            json!({ "url": "http://127.0.0.1.example.com/", "key": "static", "body": 1 }),
            403,
            "foreign-callback-host",
        ),
    ] {
        let (found, error, _) = refused(&sandbox, method, path, Some(body)).await;
        assert_eq!((found, error.as_str()), (status, code), "{method} {path}");
    }
    for (method, path, status, code) in [
        ("GET", "exchanges?from_number=1", 400, "unknown-parameter"),
        ("GET", "exchanges?since=x", 400, "invalid-value"),
        ("GET", "exchanges?since=1&since=2", 400, "invalid-value"),
        ("GET", "exchanges?limit=0", 400, "invalid-value"),
        ("GET", "exchanges?limit=1001", 400, "invalid-value"),
        ("GET", "exchanges?since=1&before=2", 400, "since-and-before"),
        ("GET", "exchanges/1", 404, "no-such-exchange"),
        ("GET", "exchanges/x", 404, "no-such-exchange"),
        ("GET", "clock?x=1", 400, "unknown-parameter"),
        ("DELETE", "faults/1", 404, "no-such-fault"),
        ("GET", "nowhere", 404, "no-such-path"),
        ("PUT", "clock", 415, "content-type"),
    ] {
        let (found, error, _) = refused(&sandbox, method, path, None).await;
        assert_eq!((found, error.as_str()), (status, code), "{method} {path}");
    }
    let bearer = format!("Bearer {}", token(&sandbox));
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
    ];
    let twice = r#"{"fault":"401","fault":"503"}"#;
    let answer = raw(&sandbox, "POST", "/_sandbox/faults", &headers, twice).await;
    assert!(answer.text().contains("duplicate-member"));
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(1024 * 1024));
    let answer = raw(&sandbox, "POST", "/_sandbox/inspect", &headers, &long).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        get(&sandbox, "faults").await["set"],
        json!([]),
        "nothing was set"
    );
}
