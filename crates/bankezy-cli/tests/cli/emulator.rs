//! `sandbox` and `demo` themselves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::Folder;
use super::server::{Server, assert_private, wait};

#[cfg(unix)]
#[test]
fn the_sandbox_writes_a_private_ready_file_and_ends_well_on_signals() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start("");
        assert_private(server.folder.0.join("ready"));
        signal_to(&server.child, signal);
        let status = wait("end", || server.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
        let (mut out, mut err) = (String::new(), String::new());
        server
            .child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        server
            .child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        assert_eq!(
            out,
            format!("{}\n", server.url()),
            "the URL and nothing secret"
        );
        assert_eq!(err, "");
    }
}

#[test]
fn the_sandbox_says_why_it_does_not_start() {
    let server = Server::start("");
    let taken = server.url().trim_start_matches("http://");
    let folder = Folder::new();
    folder
        .run(&format!("sandbox --listen {taken}"), "")
        .failed(1, "listen");
    folder
        .run("sandbox --ready-file . --force", "")
        .failed(1, "not a regular file");
    folder.write("precious", "x");
    folder
        .run("sandbox --ready-file precious", "")
        .failed(1, "the file of --ready-file exists and is not overwritten");
    assert_eq!(folder.read("precious"), "x");
    // An earlier ready file stays until there is a new one.
    folder
        .run(
            &format!("sandbox --listen {taken} --ready-file precious --force"),
            "",
        )
        .failed(1, "listen");
    assert_eq!(folder.read("precious"), "x");
}

