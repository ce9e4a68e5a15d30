//! `keygen`, `seal` and `open`.

use super::{Folder, backends};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

#[test]
fn a_secret_is_made_once_and_kept_private() {
    let folder = Folder::new();
    let made = folder.run("keygen secret --out s", "");
    assert!(made.err.contains("nothing of it may be shared"));
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
        .failed(1, "`s` (from --out) exists and is not overwritten");
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
fn what_does_not_open_says_why() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.run("keygen secret --out other", "").printed();
    let sealed = folder.run("seal --secret-file s", "payload").text();
    folder
        .run("open --secret-file other", &sealed)
        .failed(1, "could not be opened");
    folder
        .run("open --secret-file s", "")
        .failed(1, "it is empty");
    folder
        .run("open --secret-file s", "{\"resCode\":1}")
        .failed(1, "this is unencrypted JSON");
    folder
        .run("open --secret-file s", &sealed[1..])
        .failed(1, "header");
    folder
        .run("open --secret-file s --max-len 80", &sealed)
        .failed(1, "more than 82 bytes");
    folder
        .run("open --secret-file s --max-len 90", &sealed)
        .failed(1, "at most 90");
    folder
        .run("open --secret-file s", [0xff, 0xfe])
        .failed(1, "not a sealed text");
}

#[test]
fn wrong_usage_is_exit_2_in_one_line() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.run("keygen p256 --out k.pem", "").printed();
    for (arguments, reason) in [
        ("frob", "unknown first subcommand"),
        ("seal", "missing required arguments: <--secret-file"),
        ("seal --secret-file s --secret-env S", "cannot be used with"),
        ("seal --secret AAAA", "unexpected second argument"),
        (
            "seal --secret-file s --encoding base32",
            "invalid value `base32` for `--encoding`: expected one of base64, base64url, hex, utf8",
        ),
        ("seal --secret-file s --apu x", "do not go with"),
        (
            "seal --private-key k.pem",
            "a private key alone does not seal",
        ),
        (
            "seal --private-key k.pem --peer x",
            "missing required arguments",
        ),
        (
            "seal --private-key k.pem --derive raw",
            "missing required arguments",
        ),
        (
            "seal --private-key k.pem --peer x --derive raw --apu x",
            "concat-kdf",
        ),
        (
            "seal --private-key k.pem --peer x --derive raw --info x",
            "hkdf-sha256",
        ),
        ("open --private-key k.pem --apv x", "read from the message"),
        (
            "seal --secret-file s --backend openssl",
            "invalid value for `--backend`: expected one of aws-lc-rs, rust-crypto",
        ),
        ("keygen p256 --bits 256 --out x", "rsa alone"),
        (
            "keygen rsa --bits 1024 --out x",
            "1024 bits are not generated",
        ),
        ("keygen secret", "missing required arguments"),
        ("vectors", "missing required arguments"),
    ] {
        folder.run(arguments, "x").failed(2, reason);
    }
    let bare = folder.run("", "");
    assert!(bare.code == 2 && bare.err.contains("Usage: bankezy"));
    assert!(folder.run("--help", "").text().contains("diagnose"));
    assert!(folder.run("--version", "").text().starts_with("bankezy "));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_printed() {
    let folder = Folder::new();
    for arguments in [
        "seal --secret-env CANARY",
        "seal --encoding CANARY --secret-env X",
        "seal CANARY",
        "seal --secret=CANARY",
        "seal -CANARY",
        "CANARY",
        "open --max-len CANARY --secret-env X",
        "keygen CANARY --out x",
        "keygen rsa --bits CANARY --out x",
        "diagnose --message m --secret-env CANARY",
        "seal --secret-file x --backend CANARY",
    ] {
        folder.write(
            "m",
            "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA",
        );
        let ran = folder.run(arguments, "x");
        assert!(
            ran.code != 0 && !ran.err.contains("CANARY"),
            "{arguments}: {}",
            ran.err
        );
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
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
fn bad_secrets_and_keys_are_told_without_being_shown() {
    let folder = Folder::new();
    let canary = "CANARYcanaryCANARY";
    folder.write("short", canary);
    folder.write("junk", format!("{canary}!"));
    folder.write(
        "bad.pem",
        format!("-----BEGIN PRIVATE KEY-----\n{canary}\n"),
    );
    folder.write("bad.jwk", format!("{{\"kty\":\"EC\",\"d\":\"{canary}\"}}"));
    folder.write("bad.der", format!("\u{30}{canary}\u{1}"));
    folder.write("big", vec![b'A'; 65 * 1024]);
    folder.write("binary", [0xff; 32]);
    for (arguments, reason) in [
        ("seal --secret-file short", "not valid base64url"),
        (
            "seal --secret-file short --encoding utf8",
            "18 bytes, 32 are needed",
        ),
        ("seal --secret-file junk --encoding hex", "not valid hex"),
        ("seal --secret-file big", "more than 65536 bytes"),
        ("seal --secret-file binary", "not UTF-8"),
        (
            "seal --secret-file missing",
            "cannot read `missing` (from --secret-file): no such file",
        ),
        (
            "seal --secret-env UNSET",
            "the environment variable that --secret-env names is not set",
        ),
        ("open --private-key bad.pem", "not PEM"),
        ("open --private-key bad.jwk", "`crv` is missing"),
        ("open --private-key bad.der", "not a valid DER PKCS#8"),
        ("seal --recipient short", "key is refused"),
        ("seal --recipient CANARYcanaryCANARY!", "neither base64"),
    ] {
        let ran = folder.run(arguments, "x");
        assert!(
            !ran.err.contains(canary) && ran.out.is_empty(),
            "{}",
            ran.err
        );
        ran.failed(1, reason);
    }
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
        assert_eq!(found, format!("opens with --encoding {encoding}\n"));
    }
    folder.write("utf16", b"\xff\xfeA\0");
    folder
        .run("open --secret-file utf16", &sealed)
        .failed(1, "byte order mark of UTF-16");
}
