//! The console: who may use it, and each entry of its API.

use std::time::Duration;

use bankezy_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

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
    // The emulated paths have no such names: apps call them by whatever leads here.
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

#[tokio::test]
async fn a_fault_is_set_met_and_cleared() {
    let sandbox = console().await;
    let channel = static_channel(&sandbox);
    let session = session(&sandbox, Kind::P256).await;
    let set = done(
        &sandbox,
        "faults",
        json!({ "fault": "503", "call": "echo", "count": 2, "retryAfter": 7, "delayMs": 5 }),
    )
    .await;
    assert_eq!(
        set,
        json!({ "id": 1, "fault": "503", "call": "echo", "path": null, "count": 2, "retryAfter": 7, "delayMs": 5, "probability": 1.0 })
    );
    assert_eq!(get(&sandbox, "faults").await["set"], json!([set]));
    for expected in [Err(503), Err(503), Ok(())] {
        assert_eq!(echo(&sandbox, &session.token, &channel).await, expected);
    }
    let log = get(&sandbox, "exchanges").await;
    assert_eq!(log["exchanges"][1]["fault"], "503");
    let set = done(
        &sandbox,
        "faults",
        json!({ "fault": "401", "path": ECHO, "count": null }),
    )
    .await;
    for _ in 0..3 {
        assert_eq!(echo(&sandbox, &session.token, &channel).await, Err(401));
    }
    let id = set["id"].as_u64().unwrap();
    assert_eq!(
        api(&sandbox, "DELETE", &format!("faults/{id}"), None)
            .await
            .0,
        204
    );
    assert_eq!(echo(&sandbox, &session.token, &channel).await, Ok(()));
    // Each fault's example can be posted as it is.
    let known = get(&sandbox, "faults").await["known"].clone();
    for kind in known.as_array().unwrap() {
        done(&sandbox, "faults", kind["example"].clone()).await;
    }
    assert_eq!(api(&sandbox, "DELETE", "faults", None).await.0, 204);
    assert_eq!(sandbox.faults().pending(), 0);
    for _ in 0..1000 {
        sandbox
            .faults()
            .inject(bankezy_sandbox::InjectedFault::ServerError, 1);
    }
    let (status, code, _) =
        refused(&sandbox, "POST", "faults", Some(json!({ "fault": "401" }))).await;
    assert_eq!((status, code.as_str()), (409, "too-many-faults"));
}

#[tokio::test]
async fn the_clock_moves_and_tokens_with_it() {
    let sandbox = console().await;
    let channel = static_channel(&sandbox);
    let session = session(&sandbox, Kind::P256).await;
    let clock = done(&sandbox, "clock/advance", json!({ "seconds": 3600.5 })).await;
    assert_eq!(clock["aheadMs"], 3_600_500);
    assert_eq!(echo(&sandbox, &session.token, &channel).await, Err(401));
    let body = Some(json!({ "now": "2020-01-01T00:00:00Z" }));
    let (_, clock) = api(&sandbox, "PUT", "clock", body).await;
    assert!(
        clock["now"]
            .as_str()
            .unwrap()
            .starts_with("2020-01-01T00:00:0")
    );
    assert_eq!(
        echo(&sandbox, &session.token, &channel).await,
        Ok(()),
        "set back"
    );
}

#[tokio::test]
async fn tokens_and_sessions_are_listed_and_ended() {
    let sandbox = console().await;
    let channel = static_channel(&sandbox);
    let first = session(&sandbox, Kind::P256).await;
    let app = app_session(&sandbox, Kind::Rsa).await;
    let tokens = get(&sandbox, "tokens").await;
    assert_eq!(tokens["more"], false);
    let [newest, oldest] = [0, 1].map(|at| tokens["tokens"][at].clone());
    assert_eq!(
        (&newest["id"], &newest["call"]),
        (&json!(2), &json!("get-app-token"))
    );
    assert_eq!(
        (&oldest["referenceId"], &oldest["state"]),
        (&json!(first.reference), &json!("valid"))
    );
    let page = get(&sandbox, "tokens?limit=1").await;
    assert_eq!(
        (&page["tokens"], &page["more"]),
        (&json!([newest]), &json!(true))
    );
    let page = get(&sandbox, "tokens?before=2").await;
    assert_eq!(page["tokens"], json!([oldest]));
    let sessions = get(&sandbox, "sessions").await;
    let expected = json!({
        "id": 2, "referenceId": newest["referenceId"], "exchanged": "rsa", "derivation": null,
        "withStaticSecret": false, "tokens": [2],
    });
    assert_eq!(sessions["sessions"][0], expected);
    assert_eq!(sessions["sessions"][1]["derivation"], "concat-kdf");
    // Nothing of it is a token or a key.
    assert!(!tokens.to_string().contains(&first.token));

    let ended = done(&sandbox, "tokens/1/expire", json!({})).await;
    assert_eq!(ended["state"], "expired");
    assert_eq!(echo(&sandbox, &first.token, &channel).await, Err(401));
    let (status, code, _) = refused(&sandbox, "POST", "tokens/1/invalidate", None).await;
    assert_eq!((status, code.as_str()), (409, "already-ended"));
    assert_eq!(echo(&sandbox, &app.token, &app.channel).await, Ok(()));
    let ended = done(&sandbox, "sessions/2/invalidate", json!({})).await;
    assert_eq!(ended["tokens"][0]["state"], "invalidated");
    assert_eq!(echo(&sandbox, &app.token, &app.channel).await, Err(401));

    assert_eq!(api(&sandbox, "POST", "reset", None).await.0, 204);
    assert_eq!(get(&sandbox, "tokens").await["tokens"], json!([]));
    assert_eq!(get(&sandbox, "exchanges").await["exchanges"], json!([]));
    assert_eq!(sandbox.executed().total(), 0);
    let credentials = get(&sandbox, "credentials").await;
    assert_eq!(
        credentials["bankezy"]["apiKey"],
        sandbox.credentials().api_key()
    );
    assert!(!credentials.to_string().contains(&token(&sandbox)));
}

