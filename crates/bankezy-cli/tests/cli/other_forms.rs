//! Keys as typed and as files contain them: PEM as an argument, and what was changed, wrapped or compressed after a
//! tool wrote it.

use bankezy_crypto::{Error, KeyForm, KeyProblem as P};
use bankezy_test_support::keys;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Folder;
use super::key_texts::{der, hex};

/// In DER, and in hex and base64 of it.
#[test]
fn an_rsa_public_key_of_pkcs1_is_read() {
    let folder = Folder::new();
    let pkcs1 = &der(keys::RSA_2048_PUBLIC)[24..];
    for text in [
        pkcs1,
        STANDARD.encode(pkcs1).as_bytes(),
        hex(pkcs1).as_bytes(),
    ] {
        folder.write("k", text);
        let sealed = folder.run("seal --recipient k", "x").printed();
        let report = folder.run("inspect", sealed).text();
        assert!(report.contains("RSA-OAEP-256"), "{report}");
    }
}

/// As `"$(cat key.pem)"` gives it.
#[test]
fn pem_is_the_value_of_a_flag() {
    let folder = Folder::new();
    folder.write("k.pem", keys::P256);
    folder.run("keygen p256 --out peer.pem", "").printed();
    let public = keys::P256_PUBLIC.trim_end();
    let sealed = folder.run_args(["seal", "--recipient", public], "x", &[]);
    let opened = folder.run("open --private-key k.pem", sealed.printed());
    assert_eq!(opened.printed(), b"x");
    let agreed = [
        "--private-key",
        "peer.pem",
        "--derive",
        "raw",
        "--peer",
        public,
    ];
    let run = |words: &[&str], input: &[u8]| {
        let words: Vec<_> = words.iter().chain(&agreed).copied().collect();
        folder.run_args(words, input, &[])
    };
    let sealed = run(&["seal"], b"x").printed();
    assert_eq!(run(&["open"], &sealed).printed(), b"x");
    // Before a flag, and after `--`, where it is none.
    let ran = folder.run_args(["seal", "--recipient", public, "--lines"], "x\n", &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = folder.run_args(["seal", "--", "--recipient", public], "x", &[]);
    ran.failed(2, "unexpected");

    // A private key is refused, and not printed.
    let alarm = Error::from(P::PrivateMember).to_string();
    for text in [
        keys::P256,
        keys::P256_SEC1,
        keys::RSA_2048,
        keys::P256_ENCRYPTED,
    ] {
        for (command, flag) in [
            (&["seal"][..], "--recipient"),
            (
                &["seal", "--private-key", "k.pem", "--derive", "raw"],
                "--peer",
            ),
            (
                &["open", "--private-key", "k.pem", "--derive", "raw"],
                "--peer",
            ),
        ] {
            let words = command.iter().copied().chain([flag, text]);
            let ran = folder.run_args(words, "x", &[]);
            let body = text.lines().nth(1).unwrap();
            assert!(!ran.err.contains(body), "{}", ran.err);
            ran.failed(1, &alarm);
        }
    }
    let ran = folder.run_args(["seal", "--private-key", keys::P256], "x", &[]);
    assert!(!ran.err.contains("MIG"), "{}", ran.err);
    ran.failed(2, "`--private-key` takes the name of a file");
}

#[test]
fn a_value_that_was_forgotten_is_missed() {
    let folder = Folder::new();
    for (line, reason) in [
        (
            "seal --recipient --lines",
            "missing value for `--recipient`",
        ),
        ("seal --recipient", "missing value for `--recipient`"),
        (
            "seal --recipient --payload x",
            "`--recipient` takes a public key",
        ),
        (
            "seal --private-key k --peer --derive raw",
            "missing value for `--peer`",
        ),
        (
            "open --private-key k --peer --payload x",
            "`--peer` takes a public key",
        ),
    ] {
        folder.run(line, "x").failed(2, reason);
    }
}

#[test]
fn keys_that_were_changed_on_the_way_are_named() {
    let folder = Folder::new();
    let form = |found| P::OtherForm { found };
    let commented = |pem: &str| {
        pem.lines()
            .map(|line| format!("# {line}\n"))
            .collect::<String>()
    };
    let dashes = |pem: &str| pem.replace("-----", "\u{2014}\u{2014}\u{2014}");
    let blanks = |pem: &str| pem.replace("BEGIN ", "BEGIN  ");
    let four = |pem: &str| pem.replace("-----", "----");
    let no_begin = |pem: &str| pem.split_once('\n').unwrap().1.to_owned();
    let no_end = |pem: &str| pem[..pem.find("-----END").unwrap()].to_owned();
    type Change<'a> = &'a dyn Fn(&str) -> String;
    let changes: [(Change<'_>, P); 6] = [
        (&commented, P::PemCommented),
        (&no_end, P::PemNoEnd),
        (&dashes, form(KeyForm::AlteredPem)),
        (&blanks, form(KeyForm::AlteredPem)),
        (&four, form(KeyForm::AlteredPem)),
        (&no_begin, form(KeyForm::AlteredPem)),
    ];
    let alarm = Error::from(P::PrivateMember).to_string();
    for (change, problem) in changes {
        let error = Error::from(problem).to_string();
        for pem in [keys::P256, keys::RSA_2048, keys::P256_SEC1] {
            folder.write("k", change(pem));
            let ran = folder.run("open --private-key k", "x");
            ran.failed(1, &error);
            let text = change(pem);
            let ran = folder.run_with("open --private-key-env KEY", "x", &[("KEY", &text)]);
            ran.failed(1, &error);
            folder.run("seal --recipient k", "x").failed(1, &alarm);
        }
        folder.write("k", change(keys::P256_PUBLIC));
        folder.run("seal --recipient k", "x").failed(1, &error);
    }
}

#[test]
fn what_is_no_key_in_der_is_named() {
    let folder = Folder::new();
    let pvk = include_bytes!("../../../../tests/data/forms/rsa.pvk").to_vec();
    let gzip = include_bytes!("../../../../tests/data/forms/p256.pem.gz").to_vec();
    let blob = include_bytes!("../../../../tests/data/forms/rsa.pub.msblob").to_vec();
    let xml = "<RSAKeyValue><Modulus>AQAB</Modulus><D>AQAB</D></RSAKeyValue>\n".to_owned();
    let public_xml = xml.replace("<D>AQAB</D>", "");
    let alarm = Error::from(P::PrivateMember).to_string();
    for (key, found, is_alarm) in [
        (pvk.clone(), KeyForm::Pvk, true),
        (STANDARD.encode(pvk).into(), KeyForm::Pvk, true),
        (blob, KeyForm::MsBlob { private: false }, false),
        (
            gzip.clone(),
            KeyForm::Compressed { with: "gzip -dc <" },
            false,
        ),
        (
            STANDARD.encode(gzip).into(),
            KeyForm::Compressed { with: "gzip -dc <" },
            false,
        ),
        (xml.into_bytes(), KeyForm::Xml, true),
        (public_xml.into_bytes(), KeyForm::Xml, false),
        // Of these lengths it is hex, base64 and neither.
        ("1234567890".repeat(8).into(), KeyForm::Decimal, false),
        (
            format!("{}7", "1234567890".repeat(7)).into(),
            KeyForm::Decimal,
            false,
        ),
        ("1234567890".repeat(61).into(), KeyForm::Decimal, false),
        (
            format!("{}1234567", "1234567890".repeat(61)).into(),
            KeyForm::Decimal,
            false,
        ),
        ("<Buffer 04 6b a2 7a>\n".into(), KeyForm::Decimal, false),
        (
            format!("{:?}\n", [107, -94, 122].repeat(12)).into(),
            KeyForm::Decimal,
            false,
        ),
    ] {
        folder.write("k", &key);
        let error = Error::from(P::OtherForm { found }).to_string();
        folder.run("open --private-key k", "x").failed(1, &error);
        let error = if is_alarm { &alarm } else { &error };
        folder.run("seal --recipient k", "x").failed(1, error);
    }
}

/// However the text of a private key is written, it is an alarm where a public one is needed.
#[test]
fn private_keys_in_other_writings_are_alarms() {
    let folder = Folder::new();
    let alarm = Error::from(P::PrivateMember).to_string();
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let pgp = keys::P256.replace("PRIVATE KEY", "PGP PRIVATE KEY BLOCK");
    let x963 = include_bytes!("../../../../tests/data/forms/p256.x963-private");
    for key in [
        keys::P256
            .replace("PRIVATE KEY", "Private Key")
            .into_bytes(),
        keys::P256
            .replace("PRIVATE KEY", "private key")
            .into_bytes(),
        pgp.into_bytes(),
        b"Private-Key: (256 bit)\npriv:\n    00:01\n".to_vec(),
        b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n".to_vec(),
        b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n".to_vec(),
        // As Python, JavaScript and YAML write a JWK.
        b"{'kty': 'EC', 'crv': 'P-256', 'd': 'AQAB'}".to_vec(),
        b"{ kty: 'EC', crv: 'P-256', d: 'AQAB' }".to_vec(),
        b"kty: EC\ncrv: P-256\nd: AQAB\n".to_vec(),
        b"{\"jwk\": \"{\\\"kty\\\":\\\"EC\\\",\\\"d\\\":\\\"AQAB\\\"}\"}".to_vec(),
        wide("{\"kty\": \"EC\", \"d\": \"AQAB\"}"),
        x963[1..].to_vec(),
        hex(&x963[1..]).into_bytes(),
        STANDARD.encode(&x963[1..]).into_bytes(),
        [&b"\xff\xfe"[..], &wide(keys::P256)].concat(),
        wide(keys::P256),
        keys::P256
            .chars()
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect(),
    ] {
        folder.write("k", key);
        folder.run("seal --recipient k", "x").failed(1, &alarm);
    }
    let percent = |text: &str| -> String {
        let is_kept = |c: &u8| c.is_ascii_alphanumeric() || b"-_.~".contains(c);
        let octet = |c: u8| {
            if is_kept(&c) {
                char::from(c).to_string()
            } else {
                format!("%{c:02X}")
            }
        };
        text.bytes().map(octet).collect()
    };
    let jwk = include_str!("../../../../tests/data/p256.jwk.json");
    let form = percent(keys::P256).replace("%20", "+");
    for key in [
        percent(keys::P256),
        percent(&percent(keys::P256_SEC1)),
        form,
        percent(jwk),
        percent(&STANDARD.encode(jwk)),
        jwk.replace("\"d\"", "\"D\""),
        STANDARD.encode(jwk.replace("\"d\"", "\"D\"")),
        jwk.replace("\"d\"", "\"D\"").replace("\"kty\"", "\"Kty\""),
        "{'Kty': 'RSA', 'N': 'AQAB', 'D': 'AQAB'}".to_owned(),
    ] {
        folder.write("k", &key);
        folder.run("seal --recipient k", "x").failed(1, &alarm);
        let recipient = format!("--recipient={key}");
        folder
            .run_args(["seal", &recipient], "x", &[])
            .failed(1, &alarm);
    }
    // None of these contains anything secret.
    for key in [
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"D\":null,\"d\":false,\"P\":0,\"k\":\"\"}",
        "kty%3A%20EC%0AD%3A%200",
        "{'kty': 'EC', 'x': 'AQAB', 'd': None}",
        "{ kty: 'EC', d: undefined, x: '', id: 'AQAB' }",
        "kty: EC\nd:\nx: AQAB\n",
    ] {
        folder.write("k", key);
        let ran = folder.run("seal --recipient k", "x");
        assert!(!ran.err.contains(&alarm), "{key}: {}", ran.err);
        ran.failed(1, "the key is refused");
    }
}

/// It may also hold a certificate alone.
#[test]
fn a_store_of_keys_as_a_recipient_is_named_with_a_warning() {
    let folder = Folder::new();
    let pkcs12 = include_bytes!("../../../../tests/data/forms/p256.p12");
    for store in [
        STANDARD.encode(pkcs12).into_bytes(),
        pkcs12.to_vec(),
        b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(),
    ] {
        folder.write("k", store);
        let ran = folder.run("seal --recipient k", "x");
        ran.failed(1, "which usually holds a private key, so do not send it");
    }
}

#[test]
fn text_in_utf_32_is_named() {
    let folder = Folder::new();
    let wide: Vec<u8> = keys::P256
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    folder.write("k", &wide);
    folder
        .run("open --private-key k", "x")
        .failed(1, "iconv -f UTF-32BE -t UTF-8");
    folder
        .run("open --secret-file k --encoding hex", "x")
        .failed(1, "UTF-32");
}

/// The point without the octet that says its form, then the scalar.
#[test]
fn a_point_and_a_scalar_of_96_octets_are_read() {
    let folder = Folder::new();
    let x963 = include_bytes!("../../../../tests/data/forms/p256.x963-private");
    folder.write("k", &x963[1..]);
    folder.write("whole", x963);
    for k in ["k", "whole"] {
        let ran = folder.run(&format!("open --private-key {k}"), "x");
        assert!(ran.err.contains("part"), "{}", ran.err);
    }
}

#[test]
fn a_sealed_text_in_the_place_of_a_key_is_named() {
    let folder = Folder::new();
    folder.write("k.pem", keys::P256);
    folder.write("public.pem", keys::P256_PUBLIC);
    folder.write("secret", "00".repeat(31) + "01");
    folder.write(
        "m",
        folder.run("seal --recipient public.pem", "x").text() + "\n",
    );
    for command in [
        "open --secret-file m --encoding hex",
        "open --private-key m",
        "seal --recipient m",
        "diagnose --message secret --secret-file m",
        "diagnose --message m --private-key m",
    ] {
        let ran = folder.run(command, "x");
        ran.failed(1, "sealed text");
    }
}

/// `-x` may be a value, and clap takes it for a flag.
#[test]
fn a_value_that_starts_with_a_dash_is_joined_to_its_flag() {
    let folder = Folder::new();
    for (arguments, flag) in [
        ("diagnose --message m --try-info -x", "--try-info"),
        ("open --secret-file -s", "--secret-file"),
        ("seal --recipient -r", "--recipient"),
        (
            "open --private-key k --peer p --derive concat-kdf --apu --a",
            "--apu",
        ),
        ("keygen p256 --out -k", "--out"),
    ] {
        let told = format!("as in `{flag}=VALUE`");
        folder.run(arguments, "").failed(2, &told);
    }
    // No number does.
    let told =
        "invalid value for `--token-lifetime`: expected a whole number of seconds, at least 1";
    folder
        .run("sandbox --token-lifetime -1", "")
        .failed(2, told);
}
