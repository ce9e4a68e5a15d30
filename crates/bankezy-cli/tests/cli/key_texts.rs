//! Keys as text, in files and on the command line: read, or refused with what is wrong with the key itself.

use std::process::Command;

use bankezy_crypto::{Error, KeyForm, KeyProblem as P, PublicKey};
use bankezy_test_support::keys;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Folder;

const P256_JWK: &str = include_str!("../../../../tests/data/p256.jwk.json");
const RSA_JWK: &str = include_str!("../../../../tests/data/rsa2048.jwk.json");
const P384_PUBLIC: &str = include_str!("../../../../tests/data/p384.pub.pem");

fn public_jwk() -> String {
    format!("{}}}", P256_JWK.split_once(",\"d\"").unwrap().0)
}

pub(super) fn member(name: &str) -> String {
    let jwk: serde_json::Value = serde_json::from_str(P256_JWK).unwrap();
    jwk[name].as_str().unwrap().to_owned()
}

pub(super) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn lines(text: &str, end: &str) -> String {
    let lines = text.as_bytes().chunks(64);
    let lines: Vec<_> = lines.map(|line| str::from_utf8(line).unwrap()).collect();
    lines.join(end)
}

/// `openssl pkcs12 -nodes` writes the name of a key as its bag has it, often in Latin-1.
#[test]
fn pem_among_names_in_other_codes_is_read() {
    let folder = Folder::new();
    let named = |pem: &str| {
        [
            b"Bag Attributes\n    friendlyName: Schl\xfcssel\n",
            pem.as_bytes(),
        ]
        .concat()
    };
    folder.write("key.pem", named(keys::P256));
    folder.write("public.pem", named(keys::P256_PUBLIC));
    let sealed = folder.run("seal --recipient public.pem", "{}").text();
    assert_eq!(
        folder.run("open --private-key key.pem", &sealed).text(),
        "{}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;

        folder.write("sealed", &sealed);
        let opened = Command::new(env!("CARGO_BIN_EXE_bankezy"))
            .args(["open", "--private-key-env", "K"])
            .env("K", std::ffi::OsStr::from_bytes(&named(keys::P256)))
            .stdin(std::fs::File::open(folder.0.join("sealed")).unwrap())
            .output();
        assert_eq!(opened.unwrap().stdout, b"{}");
    }
    let ran = folder.run("seal --recipient key.pem", "{}");
    ran.failed(1, "private");
    folder.run("inspect public.pem", "").failed(1, "it is PEM");
}

/// As an editor leaves it.
#[test]
fn der_with_a_line_end_after_it_is_read() {
    let folder = Folder::new();
    for end in ["\n", "\r\n"] {
        let ended = |pem: &str| [&der(pem), end.as_bytes()].concat();
        folder.write("public", ended(keys::P256_PUBLIC));
        folder.write("private", ended(keys::P256));
        let sealed = folder.run("seal --recipient public", "{}").text();
        let opened = folder.run("open --private-key private", &sealed);
        assert_eq!(opened.text(), "{}");
        let ran = folder.run("seal --recipient private", "{}");
        ran.failed(1, "it holds a private key");
    }
}

#[test]
fn base64_with_a_name_in_front_is_named_as_text() {
    let folder = Folder::new();
    for (pem, command) in [
        (keys::P256, "open --private-key k"),
        (keys::P256_PUBLIC, "seal --recipient k"),
    ] {
        folder.write("k", format!("KEY={}\n", STANDARD.encode(der(pem))));
        let ran = folder.run(command, "x");
        ran.failed(1, "remove what is around it, such as a name in front");
    }
}

#[test]
fn public_keys_are_read_from_files_and_from_the_command_line() {
    let folder = Folder::new();
    folder.write("k.pem", keys::P256);
    let json = public_jwk();
    let wire = STANDARD_NO_PAD.encode(&json);
    let spki = PublicKey::from_pem(keys::P256_PUBLIC)
        .unwrap()
        .to_spki_der();
    for text in [
        wire.clone(),
        format!("{wire} "),
        format!(" \t{wire}"),
        format!("{} {}", &wire[..76], &wire[76..]),
        lines(&wire, "\r"),
        lines(&wire, " \n"),
        lines(&wire, "\r\n"),
        json.clone(),
        format!("\u{feff} {json}\n"),
        keys::P256_PUBLIC.to_owned(),
        keys::P256_PUBLIC.replace('\n', r"\n"),
        STANDARD.encode(format!("\u{feff} {json}\n")),
        STANDARD.encode(keys::P256_PUBLIC),
        STANDARD.encode(&spki),
        hex(&spki),
        hex(&spki[26..]),
        STANDARD.encode(&spki[27..]),
        hex(keys::P256_PUBLIC.as_bytes()),
        STANDARD.encode(keys::CERTIFICATE),
        STANDARD.encode(der(keys::CERTIFICATE)),
    ] {
        folder.write("k", &text);
        let of_file = folder.run("seal --recipient k", "x").printed();
        let flag = format!("--recipient={text}");
        let of_text = folder.run_args(["seal", &flag], "x", &[]).printed();
        for sealed in [of_file, of_text] {
            let opened = folder.run("open --private-key k.pem", sealed).printed();
            assert_eq!(opened, b"x", "{text}");
        }
    }
}

