//! Payload secrets and private keys that are something else, or are not used: each is reported.

use bankezy_test_support::keys;

use super::Folder;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A secret in UTF-16 is named as that, with and without a byte order mark.
#[test]
fn a_secret_in_utf16_is_named() {
    let folder = Folder::new();
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    folder.write("s", secret);
    let sealed = folder.run("seal --secret-file s", "x").printed();
    folder.write("m", &sealed);
    for text in [secret.to_owned(), format!("{secret}\r\n")] {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(order).collect();
            folder.write("utf16", utf16);
            folder
                .run("open --secret-file utf16", &sealed)
                .failed(1, "the payload secret is text in UTF-16");
            let diagnose = "diagnose --message m --secret-file utf16";
            let found = folder.run(diagnose, "").text();
            assert!(found.contains("UTF-16"), "{found}");
        }
    }
}

#[test]
fn a_secret_that_is_not_there_is_called_so() {
    let folder = Folder::new();
    folder.write(
        "m",
        "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..0HJPE7QlUR37t0QF.T2U.QZonP4lM9APlde7mnm21Kw",
    );
    for text in ["", "\n", " \t\r\n", "\u{feff}\n"] {
        folder.write("s", text);
        for command in ["seal", "open", "diagnose --message m"] {
            let run = folder.run(&format!("{command} --secret-file s"), "x");
            run.failed(1, "the payload secret is empty");
        }
    }
}

#[test]
fn a_private_key_as_a_payload_secret_is_named_with_its_flag() {
    let folder = Folder::new();
    folder.write(
        "m",
        "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..0HJPE7QlUR37t0QF.T2U.QZonP4lM9APlde7mnm21Kw",
    );
    let jwk = include_str!("../../../../tests/data/p256.jwk.json");
    for (text, what) in [
        (keys::P256, "gives a private key"),
        (keys::RSA_2048, "gives a private key"),
        (keys::P256_ENCRYPTED, "gives a private key"),
        (jwk, "gives a private key"),
        (keys::P256_PUBLIC, "gives PEM"),
    ] {
        folder.write("s", text);
        for command in ["seal", "open", "diagnose --message m"] {
            let run = folder.run(&format!("{command} --secret-file s"), "x");
            run.failed(1, &format!("--secret-file {what}, not a payload secret"));
            let named = format!("{command} --secret-env KEY");
            let run = folder.run_with(&named, "x", &[("KEY", text)]);
            run.failed(1, "private keys belong to --private-key-env");
            let run = folder.run_with(command, "x", &[("BANKEZY_SECRET", text)]);
            run.failed(1, "BANKEZY_SECRET gives");
        }
    }
}

