//! Routes of the user's own, from Rust and from a file.

use std::time::{Duration, Instant};

use bankezy_sandbox::{CustomRoute, RouteKey, Sandbox, SandboxError};
use http::{Method, StatusCode};
use serde_json::json;

use crate::api::*;
use crate::http::{request, send};
use crate::partner::*;

const FILE: &str = r#"
[[route]]
path = "/wallet/balance"
answer = '{"for":"{{request.account}}","id":"{{uuid}}"}'

[[route]]
method = "PUT"
path = "/wallet/balance"
key = "static"
status = 202
answer = { sum = "{{request.a}} {{request.b}}", list = [1, true] }

[[route]]
method = "GET"
path = "/status"
key = "clear"
delay_ms = 300
answer = { at = "{{now}}", sent = "{{request}}" }
"#;

#[tokio::test]
async fn routes_of_a_file_answer_by_their_templates() {
    let builder = with_console()
        .path_prefix("/kong")
        .routes_toml(FILE)
        .unwrap();
    let sandbox = builder.start().await.unwrap();
    let (address, credentials) = (sandbox.address(), sandbox.credentials());
    let channel = static_channel(&sandbox);
    let headers = [
        ("X-API-KEY", credentials.api_key()),
        ("Content-Type", "text/plain"),
    ];

    let sealed = channel.seal(r#"{"a":1}"#);
    let put = request("PUT", "/kong/wallet/balance", &headers, sealed.as_bytes());
    let answer = send(address, &put).await.unwrap();
    assert_eq!(answer.status, 202);
    let opened = channel.try_open(&answer.body).unwrap();
    assert_eq!(
        opened.json::<serde_json::Value>().unwrap(),
        json!({ "sum": "1 ", "list": [1, true] })
    );
    let logged = sandbox.exchanges(0).pop().unwrap();
    assert!(
        logged.notes[0].contains("the request has no b"),
        "{:?}",
        logged.notes
    );
    // The same path by POST is another route: under the key of a session.
    let own = key_pair(Kind::P256);
    let body = token_body(&sandbox, &own);
    let get_token = format!("/kong{}", GET_TOKEN[0]);
    let issued = call(&sandbox, &channel, &get_token, &[], &body).await;
    let agreed = exchanged(&sandbox, own, issued["serverPubKey"].as_str().unwrap());
    let token = issued["token"].as_str().unwrap();
    let with_token = [headers[0], headers[1], ("X-API-TOKEN", token)];
    let sealed = agreed.seal(r#"{"account":{"number":17}}"#);
    let post = request(
        "POST",
        "/kong/wallet/balance",
        &with_token,
        sealed.as_bytes(),
    );
    let answer = agreed.open(&send(address, &post).await.unwrap());
    assert_eq!(answer["for"], json!({ "number": 17 }));
    assert_eq!(answer["id"].as_str().unwrap().len(), 36);
    // Without a token there is no session.
    let post = request("POST", "/kong/wallet/balance", &headers, sealed.as_bytes());
    assert_eq!(send(address, &post).await.unwrap().status, 401);
    let wrong = request("DELETE", "/kong/wallet/balance", &headers, b"");
    let answer = send(address, &wrong).await.unwrap();
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("POST, PUT"))
    );

    let started = Instant::now();
    let answer = send(address, &request("GET", "/kong/status", &[], b""))
        .await
        .unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(json["at"].as_str().unwrap().ends_with('Z') && json["sent"].is_null());
    assert_eq!(
        send(address, &request("GET", "/status", &[], b""))
            .await
            .unwrap()
            .status,
        404
    );

    // Faults know the routes too.
    done(
        &sandbox,
        "faults",
        json!({ "fault": "503", "path": "/status" }),
    )
    .await;
    assert_eq!(
        send(address, &request("GET", "/kong/status", &[], b""))
            .await
            .unwrap()
            .status,
        503
    );
    let (_, code, _) = refused(
        &sandbox,
        "POST",
        "faults",
        Some(json!({ "fault": "clear-200", "path": "/status" })),
    )
    .await;
    assert_eq!(code, "sealed-only");
}

#[test]
fn a_file_of_routes_is_refused_with_the_line_that_is_wrong() {
    let route = |more: &str| format!("[[route]]\npath = \"/a\"\nanswer = {{}}\n{more}\n");
    for (file, line, problem) in [
        ("[[routes]]".to_owned(), 1, "routes"),
        ("x".to_owned(), 1, ""),
        ("\n\n[[route]]\npath = \"/a\"\n".to_owned(), 3, "answer"),
        (route("pth = 1"), 4, "pth"),
        (route("method = \"FETCH\""), 4, "FETCH"),
        (route("method = \"HEAD\""), 4, "HEAD"),
        (route("status = 99"), 4, "99"),
        (route("status = 204"), 4, "204"),
        (route("status = \"ok\""), 4, "expected a whole number"),
        (route("delay_ms = 60001"), 4, "60001"),
        (route("delay_ms = -1"), 4, ""),
        (route("key = \"none\""), 4, "none"),
        (route("") + &route(""), 6, "duplicate"),
        (
            "[[route]]\nanswer = {}\npath = \"a\"\n".to_owned(),
            3,
            "invalid path",
        ),
        (
            "[[route]]\nanswer = {}\npath = \"/a?b\"\n".to_owned(),
            3,
            "invalid path",
        ),
        (
            "[[route]]\nanswer = {}\npath = \"/sandbox/echo\"\n".to_owned(),
            3,
            "built into",
        ),
        (
            "[[route]]\nanswer = {}\npath = \"/_sandbox/x\"\n".to_owned(),
            3,
            "console",
        ),
        (
            "[[route]]\npath = \"/a\"\nanswer = '{'\n".to_owned(),
            3,
            "not JSON",
        ),
        (
            "[[route]]\npath = \"/a\"\nanswer = { a = 2026-01-01 }\n".to_owned(),
            3,
            "dates",
        ),
        (
            "[[route]]\npath = \"/a\"\nanswer = { a = \"{{time}}\" }\n".to_owned(),
            3,
            "time",
        ),
    ] {
        let error = Sandbox::builder().routes_toml(&file).unwrap_err();
        let SandboxError::Routes {
            line: found,
            problem: text,
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*found, line, "{file}: {error}");
        assert!(text.contains(problem), "{file}: {error}");
        assert!(!text.contains('\n'));
    }
    assert!(Sandbox::builder().routes_toml("").is_ok());
}

#[tokio::test]
async fn a_route_in_rust_has_a_method_a_status_and_a_key() {
    let route = CustomRoute::new("/payments", |request| json!({ "paid": request["amount"] }));
    let route = route
        .method(Method::PATCH)
        .status(StatusCode::CREATED)
        .key(RouteKey::Clear);
    let sandbox = Sandbox::builder().route(route).start().await.unwrap();
    let patch = |body: &str| request("PATCH", "/payments", &[], body.as_bytes());
    let answer = send(sandbox.address(), &patch(r#"{"amount":5}"#))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.text()), (201, r#"{"paid":5}"#));
    assert_eq!(
        send(sandbox.address(), &patch("x")).await.unwrap().status,
        400
    );
    assert_eq!(sandbox.executed().total(), 1);
}
