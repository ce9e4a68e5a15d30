//! The printed shell commands give the key: they are executed.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{PayloadCipher, PayloadSecret, SecretBytes};
use serde_json::Value;

use crate::diagnose::encoding::Encoding;
use crate::diagnose::finding::Finding;
use crate::diagnose::function::{Function, Take};
use crate::diagnose::message::Message;
use crate::diagnose::octets::{self, BASE64, BASE64_UNPADDED, BASE64URL_UNPADDED};
use crate::diagnose::reading::{Reading, readings};
use crate::diagnose::wrapped_secrets::wrapped;

const TOOLS: [&str; 11] = [
    "awk", "base32", "base64", "head", "iconv", "openssl", "python3", "sed", "tail", "tr", "xxd",
];

/// Whether commands can be executed here. If not, it says so.
fn is_runnable() -> bool {
    let missing: Vec<_> = TOOLS
        .iter()
        .filter(|tool| {
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {tool}")])
                .stdout(Stdio::null())
                .status();
            !found.is_ok_and(|status| status.success())
        })
        .collect();
    if !missing.is_empty() {
        let is_ci = std::env::var_os("CI").is_some();
        assert!(
            !is_ci,
            "CI executes every command, and {missing:?} are not found"
        );
        eprintln!("skipped: {missing:?} not found");
    }
    missing.is_empty()
}

