//! `diagnose`: what it says when nothing opens a message, and the terms that it prints.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Folder;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[test]
fn what_was_stripped_is_said_whether_the_message_opens_or_not() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.write("other", SECRET.replace('A', "B"));
    let sealed = folder.run("seal --secret-file s", "x").text();
    folder.write(
        "m",
        format!(
            "HTTP/1.1 200 OK\nA: b\n\n{{\"body\":\"{}\"}}",
            sealed.trim()
        ),
    );
    let stripped =
        "stripped from the capture: an HTTP message around the body, JSON around the message";
    let found = folder
        .run("diagnose --message m --secret-file s", "")
        .text();
    assert_eq!(
        found,
        format!(
            "opens with --encoding base64url\nin Rust: PayloadSecret::from_base64url(secret)\n{stripped}\n"
        )
    );
    folder
        .run("diagnose --message m --secret-file other", "")
        .failed(1, stripped);
}

/// As users paste it from tables, commands, consoles and forms: what was around it is reported.
#[test]
fn a_secret_is_found_in_what_people_paste() {
    let folder = Folder::new();
    let octets: Vec<u8> = [0, 1, 2, 0xfb, 0xef, 0xbe]
        .into_iter()
        .chain(6..32)
        .collect();
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    folder.write("s", hex);
    let sealed = folder.run("seal --secret-file s --encoding hex", "x");
    folder.write("m", sealed.printed());
    let (base64, base64url) = (STANDARD.encode(&octets), URL_SAFE_NO_PAD.encode(&octets));
    assert!(base64.contains('+'));
    let joined = |numbers: Vec<String>| numbers.join(", ");
    let numbers = joined(octets.iter().map(u8::to_string).collect());
    let signed = joined(
        octets
            .iter()
            .map(|it| it.cast_signed().to_string())
            .collect(),
    );
    let columns = "taking one of the columns";
    let (command, brackets) = (
        "taking it out of the command",
        "removing the brackets around it",
    );
    let name = "removing the name in front of it";
    for (text, said) in [
        (format!("payloadSecret\t{base64url}\n"), columns),
        (format!("payload secret -> {base64url}"), name),
        (format!("payloadSecret => {base64url}"), name),
        (format!("payloadSecret \u{2192} {base64url}"), name),
        (format!("1,payloadSecret,{base64},2026"), columns),
        (format!("\"payloadSecret\";\"{base64}\""), columns),
        (format!("| payloadSecret | {base64url} |"), columns),
        (
            format!("| name | value |\n|---|---|\n| secret | `{base64}` |\n"),
            columns,
        ),
        (
            format!("\u{2502} secret \u{2502} {base64url} \u{2502}"),
            columns,
        ),
        (format!("-H 'X-Payload-Secret: {base64}'"), command),
        (
            format!("curl https://host/x -H 'Accept: */*' -H \"X-Secret: {base64}\" -d '{{}}'"),
            command,
        ),
        (
            format!(
                "curl https://host/x \\\n  -H 'Accept: */*' \\\n  --header 'X-Secret: {base64url}'"
            ),
            command,
        ),
        (format!("Uint8Array(32) [ {numbers} ]"), brackets),
        (format!("new Uint8Array([{numbers}]);"), brackets),
        (format!("[{signed}]"), brackets),
        (format!("byteArrayOf({signed})"), brackets),
        (
            format!(r#"{{"type":"Buffer","data":[{numbers}]}}"#),
            "taking it out of the JSON",
        ),
        (
            format!("{{'kty': 'oct', 'k': '{base64url}', 'kid': None}}"),
            "writing Python's quotation marks as those of JSON",
        ),
        (base64.replace('+', " "), "writing `+` for the blanks in it"),
        (
            format!("secret={}", base64.replace('+', " ")),
            "writing `+` for the blanks in it",
        ),
        (
            format!("x=1&secret={}", base64.replace('+', " ")),
            "writing `+` for the blanks in it",
        ),
    ] {
        folder.write("p", &text);
        let found = folder
            .run("diagnose --message m --secret-file p", "")
            .text();
        assert!(
            found.starts_with("opens with ") && found.contains(said),
            "{text}: {found}"
        );
    }
}

/// One session does not distinguish readings that are the same in it.
#[test]
fn readings_that_one_message_cannot_tell_apart_are_named() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.write("padded", format!("{SECRET}=\n"));
    let sealed = folder.run("seal --secret-file s", "x").printed();
    folder.write("m", sealed);
    let found = folder
        .run("diagnose --message m --secret-file padded", "")
        .text();
    let note = "note: this secret is the same in base64: a message under another secret shows which one it is";
    assert!(found.contains(note), "{found}");
    let found = folder
        .run("diagnose --message m --secret-file s", "")
        .text();
    assert!(!found.contains("note:"), "{found}");
    // Few shared secrets start with a zero octet, so nearly always a number without leading zeros is the same.
    let theirs = folder.run("keygen p256 --out theirs.pem", "").text();
    let mut notes = 0;
    for key in 0..4 {
        let ours = folder
            .run(&format!("keygen p256 --out k{key}.pem"), "")
            .text();
        let agreed = format!(
            "--private-key theirs.pem --peer {} --derive sha256",
            ours.trim()
        );
        let sealed = folder.run(&format!("seal {agreed}"), "x").printed();
        folder.write("m", sealed);
        let diagnose = format!(
            "diagnose --message m --private-key k{key}.pem --peer {}",
            theirs.trim()
        );
        let found = folder.run(&diagnose, "").text();
        let is_noted = found.contains("note: this result also fits ")
            && found.contains(" of x that differ")
            && found.contains("x without leading zeros")
            && found.contains("): confirm with a message of a second session");
        notes += usize::from(is_noted);
    }
    assert!(notes >= 3, "{notes}");
}

