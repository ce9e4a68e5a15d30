//! Faceki, ComplyCube and Sardine: what is documented, what is wrong, and faults on the way.

use std::time::{Duration, Instant};

use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Answer, request, send};

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
        let mut headers: Vec<(&str, &str)> = Vec::new();
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        headers.extend(fault.map(|fault| ("X-Sandbox-Fault", fault)));
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
async fn faceki_takes_credentials_in_the_query_or_in_headers() {
    let sandbox = Sandbox::start().await.unwrap();
    let documented = json!({
        "responseCode": 0,
        "data": {"access_token": "", "expires_in": 3600, "token_type": "Bearer"},
    });
    let mut by_both = faceki(&sandbox);
    by_both.headers = vec![
        ("clientid", "wrong".into()),
        ("clientSecret", "wrong".into()),
    ];
    let mut by_headers = faceki_by_headers(&sandbox);
    by_headers.path += "?x=1";
    let calls = [
        faceki(&sandbox),
        faceki_by_headers(&sandbox),
        by_headers,
        by_both,
    ];
    for call in &calls {
        let (status, answer) = call.answer(&sandbox).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(fixed(answer, &["/data/access_token"]), documented);
    }
    let (_, one) = calls[0].answer(&sandbox).await;
    let (_, two) = calls[0].answer(&sandbox).await;
    assert_ne!(one, two, "each token is another");
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::FacekiToken), 6);
    assert_eq!(sandbox.executed().total(), 6);
}

#[tokio::test]
async fn faceki_refuses_in_its_documented_shapes() {
    let sandbox = Sandbox::start().await.unwrap();
    let credentials = sandbox.credentials();
    let (id, secret) = (
        credentials.faceki_client_id(),
        credentials.faceki_client_secret(),
    );
    let escaped = escaped(secret);
    let refusal =
        |message: &str| json!({"status": false, "message": message, "statusCode": 422, "data": {}});
    let no_id = (403, refusal("client id is required"));
    let no_secret = (402, json!({"clientSecret": ""}));
    let wrong = (401, refusal(""));
    for (query, headers, due) in [
        (String::new(), vec![], &no_id),
        (format!("clientSecret={escaped}"), vec![], &no_id),
        (format!("clientId=&clientSecret={escaped}"), vec![], &no_id),
        (
            format!("clientid={id}&clientSecret={escaped}"),
            vec![],
            &no_id,
        ),
        (String::new(), vec![("clientSecret", secret)], &no_id),
        (format!("clientId={id}"), vec![], &no_secret),
        (format!("clientId={id}&clientSecret="), vec![], &no_secret),
        // Either the query or the headers, not one each.
        (
            format!("clientId={id}"),
            vec![("clientSecret", secret)],
            &no_secret,
        ),
        (String::new(), vec![("clientid", id)], &no_secret),
        (format!("clientId={id}&clientSecret={id}"), vec![], &wrong),
        (
            format!("clientId={secret}&clientSecret={escaped}"),
            vec![],
            &wrong,
        ),
        // A form's plus is a blank: what is not escaped is another secret.
        (
            format!("clientId={id}&clientSecret={secret}"),
            vec![],
            &wrong,
        ),
        (
            String::new(),
            vec![("clientid", id), ("clientSecret", id)],
            &wrong,
        ),
    ] {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()));
        let call = Call {
            path: format!("{FACEKI}?{query}"),
            headers: headers.collect(),
            ..faceki(&sandbox)
        };
        assert_eq!(call.answer(&sandbox).await, *due, "{query}");
    }
    assert_eq!(sandbox.executed().total(), 0);
}

#[tokio::test]
async fn complycube_gives_a_token_for_the_web_and_for_apps() {
    let sandbox = Sandbox::start().await.unwrap();
    for body in [
        web(),
        json!({"clientId": "c", "appId": "com.example.My-app_2"}),
        json!({"clientId": "c", "appId": "app", "referrer": null, "more": [1]}),
        json!({"clientId": "c", "referrer": "*://*/*"}),
    ] {
        let (status, answer) = complycube(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(
            (status, fixed(answer, &["/token"])),
            (200, json!({"token": ""}))
        );
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::ComplyCubeToken), 4);
}

