//! The Rust that is printed for readings compiles and gives their keys: `printed/readings.rs` has each step. A run
//! with `BANKEZY_WRITE_PRINTED_TERMS` set writes it anew.

use std::sync::Arc;

use bankezy_crypto::PayloadSecret;

use crate::diagnose::cleaning::Cleaning;
use crate::diagnose::encoding::Encoding;
use crate::diagnose::function::{Function, Take};
use crate::diagnose::printed::readings::TERMS;
use crate::diagnose::reading::{Reading, readings};
use crate::diagnose::terms_tests::secrets;
use crate::diagnose::wrapper::text;

/// Each encoding, function and choice of octets, but not each with each other.
fn all() -> Vec<Reading> {
    let mut all = Vec::new();
    for encoding in Encoding::ALL {
        for function in Function::ALL {
            for take in [
                Take::Whole,
                Take::First32,
                Take::Last32,
                Take::Reversed,
                Take::Twice,
            ] {
                let is_plain = encoding == Encoding::Utf8 || function == Function::Identity;
                if is_plain || (function, take) == (Function::Sha256, Take::Whole) {
                    all.push(Reading {
                        wrappers: Arc::default(),
                        encoding,
                        function,
                        take,
                        cleaning: Cleaning::default(),
                    });
                }
            }
        }
    }
    all
}

fn term(reading: &Reading) -> String {
    let octets = match reading.encoding {
        Encoding::RawBytes => "let secret = secret.as_bytes(); ",
        _ => "",
    };
    format!("|secret: &str| {{ {octets}Ok({}?) }}", reading.rust())
}

/// Everything before the first term in the file.
const START: &str = "TERMS: &[Term] = &[\n";

#[test]
fn printed_terms_of_readings_give_their_keys() {
    let all = all();
    let terms: Vec<String> = all.iter().map(term).collect();
    let file = include_str!("printed/readings.rs");
    let (start, _) = file.split_once(START).unwrap();
    let terms = terms.join(",\n    ");
    let written = format!("{start}{START}    {terms},\n];\n");
    if std::env::var_os("BANKEZY_WRITE_PRINTED_TERMS").is_some() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/diagnose/printed/readings.rs"
        );
        std::fs::write(path, written).unwrap();
        return;
    }
    assert!(written == file, "printed/readings.rs is out of date");
    let mut checked = Vec::new();
    for secret in secrets() {
        let Some(text) = text(secret.as_bytes()).filter(|it| it.len() == secret.as_bytes().len())
        else {
            continue;
        };
        for (reading, candidate) in readings(secret.as_bytes()) {
            let Ok(candidate) = candidate else { continue };
            let Some(place) = all.iter().position(|it| *it == reading) else {
                continue;
            };
            let key = PayloadSecret::from_bytes(candidate.key.as_bytes()).unwrap();
            let found = match TERMS[place](text) {
                // The crate `base64` refuses spare bits that are not zero, and here they are ignored.
                Err(error) if error.to_string().starts_with("Invalid last symbol") => continue,
                found => found.unwrap(),
            };
            assert_eq!(found, key, "{}", reading.rust());
            checked.push(reading.encoding);
        }
    }
    for encoding in Encoding::ALL {
        assert!(checked.contains(&encoding), "{encoding:?}");
    }
}