#[tokio::test]
async fn texts_are_sealed_and_opened_under_each_key() {
    let sandbox = console().await;
    for (number, kind) in [Kind::P256, Kind::Rsa].into_iter().enumerate() {
        let session = session(&sandbox, kind).await;
        let name = format!("session {}", number + 1);
        let body = json!({ "amount": 9_007_199_254_740_993_u64 });
        let sealed = done(&sandbox, "seal", json!({ "key": name, "body": body })).await;
        assert_eq!(sealed["key"]["name"], name);
        let opened = session
            .channel
            .try_open(sealed["sealed"].as_str().unwrap().as_bytes());
        assert_eq!(opened.unwrap().as_bytes(), body.to_string().as_bytes());
        let sent = session.channel.seal("{\"a\":1}");
        for request in [
            json!({ "sealed": sent }),
            json!({ "sealed": format!("\"{sent}\"\n"), "key": name }),
        ] {
            let opened = done(&sandbox, "open", request).await;
            assert_eq!(
                (&opened["opened"], &opened["key"]["name"]),
                (&json!("{\"a\":1}"), &json!(name))
            );
            assert_eq!(opened["header"]["enc"], "A256GCM");
        }
    }
    let foreign = Sandbox::start().await.unwrap();
    let sealed = static_channel(&foreign).seal("{}");
    let (_, code, _) = refused(&sandbox, "POST", "open", Some(json!({ "sealed": sealed }))).await;
    assert_eq!(code, "no-key-opens");
    let report = done(&sandbox, "inspect", json!({ "text": sealed })).await;
    assert!(report["report"].as_str().unwrap().contains("A256GCM"));
    assert!(report["json"]["kind"].is_string());
    let secret = foreign.credentials().payload_secret().to_base64url();
    let body = json!({ "text": format!("body: {sealed}\n"), "secret": secret.as_str() });
    let found = done(&sandbox, "diagnose", body).await;
    assert_eq!(found["json"]["flags"], "--encoding base64url");
    // Without a secret, that of the emulator.
    let (_, json) = api(
        &sandbox,
        "POST",
        "diagnose",
        Some(json!({ "text": sealed })),
    )
    .await;
    assert_eq!(json["error"]["code"], "not-diagnosed");
    let everything = get(&sandbox, "exchanges").await.to_string();
    assert!(
        !everything.contains("diagnose") && !everything.contains("_sandbox"),
        "not logged"
    );
}

#[tokio::test]
async fn a_callback_is_sealed_sent_and_its_answer_opened() {
    let sandbox = console().await;
    let channel = static_channel(&sandbox);
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://localhost:{}/hook?x=1",
        hook.local_addr().unwrap().port()
    );
    let answer = channel.seal("{\"taken\":true}");
    let served = tokio::spawn(async move {
        let (mut stream, _) = hook.accept().await.unwrap();
        let mut sent = Vec::new();
        while !sent.ends_with(b"}") && !String::from_utf8_lossy(&sent).contains("\r\n\r\ney") {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.unwrap();
            sent.extend_from_slice(&part[..read]);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nLocation: /\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        String::from_utf8(sent).unwrap()
    });
    let body = json!({ "url": url, "key": "static", "body": { "paid": 5 }, "headers": { "X-Event": "paid" } });
    let answer = done(&sandbox, "callbacks", body).await;
    assert_eq!(
        (&answer["status"], &answer["opened"]),
        (&json!(200), &json!("{\"taken\":true}"))
    );
    let sent = served.await.unwrap();
    let (head, sealed) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("x-event: paid") && head.contains("content-type: text/plain"),
        "{head}"
    );
    let opened = channel.try_open(sealed.as_bytes()).unwrap();
    assert_eq!(opened.as_bytes(), b"{\"paid\":5}");

    let logged = get(&sandbox, "exchanges/1").await;
    assert_eq!(
        (&logged["call"], &logged["path"]),
        (&json!("callback"), &json!("/hook"))
    );
    assert_eq!(logged["request"]["opened"], "{\"paid\":5}");
    assert_eq!(logged["response"]["opened"], "{\"taken\":true}");

    // Nobody listens there any more.
    let body = json!({ "url": url, "key": "static", "text": "x" });
    let (status, code, _) = refused(&sandbox, "POST", "callbacks", Some(body)).await;
    assert_eq!((status, code.as_str()), (502, "callback-failed"));
    for name in ["Host", "Content-Length", "transfer-encoding", "a b"] {
        let body = json!({ "url": url, "key": "static", "text": "x", "headers": { name: "1" } });
        let (_, code, _) = refused(&sandbox, "POST", "callbacks", Some(body)).await;
        assert_eq!(code, "invalid-value", "{name}");
    }
}

