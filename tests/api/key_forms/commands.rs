//! The commands that errors name are run as a user would: their output is read, and is the same key.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Error, KeyPair, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::points::sec1;
use super::{CERTIFICATE, P256_JWK, P256_PEM, P256_PUBLIC, RSA_PUBLIC, der, pem};

/// An error, the file that it is about, and which of its commands is run.
struct Case {
    error: Error,
    file: Vec<u8>,
    command: usize,
    /// What a user would type when asked for it.
    typed: &'static [(&'static str, &'static str)],
    /// Where the command leaves the key, if not on standard output or in `key.pem`.
    written: Option<&'static str>,
    read: fn(&str) -> PublicKey,
}

impl Case {
    fn new(error: Error, file: impl Into<Vec<u8>>, read: fn(&str) -> PublicKey) -> Self {
        Self {
            error,
            file: file.into(),
            command: 0,
            typed: &[],
            written: None,
            read,
        }
    }

    fn command(mut self, command: usize) -> Self {
        self.command = command;
        self
    }

    fn typed(mut self, typed: &'static [(&'static str, &'static str)]) -> Self {
        self.typed = typed;
        self
    }

    fn written(mut self, written: &'static str) -> Self {
        self.written = Some(written);
        self
    }
}

fn private(text: &str) -> PublicKey {
    let pair = KeyPair::from_pem_with_backend(text, &AVAILABLE[0]);
    pair.unwrap().public_key().clone()
}

fn private_jwk(text: &str) -> PublicKey {
    let pair = KeyPair::from_jwk_with_backend(text, &AVAILABLE[0]);
    pair.unwrap().public_key().clone()
}

fn public(text: &str) -> PublicKey {
    PublicKey::from_pem(text).unwrap()
}

fn base64_der(text: &str) -> PublicKey {
    PublicKey::from_spki_der(&STANDARD.decode(text.trim()).unwrap()).unwrap()
}

fn base64_certificate(text: &str) -> PublicKey {
    PublicKey::from_certificate_der(&STANDARD.decode(text.trim()).unwrap()).unwrap()
}

/// With its keyUsage.
fn certificate(text: &str) -> PublicKey {
    PublicKey::from_certificate_pem(text).unwrap()
}

/// Of files that hold the RSA key.
fn rsa_public(text: &str) -> PublicKey {
    assert_eq!(public(text), public(RSA_PUBLIC));
    public(P256_PUBLIC)
}

fn rsa_private(text: &str) -> PublicKey {
    match KeyPair::from_pem_with_backend(text, &AVAILABLE[0]) {
        Ok(pair) => assert_eq!(*pair.public_key(), public(RSA_PUBLIC)),
        Err(error) => assert!(matches!(error, Error::Unsupported { .. }), "{error}"),
    }
    public(P256_PUBLIC)
}

/// The commands in a text. Single options are no commands.
fn commands(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|quoted| quoted.contains(' ') && !quoted.starts_with('-'))
        .collect()
}

fn is_there(tool: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {tool}")])
        .output();
    found.is_ok_and(|found| found.status.success())
}

