//! `bankezy inspect`: what a text says of itself, without a key.

use std::fmt::Write as _;

use bankezy_crypto::{Error, Inspection, KeyProblem, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value;

use crate::args::Inspect;
use crate::failure::Failure;
use crate::files;

/// Tag of the DER type that keys are.
const DER_SEQUENCE: u8 = 0x30;

pub(crate) fn run(args: &Inspect) -> Result<(), Failure> {
    let max = args.max_len.max_len;
    let bytes = match &args.file {
        Some(file) => files::read_file(file, max.saturating_add(2), "the file")?,
        None => files::read_stdin(max.saturating_add(2))?,
    };
    // 0x30 is also the digit 0, with which a text may start.
    let report = match std::str::from_utf8(bytes.as_bytes()) {
        Ok(text) => explain(text.trim(), max)?,
        Err(_) if bytes.as_bytes().starts_with(&[DER_SEQUENCE]) => public_key(
            "DER SubjectPublicKeyInfo",
            &PublicKey::from_spki_der(bytes.as_bytes())?,
        ),
        Err(_) => return Err(Failure::operation("the input is neither text nor DER")),
    };
    files::print(report.as_bytes())
}

fn explain(text: &str, max: usize) -> Result<String, Failure> {
    let dots = text.bytes().filter(|byte| *byte == b'.').count();
    match text.as_bytes().first() {
        None => Err(Failure::operation(
            "there is nothing to explain: the input is empty",
        )),
        Some(b'-') => Ok(public_key("public key as PEM", &PublicKey::from_pem(text)?)),
        Some(b'{') => Ok(public_key("public key as JWK", &PublicKey::from_jwk(text)?)),
        _ if dots == 4 => Ok(sealed(&Inspection::with_max_sealed_len(text, max)?)),
        _ if dots == 2 => jwt(text.strip_prefix("Bearer ").unwrap_or(text)),
        _ if dots > 0 => Err(Failure::operation(format!(
            "a compact JWE has 5 parts separated by dots and a JWT has 3, this has {}",
            dots + 1
        ))),
        _ => wire(text),
    }
}

fn sealed(found: &Inspection) -> String {
    let mut report = String::new();
    let profile = match &found.profile {
        Ok(algorithm) => format!("met ({} with A256GCM)", algorithm.name()),
        Err(error) => format!("not met: {error}"),
    };
    for (name, value) in [
        (
            "kind",
            "compact JWE (not opened, nothing is authenticated)".to_owned(),
        ),
        ("header", printable(&found.header)),
        (
            "encrypted key",
            format!("{} bytes", found.encrypted_key_len),
        ),
        ("initialization vector", format!("{} bytes", found.iv_len)),
        ("ciphertext", format!("{} bytes", found.ciphertext_len)),
        ("authentication tag", format!("{} bytes", found.tag_len)),
        ("profile", profile),
    ] {
        line(&mut report, name, &value);
    }
    report
}

/// A P-256 SubjectPublicKeyInfo does not travel, but it can be explained.
const WIRE_FORM: Error = Error::Key {
    problem: KeyProblem::WireForm,
};

fn wire(text: &str) -> Result<String, Failure> {
    let found = PublicKey::from_wire(text).or_else(|error| match base64_of_spki(text) {
        Some(der) if error == WIRE_FORM => PublicKey::from_spki_der(&der),
        _ => Err(error),
    });
    match found {
        Ok(key) => Ok(public_key("public key in base64", &key)),
        Err(error) => Err(Failure::operation(format!(
            "neither a sealed text, nor a JWT, nor a public key: {error}"
        ))),
    }
}

fn base64_of_spki(text: &str) -> Option<Vec<u8>> {
    let text = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    STANDARD_NO_PAD.decode(text).ok()
}

fn public_key(form: &str, key: &PublicKey) -> String {
    let mut report = String::new();
    for (name, value) in [
        ("kind", form.to_owned()),
        ("key", format!("{}, {} bits", key.kind(), key.bits())),
        ("JWK", key.to_jwk()),
        ("as it travels", key.to_wire()),
    ] {
        line(&mut report, name, &value);
    }
    report
}

fn jwt(text: &str) -> Result<String, Failure> {
    let mut parts = text.split('.');
    let (header, _) = json_part(parts.next(), "header")?;
    let (shown, claims) = json_part(parts.next(), "claims")?;
    let mut report = String::new();
    line(
        &mut report,
        "kind",
        "JWT (not verified: anyone could have written this)",
    );
    line(&mut report, "header", &printable(&header));
    line(&mut report, "claims", &printable(&shown));
    for (claim, meaning) in [("iat", "issued"), ("nbf", "not before"), ("exp", "expires")] {
        if let Some(value) = claims.get(claim) {
            line(&mut report, meaning, &date(value));
        }
    }
    Ok(report)
}

/// A part as it stands, and as JSON: members in order, numbers to the last digit, duplicates too.
fn json_part(part: Option<&str>, name: &str) -> Result<(String, Value), Failure> {
    let text = URL_SAFE_NO_PAD
        .decode(part.unwrap_or_default())
        .ok()
        .and_then(|json| String::from_utf8(json).ok());
    text.and_then(|text| Some((serde_json::from_str(&text).ok()?, text)))
        .filter(|(value, _): &(Value, String)| value.is_object())
        .map(|(value, text)| (text, value))
        .ok_or_else(|| {
            Failure::operation(format!(
                "it has the three parts of a JWT, but its {name} part is not base64url of a JSON object"
            ))
        })
}

/// A NumericDate (RFC 7519 section 2): seconds, possibly with a fraction.
fn date(value: &Value) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked by the range of Timestamp"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64));
    match seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(date) => format!("{date} ({value})"),
        None => format!("not a date: {}", printable(&value.to_string())),
    }
}

/// What anyone may have written, without what a terminal would obey or show in another order.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => printable.push(character),
            _ => printable.extend(character.escape_debug()),
        }
    }
    printable
}

fn line(report: &mut String, name: &str, value: &str) {
    // Writing to a `String` does not fail.
    let _ = writeln!(report, "{name}: {value}");
}
