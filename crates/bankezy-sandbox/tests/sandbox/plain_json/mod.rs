//! Faceki, ComplyCube and Sardine: what is documented, what is wrong, and injected faults.

mod providers;

use std::time::{Duration, Instant};

use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Answer, request, send, with_fault};

const FACEKI: &str = "/faceki/auth/api/access-token";
const COMPLYCUBE: &str = "/complycube/v1/tokens";
const SARDINE: &str = "/sardine/v1/identity-documents/tokens";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A request that would succeed, or one that is wrong in one place.
struct Call {
    endpoint: EmulatedEndpoint,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Call {
    async fn send(&self, sandbox: &Sandbox, fault: Option<&str>) -> Option<Answer> {
        let headers = with_fault(&self.headers, fault);
        let request = request(self.method, &self.path, &headers, self.body.as_bytes());
        send(sandbox.address(), &request).await
    }

    async fn answer(&self, sandbox: &Sandbox) -> (u16, Value) {
        let answer = self.send(sandbox, None).await.unwrap();
        let text = answer.text();
        let json = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        (answer.status, json)
    }
}

fn escaped(text: &str) -> String {
    text.replace('+', "%2B")
        .replace('/', "%2f")
        .replace('=', "%3D")
}

fn faceki(sandbox: &Sandbox) -> Call {
    let credentials = sandbox.credentials();
    let (id, secret) = (
        credentials.faceki_client_id(),
        escaped(credentials.faceki_client_secret()),
    );
    Call {
        endpoint: EmulatedEndpoint::FacekiToken,
        method: "GET",
        path: format!("{FACEKI}?clientId={id}&clientSecret={secret}"),
        headers: vec![],
        body: String::new(),
    }
}

fn faceki_by_headers(sandbox: &Sandbox) -> Call {
    let credentials = sandbox.credentials();
    Call {
        path: FACEKI.to_owned(),
        headers: vec![
            (
                "clientSecret",
                credentials.faceki_client_secret().to_owned(),
            ),
            ("clientid", credentials.faceki_client_id().to_owned()),
        ],
        ..faceki(sandbox)
    }
}

fn complycube(sandbox: &Sandbox, body: &Value) -> Call {
    let key = sandbox.credentials().complycube_api_key();
    Call {
        endpoint: EmulatedEndpoint::ComplyCubeToken,
        method: "POST",
        path: COMPLYCUBE.to_owned(),
        headers: vec![
            ("Authorization", key.to_owned()),
            (JSON.0, JSON.1.to_owned()),
        ],
        body: body.to_string(),
    }
}

fn web() -> Value {
    json!({"clientId": "5eb04fcd0f3e360008035eb1", "referrer": "https://www.example.com/*"})
}

fn sardine(sandbox: &Sandbox, body: &Value) -> Call {
    let credentials = sandbox.credentials();
    let (id, secret) = (
        credentials.sardine_client_id(),
        credentials.sardine_client_secret(),
    );
    Call {
        endpoint: EmulatedEndpoint::SardineToken,
        method: "POST",
        path: SARDINE.to_owned(),
        headers: vec![
            ("Authorization", basic(id, secret)),
            (JSON.0, JSON.1.to_owned()),
        ],
        body: body.to_string(),
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn incode() -> Value {
    json!({
        "sessionKey": "a".repeat(100),
        "customerId": "c-1",
        "platform": "android",
        "provider": "incode",
    })
}

fn all(sandbox: &Sandbox) -> [Call; 4] {
    [
        faceki(sandbox),
        faceki_by_headers(sandbox),
        complycube(sandbox, &web()),
        sardine(sandbox, &incode()),
    ]
}

/// The answer without what is random, which has to be text.
fn fixed(mut answer: Value, random: &[&str]) -> Value {
    for pointer in random {
        let place = answer.pointer_mut(pointer).unwrap();
        assert!(!place.as_str().unwrap().is_empty());
        *place = "".into();
    }
    answer
}

#[tokio::test]
async fn faults_meet_every_provider() {
    let sandbox = Sandbox::start().await.unwrap();
    for (fault, executes) in [
        ("401", 0),
        ("429=7", 0),
        ("500", 0),
        ("503=8", 0),
        ("html", 0),
        ("wrong-key", 0),
        ("clear-200", 0),
        ("drop-before", 0),
        ("delay=20", 1),
        ("cut-body", 1),
        ("huge-body=3000000", 1),
        ("drop-after", 1),
        ("after-401", 1),
        ("after-429=7", 1),
        ("after-503=8", 1),
    ] {
        for call in all(&sandbox) {
            let context = format!("{fault} on {:?}", call.endpoint);
            let before = sandbox.executed().of(call.endpoint);
            let started = Instant::now();
            let answer = call.send(&sandbox, Some(fault)).await;
            let executed = sandbox.executed().of(call.endpoint) - before;
            assert_eq!(executed, executes, "{context}");
            if fault.starts_with("drop") {
                assert!(answer.is_none(), "{context}");
                continue;
            }
            let answer = answer.expect(&context);
            assert_eq!(answer.complete, fault != "cut-body", "{context}");
            let retry_after = answer.header("retry-after");
            match fault {
                "429=7" | "after-429=7" => {
                    assert_eq!((answer.status, retry_after), (429, Some("7")));
                }
                "503=8" | "after-503=8" => {
                    assert_eq!((answer.status, retry_after), (503, Some("8")));
                }
                "401" | "after-401" | "500" => {
                    let status = fault.trim_start_matches("after-");
                    assert_eq!(answer.status.to_string(), status);
                }
                "html" => {
                    assert_eq!(answer.status, 200);
                    assert_eq!(answer.header("content-type"), Some("text/html"));
                }
                "wrong-key" | "clear-200" => {
                    assert_eq!(answer.status, 400);
                    assert!(answer.text().contains(fault), "{context}");
                }
                "cut-body" => assert!(!answer.body.is_empty(), "{context}"),
                "huge-body=3000000" => assert_eq!(answer.body.len(), 3_000_000),
                _ => {
                    assert!(started.elapsed() >= Duration::from_millis(20), "{context}");
                    assert_eq!(answer.status, 200, "{context}");
                }
            }
        }
    }
    // Also by path, which has no query.
    sandbox
        .faults()
        .inject_at(FACEKI, InjectedFault::ServerError, 1);
    let [query, headers, ..] = all(&sandbox);
    assert_eq!(query.answer(&sandbox).await.0, 500);
    assert_eq!(headers.answer(&sandbox).await.0, 200);
}

#[tokio::test]
async fn paths_lie_behind_the_prefix_and_take_one_method() {
    let builder = Sandbox::builder().path_prefix("/kong").max_body(1000);
    let sandbox = builder.start().await.unwrap();
    for mut call in all(&sandbox) {
        assert_eq!(call.send(&sandbox, None).await.unwrap().status, 404);
        call.path.insert_str(0, "/kong");
        assert_eq!(call.answer(&sandbox).await.0, 200);
        for method in [
            "HEAD",
            "PUT",
            if call.method == "GET" { "POST" } else { "GET" },
        ] {
            let call = Call {
                method,
                path: call.path.clone(),
                headers: vec![],
                body: String::new(),
                ..call
            };
            assert_eq!(
                call.send(&sandbox, None).await.unwrap().status,
                405,
                "{method}"
            );
        }
        call.body = " ".repeat(1001);
        assert_eq!(call.send(&sandbox, None).await.unwrap().status, 413);
    }
    assert_eq!(sandbox.executed().total(), 4);
}

#[tokio::test]
async fn no_refusal_repeats_what_was_sent() {
    const CANARY: &str = "canary7f3a";
    let sandbox = Sandbox::start().await.unwrap();
    let mut calls = vec![Call {
        path: format!("{FACEKI}?clientId={CANARY}&clientSecret={CANARY}"),
        ..faceki(&sandbox)
    }];
    for member in ["clientId", "referrer", "appId"] {
        let mut body = web();
        body[member] = json!([CANARY]);
        calls.push(complycube(&sandbox, &body));
    }
    for member in ["sessionKey", "customerId", "platform", "provider"] {
        let mut body = incode();
        body[member] = json!([CANARY]);
        calls.push(sardine(&sandbox, &body));
    }
    for mut call in [complycube(&sandbox, &web()), sardine(&sandbox, &incode())] {
        call.headers[0].1 = CANARY.to_owned();
        calls.push(call);
    }
    for call in calls {
        let answer = call.send(&sandbox, None).await.unwrap();
        assert!(answer.status >= 400, "{}", call.path);
        assert!(!answer.text().contains(CANARY), "{}", answer.text());
    }
}
