//! `token` and `call` against an emulator.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use serde_json::Value;

use super::Folder;
use super::server::{BODY, Server, answer, assert_private, wait};

#[test]
fn get_token_prints_the_answer_and_its_session_makes_calls() {
    let server = Server::start("");
    let shown = answer(server.token(
        "--reference-id ref-1 --first-name Asha --last-name Rao --email a@example.com \
         --isd-code 91 --mobile-number 9876543210 --dob 19900131 --data k=v --data empty= \
         --save-session session",
    ));
    assert_eq!(shown["referenceId"], "ref-1");
    assert_eq!(shown["accountNumber"], "9007199254740993001");
    assert_eq!(shown["code"], "TOK200");
    assert!(shown["serverPubKey"].is_string() && shown["tokenReferenceId"].is_string());
    let expiry = shown["expiresAt"].as_str().unwrap();
    assert!(
        expiry.starts_with("20") && expiry.ends_with('Z'),
        "{expiry}"
    );
    let token = shown["token"].as_str().unwrap();
    assert!(token.starts_with("eyJl…(") && token.len() < 40, "{token}");

    let called = server.call("--session session", BODY);
    assert_eq!(called.text(), BODY);
    // The emulator's echo has the codes that it was sent. Only documented failures are one.
    for (codes, exit, said) in [
        (
            r#"{"resCode":200,"data":{"resCode":301}}"#,
            1,
            "code 200, inside 301",
        ),
        (r#"{"resCode":"TOK003"}"#, 1, "code TOK003"),
        (
            r#"{"resCode":200,"data":{"resCode":100}}"#,
            0,
            "code 200, inside 100",
        ),
        (r#"{"resCode":202}"#, 0, "code 202"),
    ] {
        let called = server.call("--session session", codes);
        assert_eq!(called.code, exit, "{codes}");
        assert_eq!(String::from_utf8_lossy(&called.out), codes);
        assert!(called.err.contains(said), "{codes}: {}", called.err);
    }
    assert_private(server.folder.0.join("session"));
    let session = server.folder.read("session");
    assert!(!session.contains(server.credential("payloadSecret")));

    // From another folder, too: the session's paths are absolute.
    let elsewhere = Folder::new();
    let path = server.folder.0.join("session");
    let arguments = format!("call /sandbox/echo --session {}", path.display());
    assert_eq!(elsewhere.run(&arguments, BODY).text(), BODY);
    // Its token is for its server: only a flag sends it elsewhere.
    let variables = [("BANKEZY_BASE_URL", "http://127.0.0.1:9")];
    let ran = elsewhere.run_with(&arguments, BODY, &variables);
    assert_eq!(ran.text(), BODY);
    elsewhere
        .run(&format!("{arguments} --base-url http://127.0.0.1:9"), BODY)
        .failed(1, "nothing was sent");
}

#[test]
fn sessions_use_the_keys_that_were_exchanged() {
    let server = Server::start("--derivation sha256");
    server
        .folder
        .run("keygen rsa --bits 2048 --out rsa.pem", "")
        .printed();
    server
        .folder
        .run("keygen p256 --out p256.pem", "")
        .printed();
    server
        .token("--derive sha256 --save-session agreed")
        .printed();
    server
        .token("--private-key rsa.pem --save-session rsa")
        .printed();
    server
        .app_token("--derive sha256 --save-session app")
        .printed();
    server
        .app_token("--derive sha256 --private-key p256.pem --save-session app-p256")
        .printed();
    server
        .app_token("--private-key rsa.pem --save-session app-rsa")
        .printed();
    for (session, channel) in [
        ("agreed", "agreed"),
        ("rsa", "key-transport"),
        ("app", "agreed"),
        ("app-p256", "agreed"),
        ("app-rsa", "key-transport"),
    ] {
        let kept: Value = serde_json::from_str(&server.folder.read(session)).unwrap();
        assert_eq!(kept["channel"], channel, "{session}");
        let echoed = server.call(&format!("--session {session}"), BODY).text();
        assert_eq!(echoed, BODY, "{session}");
    }
    server
        .app_token("")
        .failed(2, "missing required argument: `--derive NAME`");
    // The wrong derivation shows at the first call.
    server
        .app_token("--derive raw --save-session wrong")
        .printed();
    server.call("--session wrong", BODY).failed(3, "400");
}

#[test]
fn the_emulator_takes_every_derivation() {
    for (inputs, another) in [
        ("concat-kdf --apu ours --apv theirs", "concat-kdf"),
        (
            "hkdf-sha256 --salt salt --info bankezy",
            "hkdf-sha256 --salt salt",
        ),
        ("x963-sha256 --info bankezy", "x963-sha256"),
    ] {
        let server = Server::start(&format!("--derivation {inputs}"));
        let call = |derivation: &str| {
            let login = format!("--derive {derivation} --save-session app --force");
            server.app_token(&login).printed();
            server.call("--session app", BODY)
        };
        assert_eq!(call(inputs).text(), BODY, "{inputs}");
        call(another).failed(3, "400");
    }
}

#[test]
fn a_session_file_is_not_overwritten_by_accident() {
    let server = Server::start("");
    server.folder.write("precious", "key");
    server.token("--save-session precious").failed(1, "exists");
    assert_eq!(server.folder.read("precious"), "key");
    server.token("--save-session precious --force").printed();
    assert_eq!(server.call("--session precious", "{}").text(), "{}");
    server.folder.write("broken", "{\"token\":\"CANARY\"}");
    let ran = server.call("--session broken", "{}");
    assert!(!ran.err.contains("CANARY"));
    ran.failed(1, "session file");
}

#[test]
fn tokens_are_shown_only_on_demand_and_work_with_a_static_secret() {
    let server = Server::start("--token-format jwe --prefix kong");
    assert!(server.url().ends_with("/kong"));
    let shown = answer(server.token("--reveal --api-version v1"));
    let token = shown["token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 5, "a JWE: {token}");
    server.folder.write("token", format!("{token}\n"));
    let common = format!(
        "--base-url {} --api-key-file apiKey --secret-file payloadSecret",
        server.url()
    );
    let from_file = server.call(&format!("{common} --token-file token"), BODY);
    assert_eq!(from_file.text(), BODY);

    let variables = [("T", token), ("S", server.credential("payloadSecret"))];
    let arguments = format!(
        "call /sandbox/echo --base-url {} --api-key-file apiKey --secret-env S --token-env T",
        server.url()
    );
    let from_variables = server.folder.run_with(&arguments, BODY, &variables);
    assert_eq!(server.quiet(from_variables).text(), BODY);
    let ran = server.call(&format!("{common} --token-file token"), "{CANARY");
    assert!(!ran.err.contains("CANARY"));
    ran.failed(1, "not JSON");

    server.folder.write("token", "CANARY");
    let ran = server.call(&format!("{common} --token-file token"), BODY);
    assert!(!ran.err.contains("CANARY"));
    ran.failed(3, "401");
}

#[test]
fn tokens_expire_and_can_be_invalidated_even_then() {
    let server = Server::start("--token-lifetime 1");
    server.token("--save-session s").printed();
    wait("expiry", || {
        let ran = server.call("--session s", "{}");
        (ran.code == 3 && ran.err.contains("401")).then_some(())
    });
    // Under the static payload secret the token does not go along.
    server.of_token("invalidate --session s").printed();
}

/// Even a 503 does not prove that a call was not executed.
#[test]
fn a_call_is_sent_once_unless_it_says_that_it_may_be_repeated() {
    let server = Server::start("");
    server.folder.write("token", "t");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let (heard, hears) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The head and the body, which are small, come at once or in two parts.
            let mut request = String::new();
            while request.matches('.').count() < 8 {
                let mut part = [0; 4096];
                let len = stream.read(&mut part).unwrap();
                request.push_str(&String::from_utf8_lossy(&part[..len]));
            }
            counted.fetch_add(1, Ordering::SeqCst);
            heard.send(request).unwrap();
            let answer = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nX-Request-Id: req-7\r\n\
                Connection: close\r\nContent-Length: 4\r\n\r\nbusy";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let common = format!(
        "call /pay --base-url {url} --api-key-file apiKey --secret-file payloadSecret \
         --token-file token --timeout 20"
    );
    for (flag, sent, code) in [("", 1, 3), ("--idempotent", 3, 1)] {
        let ran = server
            .folder
            .run(&format!("{common} --header key:k-1 {flag}"), BODY);
        let advice =
            "; the outcome is unknown: ask by referenceId before you send the call again\n";
        assert_eq!(ran.err.ends_with(advice), code == 3, "{}", ran.err);
        ran.failed(code, "(x-request-id: req-7)");
        assert_eq!(count.swap(0, Ordering::SeqCst), sent, "{flag}");
        let heard: Vec<String> = hears.try_iter().collect();
        assert_eq!(heard.len(), sent);
        assert!(heard.iter().all(|head| head.contains("\r\nkey: k-1\r\n")));
    }
    for (header, code, says) in [
        ("X-API-KEY:CANARY", 2, "`header` is a duplicate"),
        ("CANARY", 2, "expected NAME: VALUE"),
        ("CAN@RY:CANARY", 2, "expected NAME: VALUE"),
        ("name:CANARY\u{1}", 2, "expected NAME: VALUE"),
        ("host:CANARY", 1, "Host"),
    ] {
        let ran = server
            .folder
            .run(&format!("{common} --header {header}"), BODY);
        assert!(!ran.err.contains("CANARY"), "{}", ran.err);
        ran.failed(code, says);
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