/// The errors of `PublicKey::from_wire`, listed in the table of `tests/hostile/wire.rs`, are the same for a file.
#[test]
fn what_is_wrong_with_a_public_key_is_said() {
    let folder = Folder::new();
    let (json, x) = (public_jwk(), member("x"));
    let wire = STANDARD_NO_PAD.encode(&json);
    let base64 = |text: &str| STANDARD_NO_PAD.encode(text);
    let form = |found| P::OtherForm { found };
    let spki = "SubjectPublicKeyInfo";
    let short = URL_SAFE_NO_PAD.encode([1; 31]);
    let set = |jwk: &str| format!(r#"{{"keys":[{}]}}"#, jwk.trim());
    let array = |jwk: &str| format!(" [ {} ]", jwk.trim());
    let quoted = |jwk: &str| serde_json::to_string(jwk.trim()).unwrap();
    let nested = |jwk: &str| format!(r#"{{"id":1,"key":{}}}"#, jwk.trim());
    let mut rows = vec![
        (String::new(), P::Empty),
        ("\0".to_owned(), P::NotBase64),
        (" \n\t".to_owned(), P::Empty),
        ("\u{feff}\r\n".to_owned(), P::Empty),
        ("====".to_owned(), P::NotBase64),
        (format!("{wire}===="), P::NotBase64),
        ("eyJ+_w".to_owned(), P::NotBase64),
        ("e31".to_owned(), P::NotBase64),
        ("\u{e9}\u{e9}".to_owned(), P::NotBase64),
        (wire[..160].to_owned(), P::CutShort),
        (wire[..101].to_owned(), P::CutShort),
        (base64("{"), P::CutShort),
        (base64(&wire), P::NotAKey),
        (base64("[]"), P::NotAKey),
        (STANDARD.encode([4; 65]), P::OffCurve),
        (
            STANDARD.encode([2; 33]),
            form(KeyForm::RawPublicPoint { octets: 33 }),
        ),
        (hex(&[2; 33]), form(KeyForm::RawPublicPoint { octets: 33 })),
        (STANDARD.encode(b"{\"\xff\":1}"), P::NotJsonObject),
        (base64("{]"), P::NotJsonObject),
        (STANDARD.encode(der(keys::P256)), P::PrivateMember),
        (
            STANDARD.encode(&der(keys::RSA_2048_PUBLIC)[..200]),
            P::NotDer { structure: spki },
        ),
        (
            STANDARD.encode(der(P384_PUBLIC)),
            P::WrongCurve {
                found: "P-384 (secp384r1)",
            },
        ),
    ];
    // The same in clear, in base64, and in base64 with blanks.
    let of_json = [
        (P256_JWK.to_owned(), P::PrivateMember),
        (RSA_JWK.to_owned(), P::PrivateMember),
        (
            json.replace("P-256", "P-384"),
            P::WrongCurve {
                found: "P-384 (secp384r1)",
            },
        ),
        (
            json.replace(&x, &short),
            P::MemberLength {
                member: "x",
                found: 31,
                needed: 32,
            },
        ),
        (
            json.replace(&x, &URL_SAFE_NO_PAD.encode([1; 33])),
            P::MemberLength {
                member: "x",
                found: 33,
                needed: 32,
            },
        ),
        (
            json.replace(&x, &URL_SAFE_NO_PAD.encode([1; 32])),
            P::OffCurve,
        ),
        (json.replace('}', r#","use":"sig"}"#), P::Use),
        (json.replace("\"y\"", "\"Y\""), P::Missing { member: "y" }),
        (json[..json.len() - 1].to_owned(), P::CutShort),
        (nested(&json), form(KeyForm::NestedJwk)),
        (
            r#"{"keys":[],"issuer":"https://bank.example"}"#.to_owned(),
            form(KeyForm::EmptyJwkSet),
        ),
        (nested(P256_JWK), P::PrivateMember),
        (nested(&nested(RSA_JWK)), P::PrivateMember),
        (nested(&quoted(P256_JWK)), P::PrivateMember),
        (
            r#"{"a":{"d":"a member of JSON that is no key"}}"#.to_owned(),
            P::Missing { member: "kty" },
        ),
        (set(&json), form(KeyForm::JwkSet)),
        (set(P256_JWK), P::PrivateMember),
        (array(&json), form(KeyForm::JwkArray)),
        (array(RSA_JWK), P::PrivateMember),
        (quoted(&json), form(KeyForm::QuotedText)),
        (quoted(P256_JWK), P::PrivateMember),
    ];
    for (json, problem) in of_json {
        let wire = base64(&json);
        rows.push((format!("{} {}", &wire[..40], &wire[40..]), problem));
        rows.push((wire, problem));
        rows.push((json, problem));
    }
    for (text, problem) in rows {
        folder.write("k", &text);
        let error = Error::from(problem).to_string();
        folder.run("seal --recipient k", "x").failed(1, &error);
        if !text.contains('\0') {
            let flag = format!("--recipient={text}");
            folder.run_args(["seal", &flag], "x", &[]).failed(1, &error);
        }
    }
}

#[test]
fn private_keys_are_read_from_base64_and_hex_of_any_form() {
    let folder = Folder::new();
    folder.write("pub.pem", keys::P256_PUBLIC);
    let sealed = folder.run("seal --recipient pub.pem", "x").printed();
    for text in [
        STANDARD.encode(keys::P256),
        STANDARD.encode(P256_JWK),
        URL_SAFE_NO_PAD.encode(format!("\u{feff}{P256_JWK}")),
        hex(keys::P256_SEC1.as_bytes()),
        format!("0X{}", hex(keys::P256.as_bytes())),
        der(keys::P256)
            .iter()
            .map(|octet| format!("{octet:02x}:"))
            .collect(),
        lines(&STANDARD.encode(P256_JWK), "\r\n"),
        format!("{}{}", keys::P256_PUBLIC, keys::P256),
    ] {
        folder.write("k", &text);
        let opened = folder.run("open --private-key k", &sealed).printed();
        assert_eq!(opened, b"x", "{text}");
    }
}

#[test]
fn forms_that_are_not_read_are_named() {
    let folder = Folder::new();
    let jwk = P256_JWK.trim();
    for (text, found) in [
        (format!("[{jwk}]").into_bytes(), KeyForm::JwkArray),
        (
            serde_json::to_string(jwk).unwrap().into(),
            KeyForm::QuotedText,
        ),
        (format!(r#"{{"keys":[{jwk}]}}"#).into(), KeyForm::JwkSet),
        (
            b"\xce\xce\xce\xce\0\0\0\x02".to_vec(),
            KeyForm::JavaKeyStore,
        ),
        (
            b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(),
            KeyForm::JavaKeyStore,
        ),
    ] {
        folder.write("k", text);
        let error = Error::from(P::OtherForm { found }).to_string();
        folder.run("open --private-key k", "x").failed(1, &error);
        // With a private key in it, it is an alarm.
        let alarm = Error::from(P::PrivateMember).to_string();
        let error = if matches!(found, KeyForm::JavaKeyStore) {
            &error
        } else {
            &alarm
        };
        folder.run("seal --recipient k", "x").failed(1, error);
    }
    folder.write("two", format!("{}{}", keys::P256, keys::RSA_2048));
    folder
        .run("open --private-key two", "x")
        .failed(1, "keep the one that is meant");
}

#[test]
fn an_encrypted_private_key_is_read_with_its_password() {
    let folder = Folder::new();
    folder.write("pub.pem", keys::P256_PUBLIC);
    let sealed = folder.run("seal --recipient pub.pem", "x").printed();
    folder.write("m", &sealed);
    folder.write("pem", keys::P256_ENCRYPTED);
    folder.write("der", der(keys::P256_ENCRYPTED));
    folder.write("base64", STANDARD.encode(keys::P256_ENCRYPTED));
    folder.write("password", "hostile\r\n");
    folder.write("wrong", "hostile\n\n");
    let file = "--private-key-password-file password";
    for key in ["pem", "der", "base64"] {
        let open = format!("open --private-key {key}");
        let opened = folder.run(&format!("{open} {file}"), &sealed).printed();
        assert_eq!(opened, b"x", "{key}");
        let of_variable = format!("{open} --private-key-password-env PASSWORD");
        for password in ["hostile", "hostile\n"] {
            let variable = [("PASSWORD", password)];
            let opened = folder.run_with(&of_variable, &sealed, &variable);
            assert_eq!(opened.printed(), b"x", "{key}");
        }
        let own = [("BANKEZY_PRIVATE_KEY_PASSWORD", "hostile")];
        assert_eq!(folder.run_with(&open, &sealed, &own).printed(), b"x");
        folder
            .run(&open, &sealed)
            .failed(1, "encrypted with a password: name the file with the password with --private-key-password-file");
        let wrong = format!("{open} --private-key-password-file wrong");
        folder
            .run(&wrong, &sealed)
            .failed(1, "the password does not open it");
    }
    let diagnose = format!("diagnose --message m --private-key pem {file}");
    let found = folder.run(&diagnose, "").text();
    assert!(found.contains("private key alone"), "{found}");
    let seal = "seal --private-key pem --peer pub.pem --derive raw";
    // Its own public key, so it was read.
    folder
        .run(&format!("{seal} {file}"), "x")
        .failed(1, "own public key");

    folder.write("plain", keys::P256);
    folder.write("jwk", P256_JWK);
    for key in ["plain", "jwk"] {
        let open = format!("open --private-key {key} {file}");
        folder.run(&open, &sealed).failed(
            1,
            "it is not encrypted, but --private-key-password-file gives a password",
        );
    }
}