#[test]
fn a_private_key_alone_that_opens_nothing_is_explained() {
    let folder = Folder::new();
    let wire = folder.run("keygen p256 --out k.pem", "").text();
    folder.run("keygen p256 --out stranger.pem", "").printed();
    let sealed = folder
        .run(&format!("seal --recipient {wire}"), "x")
        .printed();
    folder.write("m", sealed);
    for said in [
        "the private key does not open the message",
        "A wrong private key and a changed message look the same",
        "Try a second message",
        "ask the bank for the public key",
    ] {
        folder
            .run("diagnose --message m --private-key stranger.pem", "")
            .failed(1, said);
    }
}

#[test]
fn two_messages_and_a_jwt_are_called_so() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    let seal = || folder.run("seal --secret-file s", "x").text();
    let (first, second) = (seal(), seal());
    let jwt = "eyJhbGciOiJIUzUxMiJ9.eyJleHAiOjE2ODg4OTI0ODh9.c2ln";
    folder.write("two", format!("{first}\n{second}"));
    folder.write("jwt", format!("Bearer {jwt}"));
    folder.write(
        "request",
        format!("POST / HTTP/1.1\nAuthorization: Bearer {first}\n\n{second}"),
    );
    folder
        .run("diagnose --message two --secret-file s", "")
        .failed(1, "2 different encrypted messages");
    folder
        .run("diagnose --message jwt --secret-file s", "")
        .failed(1, "this is a JWT");
    folder
        .run("diagnose --message request --secret-file s", "")
        .text();
}

/// The printed flags are given to a shell as they are.
#[test]
#[cfg(unix)]
fn the_printed_flags_open_the_message() {
    let folder = Folder::new();
    let ours = folder.run("keygen p256 --out ours.pem", "").text();
    let theirs = folder.run("keygen p256 --out theirs.pem", "").text();
    let (ours, theirs) = (ours.trim(), theirs.trim());
    let key = ["--private-key", "ours.pem", "--peer", theirs];
    for derivation in [
        &["--derive", "raw"][..],
        &["--derive", "concat-kdf", "--apu", "Alice", "--apv", "Bob"],
        &["--derive", "concat-kdf", "--apu", ours, "--apv", theirs],
        &["--derive", "hkdf-sha256", "--info=-it's $HOME"],
        &["--derive", "x963-sha256", "--info", "client"],
    ] {
        let seal = [&["seal"][..], &key, derivation].concat();
        let sealed = folder.run_args(seal, "x", &[]).text();
        folder.write("m", &sealed);
        let further = ["diagnose", "--message", "m", "--try-info=-it's $HOME"];
        let found = folder
            .run_args([&further[..], &key].concat(), "", &[])
            .text();
        let line = found
            .lines()
            .find_map(|line| line.strip_prefix("on the command line: "));
        let flags = line.unwrap_or_else(|| panic!("{found}"));
        let command = format!(
            "'{}' open --private-key ours.pem --peer '{theirs}' {flags} < m",
            env!("CARGO_BIN_EXE_bankezy")
        );
        let opened = std::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(&folder.0)
            .output()
            .unwrap();
        assert_eq!(opened.stdout, b"x", "{flags}: {opened:?}");
    }
}

