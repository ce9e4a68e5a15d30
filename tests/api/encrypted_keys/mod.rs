//! Private keys under a password, made with OpenSSL and Java by the script `make`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::common::each_backend;
use bankezy_crypto::backend::Backend;
use bankezy_crypto::{Error, KeyPair, KeyProblem};

const PASSWORD: &[u8] = b"correct horse";

/// The files of `make` by their names.
fn files() -> BTreeMap<String, Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/api/encrypted_keys/files");
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    });
    files.collect()
}

fn read(name: &str, file: &[u8], password: &[u8], backend: &Backend) -> Result<KeyPair, Error> {
    if name.ends_with(".der") {
        KeyPair::from_encrypted_pkcs8_der_with_backend(file, password, backend)
    } else {
        let pem = std::str::from_utf8(file).unwrap();
        KeyPair::from_encrypted_pem_with_backend(pem, password, backend)
    }
}

fn problem(result: Result<KeyPair, Error>) -> KeyProblem {
    match result {
        Err(Error::Key { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_openssl_and_java_write_is_read() {
    let files = files();
    each_backend(|backend| {
        let mut count = 0;
        for (name, file) in &files {
            let (key, rest) = name.split_once('.').unwrap();
            if key == "refused" || rest == "pem" {
                continue;
            }
            let plain = std::str::from_utf8(&files[&format!("{key}.pem")]).unwrap();
            let plain = match KeyPair::from_pem_with_backend(plain, backend) {
                Err(Error::Unsupported { .. }) => continue,
                plain => plain.unwrap(),
            };
            let pair = read(name, file, PASSWORD, backend)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(pair.public_key(), plain.public_key(), "{name}");
            count += 1;
            if name == "ec.iterations.pem" {
                continue;
            }
            let wrong = problem(read(name, file, b"correct horse\n", backend));
            assert_eq!(wrong, KeyProblem::WrongPassword, "{name}");
        }
        assert!(count >= 13, "{count}");
    });
}

#[test]
fn old_schemes_are_refused_by_name() {
    let files = files();
    each_backend(|backend| {
        let mut count = 0;
        for (name, file) in &files {
            let Some(scheme) = name
                .strip_prefix("refused.")
                .and_then(|it| it.strip_suffix(".pem"))
            else {
                continue;
            };
            count += 1;
            let found = problem(read(name, file, PASSWORD, backend));
            let due = match scheme {
                "iterations" => KeyProblem::EncryptionCost {
                    unit: "iterations",
                    found: 10_000_001,
                    max: 10_000_000,
                },
                // N 16384, r 8, p 32.
                "scrypt" => KeyProblem::EncryptionCost {
                    unit: "bytes of memory",
                    found: 16_384 * 8 * 32 * 128,
                    max: 256 << 20,
                },
                "old" => KeyProblem::OldPemEncryption,
                scheme => match &found {
                    KeyProblem::Encryption { scheme: named, .. } if *named == scheme => continue,
                    _ => panic!("{name}: {found:?}"),
                },
            };
            assert_eq!(found, due, "{name}");
        }
        assert_eq!(count, 22);
    });
}

#[test]
fn other_forms_are_distinguished() {
    let files = files();
    let text = |name: &str| std::str::from_utf8(&files[name]).unwrap().to_owned();
    each_backend(|backend| {
        let read = |pem: &str| {
            problem(KeyPair::from_encrypted_pem_with_backend(
                pem, PASSWORD, backend,
            ))
        };
        assert_eq!(read(&text("ec.pem")), KeyProblem::NotEncrypted);
        assert_eq!(read(""), KeyProblem::Empty);
        assert_eq!(read("no key"), KeyProblem::NotPem);
        let without = KeyPair::from_pem_with_backend(&text("ec.default.pem"), backend);
        assert_eq!(problem(without), KeyProblem::Encrypted);
    });
}

/// Octets of a file changed in turn: an error each time, or, in a salt that is not looked at before, a
/// password that does not fit. Nothing panics.
#[test]
fn a_damaged_file_is_an_error() {
    let files = files();
    let name = "ec.java-PBEWithHmacSHA256AndAES_256.der";
    let file = &files[name];
    let backend = &bankezy_crypto::backend::AVAILABLE[0];
    // The parameters, and some of what is encrypted.
    for at in (0..110).chain((110..file.len()).step_by(16)) {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(
            read(name, &damaged, PASSWORD, backend).is_err(),
            "octet {at}"
        );
        assert!(
            read(name, &file[..at], PASSWORD, backend).is_err(),
            "cut at {at}"
        );
    }
}

/// Parameters by hand in a file of Java's: salt 20 octets, iterations 4096, keyLength 32.
#[test]
fn parameters_that_no_tool_writes_are_named() {
    let files = files();
    let file = &files["ec.java-PBEWithHmacSHA256AndAES_256.der"];
    let scrypt = &files["rsa.scrypt.der"];
    let changed = |file: &[u8], from: &[u8], to: &[u8]| {
        let at = file.windows(from.len()).position(|it| it == from).unwrap();
        let mut file = file.to_vec();
        file[at..at + from.len()].copy_from_slice(to);
        file
    };
    let rows = [
        (
            "no iterations",
            changed(file, &[2, 2, 0x10, 0], &[2, 2, 0, 0]),
        ),
        (
            "negative iterations",
            changed(file, &[2, 2, 0x10, 0], &[2, 2, 0x90, 0]),
        ),
        (
            "a key of 31 octets",
            changed(file, &[2, 1, 32], &[2, 1, 31]),
        ),
        ("a key of none", changed(file, &[2, 1, 32], &[2, 1, 0])),
        // N 16384, r 8, p 1.
        (
            "N is 16385",
            changed(scrypt, &[2, 2, 0x40, 0, 2, 1, 8], &[2, 2, 0x40, 1, 2, 1, 8]),
        ),
        (
            "N is 1",
            changed(scrypt, &[2, 2, 0x40, 0, 2, 1, 8], &[2, 2, 0, 1, 2, 1, 8]),
        ),
        (
            "r is 0",
            changed(scrypt, &[2, 1, 8, 2, 1, 1], &[2, 1, 0, 2, 1, 1]),
        ),
        (
            "p is 0",
            changed(scrypt, &[2, 1, 8, 2, 1, 1], &[2, 1, 8, 2, 1, 0]),
        ),
    ];
    for (name, file) in rows {
        let backend = &bankezy_crypto::backend::AVAILABLE[0];
        let found = problem(read("changed.der", &file, PASSWORD, backend));
        assert!(
            matches!(found, KeyProblem::Encryption { scheme, .. } if scheme.contains("unusual")),
            "{name}: {found:?}"
        );
    }
}
