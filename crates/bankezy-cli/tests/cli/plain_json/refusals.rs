//! What is refused, here and by the servers.

use serde_json::json;

use super::{server, token};
use crate::Folder;
use crate::server::serve_once;

#[test]
fn wrong_tables_of_the_settings_file_are_told_without_being_shown() {
    let folder = Folder::new();
    for (toml, reason) in [
        (
            "[faceki]\nclient_secret = \"CANARY\"",
            "in place of `client_secret` use `client_secret_file` or `client_secret_env`",
        ),
        (
            "[sardine]\nsession_key = \"CANARY\"",
            "in place of `session_key` use `session_key_file` or `session_key_env`",
        ),
        (
            "[complycube]\napi_key = \"CANARY\"",
            "in place of `api_key` use `api_key_file` or `api_key_env`",
        ),
        (
            "[faceki]\napi_key_file = \"CANARY\"",
            "unknown name `api_key_file` in [faceki] of the settings file: it belongs to another",
        ),
        (
            "[faceki]\nCANARY = 1",
            "unknown name in [faceki] of the settings file",
        ),
        (
            "faceki = \"CANARY\"",
            "unknown name `faceki` in the settings file: it belongs to another",
        ),
        (
            "[sardine]\nsandbox = [\"CANARY\"]",
            "`sandbox` must be text",
        ),
    ] {
        folder.write("c", toml);
        // Whoever reads the file: it is right or wrong for all.
        for provider in ["bankezy", "faceki", "complycube", "sardine"] {
            let ran = folder.run(&format!("token {provider} --config c"), "");
            assert!(!ran.err.contains("CANARY"), "{}", ran.err);
            ran.failed(1, reason);
        }
    }
}

/// The emulator's refusals, which are the documented ones that a complete request can meet.
#[test]
fn the_emulators_refusals_say_what_to_check() {
    let server = server("");
    server.folder.write("wrong", "CANARY-wrong");
    for (call, reason) in [
        (
            "faceki --client-secret-file wrong",
            "status 401, statusCode 422; check the credentials",
        ),
        (
            "faceki --client-secret-file wrong --credentials-in-headers",
            "status 401, statusCode 422; check the credentials",
        ),
        (
            "complycube --client-id i --app-id a.b --api-key-file wrong",
            "status 401, unauthorized; check the credentials",
        ),
        (
            "complycube --client-id CANARY --app-id CANARY/a",
            "status 400, invalid_request: check `appId`",
        ),
        (
            "sardine --session-key-file session-key --client-secret-file wrong",
            "status 401; its text is not authenticated; check the credentials",
        ),
        (
            "sardine --session-key-file session-key --provider CANARY",
            "status 400; its text is not authenticated; check the arguments",
        ),
    ] {
        token(&server, call).failed(1, reason);
    }
    let variables = [("COMPLYCUBE_CLIENT_ID", " ")];
    let arguments = format!(
        "token complycube --base-url {}/complycube --api-key-file complycube-apiKey --app-id a.b",
        server.url()
    );
    server
        .quiet(server.folder.run_with(&arguments, "", &variables))
        .failed(1, "status 400, invalid_request: check `clientId`");
}