#[tokio::test]
async fn complycube_names_the_wrong_argument() {
    let sandbox = Sandbox::start().await.unwrap();
    for (body, param, message) in [
        (
            json!({"referrer": "*://*/*"}),
            "clientId",
            "'clientId' must be provided",
        ),
        (
            json!({"clientId": null, "appId": "a"}),
            "clientId",
            "'clientId' must be provided",
        ),
        (
            json!({"clientId": 7, "appId": "a"}),
            "clientId",
            "'clientId' is invalid",
        ),
        (
            json!({"clientId": " ", "appId": "a"}),
            "clientId",
            "'clientId' is invalid",
        ),
        (
            json!({"clientId": "c"}),
            "referrer",
            "'referrer' or 'appId' must be provided",
        ),
        (
            json!({"clientId": "c", "appId": "a", "referrer": "*://*/*"}),
            "appId",
            "'appId' must not be provided together with 'referrer'",
        ),
        (
            json!({"clientId": "c", "referrer": "example.com"}),
            "referrer",
            "'referrer' is invalid",
        ),
        (
            json!({"clientId": "c", "referrer": []}),
            "referrer",
            "'referrer' is invalid",
        ),
        (
            json!({"clientId": "c", "appId": "a b"}),
            "appId",
            "'appId' is invalid",
        ),
        (
            json!({"clientId": "c", "appId": ""}),
            "appId",
            "'appId' is invalid",
        ),
        (json!([]), "body", "'body' is invalid"),
    ] {
        let refusal = json!({"type": "invalid_request", "message": message, "param": param});
        let answer = complycube(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(answer, (400, refusal), "{body}");
    }
    let mut call = complycube(&sandbox, &web());
    call.body.pop();
    assert_eq!(call.answer(&sandbox).await.1["param"], "body");
    for kind in ["text/plain", "application/jsons"] {
        let mut call = complycube(&sandbox, &web());
        call.headers[1].1 = kind.to_owned();
        let (status, answer) = call.answer(&sandbox).await;
        assert_eq!((status, &answer["param"]), (400, &json!("Content-Type")));
    }
    let unauthorized = json!({
        "type": "unauthorized",
        "message": "The 'Authorization' header is invalid",
    });
    let key = sandbox.credentials().complycube_api_key();
    for wrong in [format!("Bearer {key}"), String::new(), key[1..].to_owned()] {
        let mut call = complycube(&sandbox, &web());
        call.headers[0].1 = wrong;
        assert_eq!(call.answer(&sandbox).await, (401, unauthorized.clone()));
        call.headers.remove(0);
        assert_eq!(call.answer(&sandbox).await, (401, unauthorized.clone()));
    }
    assert_eq!(sandbox.executed().total(), 0);
}

#[tokio::test]
async fn sardine_answers_by_provider() {
    let sandbox = Sandbox::start().await.unwrap();
    let common = json!({
        "token_type": "Bearer",
        "expires_in": 600,
        "access_token": "",
        "scope": "mobilesdk",
    });
    let (status, mut answer) = sardine(&sandbox, &incode()).answer(&sandbox).await;
    assert_eq!(status, 200, "{answer}");
    let members = answer.as_object_mut().unwrap();
    let url = members.remove("incode_sdk_base_url").unwrap();
    assert!(url.as_str().unwrap().starts_with("https://"));
    let verification = members.remove("verification_id").unwrap();
    assert!(!verification.as_str().unwrap().is_empty());
    assert_eq!(fixed(answer, &["/access_token"]), common);
    for body in [
        json!({"sessionKey": "k", "provider": "au10tix"}),
        json!({"sessionKey": "\u{e9}".repeat(100)}),
    ] {
        let (status, answer) = sardine(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(
            (status, fixed(answer, &["/access_token"])),
            (200, common.clone())
        );
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::SardineToken), 3);
}

#[tokio::test]
async fn sardine_refuses_in_plain_text() {
    let sandbox = Sandbox::start().await.unwrap();
    for (member, value) in [
        ("sessionKey", json!(null)),
        ("sessionKey", json!("")),
        ("sessionKey", json!("a".repeat(101))),
        ("sessionKey", json!(7)),
        ("customerId", json!(7)),
        ("platform", json!([])),
        ("provider", json!("other")),
        ("provider", json!(1)),
    ] {
        let mut body = incode();
        body[member] = value;
        let (status, text) = sardine(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(status, 400, "{body}");
        assert!(text.as_str().unwrap().starts_with(member), "{text}");
    }
    let mut call = sardine(&sandbox, &incode());
    call.headers[1].1 = "text/plain".to_owned();
    assert_eq!(call.answer(&sandbox).await.0, 400);
    assert_eq!(sardine(&sandbox, &json!([])).answer(&sandbox).await.0, 400);

    let credentials = sandbox.credentials();
    let (id, secret) = (
        credentials.sardine_client_id(),
        credentials.sardine_client_secret(),
    );
    let right = basic(id, secret);
    for wrong in [
        String::new(),
        format!("{id}:{secret}"),
        right.replace("Basic", "Bearer"),
        right.replace("Basic ", "Basic !"),
        basic(id, id),
        basic(secret, secret),
        basic(&format!("{id}:"), secret),
        format!("Basic {}", STANDARD.encode(id)),
    ] {
        let mut call = sardine(&sandbox, &incode());
        call.headers[0].1 = wrong;
        let (status, text) = call.answer(&sandbox).await;
        assert_eq!(status, 401, "{text}");
        assert!(text.is_string());
    }
    assert_eq!(sandbox.executed().total(), 0);
    // The scheme's name is in any case (RFC 9110 section 11.1).
    let mut call = sardine(&sandbox, &incode());
    call.headers[0].1 = right.replace("Basic", "basic");
    assert_eq!(call.answer(&sandbox).await.0, 200);
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
                "429=7" => assert_eq!((answer.status, retry_after), (429, Some("7"))),
                "503=8" => assert_eq!((answer.status, retry_after), (503, Some("8"))),
                "401" | "500" => assert_eq!(answer.status.to_string(), fault),
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
