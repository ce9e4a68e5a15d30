//! `inspect`, `diagnose`, `vectors`, completions and man pages.

use super::{Folder, backends};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[test]
fn inspect_never_lets_a_header_drive_the_terminal() {
    // {"a":"<escape>[31m"} with a raw escape character, which is no JSON.
    let report = Folder::new()
        .run("inspect", "eyJhIjoiG1szMW0ifQ..AAAA.AAAA.AAAA")
        .text();
    assert!(
        !report.contains('\u{1b}') && report.contains(r"\u{1b}"),
        "{report}"
    );
}

#[test]
fn inspect_shows_the_kid_of_a_public_key() {
    use base64::Engine as _;
    let jwk = include_str!("../../../../tests/data/p256.jwk.json");
    let (public, _) = jwk.split_once(",\"d\"").unwrap();
    let folder = Folder::new();
    for (kid, shown) in [
        (r#""2026-11""#.to_owned(), "2026-11"),
        (
            r#""a\u001b[31m\nJWK: b""#.to_owned(),
            r"a\u{1b}[31m\nJWK: b",
        ),
        (
            format!("\"{}\"", "k".repeat(501)),
            "not shown, since it has 501 bytes and no more than 256 are kept",
        ),
    ] {
        let json = format!("{public},\"kid\":{kid}}}");
        let wire = base64::engine::general_purpose::STANDARD.encode(&json);
        for text in [json, wire] {
            let report = folder.run("inspect", text).text();
            assert!(report.ends_with(&format!("\nkid: {shown}\n")), "{report}");
            assert_eq!(report.lines().count(), 5, "{report}");
        }
    }
    for text in [format!("{public}}}"), format!("{public},\"kid\":null}}")] {
        let report = folder.run("inspect", text).text();
        assert!(!report.contains("kid"), "{report}");
    }
}

#[test]
fn inspect_shows_claims_as_they_stand() {
    use base64::Engine as _;
    let encode = |json: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
    let claims = "{\"z\":1,\"a\":123456789012345678901234567890,\"a\":\"\u{9b}31m\u{202e}\"}";
    let jwt = format!("{}.{}.x", encode("{\"alg\":\"none\"}"), encode(claims));
    let report = Folder::new().run("inspect", jwt).text();
    let shown = r#"claims: {"z":1,"a":123456789012345678901234567890,"a":"\u{9b}31m\u{202e}"}"#;
    assert!(report.contains(shown), "{report}");
}

#[test]
fn long_messages_are_explained_when_allowed() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.write(
        "m",
        folder
            .run("seal --secret-file s --max-len 20000000", vec![0; 7 << 20])
            .printed(),
    );
    folder.run("inspect m", "").failed(1, "more than");
    let report = folder.run("inspect m --max-len 20000000", "").text();
    assert!(report.contains("ciphertext: 7340032 bytes"), "{report}");
    let found = folder
        .run(
            "diagnose --message m --secret-file s --max-len 20000000",
            "",
        )
        .text();
    assert!(found.contains("base64url"), "{found}");
}

/// As `diagnose` reads it.
#[test]
fn what_is_around_a_message_is_named_by_inspect_and_open() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    let sealed = folder.run("seal --secret-file s", "x").text();
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for (capture, what) in [
        (
            format!("\u{feff}{sealed}").into_bytes(),
            "a byte order mark",
        ),
        (format!("\"{sealed}\"\n").into(), "quotation marks"),
        (
            format!("{{\"data\":\"{sealed}\"}}").into(),
            "JSON around the message",
        ),
        (
            format!("POST /a HTTP/1.1\r\nHost: a.example\r\n\r\n{sealed}").into(),
            "an HTTP message around the body",
        ),
        (utf16(&sealed), "UTF-16 instead of UTF-8"),
        (format!("msg: {sealed}.").into(), "text around the message"),
        (
            sealed.replace('.', "&#46;").into(),
            "character references of HTML",
        ),
    ] {
        let report = folder.run("inspect", &capture).text();
        assert!(report.starts_with("kind: compact JWE"), "{report}");
        let line = report
            .lines()
            .find(|line| line.starts_with("stripped from the capture: "));
        assert!(line.is_some_and(|line| line.contains(what)), "{report}");
        let ran = folder.run("open --secret-file s", &capture);
        assert!(ran.err.contains("`bankezy diagnose`"), "{}", ran.err);
        ran.failed(1, &format!("the input has {what}"));
    }
    let other = folder.run("seal --secret-file s", "y").text();
    let two = format!("{sealed}\n{other}\n");
    for command in ["inspect", "open --secret-file s"] {
        let ran = folder.run(command, &two);
        ran.failed(1, "has 2 different encrypted messages");
    }
    let opened = folder.run("open --secret-file s", format!("{sealed}\n"));
    assert_eq!(opened.printed(), b"x");
    let report = folder.run("inspect", &sealed).text();
    assert!(!report.contains("stripped"), "{report}");
}

