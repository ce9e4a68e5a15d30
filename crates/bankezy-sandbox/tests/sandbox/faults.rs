//! Each fault on each call: what it does, whether the call was executed, and that it passes.

use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_sandbox::{EmulatedEndpoint, InjectedFault, Sandbox};
use serde_json::{Value, json};

use crate::http::{Answer, with_fault};
use crate::partner::*;

/// One call that would succeed.
struct Prepared {
    endpoint: EmulatedEndpoint,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// `None` where the answer is clear.
    channel: Option<Channel>,
}

impl Prepared {
    async fn send(&self, sandbox: &Sandbox, fault: Option<&str>) -> Option<Answer> {
        let headers = with_fault(&self.headers, fault);
        post(sandbox, self.path, &headers, &self.body).await
    }

    fn opens(&self, answer: &Answer) -> bool {
        answer.status == 200
            && match &self.channel {
                Some(channel) => channel.try_open(&answer.body).is_ok(),
                None => serde_json::from_slice::<Value>(&answer.body).is_ok(),
            }
    }
}

async fn prepare(sandbox: &Sandbox) -> Vec<Prepared> {
    let own = key_pair(Kind::P256);
    let token_body = token_body(sandbox, &own).to_string();
    let mut calls = vec![Prepared {
        endpoint: EmulatedEndpoint::GetAppToken,
        path: APP_TOKEN[1],
        headers: vec![],
        body: app_body(sandbox, &own).to_string(),
        channel: None,
    }];
    for (endpoint, path) in [
        (EmulatedEndpoint::GetToken, GET_TOKEN[0]),
        (EmulatedEndpoint::OnboardingUserToken, ONBOARDING[1]),
    ] {
        let channel = static_channel(sandbox);
        calls.push(Prepared {
            endpoint,
            path,
            headers: vec![],
            body: channel.seal(&token_body),
            channel: Some(channel),
        });
    }
    for (endpoint, path, kind) in [
        (EmulatedEndpoint::Echo, ECHO, Kind::P256),
        (EmulatedEndpoint::Echo, ECHO, Kind::Rsa),
        (EmulatedEndpoint::Renew, RENEW[0], Kind::P256),
        (EmulatedEndpoint::Renew, RENEW[1], Kind::Rsa),
        (EmulatedEndpoint::Invalidate, INVALIDATE[0], Kind::P256),
    ] {
        let session = app_session(sandbox, kind).await;
        let body = match endpoint {
            EmulatedEndpoint::Renew => json!({ "token": session.token }),
            _ => json!({ "tokenReferenceId": session.reference }),
        };
        calls.push(Prepared {
            endpoint,
            path,
            headers: vec![("X-API-TOKEN", session.token)],
            body: session.channel.seal(&body.to_string()),
            channel: Some(session.channel),
        });
    }
    calls
}

/// How a fault changes the answer.
fn check(fault: &str, call: &Prepared, answer: Option<&Answer>) {
    let context = format!("{fault} on {:?}", call.endpoint);
    if fault.starts_with("drop") {
        assert!(answer.is_none(), "{context}");
        return;
    }
    let answer = answer.expect(&context);
    assert_eq!(answer.complete, fault != "cut-body", "{context}");
    match fault {
        "401" | "after-401" => assert_eq!(answer.status, 401),
        "429=7" | "503=7" | "after-429=7" | "after-503=7" => {
            let status = &fault.trim_start_matches("after-")[..3];
            assert_eq!(answer.status.to_string(), status);
            assert_eq!(answer.header("retry-after"), Some("7"));
        }
        "500" => {
            assert_eq!(answer.status, 500);
            assert_eq!(answer.header("content-type"), Some("text/html"));
            assert!(answer.text().starts_with("<html>"));
        }
        "html" => {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("text/html"));
            assert!(answer.text().starts_with("<html>"));
        }
        "cut-body" => {
            assert_eq!(answer.status, 200);
            assert!(!answer.body.is_empty(), "{context}");
        }
        "wrong-key" => {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("text/plain"));
            assert_eq!(answer.text().split('.').count(), 5, "{context}");
            assert!(!call.opens(answer), "{context}");
            // The header is that of a right answer.
            if let Some(Channel::Rsa { .. }) = call.channel {
                assert!(!answer.text().contains(".."));
            } else {
                assert!(answer.text().contains(".."));
            }
        }
        "clear-200" => {
            assert_eq!(answer.status, 200);
            assert!(serde_json::from_slice::<Value>(&answer.body).is_ok());
        }
        "huge-body=3000000" => {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-length"), None);
            assert_eq!(answer.body.len(), 3_000_000);
        }
        _ => assert!(call.opens(answer), "{context}"),
    }
}