/// What the printed commands write, with `$SECRET_FILE` and what a shell reads from it as `$SECRET`. `None` for a
/// value that no variable can hold, and if a person must change the value first.
fn executed(reading: &Reading, secret: &[u8]) -> Option<String> {
    let command = reading.shell();
    let cleaned = reading.cleaned().unwrap_or_default();
    let is_of_a_file = command.contains("SECRET_FILE") || !cleaned.is_empty();
    if cleaned.starts_with("set ") || secret.contains(&0) && !is_of_a_file {
        return None;
    }
    // What `$(cat FILE)` would be.
    let mut variable: &[u8] = if is_of_a_file { b"" } else { secret };
    while let [rest @ .., b'\n'] = variable {
        variable = rest;
    }
    let mut child = Command::new("sh")
        .args(["-c", &format!("{cleaned}\n{command}")])
        .env("SECRET", OsStr::from_bytes(variable))
        .env("SECRET_FILE", "/dev/stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads the variable does not read its input.
    let _ = child.stdin.take().unwrap().write_all(secret);
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{cleaned}; {command}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Secrets that every encoding, function and choice of octets gives a key for.
pub(super) fn secrets() -> Vec<SecretBytes> {
    let octets: Vec<u8> = (0..48).map(|octet| 255 - octet * 5).collect();
    let mut all: Vec<SecretBytes> = [
        &b"A 'Passw\xc3\xb6rd' with $HOME, \"quotes\" and \\ of > 40 characters"[..],
        // 32 octets in each way of writing UTF-16.
        b"Sixteen*letters!",
        b"Fifteen*letters",
        b"Thirty-one characters, no more!",
        b"0123456789abcdefABCDEF0123456789",
        b"\x00\x01 raw \xff octets, more than 32 of them\n",
        // base32 of 40 octets.
        b"775PL4HL43Q5ZV6SZXEMHPVZWSX2VJNATOLJDDEHQJ6XQ43ONFSF6WSVKBFUMQJ4",
    ]
    .map(octets::copied)
    .into();
    // 32 octets as Node and Java print them.
    let decimal: Vec<String> = octets[..32].iter().map(u8::to_string).collect();
    let signed: Vec<String> = octets[..32]
        .iter()
        .map(|octet| octet.cast_signed().to_string())
        .collect();
    all.push(decimal.join(",").into_bytes().into());
    all.push(format!("[{}]", signed.join(", ")).into_bytes().into());
    for len in [16, 24, 32, 40] {
        let octets = &octets[..len];
        let hex = octets::to_hex(octets, false);
        let base64 = octets::to_base64(octets, &BASE64);
        let unpadded = octets::to_base64(octets, &BASE64_UNPADDED);
        let base64url = octets::to_base64(octets, &BASE64URL_UNPADDED);
        let lines: Vec<_> = base64.as_bytes().chunks(10).collect();
        let folded = SecretBytes::from(lines.join(&b'\n'));
        for inner in [&hex, &base64, &unpadded, &base64url, &folded] {
            all.push(octets::to_base64(inner.as_bytes(), &BASE64_UNPADDED));
            all.push(octets::to_hex(inner.as_bytes(), true));
        }
        let twice = octets::to_base64(base64.as_bytes(), &BASE64);
        all.push(octets::to_base64(twice.as_bytes(), &BASE64));
        all.extend([hex, base64, unpadded, base64url]);
    }
    all
}

#[test]
fn the_shell_command_of_each_reading_gives_its_key() {
    if !is_runnable() {
        return;
    }
    let mut seen: Vec<(Encoding, Function, Take)> = Vec::new();
    for secret in secrets() {
        for (reading, candidate) in readings(secret.as_bytes()) {
            let Ok(candidate) = candidate else { continue };
            let Reading {
                encoding,
                function,
                take,
                ..
            } = reading;
            // Steps are put one after the other, so not each with each other is needed.
            let is_one = encoding == Encoding::Utf8
                || [Function::Identity, Function::Sha256].contains(&function);
            if seen.contains(&(encoding, function, take)) || !is_one {
                continue;
            }
            if let Some(written) = executed(&reading, secret.as_bytes()) {
                seen.push((encoding, function, take));
                let key = octets::to_hex(candidate.key.as_bytes(), false);
                let key = String::from_utf8(key.as_bytes().to_vec()).unwrap();
                assert_eq!(written.trim_end(), key, "{reading}: {}", reading.shell());
            }
        }
    }
    for encoding in Encoding::ALL {
        for function in [Function::Identity, Function::Sha256] {
            let is_this = |(one, other, _): &(Encoding, Function, Take)| {
                (*one, *other) == (encoding, function)
            };
            assert!(seen.iter().any(is_this), "{encoding:?}, {function:?}");
        }
    }
    for function in Function::ALL {
        assert!(
            seen.iter().any(|(_, other, _)| *other == function),
            "{function:?}"
        );
    }
    for take in [Take::First32, Take::Last32, Take::Reversed, Take::Twice] {
        assert!(seen.iter().any(|(_, _, other)| *other == take), "{take:?}");
    }
}

/// Those that read what [`wrapped`] writes.
const ENCODINGS: [Encoding; 5] = [
    Encoding::Utf8,
    Encoding::RawBytes,
    Encoding::Base64,
    Encoding::Hex,
    Encoding::Decimal,
];

#[test]
fn the_shell_commands_start_from_the_secret_as_it_is_written() {
    if !is_runnable() {
        return;
    }
    // Its base64 has a plus sign, a slash and padding, and its octets are no text and have white space, a zero and
    // quotation marks.
    let mut octets: [u8; 32] = core::array::from_fn(|place| 255 - place as u8 * 5);
    octets[3..12].copy_from_slice(b"\0 '\"\n=#~\x07");
    for (secret, wrappers) in wrapped(&octets) {
        let shown = String::from_utf8_lossy(&secret).into_owned();
        let mut executed_with = Vec::new();
        for (reading, candidate) in readings(&secret) {
            let Ok(candidate) = candidate else { continue };
            let is_tried = ENCODINGS.contains(&reading.encoding)
                && [Function::Identity, Function::Sha256].contains(&reading.function)
                && reading.take == Take::Whole;
            if *reading.wrappers != *wrappers || !is_tried {
                continue;
            }
            if let Some(written) = executed(&reading, &secret) {
                let key = octets::to_hex(candidate.key.as_bytes(), false);
                let key = String::from_utf8(key.as_bytes().to_vec()).unwrap();
                assert_eq!(written.trim_end(), key, "{shown}: {reading}");
                assert!(reading.rust().contains("cleaned"), "{}", reading.rust());
                executed_with.push(reading.function);
            }
        }
        for function in [Function::Identity, Function::Sha256] {
            let is_executed = executed_with.contains(&function);
            assert!(is_executed, "{shown}: {wrappers:?}, {function:?}");
        }
    }
}

#[test]
fn the_shell_command_for_each_vector_gives_a_key_that_opens_its_message() {
    if !is_runnable() {
        return;
    }
    for vectors in [
        include_str!("../../tests/vectors/python.json"),
        include_str!("../../tests/vectors/node.json"),
    ] {
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for vector in vectors["secrets"].as_array().unwrap() {
            let [secret, sealed] = ["secret", "jwe"].map(|name| vector[name].as_str().unwrap());
            let secret = octets::from_base64(secret.as_bytes(), &BASE64).unwrap();
            let message = Message::new(sealed.as_bytes(), 1000, &AVAILABLE[0]).unwrap();
            let Ok(Finding::Reading { reading, .. }) = message.try_readings(&secret) else {
                panic!("{}", vector["name"]);
            };
            let Some(written) = executed(&reading, secret.as_bytes()) else {
                continue;
            };
            let key = PayloadSecret::from_hex(written.trim_end());
            let opened = key
                .and_then(|key| PayloadCipher::with_backend(&key, &AVAILABLE[0]))
                .and_then(|cipher| cipher.open(sealed));
            assert!(opened.is_ok(), "{reading}: {}", reading.shell());
        }
    }
}
