//! What the command line says about a key in a form that it does not read: what was found, and the command or the
//! next step.

use std::collections::BTreeSet;
use std::process::Command;

use bankezy_crypto::{KeyForm, PublicKey};
use bankezy_test_support::keys;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Folder;
use super::key_texts::{der, hex, lines, member};

const JWK: &str = include_str!("../../../../tests/data/p256.jwk.json");
const RSA_JWK: &str = include_str!("../../../../tests/data/rsa2048.jwk.json");
const CERTIFICATE: &str = include_str!("../../../../tests/data/certificate.pem");
const CURVE: &str =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

macro_rules! form {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/data/forms/", $name)).to_vec()
    };
}

/// Given as a private key. The forms that the command line reads are missing.
fn files() -> Vec<(KeyForm, Vec<u8>, &'static str)> {
    let jwk = JWK.trim_end();
    let wide = |order: fn(u32) -> [u8; 4]| keys::P256.chars().map(u32::from).flat_map(order);
    let utf16 = |order: fn(u16) -> [u8; 2]| keys::P256.encode_utf16().flat_map(order).collect();
    let point = form!("p256.x963-public");
    let compressed_point = [&[2 + point[64] % 2], &point[1..33]].concat();
    let mut rsa: serde_json::Value = serde_json::from_str(RSA_JWK).unwrap();
    rsa.as_object_mut()
        .unwrap()
        .retain(|name, _| ["kty", "n", "e", "d"].contains(&name.as_str()));
    let buffer = serde_json::json!({"type": "Buffer", "data": der(keys::P256)});
    vec![
        (
            KeyForm::OpensslText { private: true },
            b"Private-Key: (256 bit)\npriv:\n    00:01\n".to_vec(),
            "openssl pkey -in KEY -out key.pem",
        ),
        (
            KeyForm::Certificate,
            CERTIFICATE.into(),
            "where a private key is needed, give the one that belongs to it",
        ),
        (
            KeyForm::CertificateRequest,
            form!("p256.csr"),
            "openssl req -in FILE -pubkey -noout",
        ),
        (
            KeyForm::OpenSsh,
            form!("openssh"),
            "ssh-keygen -p -m PKCS8 -f KEY",
        ),
        (
            KeyForm::Ssh2,
            form!("openssh.rfc4716.pub"),
            "ssh-keygen -i -f FILE > key.pub",
        ),
        (
            KeyForm::Putty,
            b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\n".to_vec(),
            "puttygen KEY -O private-openssh -o KEY.ssh",
        ),
        (
            KeyForm::Pkcs12,
            form!("p256.p12"),
            "openssl pkcs12 -in FILE -nodes -nocerts -out key.pem",
        ),
        (
            KeyForm::Pkcs7,
            form!("certificate.p7.pem"),
            "openssl pkcs7 -in FILE -print_certs -out certs.pem",
        ),
        (
            KeyForm::Pvk,
            form!("rsa.pvk"),
            "openssl rsa -inform PVK -in FILE -out key.pem",
        ),
        (
            KeyForm::MsBlob { private: true },
            form!("rsa.msblob"),
            "openssl rsa -inform MSBLOB -in FILE -out key.pem",
        ),
        (
            KeyForm::Compressed { with: "" },
            form!("p256.pem.gz"),
            "gzip -dc < FILE > key.pem",
        ),
        (
            KeyForm::JavaKeyStore,
            form!("p256.jks"),
            "keytool -importkeystore -srckeystore FILE",
        ),
        (
            KeyForm::AlteredPem,
            keys::P256.replace("-----", "----").into(),
            "both need five hyphens on each side",
        ),
        (
            KeyForm::Xml,
            b"<RSAKeyValue><D>AQAB</D></RSAKeyValue>".to_vec(),
            "ExportPkcs8PrivateKeyPem",
        ),
        (
            KeyForm::Decimal,
            buffer.to_string().into(),
            "a Buffer as Node prints it: export the key as PEM, DER or JWK",
        ),
        (
            KeyForm::JwkSet,
            format!(r#"{{"keys":[{jwk}]}}"#).into(),
            "jq '.keys[0]' FILE",
        ),
        (
            KeyForm::EmptyJwkSet,
            br#"{"keys":[]}"#.to_vec(),
            "ask for one that has the key",
        ),
        (
            KeyForm::NestedJwk,
            format!(r#"{{"id":1,"jwk":{jwk}}}"#).into(),
            "jq 'first(.. | select(.kty?))' FILE",
        ),
        (
            KeyForm::NestedText,
            format!(r#"{{"key":"{}"}}"#, STANDARD.encode(der(keys::P256))).into(),
            "jq -r 'first(.. | strings | select(length > 100))' FILE",
        ),
        (
            KeyForm::CapitalJwk,
            jwk.replace("\"kty", "\"Kty").into(),
            "jq 'with_entries(.key |= ascii_downcase)' FILE",
        ),
        (
            KeyForm::RsaParameters,
            br#"{"Modulus":"AQAB","Exponent":"AQAB","D":"AQAB"}"#.to_vec(),
            "a private one by ExportPkcs8PrivateKeyPem",
        ),
        (
            KeyForm::JwkArray,
            format!("[{jwk}]").into(),
            "jq '.[0]' FILE",
        ),
        (
            KeyForm::QuotedText,
            format!("{jwk:?}").into(),
            "jq -r . FILE",
        ),
        (
            KeyForm::Utf16 { big_endian: false },
            utf16(u16::to_le_bytes),
            "iconv -f UTF-16LE -t UTF-8 FILE > key.pem",
        ),
        (
            KeyForm::Utf16 { big_endian: true },
            utf16(u16::to_be_bytes),
            "iconv -f UTF-16BE -t UTF-8 FILE > key.pem",
        ),
        (
            KeyForm::Utf32 { big_endian: false },
            wide(u32::to_le_bytes).collect(),
            "iconv -f UTF-32LE -t UTF-8 FILE > key.pem",
        ),
        (
            KeyForm::Parameters,
            CURVE.into(),
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
        ),
        (
            KeyForm::PublicKey,
            keys::P256_PUBLIC.into(),
            "give the private key",
        ),
        (
            KeyForm::RsaWithoutPrimes,
            rsa.to_string().into(),
            "export it with the members `p`, `q`, `dp`, `dq` and `qi`",
        ),
        (
            KeyForm::RawPublicPoint { octets: 65 },
            point,
            "printf 3059301306072a8648ce3d020106082a8648ce3d030107034200 | xxd",
        ),
        (
            KeyForm::RawPublicPoint { octets: 33 },
            compressed_point,
            "printf 3039301306072a8648ce3d020106082a8648ce3d030107032200 | xxd",
        ),
        (
            KeyForm::RawScalar,
            vec![1; 32],
            "if they are a payload secret, give them as that",
        ),
    ]
}

#[test]
fn every_form_that_is_not_read_is_named_with_the_next_step() {
    let folder = Folder::new();
    let read = [
        KeyForm::Pem,
        KeyForm::Jwk,
        KeyForm::RawPrivateKey,
        KeyForm::Pkcs1PublicKey,
    ];
    let mut seen = BTreeSet::from(read.map(|form| form.code()));
    for (form, file, step) in files() {
        folder.write("k", file);
        let ran = folder.run("open --private-key k", "x");
        assert!(ran.err.contains(step), "{form:?}: {}", ran.err);
        ran.failed(1, "the key is refused: it is ");
        seen.insert(form.code());
    }
    let docs = include_str!("../../../../docs/errors.md");
    let all = docs.split('`').filter(|code| code.starts_with("key.form_"));
    assert_eq!(seen, all.collect());
}

/// As a private key, as one to seal to, and as the other party's.
#[test]
fn the_curve_of_a_key_is_named_with_the_command_that_makes_one_on_p256() {
    let folder = Folder::new();
    let file = include_str!("../../../../tests/data/curves/secp384r1.pem");
    let blocks: Vec<_> = file.split_inclusive("KEY-----\n").collect();
    let [private_begin, private, _, _, public_begin, public, ..] = blocks[..] else {
        panic!("{blocks:?}");
    };
    folder.write("private", [private_begin, private].concat());
    folder.write("public", [public_begin, public].concat());
    folder.write("k", keys::P256);
    for command in [
        "open --private-key private",
        "seal --recipient public",
        "seal --private-key k --peer public --derive raw",
    ] {
        let ran = folder.run(command, "x");
        let step = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem";
        assert!(ran.err.contains(step), "{command}: {}", ran.err);
        ran.failed(1, "its curve is P-384 (secp384r1), and P-256 is needed");
    }
    let public = PublicKey::from_pem(keys::P256_PUBLIC).unwrap().to_jwk();
    folder.write("jwk", public.replace("P-256", "prime256v1"));
    let ran = folder.run("seal --recipient jwk", "x");
    ran.failed(1, "its `crv` is another name of P-256: write `P-256`");
}

/// A file of hex or base64 is first decoded with the command that the message names.
#[cfg(unix)]
#[test]
fn the_commands_for_a_file_of_text_give_the_key() {
    let folder = Folder::new();
    folder.write("pub.pem", keys::P256_PUBLIC);
    let sealed = folder.run("seal --recipient pub.pem", "x").printed();
    let scalar = URL_SAFE_NO_PAD.decode(member("d")).unwrap();
    let tools = ["sh", "openssl", "xxd", "base64", "tr", "sed"];
    let separated = |separator: &str| {
        let octets: Vec<_> = scalar.iter().map(|octet| format!("{octet:02X}")).collect();
        octets.join(separator)
    };
    let is_there = |tool: &&str| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output();
        found.is_ok_and(|found| found.status.success())
    };
    if let Some(tool) = tools.iter().find(|tool| !is_there(tool)) {
        assert!(
            std::env::var_os("CI").is_none(),
            "{tool} is not here, and CI runs every command"
        );
        eprintln!("skipped: {tool} is not here");
        return;
    }
    for text in [
        hex(&scalar),
        lines(&hex(&scalar), "\n") + "\n",
        format!("0x{}", hex(&scalar)),
        separated(":"),
        separated("-"),
        separated(" "),
        // As `openssl ec -text` writes it.
        lines(&format!("00:{}", separated(":")), "\n    "),
        STANDARD.encode(&scalar),
        STANDARD_NO_PAD.encode(&scalar),
        URL_SAFE_NO_PAD.encode(&scalar) + "\n",
        // Both characters that the alphabets differ in.
        URL_SAFE_NO_PAD.encode([0xfb; 32]),
    ] {
        folder.write("text", &text);
        let ran = folder.run("open --private-key text", &sealed);
        assert_eq!(ran.code, 1);
        assert!(
            ran.err.contains("32 octets without a structure"),
            "{}",
            ran.err
        );
        let commands: Vec<_> = ran.err.split('`').skip(1).step_by(2).collect();
        for command in &commands {
            let command = command.replace("TEXT", "text").replace("FILE", "file");
            let ran = Command::new("sh")
                .args(["-c", &command])
                .current_dir(&folder.0)
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "{command}: {errors}");
        }
        let opened = folder.run("open --private-key key.pem", &sealed);
        // The last one is another key.
        if text.starts_with("-_") {
            opened.failed(1, "could not be opened");
        } else {
            assert_eq!(opened.printed(), b"x", "{commands:?}");
        }
    }
}