/// The printed lines are given to a shell as they are.
#[test]
#[cfg(unix)]
fn the_printed_lines_give_the_key_of_a_wrapped_secret() {
    let folder = Folder::new();
    let hex: String = (0..32).map(|octet| format!("{octet:02x}")).collect();
    // Its SHA-256, from coreutils' sha256sum.
    let text = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let hash = "a49b97dbe1ff450dc18610c6d85178f72f8390c6a10b6b9fa583cca29cf9b623";
    for (written, key, named) in [
        (
            format!("\"{SECRET}\"\n"),
            &*hex,
            "after removing the quotation marks",
        ),
        (
            format!("A=1\nKEY={SECRET}\nB=2\n"),
            &hex,
            "after taking one of its lines",
        ),
        (format!("0x{hex}\r\n"), &hex, "after removing `0x`"),
        (
            format!("\u{feff}{text}\r\n"),
            hash,
            "after removing the byte order mark",
        ),
        (format!("{text}\r\n"), hash, "SHA-256 of the text"),
    ] {
        folder.write("key", key);
        folder.write("written", written);
        let sealed = folder.run("seal --secret-file key --encoding hex", "x");
        folder.write("m", sealed.printed());
        let diagnose = "diagnose --message m --secret-file written";
        let found = folder.run(diagnose, "").text();
        assert!(found.contains(named), "{found}");
        let line = |start: &str| found.lines().find_map(|line| line.strip_prefix(start));
        let [first, command] = ["first: ", "in a shell, for --encoding hex: "]
            .map(|start| line(start).unwrap_or_else(|| panic!("{found}")));
        let written = std::process::Command::new("sh")
            .args(["-c", &format!("{first}\n{command}")])
            .env("SECRET_FILE", "written")
            .current_dir(&folder.0)
            .output()
            .unwrap();
        let written = String::from_utf8(written.stdout).unwrap();
        assert_eq!(written.trim_end(), key, "{found}");
    }
}

#[test]
fn a_further_text_in_hex_is_decoded() {
    let folder = Folder::new();
    let theirs = folder.run("keygen p256 --out theirs.pem", "").text();
    folder.run("keygen p256 --out ours.pem", "").printed();
    let theirs = theirs.trim();
    let seal = format!("seal --private-key ours.pem --peer {theirs} --derive concat-kdf --apu Zoe");
    folder.write("m", folder.run(&seal, "x").printed());
    let diagnose = format!("diagnose --message m --private-key ours.pem --peer {theirs}");
    for written in ["5a6f65", "0x5a6f65", "5A:6F:65"] {
        let found = folder
            .run(&format!("{diagnose} --try-info {written}"), "")
            .text();
        assert!(found.contains(" decoded from hex"), "{found}");
        let flags = "on the command line: --derive concat-kdf --apu 'Zoe'\n";
        assert!(found.contains(flags), "{found}");
    }
}

/// Text from the author of a message or script does not control the terminal.
#[test]
fn what_a_terminal_would_obey_or_hide_is_escaped_or_left_out() {
    let folder = Folder::new();
    let theirs = folder.run("keygen p256 --out theirs.pem", "").text();
    folder.run("keygen p256 --out ours.pem", "").printed();
    let key = ["--private-key", "ours.pem", "--peer", theirs.trim()];
    for text in [
        "\u{1b}[31mred",
        "a\r\nb\tc",
        "k\u{202e}7",
        "k\u{2066}7",
        "k\u{200b}7",
    ] {
        let derive = ["--derive", "hkdf-sha256", "--info", text];
        let seal = [&["seal"][..], &key, &derive].concat();
        folder.write("m", folder.run_args(seal, "x", &[]).text());
        let diagnose = ["diagnose", "--message", "m", "--try-info", text];
        let ran = folder.run_args([&diagnose[..], &key].concat(), "", &[]);
        let found = ran.text();
        assert!(found.contains("no flags do this"), "{found}");
        let is_shown = |c: char| c == '\n' || !c.is_control() && (c.is_ascii() || c == '…');
        assert!(found.chars().all(is_shown), "{found:?}");
    }
}
