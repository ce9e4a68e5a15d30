//! Runs the vectors on whichever target this is built for, on each backend of the build: what `bankezy vectors`
//! does, in a program that needs neither files nor arguments.

#[path = "../../../crates/bankezy-cli/src/vectors/case.rs"]
mod case;

use std::process::ExitCode;

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use serde_json::Value;

const FILES: [(&str, &str); 3] = [
    ("nimbus.json", include_str!("../../nimbus.json")),
    ("jose.json", include_str!("../../jose.json")),
    ("rfc.json", include_str!("../../rfc.json")),
];

fn main() -> ExitCode {
    let failed: usize = AVAILABLE.iter().map(run).sum();
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs all cases on a backend, and gives the number of those that failed.
fn run(backend: &Backend) -> usize {
    let (mut passed, mut left_out, mut failed) = (0, 0, 0);
    let mut count = |name: &str, result: Result<(), String>| match result {
        Ok(()) => passed += 1,
        // What the build does not hold, it says so.
        Err(reason) if reason.contains("needs the backend aws-lc-rs for") => left_out += 1,
        Err(reason) => {
            println!("FAILED {name} on {backend}: {reason}");
            failed += 1;
        }
    };
    for (name, text) in FILES {
        let file: Value = serde_json::from_str(text).expect("a vector file is JSON");
        for case in file["cases"].as_array().expect("a vector file has cases") {
            let number = case["id"].to_string();
            count(&format!("{name}, case {number}"), case::run(case, backend));
        }
    }
    for len in (0..300).chain([4_096, 65_537]) {
        count(&format!("{len} bytes"), there_and_back(len, backend));
    }
    println!("{backend}: {passed} passed, {left_out} left out (RSA is not in this build), {failed} failed");
    failed
}

/// Seals and opens a payload; one changed character is refused.
fn there_and_back(len: usize, backend: &Backend) -> Result<(), String> {
    let said = |error: bankezy_crypto::Error| error.to_string();
    let secret = PayloadSecret::generate().map_err(said)?;
    let cipher = PayloadCipher::with_backend(&secret, backend).map_err(said)?;
    let plaintext: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
    let sealed = cipher.seal(&plaintext).map_err(said)?;
    if cipher.open(&sealed).map_err(said)?.as_bytes() != plaintext {
        return Err("the plaintext differs".to_owned());
    }
    let mut changed = sealed.into_bytes();
    // The first character of the tag: another one there is another tag.
    let place = changed.len() - 22;
    changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
    match cipher.open(&changed) {
        Ok(_) => Err("a changed message opens".to_owned()),
        Err(_) => Ok(()),
    }
}
