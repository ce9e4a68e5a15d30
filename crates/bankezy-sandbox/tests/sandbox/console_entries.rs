//! The entries of the JSON API.

use bankezy_sandbox::Sandbox;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::api::*;
use crate::http::{request, send};
use crate::partner::*;

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
            let (header, _) = sent.split_once('.').unwrap();
            let header = URL_SAFE_NO_PAD.decode(header).unwrap();
            assert_eq!(opened["header"], String::from_utf8(header).unwrap());
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