#[tokio::test]
async fn every_fault_on_every_call() {
    let sandbox = varied().await;
    let faults = [
        ("401", false),
        ("429=7", false),
        ("500", false),
        ("503=7", false),
        ("html", false),
        ("drop-before", false),
        ("delay=20", true),
        ("cut-body", true),
        ("wrong-key", true),
        ("clear-200", true),
        ("huge-body=3000000", true),
        ("drop-after", true),
        ("after-401", true),
        ("after-429=7", true),
        ("after-503=7", true),
    ];
    for (fault, executes) in faults {
        for call in prepare(&sandbox).await {
            let before = sandbox.executed();
            let answer = call.send(&sandbox, Some(fault)).await;
            check(fault, &call, answer.as_ref());
            let executed = sandbox.executed().of(call.endpoint) - before.of(call.endpoint);
            assert_eq!(
                executed,
                u64::from(executes),
                "{fault} on {:?}",
                call.endpoint
            );
            if !executes {
                // The same call, sent again, is then executed.
                let answer = call.send(&sandbox, None).await.unwrap();
                assert!(call.opens(&answer), "{fault} on {:?}", call.endpoint);
            }
        }
    }
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_is_not_executed_twice() {
    let sandbox = Sandbox::start().await.unwrap();
    for call in prepare(&sandbox).await {
        if call.endpoint == EmulatedEndpoint::Renew {
            let before = sandbox.executed().of(EmulatedEndpoint::Renew);
            assert!(call.send(&sandbox, Some("drop-after")).await.is_none());
            let again = call.send(&sandbox, None).await.unwrap();
            assert_eq!(
                (again.status, again.text()),
                (401, "X-API-TOKEN has been renewed")
            );
            assert_eq!(sandbox.executed().of(EmulatedEndpoint::Renew), before + 1);
        }
    }
}

#[tokio::test]
async fn a_delay_lasts_and_the_call_is_executed_before_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let delay = Duration::from_secs(10);
    sandbox
        .faults()
        .inject_at(ECHO, InjectedFault::Delay(delay), 1);
    // Moves only when nothing else is left to do.
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let slow = echo(&sandbox, &session.token, &session.channel);
    let watch = async {
        while sandbox.executed().of(EmulatedEndpoint::Echo) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        start.elapsed()
    };
    let (answered, executed_after) = tokio::join!(slow, watch);
    answered.unwrap();
    assert!(start.elapsed() >= delay);
    assert!(executed_after < delay);
}