#[test]
fn inspect_explains_public_keys() {
    let folder = Folder::new();
    let wire = folder.run("keygen p256 --out k.pem", "").text();
    let report = folder.run("inspect", &wire).text();
    assert!(
        report.contains("key: P-256, 256 bits") && report.contains(wire.trim()),
        "{report}"
    );
}

#[test]
fn diagnose_names_the_reading_of_the_secret() {
    let folder = Folder::new();
    let ascii = "0123456789abcdefghijklmnopqrstu!";
    for (encoding, secret) in [
        ("base64url", SECRET),
        ("base64", "++++AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        (
            "hex",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ),
        ("utf8", ascii),
    ] {
        folder.write("s", secret);
        let sealed = folder.run(&format!("seal --secret-file s --encoding {encoding}"), "x");
        folder.write("m", sealed.printed());
        let found = folder
            .run("diagnose --message m --secret-file s", "")
            .text();
        let line = format!("opens with --encoding {encoding}\n");
        assert!(found.starts_with(&line), "{found}");
        assert_eq!(found.contains("weak: "), encoding == "utf8", "{found}");
        let from_env = "diagnose --message m --secret-env S";
        assert_eq!(
            folder.run_with(from_env, "", &[("S", secret)]).text(),
            found
        );
    }
    folder.write("other", SECRET.replace('A', "B"));
    folder
        .run("diagnose --message m --secret-file other", "")
        .failed(1, "--encoding base64url: 32 bytes, but another key");
}

#[test]
fn diagnose_reads_a_binary_secret_too() {
    let folder = Folder::new();
    let raw: Vec<u8> = (0..31).chain([0xff]).collect();
    folder.write("raw", &raw);
    let text = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &raw);
    folder.write("s", text);
    folder.write("m", folder.run("seal --secret-file s", "x").printed());
    let found = folder
        .run("diagnose --message m --secret-file raw", "")
        .text();
    assert!(found.contains("32 raw bytes"), "{found}");
    folder.write("other", [0xfe; 32]);
    folder
        .run("diagnose --message m --secret-file other", "")
        .failed(1, "--encoding hex: not text");
}

