//! `seal --lines` and `open --lines`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Folder, Ran, backends};

/// Runs with a file as standard input: it may be longer than a pipe holds.
fn run_on(folder: &Folder, arguments: &str, input: &str) -> Ran {
    let input = File::open(folder.0.join(input)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bankezy"))
        .args(arguments.split_whitespace())
        .current_dir(&folder.0)
        .stdin(Stdio::from(input))
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn with_secret() -> Folder {
    let folder = Folder::new();
    folder.run("keygen secret --out secret", "").printed();
    folder
}

#[test]
fn lines_keep_their_order_over_many_blocks() {
    let folder = with_secret();
    // 9 MiB: more than a few blocks, in lines of many lengths, the last one without an end.
    let lines: Vec<String> = (0..9_000)
        .map(|n| format!("{n} {}", "x".repeat(n * 7 % 2048)))
        .collect();
    folder.write("clear", lines.join("\n"));
    for backend in backends() {
        let run = |way: &str, input: &str| {
            let arguments = format!("{way} --lines --secret-file secret --backend {backend}");
            run_on(&folder, &arguments, input).printed()
        };
        folder.write("sealed", run("seal", "clear"));
        let sealed = folder.read("sealed");
        assert_eq!(sealed.lines().count(), lines.len());
        assert!(sealed.lines().all(|line| line.starts_with("eyJ")));
        let opened = run("open", "sealed");
        assert!(opened.strip_suffix(b"\n").unwrap() == lines.join("\n").as_bytes());
    }
}

#[test]
fn a_line_is_what_seal_and_open_take_without_lines() {
    let folder = with_secret();
    let sealed = folder.run("seal --lines --secret-file secret", "one\r\ntwo");
    let sealed = sealed.text();
    for (line, expected) in sealed.lines().zip(["one", "two"]) {
        let opened = folder.run("open --secret-file secret", line).text();
        assert_eq!(opened, expected);
    }
    let crlf = sealed.replace('\n', "\r\n");
    let opened = folder.run("open --lines --secret-file secret", crlf).text();
    assert_eq!(opened, "one\ntwo\n");
}

#[test]
fn public_keys_seal_lines_too() {
    let folder = Folder::new();
    let wire = folder.run("keygen p256 --out ours.pem", "").text();
    folder.write("wire", wire);
    let sealed = folder
        .run("seal --lines --recipient wire", "a\n\nb\n")
        .printed();
    let opened = folder.run("open --lines --private-key ours.pem", sealed);
    assert_eq!(opened.text(), "a\n\nb\n");
}

#[test]
fn a_line_that_fails_is_named_and_left_empty() {
    let folder = with_secret();
    let good = folder.run("seal --secret-file secret", "good").text();
    let broken = folder.run("seal --secret-file secret", "a\nb").text();
    let long = "A".repeat(3 << 20);
    folder.write(
        "sealed",
        format!("{good}\nbad\n{good}\n{broken}\n{long}\n\n{good}\n{long}"),
    );
    let arguments = "open --lines --max-len 100000 --secret-file secret";
    let ran = run_on(&folder, arguments, "sealed");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, b"good\n\ngood\n\n\n\ngood\n\n");
    let errors: Vec<&str> = ran.err.lines().collect();
    let expected = [
        "bankezy: line 2: not a sealed text",
        "bankezy: line 4: the payload contains a line break",
        "bankezy: line 5: it has more than 100000 bytes",
        "bankezy: line 6: not a sealed text",
        "bankezy: line 8: it has more than 100000 bytes",
        "bankezy: 5 of 8 lines failed",
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.starts_with(expected), "{error}");
    }
}

/// As another program asks that keeps the pipe open: nothing waits for more lines, and results and errors come at once.
#[test]
fn a_line_that_arrives_alone_is_answered_while_the_input_is_open() {
    let folder = with_secret();
    let mut answers = Vec::new();
    for (way, lines) in [("seal", ["one", "two", "three"]), ("open", ["a", "b", "c"])] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bankezy"))
            .args([way, "--lines", "--secret-file", "secret"])
            .current_dir(&folder.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (answer, answered) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                answer.send(line.unwrap()).unwrap();
            }
        });
        for line in lines {
            // In two pieces, of which the first ends no line.
            let (front, back) = line.split_at(line.len() / 2);
            input.write_all(front.as_bytes()).unwrap();
            input.write_all(format!("{back}\n").as_bytes()).unwrap();
            // Long enough for a busy machine. A line that is held back never comes.
            answers.push(answered.recv_timeout(Duration::from_secs(30)).unwrap());
        }
        // The last line may have no end.
        input.write_all(b"last").unwrap();
        drop(input);
        answers.push(answered.recv_timeout(Duration::from_secs(30)).unwrap());
        reader.join().unwrap();
        child.wait().unwrap();
    }
    let (sealed, failed) = answers.split_at(4);
    for (sealed, line) in sealed.iter().zip(["one", "two", "three", "last"]) {
        let opened = folder.run("open --secret-file secret", sealed).text();
        assert_eq!(opened, line);
    }
    assert_eq!(failed, ["", "", "", ""]);
}

