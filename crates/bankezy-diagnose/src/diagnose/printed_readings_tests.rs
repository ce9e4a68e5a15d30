//! The Rust that is printed for readings compiles and gives their keys: `printed/readings.rs` has each step, and is
//! included here. A run with `BANKEZY_WRITE_PRINTED_TERMS` set writes it anew.

#![allow(
    clippy::all,
    reason = "the terms are put together, so some have a reference more than needed"
)]

use core::error::Error;
use std::sync::Arc;

use bankezy_crypto::PayloadSecret;
use base64::prelude::*;
use md5::Md5;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::diagnose::cleaning::Cleaning;
use crate::diagnose::encoding::Encoding;
use crate::diagnose::function::{Function, Take};
use crate::diagnose::octets::{from_base32, from_hex};
use crate::diagnose::reading::{Reading, readings};
use crate::diagnose::terms_tests::secrets;
use crate::diagnose::wrapper::text;

/// What the terms use of the crate `hex`.
mod hex {
    use core::fmt;

    pub(super) fn encode(octets: impl AsRef<[u8]>) -> String {
        let digits = octets.as_ref().iter().map(|octet| format!("{octet:02x}"));
        digits.collect()
    }

    pub(super) fn encode_upper(octets: impl AsRef<[u8]>) -> String {
        encode(octets).to_uppercase()
    }

    pub(super) fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, fmt::Error> {
        let octets = super::from_hex(text.as_ref()).ok_or(fmt::Error)?;
        Ok(octets.as_bytes().to_vec())
    }
}

/// What they use of the crate `data_encoding`.
struct Base32;

const BASE32_NOPAD: Base32 = Base32;

impl Base32 {
    fn decode(&self, text: &[u8]) -> Result<Vec<u8>, core::fmt::Error> {
        let octets = from_base32(text).ok_or(core::fmt::Error)?;
        Ok(octets.as_bytes().to_vec())
    }
}

/// What they use of the crate `uuid`.
struct Uuid;

impl Uuid {
    fn parse_str(text: &str) -> Result<String, core::fmt::Error> {
        let digits = text.get(..32).ok_or(core::fmt::Error)?.to_lowercase();
        let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
        Ok([a, b, c, d, e].join("-"))
    }
}

type Term = fn(&str) -> Result<PayloadSecret, Box<dyn Error>>;

/// Each encoding, function and choice of octets, but not each with each other.
fn all() -> Vec<Reading> {
    let mut all = Vec::new();
    for encoding in Encoding::ALL {
        for function in Function::ALL {
            for take in [Take::Whole, Take::First32, Take::Last32] {
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

#[test]
fn printed_terms_of_readings_give_their_keys() {
    let all = all();
    let terms: Vec<String> = all.iter().map(term).collect();
    let written = format!("&[\n    {},\n]\n", terms.join(",\n    "));
    if std::env::var_os("BANKEZY_WRITE_PRINTED_TERMS").is_some() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/diagnose/printed/readings.rs"
        );
        std::fs::write(path, written).unwrap();
        return;
    }
    assert_eq!(written, include_str!("printed/readings.rs"));
    let terms: &[Term] = include!("printed/readings.rs");
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
            let found = match terms[place](text) {
                // The crate `base64` refuses spare bits that are not zero, and here they are passed over.
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
