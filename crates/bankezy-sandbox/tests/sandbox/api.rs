//! A client of the JSON API.

use std::sync::Arc;

use bankezy_sandbox::{LogLimits, LoggedExchange, Sandbox, SandboxBuilder};
use serde_json::{Value, json};

use crate::http::{Answer, request, send};

/// With the log and the console.
pub(crate) fn with_console() -> SandboxBuilder {
    let limits = LogLimits::default();
    Sandbox::builder().request_log(limits).console(true)
}

pub(crate) async fn console() -> Sandbox {
    with_console().start().await.unwrap()
}

/// The newest exchange of the log.
pub(crate) fn last(sandbox: &Sandbox) -> Arc<LoggedExchange> {
    sandbox.exchanges(0).pop().unwrap()
}

pub(crate) fn token(sandbox: &Sandbox) -> String {
    let ready: Value = serde_json::from_str(sandbox.ready_json().as_str()).unwrap();
    ready["console"]["token"].as_str().unwrap().to_owned()
}

/// A request with its own headers; `Host` is right unless it is among them.
pub(crate) async fn raw(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let host = format!("localhost:{}", sandbox.address().port());
    let is_named = headers.iter().any(|(name, _)| *name == "Host");
    let named = (!is_named).then_some(("Host", host.as_str()));
    let headers: Vec<_> = headers.iter().copied().chain(named).collect();
    let sent = request(method, path, &headers, body.as_bytes());
    // The one that all tests send.
    let sent = String::from_utf8(sent).unwrap();
    let sent = sent.replacen("Host: localhost\r\n", "", 1);
    send(sandbox.address(), sent.as_bytes()).await.unwrap()
}

/// A request of someone who has the token: status and JSON of the answer.
pub(crate) async fn api(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let bearer = format!("Bearer {}", token(sandbox));
    let mut headers = vec![("Authorization", bearer.as_str())];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let body = body.map_or_else(String::new, |body| body.to_string());
    let path = format!("/_sandbox/{path}");
    let answer = raw(sandbox, method, &path, &headers, &body).await;
    let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.status, json)
}

/// The JSON of a success.
pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let (status, json) = api(sandbox, "GET", path, None).await;
    assert_eq!(status, 200, "{path}: {json}");
    json
}

pub(crate) async fn done(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    let (status, json) = api(sandbox, "POST", path, Some(body)).await;
    assert!((200..300).contains(&status), "{path}: {json}");
    json
}

/// The error's code and the names that it lists.
pub(crate) async fn refused(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, String, Value) {
    let (status, json) = api(sandbox, method, path, body).await;
    let error = &json["error"];
    assert!(
        error["message"].as_str().is_some_and(|it| !it.is_empty()),
        "{path}: {json}"
    );
    let code = error["code"].as_str().unwrap().to_owned();
    (
        status,
        code,
        error.get("known").cloned().unwrap_or(json!(null)),
    )
}