#[tokio::test]
async fn each_execution_of_the_echo_is_reported_with_its_json() {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let reporting = Arc::clone(&reported);
    let on_echo = move |json: &[u8]| reporting.lock().unwrap().push(json.to_vec());
    let sandbox = Sandbox::builder().on_echo(on_echo).start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let call = async |fault: &str, json: &str| {
        let headers = [("X-API-TOKEN", &*session.token), ("X-Sandbox-Fault", fault)];
        post(&sandbox, ECHO, &headers, &session.channel.seal(json)).await
    };
    let retry_after = 0;
    for (fault, is_reported) in [
        (InjectedFault::Unauthorized, false),
        (InjectedFault::AfterUnauthorized, true),
        (InjectedFault::DropBefore, false),
        (InjectedFault::DropAfter, true),
        (InjectedFault::ServiceUnavailable { retry_after }, false),
        (InjectedFault::AfterServiceUnavailable { retry_after }, true),
    ] {
        let json = format!(r#"{{"fault": "{}"}}"#, fault.name());
        let _ = call(fault.name(), &json).await;
        let expected: Vec<_> = is_reported.then(|| json.into_bytes()).into_iter().collect();
        assert_eq!(mem::take(&mut *reported.lock().unwrap()), expected);
    }
    // What is no JSON is refused.
    let _ = call("after-503", "{").await;
    assert!(reported.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_unbounded_answer_has_64_mib() {
    let sandbox = Sandbox::start().await.unwrap();
    let answer = post(&sandbox, ECHO, &[("X-Sandbox-Fault", "huge-body")], "")
        .await
        .unwrap();
    assert_eq!(answer.body.len(), 64 * 1024 * 1024);
}

#[tokio::test]
async fn injected_faults_come_as_often_as_asked_and_where_asked() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let faults = sandbox.faults();
    faults.inject_at(ECHO, InjectedFault::ServerError, 2);
    faults.inject_at(ECHO, InjectedFault::TooManyRequests { retry_after: 3 }, 1);
    assert_eq!(faults.pending(), 3);
    // Another path is not meant.
    crate::partner::session(&sandbox, Kind::P256).await;
    let call = || echo(&sandbox, &session.token, &session.channel);
    assert_eq!(call().await, Err(500));
    assert_eq!(call().await, Err(500));
    assert_eq!(call().await, Err(429));
    call().await.unwrap();
    faults.inject(InjectedFault::Unauthorized, 5);
    assert_eq!(call().await, Err(401));
    faults.clear();
    call().await.unwrap();
    assert_eq!(faults.pending(), 0);
}

#[tokio::test]
async fn faults_are_set_over_http() {
    let builder = Sandbox::builder().path_prefix("/kong");
    let sandbox = builder.start().await.unwrap();
    let control = "/kong/sandbox/faults";
    let order = |order: &'static str| post(&sandbox, control, &[], order);
    let path = r#"{"fault":"429","times":2,"path":"/sandbox/echo","retryAfter":9}"#;
    let answer = order(path).await.unwrap();
    assert_eq!((answer.status, answer.text()), (200, r#"{"pending":2}"#));
    let token = format!("/kong{}", GET_TOKEN[0]);
    assert_eq!(post(&sandbox, &token, &[], "").await.unwrap().status, 400);
    let other = r#"{"fault":"503","retryAfter":8}"#;
    assert_eq!(order(other).await.unwrap().text(), r#"{"pending":3}"#);
    for met in [(429, Some("9")), (429, Some("9")), (503, Some("8"))] {
        let answer = post(&sandbox, "/kong/sandbox/echo", &[], "").await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), met);
    }
    let answer = post(&sandbox, "/kong/sandbox/echo", &[], "").await.unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (401, "X-API-TOKEN is missing")
    );

    order(r#"{"fault":"delay","times":3,"delayMs":1}"#)
        .await
        .unwrap();
    assert_eq!(sandbox.faults().pending(), 3);
    order(r#"{"fault":"none"}"#).await.unwrap();
    assert_eq!(sandbox.faults().pending(), 0);
    for wrong in [
        "",
        "[]",
        r#"{"fault":"404"}"#,
        r#"{"fault":401}"#,
        r#"{"fault":"401","times":-1}"#,
        r#"{"fault":"401","times":4294967296}"#,
        r#"{"fault":"401","path":7}"#,
        r#"{"fault":"delay","delayMs":"1"}"#,
    ] {
        assert_eq!(order(wrong).await.unwrap().status, 400, "{wrong}");
    }
    assert_eq!(sandbox.faults().pending(), 0);
    let answer = post(&sandbox, &token, &[("X-Sandbox-Fault", "404")], "")
        .await
        .unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.text().starts_with("X-Sandbox-Fault: unknown fault"));
}
