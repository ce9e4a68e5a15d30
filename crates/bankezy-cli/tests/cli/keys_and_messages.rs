//! `keygen`, `seal` and `open`.

use super::{Folder, backends};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

#[test]
fn a_jwe_in_json_serialization_is_not_called_unencrypted() {
    let folder = Folder::new();
    folder.write("s", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    let sealed = folder.run("seal --secret-file s", "x").text();
    let parts: Vec<_> = sealed.split('.').collect();
    let [header, _, iv, ciphertext, tag] = parts[..] else {
        panic!("{sealed}");
    };
    let json = format!(
        r#"{{"protected":"{header}","iv":"{iv}","ciphertext":"{ciphertext}","tag":"{tag}"}}"#
    );
    let open = "open --secret-file s";
    folder
        .run(open, &json)
        .failed(1, "JSON serialization, and compact JWE is needed");
    let with_aad = json.replace('}', r#","aad":"AA"}"#);
    folder
        .run(open, with_aad)
        .failed(1, "JSON serialization (RFC 7516 section 7.2) with `aad`");
}

#[test]
fn a_secret_is_made_once_and_kept_private() {
    let folder = Folder::new();
    let made = folder.run("keygen secret --out s", "");
    assert!(made.err.contains("keep it secret"));
    assert_eq!(made.printed(), b"");
    let first = folder.read("s");
    assert_eq!(first.len(), 43);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.0.join("s"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    folder
        .run("keygen secret --out s", "")
        .failed(1, "the file of --out exists and is not overwritten");
    assert_eq!(folder.read("s"), first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.0.join("s"), open).unwrap();
    }
    folder.run("keygen secret --out s --force", "").printed();
    assert_ne!(folder.read("s"), first);
    super::server::assert_private(folder.0.join("s"));
    assert_eq!(
        std::fs::read_dir(&folder.0).unwrap().count(),
        1,
        "nothing else is left behind"
    );
    folder
        .run("keygen secret --out no/such/folder", "")
        .failed(1, "cannot write");
}

#[test]
fn payloads_pass_byte_for_byte() {
    let folder = Folder::new();
    folder.write("s", format!("{SECRET}\n"));
    for backend in backends() {
        for payload in [&b""[..], b"{}\n", b"\0\xff\r\n\n", &[7; 100_000]] {
            let seal = format!("seal --secret-file s --backend {backend}");
            let sealed = folder.run(&seal, payload).text();
            assert_eq!(
                sealed.len(),
                81 + (4 * payload.len()).div_ceil(3),
                "no line end in a pipe"
            );
            for text in [
                sealed.clone(),
                format!("{sealed}\n"),
                format!("{sealed}\r\n"),
            ] {
                let opened = folder.run("open --secret-file s", text).printed();
                assert_eq!(opened, payload);
            }
        }
    }
}

#[test]
fn secrets_come_in_four_encodings_from_files_and_the_environment() {
    let folder = Folder::new();
    let utf8 = "0123456789abcdefghijklmnopqrstu!";
    for (encoding, secret) in [
        ("base64url", SECRET),
        ("base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("hex", HEX),
        ("utf8", utf8),
    ] {
        folder.write("s", secret);
        let sealed = folder.run(&format!("seal --secret-file s --encoding {encoding}"), "x");
        let open = format!("open --secret-env SECRET --encoding {encoding}");
        let opened = folder.run_with(&open, sealed.printed(), &[("SECRET", secret)]);
        assert_eq!(opened.printed(), b"x");
    }
}

#[test]
fn two_sides_agree_on_a_key() {
    let folder = Folder::new();
    for backend in backends() {
        let keygen = |name| {
            let keygen = format!("keygen p256 --out {name}.pem --force --backend {backend}");
            let wire = folder.run(&keygen, "").text();
            folder.write(&format!("{name}.pub"), &wire);
            assert_eq!(wire.trim_end().len(), 168);
            wire
        };
        let (ours, theirs) = (keygen("ours"), keygen("theirs"));
        for derive in [
            "raw",
            "sha256",
            "concat-kdf",
            "concat-kdf --apu Alice --apv Bob",
            "hkdf-sha256",
            "hkdf-sha256 --salt s --info i",
        ] {
            let seal = format!("seal --private-key ours.pem --peer {theirs} --derive {derive}");
            let open = format!("open --private-key theirs.pem --peer ours.pub --derive {derive}");
            let sealed = folder.run(&seal, "x").printed();
            assert_eq!(folder.run(&open, sealed).printed(), b"x", "{derive}");
        }
        assert_ne!(ours, theirs);
    }
}

#[test]
fn messages_are_sealed_to_public_keys() {
    let folder = Folder::new();
    let wire = folder.run("keygen p256 --out ec.pem", "").text();
    folder.write("ec.pub", &wire);
    let to_wire = folder
        .run(&format!("seal --recipient {wire} --apu a --apv b"), "x")
        .printed();
    let to_file = folder.run("seal --recipient ec.pub", "x").printed();
    for sealed in [to_wire, to_file] {
        assert_eq!(
            folder.run("open --private-key ec.pem", sealed).printed(),
            b"x"
        );
    }
    let der = folder.0.join("ec.der");
    let spki = bankezy_crypto::PublicKey::from_wire(wire.trim())
        .unwrap()
        .to_spki_der();
    std::fs::write(der, spki).unwrap();
    let to_der = folder.run("seal --recipient ec.der", "x").printed();
    assert_eq!(
        folder.run("open --private-key ec.pem", to_der).printed(),
        b"x"
    );
    if backends().any(|backend| backend == "aws-lc-rs") {
        let wire = folder
            .run("keygen rsa --bits 2048 --out rsa.pem", "")
            .text();
        let sealed = folder
            .run(&format!("seal --recipient {wire}"), "x")
            .printed();
        assert_eq!(
            folder.run("open --private-key rsa.pem", sealed).printed(),
            b"x"
        );
        folder
            .run(&format!("seal --recipient {wire} --apu a"), "x")
            .failed(1, "needs a P-256 key");
    }
}

#[test]
fn a_key_file_has_an_end() {
    let folder = Folder::new();
    folder.write("big", vec![b'A'; 65 * 1024]);
    let ran = folder.run("seal --secret-file big", "x");
    ran.failed(1, "more than 65536 bytes");
}

/// The number in the message is the one that was given, and what it says about the input is true.
#[test]
fn an_input_that_is_too_long_is_told_with_the_figure_that_was_given() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    for max in [0, 5] {
        let input = vec![b'x'; max + 3];
        let is_longer =
            format!("is longer than --max-len {max} allows: it has more than {max} bytes");
        for command in ["open --secret-file s", "inspect"] {
            let ran = folder.run(&format!("{command} --max-len {max}"), &input);
            ran.failed(1, &format!("standard input {is_longer} and a line end\n"));
        }
        folder.write("m", &input);
        let ran = folder.run(&format!("inspect m --max-len {max}"), "");
        ran.failed(
            1,
            &format!("`m` (from the argument FILE) {is_longer} and a line end\n"),
        );
        let ran = folder.run(&format!("seal --secret-file s --max-len {max}"), &input);
        ran.failed(
            1,
            &format!("standard input {is_longer}, and its sealed text"),
        );
        folder.write("m", vec![b'x'; max + (64 << 10) + 1]);
        let diagnose = format!("diagnose --message m --secret-file s --max-len {max}");
        let ran = folder.run(&diagnose, "");
        ran.failed(
            1,
            &format!("`m` (from --message) {is_longer} and 65536 around them\n"),
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_no_message() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    let ran = folder.run("open --secret-file s", [0xff, 0xfe]);
    ran.failed(1, "not a sealed text");
}

#[test]
fn help_is_served() {
    let folder = Folder::new();
    let bare = folder.run("", "");
    assert!(bare.code == 2 && bare.err.contains("Usage: bankezy"));
    assert!(folder.run("--help", "").text().contains("diagnose"));
    assert!(folder.run("--version", "").text().starts_with("bankezy "));
}

#[test]
#[cfg(unix)]
fn forcing_replaces_regular_files_alone() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/dev/null", folder.0.join("link")).unwrap();
    for place in ["link", "/dev/null", "."] {
        folder
            .run(&format!("keygen secret --out {place} --force"), "")
            .failed(1, "not a regular file");
    }
    assert!(folder.0.join("link").is_symlink());
}

#[test]
fn private_keys_come_from_the_environment_too() {
    let folder = Folder::new();
    let wire = folder.run("keygen p256 --out k.pem", "").text();
    let sealed = folder.run(&format!("seal --recipient {wire}"), "x").text();
    folder.write("m", &sealed);
    let pem = folder.read("k.pem");
    let key = [("KEY", pem.as_str())];
    let opened = folder.run_with("open --private-key-env KEY", &sealed, &key);
    assert_eq!(opened.printed(), b"x");
    let found = folder.run_with("diagnose --message m --private-key-env KEY", "", &key);
    assert!(found.text().contains("private key alone"));
    // As a value in place of a file, it is taken for a flag.
    folder
        .run_args(["open", "--private-key", &pem], &sealed, &[])
        .failed(
            2,
            "unexpected third argument: `--private-key` takes the name of a file",
        );
}

#[test]
fn what_editors_and_tools_add_to_a_secret_is_taken_off() {
    let folder = Folder::new();
    folder.write("plain", SECRET);
    folder.write("m", folder.run("seal --secret-file plain", "x").printed());
    let sealed = folder.read("m");
    let (first, second) = HEX.split_at(60);
    for (name, secret, encoding) in [
        ("mark", format!("\u{feff}{SECRET}\r\n"), "base64url"),
        ("folded", format!("{first}\n{second}\n"), "hex"),
    ] {
        folder.write(name, secret);
        let open = format!("open --secret-file {name} --encoding {encoding}");
        assert_eq!(folder.run(&open, &sealed).printed(), b"x");
        let diagnose = format!("diagnose --message m --secret-file {name}");
        let found = folder.run(&diagnose, "").text();
        let rust = format!("in Rust: PayloadSecret::from_{encoding}(secret)");
        assert_eq!(found, format!("opens with --encoding {encoding}\n{rust}\n"));
    }
    // SHA-256 of the text without its line end, and with it, as `sha256sum` has it.
    let (first, second) = (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN",
        "OPQRSTUVWXYZ0123456789",
    );
    for (hash, secret, note) in [
        (
            "a49b97dbe1ff450dc18610c6d85178f72f8390c6a10b6b9fa583cca29cf9b623",
            format!("{first}\n{second}\n"),
            r#"first: SECRET=$(cat "$SECRET_FILE" | head -c 73 | tr -d ' \t\n\f\r')"#,
        ),
        (
            "1e53923bcdc9b954aaa6412a0bbad7da01009e0817790503291a5fe3d6a9cda1",
            format!("{first}{second}\n"),
            "note: the secret is read with its line ends, the last one too",
        ),
    ] {
        folder.write("hash", hash);
        folder.write("written", secret);
        let sealed = folder.run("seal --secret-file hash --encoding hex", "x");
        folder.write("m", sealed.printed());
        let found = folder
            .run("diagnose --message m --secret-file written", "")
            .text();
        assert!(found.contains("SHA-256") && found.contains(note), "{found}");
    }
    folder.write("utf16", b"\xff\xfeA\0");
    folder
        .run("open --secret-file utf16", &sealed)
        .failed(1, "byte order mark of UTF-16");
}

/// Other programs use it for standard output, where no secret is written here.
#[test]
fn a_hyphen_is_no_name_of_a_file() {
    let folder = Folder::new();
    for kind in ["p256", "secret"] {
        for force in ["", "--force"] {
            let ran = folder.run(&format!("keygen {kind} --out - {force}"), "");
            assert!(!folder.0.join("-").exists());
            ran.failed(2, "a secret is not written to standard output");
        }
    }
    folder.run("keygen p256 --out ./-", "").printed();
}