/// A folder of its own for each case.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The key that the command writes, or nothing if a tool is missing.
fn run(case: &Case, name: &str) -> Option<PublicKey> {
    let text = case.error.to_string();
    let mut command = commands(&text)[case.command].to_owned();
    for (from, to) in case.typed {
        assert!(command.contains(from), "{command}");
        command = command.replace(from, to);
    }
    // What is between quotes names no tool.
    let unquoted: String = command.split('\'').step_by(2).collect();
    let mut tools = unquoted
        .split(['|', ';', '('])
        .filter_map(|part| part.split_whitespace().next());
    if let Some(tool) = tools.find(|tool| !is_there(tool)) {
        assert!(
            std::env::var_os("CI").is_none(),
            "{tool} is not here, and CI runs every command: {command}"
        );
        eprintln!("skipped, since {tool} is not here: {command}");
        return None;
    }
    let folder = folder(name);
    let file = folder.join("input");
    fs::write(&file, &case.file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    for word in ["KEY.pub", "KEY", "FILE", "CERT"] {
        command = command.replace(&format!(" {word}"), " input");
    }
    let ran = Command::new("sh")
        .args(["-c", &command])
        .current_dir(&folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command}: {errors}");
    let written = case.written.map(|name| folder.join(name));
    let written = written.unwrap_or_else(|| folder.join("key.pem"));
    let text = if written.exists() {
        // Of a key store, only that it is there.
        String::from_utf8_lossy(&fs::read(written).unwrap()).into_owned()
    } else {
        String::from_utf8(ran.stdout).unwrap()
    };
    Some((case.read)(&text))
}

fn utf16(order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    P256_PEM.encode_utf16().flat_map(order).collect()
}

/// UTF-32, without and with a byte order mark.
fn utf32(order: fn(u32) -> [u8; 4]) -> [Vec<u8>; 2] {
    let of = |text: &str| text.chars().map(u32::from).flat_map(order).collect();
    [of(P256_PEM), of(&format!("\u{feff}{P256_PEM}"))]
}

/// The files whose key is that of `p256.pem`.
fn cases() -> Vec<Case> {
    let backend = &AVAILABLE[0];
    let of_pem = |text: &str| KeyPair::from_pem_with_backend(text, backend).unwrap_err();
    let of_jwk = |text: &str| KeyPair::from_jwk_with_backend(text, backend).unwrap_err();
    let of_der = |der: &[u8]| KeyPair::from_pkcs8_der_with_backend(der, backend).unwrap_err();
    let of_sec1 = |der: &[u8]| KeyPair::from_sec1_der_with_backend(der, backend).unwrap_err();
    let of_public = |text: &str| PublicKey::from_pem(text).unwrap_err();
    let of_point = |point: &[u8]| PublicKey::from_spki_der(point).unwrap_err();

    let p12 = include_bytes!("../../data/forms/p256.p12");
    let p12_password: &[_] = &[("openssl pkcs12", "openssl pkcs12 -passin pass:hostile")];
    let p7 = include_str!("../../data/forms/certificate.p7.pem");
    let request = include_str!("../../data/forms/p256.csr");
    let pair = include_bytes!("../../data/forms/p256.x963-private");
    let (point, scalar) = pair.split_at(65);
    let compressed_point = [&[2 + point[64] % 2], &point[1..33]].concat();
    let hybrid = [&[6 + point[64] % 2], &point[1..]].concat();
    let explicit = include_str!("../../data/p256-explicit.sec1.pem");
    let explicit_public = include_str!("../../data/p256-explicit.pub.pem");
    let compressed_public = include_str!("../../data/p256-compressed.pub.pem");
    let compressed_certificate = include_str!("../../data/forms/p256-compressed.crt");
    let encrypted = include_str!("../../data/p256-encrypted.pem");
    let jwk = P256_JWK.trim_end();
    let (set, array) = (format!(r#"{{"keys":[{jwk}]}}"#), format!("[{jwk}]"));
    let quoted = serde_json::to_string(jwk).unwrap();
    let nested = format!(r#"{{"id":1,"jwk":{jwk}}}"#);
    // As `az keyvault key show` writes it.
    let vault = format!(r#"{{"attributes":{{"tags":["a",null]}},"key":{jwk}}}"#);
    let base64 = STANDARD.encode(der(P256_PUBLIC));
    let answer = format!(r#"{{"KeySpec":"ECC_NIST_P256","PublicKey":"{base64}"}}"#);
    let chain = format!(r#"{{"x5c":["{}"]}}"#, STANDARD.encode(der(CERTIFICATE)));
    let capital = jwk
        .replace("\"kty", "\"Kty")
        .replace("\"x\"", "\"X\"")
        .replace("\"d\"", "\"D\"");
    let two = format!("{P256_PEM}{}", include_str!("../../data/p256-other.pem"));
    let two_public = format!("{P256_PUBLIC}{RSA_PUBLIC}");
    let certificates = CERTIFICATE.repeat(2);
    let compressed = include_bytes!("../../data/forms/p256.pem.gz");
    let headed = P256_PEM.replacen("-----\n", "-----\nComment: a key\n\n", 1);
    let old = include_str!("../../data/rsa2048-proc-type.pem");
    let commented: String = P256_PEM.lines().map(|line| format!("# {line}\n")).collect();
    let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
    let (marked_little, marked_big) = (
        [b"\xff\xfe", &little[..]].concat(),
        [b"\xfe\xff", &big[..]].concat(),
    );

    let wide = [u32::to_le_bytes, u32::to_be_bytes]
        .into_iter()
        .flat_map(utf32);

    let mut cases = vec![
        Case::new(of_pem(CERTIFICATE), CERTIFICATE, certificate).written("cert.pem"),
        Case::new(of_der(&der(CERTIFICATE)), der(CERTIFICATE), certificate).written("cert.pem"),
        Case::new(of_pem(&headed), headed, private),
        // The key that was printed.
        Case::new(of_pem("Private-Key: (256 bit)\n"), P256_PEM, private),
        Case::new(of_public("Public-Key: (256 bit)\n"), P256_PUBLIC, public),
        Case::new(of_pem(old), old, rsa_private)
            .command(1)
            .typed(&[("openssl pkey", "openssl pkey -passin pass:hostile")]),
        Case::new(of_pem(request), request, public),
        Case::new(of_der(&der(request)), der(request), public)
            .typed(&[("openssl req", "openssl req -inform DER")]),
        Case::new(of_der(p12), p12, private).typed(p12_password),
        Case::new(of_der(p12), p12, public)
            .command(1)
            .typed(p12_password)
            .written("cert.pem"),
        Case::new(of_pem(p7), p7, public).written("certs.pem"),
        Case::new(of_public(&certificates), certificates, public).written("cert.pem"),
        Case::new(of_jwk(&set), set, private_jwk),
        Case::new(of_jwk(&array), array, private_jwk),
        Case::new(of_jwk(&quoted), quoted, private_jwk),
        Case::new(of_jwk(&nested), nested, private_jwk),
        Case::new(of_jwk(&vault), vault, private_jwk),
        Case::new(of_jwk(&capital), capital, private_jwk),
        Case::new(of_jwk(&answer), answer, base64_der),
        Case::new(of_jwk(&chain), chain, base64_certificate),
        Case::new(of_der(&little), little, private),
        Case::new(of_der(&big), big, private),
        Case::new(of_der(&marked_little), marked_little, private),
        Case::new(of_der(&marked_big), marked_big, private),
        Case::new(of_der(pair), pair, private),
        Case::new(of_der(scalar), scalar, private),
        Case::new(of_pem(explicit), explicit, private),
        Case::new(of_public(explicit_public), explicit_public, public).command(1),
        Case::new(of_public(compressed_public), compressed_public, public),
        Case::new(
            of_public(compressed_certificate),
            compressed_certificate,
            public,
        )
        .command(1),
        Case::new(of_pem(encrypted), encrypted, private)
            .typed(&[("openssl pkey", "openssl pkey -passin pass:hostile")]),
        Case::new(of_pem(&two), two, private),
        Case::new(of_public(&two_public), two_public, public).command(1),
        Case::new(of_der(compressed), compressed, private),
        Case::new(of_pem(&commented), commented, private),
    ];
    cases.extend(wide.map(|text| Case::new(of_der(&text), text, private)));
    for point in [point, &point[1..], &compressed_point, &hybrid] {
        cases.push(Case::new(of_point(point), point, public));
        let raw = PublicKey::from_x963(point);
        cases.extend(raw.err().map(|error| Case::new(error, point, public)));
    }
    #[cfg(feature = "encrypted-keys")]
    {
        let error = KeyPair::from_encrypted_pem_with_backend(old, b"hostile", backend);
        cases.push(
            Case::new(error.unwrap_err(), old, |text| {
                let pair =
                    KeyPair::from_encrypted_pem_with_backend(text, b"hostile", &AVAILABLE[0]);
                match pair {
                    Ok(pair) => assert_eq!(*pair.public_key(), public(RSA_PUBLIC)),
                    Err(error) => assert!(matches!(error, Error::Unsupported { .. }), "{error}"),
                }
                public(P256_PUBLIC)
            })
            .typed(&[(
                "openssl pkcs8",
                "openssl pkcs8 -passin pass:hostile -passout pass:hostile",
            )]),
        );
        let scheme = include_str!("../encrypted_keys/files/refused.des-EDE3-CBC.pem");
        let error = KeyPair::from_encrypted_pem_with_backend(scheme, b"correct horse", backend);
        cases.push(
            Case::new(error.unwrap_err(), scheme, |text| {
                KeyPair::from_encrypted_pem_with_backend(text, b"correct horse", &AVAILABLE[0])
                    .unwrap();
                public(P256_PUBLIC)
            })
            .typed(&[(
                "openssl pkcs8",
                "openssl pkcs8 -passin 'pass:correct horse' -passout 'pass:correct horse'",
            )]),
        );
    }
    // Any scalar will do: one of 31 octets, whose point is not there to check it.
    let short = sec1(&[7; 31], None);
    cases.push(Case::new(
        of_sec1(&short),
        pem("EC PRIVATE KEY", &short),
        |text| {
            private(text);
            public(P256_PUBLIC)
        },
    ));
    // Commands that make a key.
    let any_key = |text: &str| {
        private(text);
        public(P256_PUBLIC)
    };
    let other_curve = include_str!("../../data/p384.pem");
    cases.push(Case::new(of_pem(other_curve), other_curve, any_key));
    let parameters = pem("EC PARAMETERS", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    cases.push(Case::new(of_pem(&parameters), parameters, any_key));
    // These hold another key.
    let pkcs1 = der(RSA_PUBLIC)[24..].to_vec();
    cases.push(Case::new(of_point(&pkcs1), pkcs1, rsa_public));
    let pvk = include_bytes!("../../data/forms/rsa.pvk");
    let blob = include_bytes!("../../data/forms/rsa.msblob");
    let public_blob = include_bytes!("../../data/forms/rsa.pub.msblob");
    cases.push(Case::new(of_der(pvk), pvk, rsa_private));
    cases.push(Case::new(of_der(blob), blob, rsa_private));
    cases.push(Case::new(of_point(public_blob), public_blob, rsa_public));
    cases.push(
        Case::new(
            of_pem(include_str!("../../data/forms/openssh")),
            include_str!("../../data/forms/openssh"),
            |text| {
                private(text);
                public(P256_PUBLIC)
            },
        )
        .typed(&[("ssh-keygen", "ssh-keygen -P '' -N ''")])
        .written("input"),
    );
    cases.push(
        Case::new(
            of_pem(include_str!("../../data/forms/openssh.pub")),
            include_str!("../../data/forms/openssh.pub"),
            |text| {
                public(text);
                public(P256_PUBLIC)
            },
        )
        .command(1),
    );
    let ssh2 = include_str!("../../data/forms/openssh.rfc4716.pub");
    cases.push(Case::new(of_pem(ssh2), ssh2, |text| {
        public(text);
        public(P256_PUBLIC)
    }));
    cases.push(
        Case::new(
            of_der(include_bytes!("../../data/forms/p256.jks")),
            include_bytes!("../../data/forms/p256.jks"),
            |_| public(P256_PUBLIC),
        )
        .typed(&[(
            "keytool",
            "keytool -noprompt -srcstorepass hostile -deststorepass hostile",
        )])
        .written("key.p12"),
    );
    cases
}

#[test]
fn what_errors_tell_to_run_gives_the_same_key() {
    let expected = public(P256_PUBLIC);
    let cases = cases();
    for (number, case) in cases.iter().enumerate() {
        let what = format!("{number}: {}", case.error);
        if let Some(found) = run(case, &format!("commands-{number}")) {
            assert_eq!(found, expected, "{what}");
        }
    }
    // Every error that names a command is among them.
    let tried: BTreeSet<_> = cases.iter().map(|case| case.error.code()).collect();
    let needed: BTreeSet<_> = Error::examples()
        .iter()
        .filter(|error| !commands(&error.to_string()).is_empty())
        .map(Error::code)
        // No tool at hand writes these.
        .filter(|code| *code != "key.form_putty")
        .filter(|code| cfg!(feature = "encrypted-keys") || *code != "key.encryption")
        .collect();
    assert_eq!(tried, needed);
}