#[test]
fn the_demo_walks_through_every_step() {
    let folder = Folder::new();
    let shown = folder.run("demo", "").text();
    for step in [
        "1  Key exchange (Get App Token)",
        "2  Get Token",
        "3  A sealed call (echo)",
        "4  Renew",
        "5  Invalidate",
        "6  The invalidated token is refused",
        "HTTP 401",
        "7  A Faceki token",
        "?clientId=(hidden, 32 characters)",
        "&clientSecret=(hidden, 73 characters)",
        "8  A ComplyCube token",
        "9  A Sardine token",
        "\"sessionKey\": \"(hidden, 36 characters)\"",
        "ok 9 steps in ",
    ] {
        assert!(shown.contains(step), "{step}: {shown}");
    }
    for (label, times) in [
        ("in", 9),
        ("call", 9),
        ("wire >", 9),
        ("wire <", 9),
        ("out", 9),
    ] {
        let lines = shown
            .lines()
            .filter(|line| line.starts_with(&format!("   {label:<6}  ")));
        assert_eq!(lines.count(), times, "{label}: {shown}");
    }
    assert!(
        shown.lines().filter(|line| line.contains(" ms")).count() == 10,
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");
    // Of the emulator's credentials and tokens, each is at least 32 hexadecimal digits.
    let is_long = |run: &&str| run.len() >= 32;
    let mut runs = shown.split(|c: char| !c.is_ascii_hexdigit());
    assert_eq!(runs.find(is_long), None, "{shown}");
    assert!(
        std::fs::read_dir(&folder.0).unwrap().next().is_none(),
        "no files"
    );
}

#[cfg(unix)]
#[test]
fn the_demo_stays_on_request_and_shows_where_its_exchanges_are() {
    for signal in ["-INT", "-TERM"] {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_bankezy"))
            .args(["demo", "--keep"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(demo.stdout.as_mut().unwrap()).lines();
        let page = lines.find_map(|line| {
            let line = line.unwrap();
            line.contains("/_sandbox/#token=").then_some(line)
        });
        let page = page.expect("the page's address");
        let (root, token) = page.split_once("/_sandbox/#token=").unwrap();
        let address = root.strip_prefix("http://").unwrap();
        let get = |path: &str, more: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = format!(
                "GET /_sandbox/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            answer
        };
        assert!(get("", "").contains("<html"));
        let log = get("exchanges", &format!("Authorization: Bearer {token}\r\n"));
        let (_, log) = log.split_once("\r\n\r\n").unwrap();
        let log: Value = serde_json::from_str(log).unwrap();
        let calls = log["exchanges"].as_array().unwrap().iter();
        let calls: Vec<_> = calls.map(|one| one["call"].as_str().unwrap()).collect();
        assert_eq!(calls.len(), 9, "{calls:?}");
        assert_eq!((calls[0], calls[8]), ("get-app-token", "sardine"));
        assert!(demo.try_wait().unwrap().is_none(), "it stays");
        signal_to(&demo, signal);
        let status = wait("end", || demo.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
    }
}

#[cfg(unix)]
fn signal_to(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status();
    assert!(sent.unwrap().success());
}

#[cfg(unix)]
fn end(server: &mut Server) {
    signal_to(&server.child, "-TERM");
    wait("end", || server.child.try_wait().unwrap());
}

#[cfg(unix)]
#[test]
fn the_ready_file_ends_with_the_run_that_wrote_it() {
    let mut server = Server::start("");
    let ready = server.folder.0.join("ready");
    let left_behind = std::fs::read(&ready).unwrap();
    end(&mut server);
    assert!(!ready.exists());

    // A run does not take over that of another which is still running, unless it is told to.
    let server = Server::start("");
    let ready = server.folder.0.join("ready");
    let own = std::fs::read(&ready).unwrap();
    server
        .folder
        .run("sandbox --ready-file ready", "")
        .failed(1, "belongs to an emulator that is running");
    assert_eq!(std::fs::read(&ready).unwrap(), own);
    drop(server);

    // That of another run stays.
    let mut server = Server::start("");
    let ready = server.folder.0.join("ready");
    std::fs::write(&ready, &left_behind).unwrap();
    end(&mut server);
    assert_eq!(std::fs::read(&ready).unwrap(), left_behind);

    // One that a killed run left is replaced, and nothing is left of the replacement.
    let folder = Folder::new();
    std::fs::write(folder.0.join("ready"), &left_behind).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bankezy"))
        .args(["sandbox", "--ready-file", "ready"])
        .current_dir(&folder.0)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait("new ready file", || {
        (std::fs::read(folder.0.join("ready")).unwrap() != left_behind).then_some(())
    });
    assert_private(folder.0.join("ready"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn the_log_is_printed_without_colours_and_control_characters() {
    let mut server = Server::start("--log");
    let url = server.url().to_owned();
    server.token("").text();
    let wrong = server.folder.run(
        &format!("call /a%1bb --base-url {url} --api-key-file apiKey --token-file apiKey --secret-file payloadSecret"),
        "{}",
    );
    assert_ne!(wrong.code, 0);
    end(&mut server);
    let mut err = String::new();
    let stderr = server.child.stderr.as_mut().unwrap();
    stderr.read_to_string(&mut err).unwrap();
    assert!(
        err.contains(" POST /token-service/client/server/new/"),
        "{err}"
    );
    assert!(err.contains(" get-token key=static\n"), "{err}");
    assert!(err.contains("\n  path: expected "), "{err}");
    assert!(!err.contains('\u{1b}'));
}

#[test]
fn beyond_loopback_the_console_is_off_unless_asked_for() {
    for (flags, is_on) in [(&[][..], false), (&["--console"][..], true)] {
        let folder = Folder::new();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bankezy"))
            .args(["sandbox", "--listen", "0.0.0.0:0", "--ready-file", "ready"])
            .args(flags)
            .current_dir(&folder.0)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let ready = wait("ready file", || std::fs::read(folder.0.join("ready")).ok());
        let ready: Value = serde_json::from_slice(&ready).unwrap();
        assert_eq!(ready["console"]["token"].is_string(), is_on);
        let (_, port) = ready["url"].as_str().unwrap().rsplit_once(':').unwrap();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let head = format!(
            "GET /_sandbox/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = if is_on { "200" } else { "404" };
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_file_of_routes_is_refused_by_its_line() {
    let folder = Folder::new();
    folder.write(
        "routes",
        "[[route]]\npath = \"/a\"\nanswer = {}\nmethods = 1\n",
    );
    folder
        .run("sandbox --routes routes", "")
        .failed(1, "routes, line 4: unknown field `methods`");
    folder
        .run("sandbox --routes none", "")
        .failed(1, "no such file");
}