#[test]
fn diagnose_names_the_derivation_with_roles_either_way() {
    let folder = Folder::new();
    let ours = folder.run("keygen p256 --out ours.pem", "").text();
    let theirs = folder.run("keygen p256 --out theirs.pem", "").text();
    let (ours, theirs) = (ours.trim(), theirs.trim());
    for (derive, named) in [
        ("raw".to_owned(), "--derive raw"),
        ("sha256".to_owned(), "--derive sha256"),
        (
            "concat-kdf".to_owned(),
            "concat-kdf with apu empty, apv empty",
        ),
        (
            "hkdf-sha256".to_owned(),
            "hkdf-sha256 with salt empty, info empty",
        ),
        (
            "concat-kdf --apu Alice --apv Bob".to_owned(),
            r#"apu "Alice", apv "Bob""#,
        ),
        (
            format!("concat-kdf --apu {ours} --apv {theirs}"),
            "apu our key in wire form",
        ),
        (
            format!("concat-kdf --apu {theirs} --apv {ours}"),
            "apu their key in wire form",
        ),
        ("hkdf-sha256 --salt unusual".to_owned(), r#"salt "unusual""#),
        (
            "x963-sha256 --info client".to_owned(),
            "--derive x963-sha256 --info 'client'\n",
        ),
    ] {
        let seal = format!("seal --private-key ours.pem --peer {theirs} --derive {derive}");
        folder.write("m", folder.run(&seal, "x").printed());
        let diagnose = format!(
            "diagnose --message m --private-key ours.pem --peer {theirs} --try-info unusual"
        );
        let found = folder.run(&diagnose, "").text();
        assert!(found.contains(named), "{derive}: {found}");
    }
    folder.run("keygen p256 --out stranger.pem", "").printed();
    let diagnose = format!("diagnose --message m --private-key stranger.pem --peer {theirs}");
    folder
        .run(&diagnose, "")
        .failed(1, "derivations opens the message");
}

#[test]
fn diagnose_says_what_else_a_message_needs() {
    let folder = Folder::new();
    let wire = folder.run("keygen p256 --out k.pem", "").text();
    folder.write("s", SECRET);
    folder.write(
        "to-key",
        folder
            .run(&format!("seal --recipient {wire}"), "x")
            .printed(),
    );
    folder.write("shared", folder.run("seal --secret-file s", "x").printed());
    let found = folder
        .run("diagnose --message to-key --private-key k.pem", "")
        .text();
    assert!(found.contains("private key alone"), "{found}");
    for (arguments, code, reason) in [
        (
            "--message to-key --secret-file s",
            1,
            "open it with --private-key",
        ),
        ("--message shared --private-key k.pem", 2, "--peer"),
        (
            "--message to-key --private-key k.pem --peer k.pem",
            2,
            "--peer does not apply",
        ),
        ("--message k.pem --secret-file s", 1, "not a sealed text"),
        (
            "--message missing --secret-file s",
            1,
            "cannot read the file of --message: no such file",
        ),
    ] {
        folder
            .run(&format!("diagnose {arguments}"), "")
            .failed(code, reason);
    }
}

#[test]
fn vectors_run_on_every_backend() {
    let folder = Folder::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let files = format!("{root}/test-vectors/nimbus.json {root}/test-vectors/jose.json");
    for backend in backends() {
        let ran = folder.run(&format!("vectors {files} --backend {backend}"), "");
        let printed = String::from_utf8(ran.out).unwrap();
        if backend == "rust-crypto" && !cfg!(feature = "rust-crypto-private-rsa-timing-risk") {
            assert_eq!(ran.code, 1);
            assert!(printed.contains("the feature rust-crypto-private-rsa-timing-risk"));
            assert!(printed.ends_with("52 passed, 9 failed\n"), "{printed}");
        } else {
            assert_eq!((ran.code, printed.as_str()), (0, "61 passed, 0 failed\n"));
        }
    }
}

#[test]
fn failing_vectors_are_printed_and_counted() {
    let folder = Folder::new();
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    folder.write("s", key);
    let sealed = folder.run("seal --secret-file s", "x").text();
    let case = |id: u8, kind: &str, result: &str, plaintext: &str| {
        format!(
            r#"{{"id":{id},"kind":"{kind}","result":"{result}","comment":"c","key_b64u":"{key}","plaintext_b64u":"{plaintext}","jwe":"{sealed}"}}"#
        )
    };
    let cases = [
        case(1, "dir", "valid", "eA"),
        case(2, "dir", "valid", "eQ"),
        case(3, "dir", "invalid", "eA"),
        case(4, "jws", "valid", "eA"),
        r#"{"id":5}"#.to_owned(),
        // Invalid cases pass only if they were run.
        r#"{"id":6,"kind":"dir","result":"invalid"}"#.to_owned(),
        format!(r#"{{"id":7,"kind":"dir","result":"invalid","key_b64u":"{key}"}}"#),
        format!(r#"{{"id":8,"kind":"dir","result":"invalid","key_b64u":"!","jwe":"{sealed}"}}"#),
    ];
    folder.write("v.json", format!("{{\"cases\":[{}]}}", cases.join(",")));
    let ran = folder.run("vectors v.json", "");
    let printed = String::from_utf8_lossy(&ran.out).into_owned();
    for line in [
        "case 2 (dir, c): the plaintext differs",
        "case 3 (dir, c): should not open",
        "case 4 (jws, c): unknown kind jws",
        "case 5 (no kind, no comment)",
        "case 6 (dir, no comment): the case has no text `key_b64u`",
        "case 7 (dir, no comment): the case has no text `jwe`",
        "case 8 (dir, no comment): a key or plaintext of the case is not base64",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(printed.ends_with("\n1 passed, 7 failed\n"), "{printed}");
    ran.failed(1, "7 vectors failed");
    folder.write("empty.json", "{\"cases\":[]}");
    folder
        .run("vectors empty.json", "")
        .failed(1, "it has no cases");
    folder.run("vectors s", "").failed(1, "not a vector file");
}

/// No text from a file controls the terminal.
#[test]
fn text_of_a_vector_file_drives_no_terminal() {
    let folder = Folder::new();
    let hostile = "\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\r\n\u{7f}";
    let case = |kind: &str, result: &str, derivation: &str| {
        serde_json::json!({
            "id": hostile, "comment": hostile, "kind": kind, "result": result, "derivation": derivation,
            "jwe": "", "plaintext_b64u": hostile, "server_pub_key": hostile, "sdk_public_key": hostile,
            "key_b64u": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        })
    };
    let cases = [
        case(hostile, "valid", "raw"),
        case("dir", hostile, "raw"),
        case("ecdh-p256+dir", "valid", hostile),
    ];
    folder.write("v", serde_json::json!({ "cases": cases }).to_string());
    let ran = folder.run("vectors v", "");
    let text = String::from_utf8(ran.out).unwrap() + &ran.err;
    let is_plain = |c: char| c == '\n' || (' '..='~').contains(&c);
    assert!(text.chars().all(is_plain), "{text:?}");
    assert_eq!(text.matches("\nFAILED").count() + 1, 3, "{text}");
    assert!(text.contains(r"unknown kind \u{1b}]0;title"), "{text}");
}