/// Reads a stream until it holds this text.
async fn read_until(stream: &mut TcpStream, read: &mut String, text: &str) {
    let reading = async {
        while !read.contains(text) {
            let mut part = [0; 4096];
            let len = stream.read(&mut part).await.unwrap();
            assert!(len > 0, "the stream ended: {read}");
            read.push_str(&String::from_utf8_lossy(&part[..len]));
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), reading).await;
    assert!(waited.is_ok(), "{text} never came: {read}");
}

async fn follow(sandbox: &Sandbox, query: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let (port, token) = (sandbox.address().port(), token(sandbox));
    let head = format!(
        "GET /_sandbox/exchanges/stream{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Bearer {token}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_stream_tells_of_exchanges_gaps_and_a_reset() {
    let limits = bankezy_sandbox::LogLimits::new(3, usize::MAX);
    let sandbox = Sandbox::builder()
        .request_log(limits)
        .console(true)
        .start()
        .await
        .unwrap();
    let ping = async || drop(post(&sandbox, "/nowhere", &[], "x").await);
    for _ in 0..5 {
        ping().await;
    }
    let (mut stream, mut read) = (follow(&sandbox, "", "").await, String::new());
    read_until(&mut stream, &mut read, "id: 5").await;
    assert!(read.contains("content-type: text/event-stream"));
    assert!(
        read.contains("event: gap\ndata: {\"from\":1,\"to\":2}\n\n"),
        "{read}"
    );
    assert!(!read.contains("id: 2\n") && read.contains("id: 3\nevent: exchange\ndata: {"));
    ping().await;
    read_until(&mut stream, &mut read, "id: 6").await;
    assert_eq!(read.matches("event: gap").count(), 1);
    assert_eq!(api(&sandbox, "DELETE", "exchanges", None).await.0, 204);
    read_until(&mut stream, &mut read, "event: cleared").await;
    ping().await;
    read_until(&mut stream, &mut read, "id: 7").await;

    let mut read = String::new();
    let mut again = follow(&sandbox, "?since=1", "Last-Event-ID: 6\r\n").await;
    read_until(&mut again, &mut read, "id: 7").await;
    assert!(!read.contains("event: gap"), "{read}");
    let mut many = Vec::new();
    for _ in 0..14 {
        let mut stream = follow(&sandbox, "", "").await;
        read_until(&mut stream, &mut String::new(), ": connected").await;
        many.push(stream);
    }
    let (status, code, _) = refused(&sandbox, "GET", "exchanges/stream", None).await;
    assert_eq!((status, code.as_str()), (503, "too-many-streams"));
    // Streams do not hold up the end.
    tokio::time::timeout(Duration::from_secs(4), sandbox.shutdown())
        .await
        .unwrap();
}

#[tokio::test]
async fn hostile_bodies_are_shown_as_they_are_and_nothing_more() {
    let sandbox = console().await;
    let script = "<script>alert(1)</script>\u{202e}\u{0}";
    for body in [
        script.as_bytes().to_vec(),
        vec![0xff, 0xfe, b'"', b'\\'],
        vec![b'['; 100_000],
    ] {
        let sent = request(
            "POST",
            GET_TOKEN[0],
            &[("Content-Type", "text/plain"), ("X-API-KEY", "x")],
            &body,
        );
        assert_eq!(send(sandbox.address(), &sent).await.unwrap().status, 400);
    }
    let bearer = format!("Bearer {}", token(&sandbox));
    let answer = raw(
        &sandbox,
        "GET",
        "/_sandbox/exchanges/1",
        &[("Authorization", &bearer)],
        "",
    )
    .await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let logged: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(logged["request"]["text"], script);
    assert_eq!(
        get(&sandbox, "exchanges/2").await["request"]["text"],
        "\u{fffd}\u{fffd}\"\\"
    );
    let long = get(&sandbox, "exchanges/3").await;
    assert_eq!(
        (&long["request"]["truncated"], &long["request"]["bytes"]),
        (&json!(true), &json!(100_000))
    );
    assert_eq!(long["request"]["text"].as_str().unwrap().len(), 64 * 1024);
}