#[test]
fn a_payload_secret_as_a_private_key_is_named_with_its_flag() {
    let folder = Folder::new();
    let hex: String = (0..32).map(|octet| format!("{octet:02x}")).collect();
    for text in [
        SECRET,
        &hex,
        &format!("0x{hex}\n"),
        "\u{1}1234567890abcdefghijklmnopqrstu",
        "01234567890abcdefghijklmnopqrstu\n",
        &format!(r#"{{"kty":"oct","k":"{SECRET}"}}"#),
    ] {
        folder.write("k", text);
        let run = folder.run("open --private-key k", "x");
        run.failed(1, "if it is a payload secret, it belongs to --secret-file");
        let run = folder.run_with("open --private-key-env KEY", "x", &[("KEY", text)]);
        assert!(!run.err.contains("decode the file"), "{}", run.err);
        run.failed(1, "if it is a payload secret, it belongs to --secret-env");
        // As a public key too. It is called a secret before a command makes a private key of it.
        folder.write("k.pem", keys::P256);
        let text = format!("--recipient={text}");
        for (run, what) in [
            (folder.run("open --private-key k", "x"), "it belongs to"),
            (folder.run("seal --recipient k", "x"), "it belongs to"),
            (folder.run_args(["seal", &*text], "x", &[]), "it belongs to"),
            (
                folder.run("open --private-key k.pem --derive raw --peer k", "x"),
                "it belongs to",
            ),
        ] {
            let said = format!("bankezy: if it is a payload secret, {what}");
            assert!(run.err.starts_with(&said), "{}", run.err);
            run.failed(1, "otherwise: ");
        }
    }
    folder.write("k", "nonsense");
    let run = folder.run("open --private-key k", "x");
    assert!(!run.err.contains("payload secret"), "{}", run.err);
}

#[test]
fn a_secret_of_zeros_is_not_sent_to_diagnose() {
    let folder = Folder::new();
    folder.write("zeros", "0".repeat(64));
    folder.write("short", "0".repeat(62));
    let ran = folder.run("seal --secret-file zeros --encoding hex", "x");
    assert!(!ran.err.contains("diagnose"), "{}", ran.err);
    ran.failed(1, "32 zero bytes");
    let ran = folder.run("seal --secret-file short --encoding hex", "x");
    ran.failed(1, "`bankezy diagnose` finds it");
}

/// Pasted in place of a message.
#[test]
fn inspect_says_that_a_secret_or_a_private_key_is_no_message() {
    let folder = Folder::new();
    let hex: String = (0..32).map(|octet| format!("{octet:02x}")).collect();
    for text in [
        SECRET,
        &hex,
        &hex.to_uppercase(),
        &format!("0x{hex}\n"),
        &format!(r#"{{"kty":"oct","k":"{SECRET}"}}"#),
    ] {
        let run = folder.run("inspect", text);
        assert!(!run.err.contains("inside the base64"), "{}", run.err);
        assert!(!run.err.contains(&text[8..20]), "{}", run.err);
        run.failed(1, "keep it secret");
    }
    let jwk = include_str!("../../../../tests/data/p256.jwk.json");
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for key in [
        wide(jwk),
        [&b"\xff\xfe"[..], &wide(jwk)].concat(),
        wide(keys::P256),
        jwk.as_bytes().to_vec(),
        keys::P256.as_bytes().to_vec(),
    ] {
        let run = folder.run("inspect", key);
        run.failed(1, "it holds a private key");
    }
}

/// `VARIABLE="$(cat key.pem)"`: each argument that takes a file name says where the content itself belongs.
#[test]
fn the_content_of_a_file_in_the_place_of_its_name_is_told_where_it_goes() {
    let folder = Folder::new();
    folder.write("k", keys::P256_ENCRYPTED);
    let jwk = include_str!("../../../../tests/data/p256.jwk.json");
    let base64: String = keys::P256
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    for content in [keys::P256, jwk, &base64, SECRET] {
        let told = |ran: crate::Ran, what: &str| {
            let part = content.get(60..80).unwrap_or(&content[20..]);
            assert!(!ran.err.contains(part), "{}", ran.err);
            ran.failed(1, what);
        };
        for (command, variable, instead) in [
            (
                "open",
                "BANKEZY_PRIVATE_KEY",
                "with BANKEZY_PRIVATE_KEY_ENV or --private-key-env",
            ),
            (
                "open",
                "BANKEZY_SECRET_FILE",
                "with BANKEZY_SECRET_ENV or --secret-env",
            ),
            (
                "open --private-key k",
                "BANKEZY_PRIVATE_KEY_PASSWORD_FILE",
                "with BANKEZY_PRIVATE_KEY_PASSWORD_ENV or --private-key-password-env",
            ),
            (
                "token sardine --sandbox --client-id c --customer-id c --session-key-file k",
                "SARDINE_CLIENT_SECRET_FILE",
                "with SARDINE_CLIENT_SECRET_ENV or --client-secret-env",
            ),
            (
                "open",
                "BANKEZY_CONFIG",
                "write it to a file and give the name of that",
            ),
        ] {
            let ran = folder.run_with(command, "x", &[(variable, content)]);
            told(
                ran,
                &format!("{variable} takes the name of a file, but was given"),
            );
            told(
                folder.run_with(command, "x", &[(variable, content)]),
                instead,
            );
        }
        for (flag, instead) in [
            ("--private-key", "with --private-key-env"),
            ("--secret-file", "with --secret-env"),
        ] {
            let given = format!("{flag}={content}");
            told(folder.run_args(["open", &*given], "x", &[]), instead);
        }
        let toml = format!(
            "private_key = {}\n",
            serde_json::to_string(content).unwrap()
        );
        folder.write("c", toml);
        let ran = folder.run("open --config c", "x");
        told(
            ran,
            "with `private_key_env` of the settings file or --private-key-env",
        );
    }
    // A name that looks like one is a name, and so is that of a file that is there.
    let ran = folder.run("open --secret-file missing/secret.txt", "x");
    ran.failed(1, "no such file");
    folder.write(SECRET, SECRET);
    let sealed = folder
        .run(&format!("seal --secret-file {SECRET}"), "x")
        .printed();
    folder
        .run_with("open", sealed, &[("BANKEZY_SECRET_FILE", SECRET)])
        .printed();
}

/// Variables give the one key that is needed. What is not used is reported.
#[test]
fn a_key_of_the_environment_that_is_not_used_is_said() {
    let folder = Folder::new();
    folder.write("s", SECRET);
    folder.write("k", keys::P256);
    folder.write("encrypted", keys::P256_ENCRYPTED);
    folder.write("pub.pem", keys::P256_PUBLIC);
    folder.write("password", "hostile");
    let to_secret = folder.run("seal --secret-file s", "x").printed();
    let to_key = folder.run("seal --recipient pub.pem", "x").printed();
    let (secret, private) = ("a payload secret", "a private key");
    let secret_file = ("BANKEZY_SECRET_FILE", "s");
    let password = ("BANKEZY_PRIVATE_KEY_PASSWORD", "hostile");
    for (command, input, variables, unused) in [
        ("open --private-key k", &to_key, &[secret_file][..], private),
        (
            "open --private-key k",
            &to_key,
            &[("BANKEZY_SECRET", SECRET)],
            private,
        ),
        (
            "open --private-key k",
            &to_key,
            &[("BANKEZY_SECRET_ENV", "X")],
            private,
        ),
        (
            "open --secret-file s",
            &to_secret,
            &[("BANKEZY_PRIVATE_KEY", "k")],
            secret,
        ),
        ("open --secret-file s", &to_secret, &[password], secret),
        ("open", &to_secret, &[password, secret_file], secret),
        (
            "seal --recipient pub.pem",
            &to_key,
            &[secret_file],
            "a recipient",
        ),
        (
            "seal --recipient pub.pem",
            &to_key,
            &[password],
            "a recipient",
        ),
        (
            "seal --recipient pub.pem",
            &to_key,
            &[("BANKEZY_ENCODING", "hex")],
            "a recipient",
        ),
        (
            "open --private-key k",
            &to_key,
            &[("BANKEZY_ENCODING", "hex")],
            private,
        ),
    ] {
        let ran = folder.run_with(command, input, variables);
        let warning = format!(
            "bankezy: warning: `{}` is not used: {unused} is given\n",
            variables[0].0
        );
        assert_eq!((ran.code, ran.err), (0, warning), "{command} {variables:?}");
    }
    // So is what a flag replaces, in any form.
    let encrypted = "open --private-key encrypted --private-key-password-file password";
    for (command, input, names, flag) in [
        (
            "open --secret-file s",
            &to_secret,
            [
                "BANKEZY_SECRET",
                "BANKEZY_SECRET_FILE",
                "BANKEZY_SECRET_ENV",
            ]
            .as_slice(),
            "--secret-file",
        ),
        (
            "open --private-key k",
            &to_key,
            &["BANKEZY_PRIVATE_KEY", "BANKEZY_PRIVATE_KEY_ENV"],
            "--private-key",
        ),
        (
            encrypted,
            &to_key,
            &[
                "BANKEZY_PRIVATE_KEY_PASSWORD",
                "BANKEZY_PRIVATE_KEY_PASSWORD_FILE",
                "BANKEZY_PRIVATE_KEY_PASSWORD_ENV",
            ],
            "--private-key-password-file",
        ),
    ] {
        for name in names {
            let ran = folder.run_with(command, input, &[(*name, "x")]);
            let warning = format!("bankezy: warning: `{name}` is not used: `{flag}` is given\n");
            assert_eq!((ran.code, ran.err), (0, warning), "{command} {name}");
        }
    }
    for (command, input, variables) in [
        ("open", &to_secret, &[secret_file][..]),
        ("open --private-key encrypted", &to_key, &[password]),
    ] {
        let ran = folder.run_with(command, input, variables);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
    }
    let ran = folder.run_with(
        "open --private-key-password-file password",
        "x",
        &[secret_file],
    );
    ran.failed(
        2,
        "`BANKEZY_SECRET_FILE` does not apply to the arguments given",
    );
    let ran = folder.run_with("open", "x", &[("BANKEZY_PRIVATE_KEY_FILE", "k")]);
    let warning = "`BANKEZY_PRIVATE_KEY_FILE` is not read: did you mean `BANKEZY_PRIVATE_KEY`?";
    assert!(ran.code == 2 && ran.err.contains(warning), "{}", ran.err);
}
