//! What the request log says.

use bankezy_sandbox::{LogLimits, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::api::*;
use crate::http::{request, send};
use crate::partner::*;

#[tokio::test]
async fn an_exchange_is_shown_sealed_and_opened() {
    let sandbox = console().await;
    let session = session(&sandbox, Kind::P256).await;
    echo(&sandbox, &session.token, &session.channel)
        .await
        .unwrap();
    let logged = last(&sandbox);
    assert_eq!(
        (logged.call, logged.status, logged.number),
        (Some("echo"), Some(200), 2)
    );
    assert_eq!((logged.token, logged.failed()), (Some(1), false));
    let issued = sandbox.exchanges(0).swap_remove(0);
    assert_eq!((issued.call, issued.token), (Some("get-token"), Some(1)));
    assert_eq!((&*logged.method, &*logged.path), ("POST", ECHO));
    assert!(logged.peer.ip().is_loopback() && logged.peer.port() != 0);
    assert_ne!(logged.peer, sandbox.address());
    assert!(!logged.duration.is_zero());
    assert!(logged.time.elapsed().unwrap() < Duration::from_secs(60));
    let response = logged.response.as_ref().unwrap();
    for message in [&logged.request, response] {
        assert!(message.text.starts_with("eyJ"));
        assert!(message.header.as_ref().unwrap().contains("A256GCM"));
        assert!(message.opened.as_ref().unwrap().starts_with('{'));
        let key = message.key.as_ref().unwrap();
        assert_eq!(
            (key.name.as_str(), key.derivation, key.algorithm),
            ("session 1", Some("concat-kdf"), "dir")
        );
    }
    // Headers with credentials are not kept.
    let all = get(&sandbox, "exchanges/2").await.to_string();
    for secret in [
        session.token.as_str(),
        sandbox.credentials().api_key(),
        sandbox
            .credentials()
            .payload_secret()
            .to_base64url()
            .as_str(),
    ] {
        assert!(!all.contains(secret));
    }
    assert!(
        !format!("{logged:?}").contains(&logged.request.text),
        "Debug shows no body"
    );
}

#[tokio::test]
async fn each_refusal_names_its_rule() {
    let sandbox = console().await;
    let credentials = sandbox.credentials();
    let channel = static_channel(&sandbox);
    let session = app_session(&sandbox, Kind::P256).await;
    let good = channel.seal(&token_body(&sandbox, &key_pair(Kind::P256)).to_string());
    let key = ("X-API-KEY", credentials.api_key());
    let text = ("Content-Type", "text/plain");
    let app_token = ("X-API-TOKEN", session.token.as_str());
    for (path, headers, body, rule, found) in [
        (
            GET_TOKEN[0],
            vec![key],
            good.clone(),
            "content-type",
            "no Content-Type",
        ),
        (
            GET_TOKEN[0],
            vec![text],
            good.clone(),
            "x-api-key",
            "no such header",
        ),
        (
            GET_TOKEN[0],
            vec![text, ("X-API-KEY", "x")],
            good,
            "api-key",
            "another value",
        ),
        (
            GET_TOKEN[0],
            vec![text, key],
            String::new(),
            "sealed-body",
            "an empty body",
        ),
        (
            GET_TOKEN[0],
            vec![text, key],
            "{}".to_owned(),
            "sealed-body",
            "JWE",
        ),
        (
            GET_TOKEN[0],
            vec![text, key],
            channel.seal("[]"),
            "json",
            "another type",
        ),
        (
            GET_TOKEN[0],
            vec![text, key],
            channel.seal("{"),
            "json",
            "line 1 column 1",
        ),
        (
            GET_TOKEN[0],
            vec![text, key],
            channel.seal("{}"),
            "member",
            "no such member",
        ),
        (
            ECHO,
            vec![text, key],
            "x".to_owned(),
            "x-api-token",
            "no such header",
        ),
        (
            ECHO,
            vec![text, key, ("X-API-TOKEN", "x")],
            "x".to_owned(),
            "x-api-token",
            "not valid",
        ),
        (
            ECHO,
            vec![text, key, app_token],
            channel.seal("{}"),
            "sealed-body",
            "static payload secret",
        ),
        (
            INVALIDATE[0],
            vec![text, key],
            channel.seal(r#"{"tokenReferenceId":"x"}"#),
            "token-reference",
            "another value",
        ),
        ("/nowhere", vec![], String::new(), "path", "/nowhere"),
        (
            "/complycube/v1/tokens",
            vec![],
            String::new(),
            "complycube-api-key",
            "no such header",
        ),
        (
            "/sardine/v1/identity-documents/tokens",
            vec![],
            String::new(),
            "sardine-credentials",
            "no such header",
        ),
    ] {
        send(
            sandbox.address(),
            &request("POST", path, &headers, body.as_bytes()),
        )
        .await
        .unwrap();
        let logged = last(&sandbox);
        let broken = logged.broken.as_ref().unwrap();
        assert_eq!(broken.rule, rule, "{path} {broken}");
        assert!(broken.found.contains(found), "{path} {broken}");
        assert!(!broken.expected.is_empty() && logged.failed());
    }
    // The path of Faceki's call has credentials in its query.
    let path = "/faceki/auth/api/access-token?clientId=CANARY";
    send(sandbox.address(), &request("GET", path, &[], b""))
        .await
        .unwrap();
    let logged = get(&sandbox, &format!("exchanges/{}", last(&sandbox).number)).await;
    assert_eq!(logged["rule"], "faceki-credentials");
    assert!(!logged.to_string().contains("CANARY"));
}

#[tokio::test]
async fn what_strict_refuses_is_noted_otherwise() {
    for strict in [false, true] {
        let sandbox = with_console().strict(strict).start().await.unwrap();
        let channel = static_channel(&sandbox);
        let mut body = token_body(&sandbox, &key_pair(Kind::P256));
        let sealed = channel.seal(&body.to_string());
        body["more"] = json!(1);
        body["referenceId"] = json!("another");
        let foreign = channel.seal(&body.to_string());
        let mut body = token_body(&sandbox, &key_pair(Kind::P256));
        body["referenceId"] = json!("third");
        let twice = body.to_string().replacen('{', r#"{"sdkApiKey":"x","#, 1);
        let twice = channel.seal(&twice);
        body["referenceId"] = json!("taken");
        let taken = channel.seal(&body.to_string());
        for (kind, sent, rule, note) in [
            (
                "text/plain",
                format!("{sealed}\r\n"),
                "sealed-body",
                "white space",
            ),
            (
                "application/json",
                sealed,
                "content-type",
                "application/json",
            ),
            (
                "text/plain",
                format!("\"{foreign}\""),
                "sealed-body",
                "quotes",
            ),
            ("text/plain", foreign, "unknown-member", "\"more\""),
            ("text/plain", twice, "duplicate-member", "\"sdkApiKey\""),
            ("text/plain", taken.clone(), "", "no note"),
            ("text/plain", taken, "reference-used", "had a token before"),
        ] {
            let headers = [
                ("X-API-KEY", sandbox.credentials().api_key()),
                ("Content-Type", kind),
            ];
            send(
                sandbox.address(),
                &request("POST", GET_TOKEN[0], &headers, sent.as_bytes()),
            )
            .await
            .unwrap();
            let logged = last(&sandbox);
            let broken = logged.broken.as_ref().map(|broken| &*broken.rule);
            let is_right = rule.is_empty();
            assert_eq!(broken, (strict && !is_right).then_some(rule), "{note}");
            assert_eq!(logged.notes.is_empty(), strict || is_right, "{note}");
            let is_noted = logged.notes.iter().any(|found| found.contains(note));
            assert_eq!(is_noted, !strict && !is_right, "{:?}", logged.notes);
        }
    }
}

#[tokio::test]
async fn a_token_in_another_form_is_noted_or_refused() {
    for strict in [false, true] {
        let sandbox = with_console().strict(strict).start().await.unwrap();
        let issued = session(&sandbox, Kind::P256).await;
        let with_prefix = format!("Bearer {}", issued.token);
        let answer = echo(&sandbox, &with_prefix, &issued.channel).await;
        assert_eq!(answer.is_err(), strict);
        let logged = last(&sandbox);
        let broken = logged.broken.as_ref();
        let rule = broken.map(|broken| (&*broken.rule, broken.found.contains("form")));
        assert_eq!(rule, strict.then_some(("x-api-token", true)));
        let notes = logged
            .notes
            .iter()
            .filter(|note| note.contains("`Bearer `"));
        assert_eq!(notes.count(), usize::from(!strict));
    }
}

#[tokio::test]
async fn faults_and_lost_clients_are_in_it() {
    let sandbox = console().await;
    let session = session(&sandbox, Kind::P256).await;
    for (fault, status) in [
        ("drop-after", None),
        ("401", Some(401)),
        ("huge-body=100", Some(200)),
        ("cut-body", Some(200)),
        ("wrong-key", Some(200)),
    ] {
        let sealed = session.channel.seal("{}");
        let headers = [
            ("X-API-TOKEN", session.token.as_str()),
            ("X-Sandbox-Fault", fault),
        ];
        post(&sandbox, ECHO, &headers, &sealed).await;
        let logged = last(&sandbox);
        assert_eq!(logged.status, status, "{fault}");
        assert_eq!(logged.fault, fault.split('=').next());
        assert_eq!(
            logged.request.text, sealed,
            "the request is seen, whatever becomes of it"
        );
        assert!(logged.failed());
    }
    let wrong = last(&sandbox).response.clone().unwrap();
    assert_eq!(wrong.key.unwrap().name, "random");
    // A client that does not wait for its answer.
    let before = last(&sandbox).number;
    let headers = [
        ("Content-Type", "text/plain"),
        ("X-Sandbox-Fault", "delay=60000"),
    ];
    let sent = request("POST", ECHO, &headers, b"x");
    let waited = tokio::time::timeout(Duration::from_millis(300), send(sandbox.address(), &sent));
    assert!(waited.await.is_err());
    for _ in 0..200 {
        if last(&sandbox).number > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let logged = last(&sandbox);
    assert_eq!(
        (logged.number, logged.status, logged.fault),
        (before + 1, None, Some("delay"))
    );
    assert!(logged.notes[0].contains("the client closed the connection"));
}

#[tokio::test]
async fn the_log_is_off_by_default_and_bounded_by_bytes() {
    let sandbox = Sandbox::start().await.unwrap();
    session(&sandbox, Kind::P256).await;
    assert!(sandbox.exchanges(0).is_empty());

    let seen = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&seen);
    let builder = Sandbox::builder().request_log(LogLimits::new(1000, 100_000));
    let builder = builder.on_exchange(move |_| *counted.lock().unwrap() += 1);
    let sandbox = builder.start().await.unwrap();
    for _ in 0..20 {
        post(&sandbox, ECHO, &[], &"x".repeat(20_000)).await;
    }
    let kept = sandbox.exchanges(0);
    assert!((3..=5).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last().unwrap().number, 20);
    assert_eq!(*seen.lock().unwrap(), 20);
}

#[tokio::test]
async fn a_header_is_shown_as_it_was_sent() {
    let sandbox = console().await;
    let header = r#"{"zip":"DEF", "enc" : "A256GCM","alg":"dir"}"#;
    let sealed = format!("{}..AAAA.AAAA.AAAA", URL_SAFE_NO_PAD.encode(header));
    post(&sandbox, GET_TOKEN[0], &[], &sealed).await;
    assert_eq!(last(&sandbox).request.header.as_deref(), Some(header));
    let logged = get(&sandbox, "exchanges/1").await;
    assert_eq!(logged["request"]["header"], header);
}