/// Every refusal that is documented, whether a complete request can meet it or not.
#[test]
fn documented_refusals_are_told_by_their_codes_alone() {
    let folder = Folder::new();
    folder.write("key", "CANARY-key");
    let faceki = "faceki --client-id CANARY --client-secret-file key";
    let complycube = "complycube --api-key-file key --client-id CANARY --app-id CANARY";
    let sardine = "sardine --client-id CANARY --client-secret-file key --session-key-file key";
    let status = json!({"status": false, "message": "CANARY", "statusCode": 422, "data": {}});
    let code = |number: u32| json!({"responseCode": number, "message": "CANARY"});
    let typed = |kind: &str| json!({"type": kind, "message": "CANARY"});
    let param = |name: &str| json!({"type": "invalid_request", "message": "CANARY", "param": name});
    for (call, answered, body, reason) in [
        (
            faceki,
            "401",
            status.clone(),
            "statusCode 422; check the credentials",
        ),
        (
            faceki,
            "403",
            status,
            "statusCode 422; check the credentials",
        ),
        (
            faceki,
            "402",
            json!({"clientSecret": "CANARY"}),
            "naming `clientSecret`: check the credentials",
        ),
        (
            faceki,
            "200",
            code(1000),
            "code 1000, INTERNAL_SYSTEM_ERROR",
        ),
        (faceki, "400", code(8003), "code 8003, PLEASE_TRY_AGAIN"),
        (faceki, "200", code(77), "code 77, which is not documented"),
        (
            complycube,
            "400",
            param("clientId"),
            "invalid_request: check `clientId`",
        ),
        (
            complycube,
            "400",
            param("referrer"),
            "invalid_request: check `referrer`",
        ),
        (
            complycube,
            "400",
            param("appId"),
            "invalid_request: check `appId`",
        ),
        (
            complycube,
            "400",
            param("CANARY"),
            "invalid_request: another param",
        ),
        (
            complycube,
            "401",
            typed("unauthorized"),
            "unauthorized; check the credentials",
        ),
        (
            complycube,
            "403",
            typed("unauthorized"),
            "unauthorized; check the credentials",
        ),
        (
            complycube,
            "404",
            typed("resource_not_found"),
            "resource_not_found; check --base-url",
        ),
        (
            complycube,
            "429",
            typed("rate_limit_exceeded"),
            "rate_limit_exceeded",
        ),
        (
            complycube,
            "500",
            typed("internal_server_error"),
            "internal_server_error",
        ),
        (complycube, "400", typed("CANARY"), "another type"),
        // Sardine documents none: the status is all that is told.
        (
            sardine,
            "401",
            typed("CANARY"),
            "; its text is not authenticated; check the",
        ),
        (
            sardine,
            "400",
            typed("CANARY"),
            "; its text is not authenticated; check the arguments",
        ),
    ] {
        let (url, request) = serve_once(&format!("{answered} CANARY"), body.to_string());
        let ran = folder.run(&format!("token {call} --base-url {url}"), "");
        request.join().unwrap();
        assert!(
            ran.out.is_empty() && !ran.err.contains("CANARY"),
            "{}",
            ran.err
        );
        let prefix = format!("bankezy: the server refused with status {answered}");
        assert!(ran.err.starts_with(&prefix), "{}", ran.err);
        ran.failed(1, reason);
    }
}

/// Pages of a firewall, redirects and errors in clear: named, and shown only on request, without terminal control
/// characters.
#[test]
fn what_came_in_clear_is_shown_on_request() {
    let folder = Folder::new();
    folder.run("keygen secret --out secret", "").printed();
    folder.write("key", "CANARY-key");
    let of_bankezy = "--api-key-file key --secret-file secret";
    let held = format!("{of_bankezy} --token-file key");
    let html = "200 OK\r\nContent-Type: text/html; charset=utf-8";
    let page = "<title>\u{1b}[31mblocked</title>\r\nbankezy: all is well\n";
    let failed = r#"{"resCode":"TOK003","resDesc":"no such account"}"#;
    for (call, status, body, named) in [
        (
            format!("call /payments {held}"),
            html,
            page,
            "it is a web page",
        ),
        (
            format!("call /payments {held}"),
            "200 OK",
            failed,
            "it says that the call failed, but is not encrypted",
        ),
        (
            format!("call /payments {held}"),
            "302 Found\r\nLocation: /login",
            "sign in",
            "it is a redirect",
        ),
        (
            format!("token bankezy renew {held} --reveal"),
            "502 Bad Gateway",
            page,
            "refused with status 502",
        ),
        (
            format!("token bankezy invalidate {held} --token-reference-id r"),
            html,
            page,
            "it is a web page",
        ),
        (
            format!("token bankezy {of_bankezy} --sdk-api-key-file key --account-number 1"),
            html,
            page,
            "it is a web page",
        ),
        (
            "token faceki --client-id c --client-secret-file key".to_owned(),
            "200 OK\r\nContent-Type: application/json",
            r#"{"error":"try later"}"#,
            "`responseCode` is missing",
        ),
    ] {
        for is_shown in [false, true] {
            let (url, served) = serve_once(status, body.to_owned());
            let flag = if is_shown {
                "--show-unauthenticated"
            } else {
                ""
            };
            let ran = folder.run(&format!("{call} --base-url {url} {flag}"), "{}");
            served.join().unwrap();
            assert!(ran.err.contains(named), "{call}: {}", ran.err);
            let hint = "--show-unauthenticated prints the answer's text";
            assert_eq!(ran.err.contains(hint), !is_shown, "{call}: {}", ran.err);
            let first = &body.trim_start_matches("<title>\u{1b}")[..7];
            assert_eq!(ran.err.contains(first), is_shown, "{call}: {}", ran.err);
            assert!(!ran.err.contains("\nbankezy: all") && !ran.err.contains('\u{1b}'));
            if is_shown && body == page {
                let kind = if status == html {
                    "Content-Type text/html; charset=utf-8"
                } else {
                    "Content-Type not stated"
                };
                assert!(ran.err.contains(kind), "{}", ran.err);
                let lines = "\n  | <title>\\u{1b}[31mblocked</title>\n  | bankezy: all is well\n";
                assert!(ran.err.contains(lines), "{}", ran.err);
            }
            // Only the call is not repeatable.
            let code = if call.starts_with("call") { 3 } else { 1 };
            assert_eq!(ran.code, code, "{call}");
        }
    }
}