/// A line that is too long is an error at once, and what was before it is not held back until its end.
#[test]
fn a_line_that_is_too_long_holds_nothing_back() {
    let folder = with_secret();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bankezy"))
        .args("seal --lines --max-len 1000 --secret-file secret".split(' '))
        .current_dir(&folder.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line
    };
    let long = "x".repeat(5_000);
    input
        .write_all(format!("first\n{long}").as_bytes())
        .unwrap();
    assert!(next().starts_with("eyJ"));
    assert_eq!(next(), "\n");
    input
        .write_all(format!("{long}\nlast\n").as_bytes())
        .unwrap();
    assert!(next().starts_with("eyJ"));
    drop(input);
    assert_eq!(next(), "");
    let ran = child.wait_with_output().unwrap();
    let errors = String::from_utf8(ran.stderr).unwrap();
    assert!(
        errors.starts_with("bankezy: line 2: it has more than 1000 bytes\n"),
        "{errors}"
    );
}

/// The CR of a line end may be the last byte of a read.
#[test]
fn the_longest_line_is_taken_with_its_line_end_in_two_pieces() {
    let folder = with_secret();
    let sealed = folder.run("seal --secret-file secret", "good").text();
    let arguments = format!(
        "open --lines --max-len {} --secret-file secret",
        sealed.len()
    );
    // What is read at a time ends with the CR.
    let filling = "\n".repeat((2 << 20) - sealed.len() - 1);
    folder.write("sealed", format!("{filling}{sealed}\r\n{sealed}\r"));
    let ran = run_on(&folder, &arguments, "sealed");
    assert!(ran.out.ends_with(b"\ngood\ngood\n"));
    let too_long = format!("--max-len {}", sealed.len() - 1);
    let arguments = format!("open --lines {too_long} --secret-file secret");
    assert!(
        run_on(&folder, &arguments, "sealed")
            .out
            .ends_with(b"\n\n\n")
    );
}

#[test]
fn any_maximum_length_takes_the_memory_of_the_lines_that_come() {
    let folder = with_secret();
    for max in [u64::MAX, u64::MAX / 2, 1 << 45] {
        let arguments = format!("seal --lines --max-len {max} --secret-file secret");
        assert!(folder.run(&arguments, "a\n").text().starts_with("eyJ"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn errors_that_nobody_reads_cost_no_results() {
    let folder = with_secret();
    let good = folder.run("seal --secret-file secret", "good").text();
    folder.write(
        "sealed",
        format!("bad\n{}", format!("{good}\n").repeat(40_000)),
    );
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bankezy"))
        .args("open --lines --secret-file secret".split(' '))
        .current_dir(&folder.0)
        .stdin(File::open(folder.0.join("sealed")).unwrap())
        .stderr(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        output.stdout.iter().filter(|byte| **byte == b'\n').count(),
        40_001
    );
}

#[test]
fn a_payload_that_ends_in_a_line_end_is_a_line() {
    let folder = with_secret();
    let sealed: Vec<String> = ["{}\n", "{}\r\n", "\n", "{}"]
        .map(|payload| folder.run("seal --secret-file secret", payload).text())
        .into();
    let opened = folder.run("open --lines --secret-file secret", sealed.join("\n"));
    assert_eq!(opened.text(), "{}\n{}\r\n\n{}\n");
    // Two of them are not one line.
    let two = folder.run("seal --secret-file secret", "{}\n\n").text();
    let ran = folder.run("open --lines --secret-file secret", two);
    assert_eq!((ran.code, &*ran.out), (1, &b"\n"[..]));
}

#[test]
fn nothing_in_is_nothing_out() {
    let folder = with_secret();
    for way in ["seal", "open"] {
        let arguments = format!("{way} --lines --secret-file secret");
        assert_eq!(folder.run(&arguments, "").printed(), b"");
    }
}
