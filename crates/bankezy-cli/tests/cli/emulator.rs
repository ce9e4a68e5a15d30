//! `sandbox` and `demo` themselves.

use std::io::Read as _;
use std::process::Command;

use super::Folder;
use super::server::{Server, assert_private, wait};

#[cfg(unix)]
#[test]
fn the_sandbox_writes_a_private_ready_file_and_ends_well_on_signals() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start("");
        assert_private(server.folder.0.join("ready"));
        let pid = server.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
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
        "7  A token of Faceki's",
        "?clientId=(hidden, 32 characters)",
        "&clientSecret=(hidden, 73 characters)",
        "8  A token of ComplyCube's",
        "9  A token of Sardine's",
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
