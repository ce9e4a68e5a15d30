//! What the request log says of requests that match no route.

use bankezy_sandbox::{CustomRoute, RouteKey, Sandbox};
use http::{Method, StatusCode};
use serde_json::json;

use crate::api::*;
use crate::http::{request, send};
use crate::partner::*;

#[tokio::test]
async fn what_no_route_takes_is_logged_and_opened_too() {
    let builder = with_console().max_body(50_000);
    let builder = builder.answer_at("/own", |_| json!({}));
    let sandbox = builder.start().await.unwrap();
    let fixed = static_channel(&sandbox);
    let ended = session(&sandbox, Kind::P256).await;
    let app = app_session(&sandbox, Kind::Rsa).await;
    done(&sandbox, "tokens/1/expire", json!({})).await;
    let [of_ended, of_app] = [&ended, &app].map(|one| ("X-API-TOKEN", one.token.as_str()));
    let body = r#"{"b":1, "a":2}"#;
    let not_sealed = "{\"not\":\"sealed\"}\n".to_owned();
    let foreign = static_channel(&Sandbox::start().await.unwrap()).seal(body);
    for (method, path, headers, text, status, key) in [
        (
            "POST",
            "/none",
            vec![],
            fixed.seal(body),
            404,
            Some("static"),
        ),
        (
            "POST",
            "/none",
            vec![of_ended],
            ended.channel.seal(body),
            404,
            Some("session 1"),
        ),
        (
            "POST",
            "/none",
            vec![of_ended],
            fixed.seal(body),
            404,
            Some("static"),
        ),
        (
            "POST",
            "/none",
            vec![of_app],
            app.channel.seal(body),
            404,
            Some("session 2"),
        ),
        // Under the static secret, which an app does not have: a mistake that is to be seen.
        (
            "POST",
            "/none",
            vec![of_app],
            fixed.seal(body),
            404,
            Some("static"),
        ),
        (
            "PUT",
            ECHO,
            vec![of_app],
            app.channel.seal(body),
            405,
            Some("session 2"),
        ),
        (
            "PUT",
            "/own",
            vec![("X-API-TOKEN", "x")],
            fixed.seal(body),
            405,
            Some("static"),
        ),
        (
            "POST",
            "/none",
            vec![],
            format!("\"{}\"\n", fixed.seal(body)),
            404,
            Some("static"),
        ),
        ("POST", "/none", vec![of_app], not_sealed, 404, None),
        ("POST", "/none", vec![], foreign, 404, None),
    ] {
        let sent = request(method, path, &headers, text.as_bytes());
        let answer = send(sandbox.address(), &sent).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("POST"));
        let logged = last(&sandbox);
        assert_eq!((&*logged.path, logged.status), (path, Some(status)));
        let message = &logged.request;
        assert_eq!((&message.text, message.truncated), (&text, false));
        let found = message.key.as_ref().map(|key| key.name.as_str());
        assert_eq!(found, key, "{path}");
        assert_eq!(message.opened.as_deref(), key.map(|_| body));
        let broken = logged.broken.as_ref().unwrap();
        let [rule, found, expected] = if status == 404 {
            ["path", path, "a path that is emulated"]
        } else {
            ["method", "PUT", "POST"]
        };
        assert_eq!((&*broken.rule, broken.found.as_str()), (rule, found));
        assert_eq!(broken.expected, expected);
    }
    assert_eq!(last(&sandbox).token, None);
    // A bound for the body, and what travels on is the answer as without a log.
    let sent = request("POST", "/none", &[of_app], &[b'x'; 50_001]);
    let answer = send(sandbox.address(), &sent).await.unwrap();
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("\nPOST /own\n"));
    let logged = last(&sandbox);
    assert_eq!((logged.request.text.as_str(), logged.notes.len()), ("", 1));
    let head = request("HEAD", "/faceki/auth/api/access-token", &[], b"");
    assert_eq!(send(sandbox.address(), &head).await.unwrap().status, 405);
    assert_eq!(last(&sandbox).broken.as_ref().unwrap().rule, "method");
}

#[tokio::test]
async fn a_route_of_ones_own_may_answer_as_an_unknown_path_does() {
    let route = CustomRoute::new("/gone", |_| json!({ "gone": true }));
    let route = route.method(Method::GET).key(RouteKey::Clear);
    let builder = with_console().route(route.status(StatusCode::NOT_FOUND));
    let sandbox = builder.start().await.unwrap();
    let get = request("GET", "/gone", &[], b"");
    assert_eq!(send(sandbox.address(), &get).await.unwrap().status, 404);
    assert_eq!(last(&sandbox).broken, None);
}
