//! Which kind of input it is, and the reports of sealed texts and public keys.

use bankezy_crypto::{Error, Inspection, KeyProblem, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::diagnose::capture::{self, Unclear};
use crate::diagnose::message::MAX_AROUND;
use crate::inspect::error::InspectError;
use crate::inspect::jwt;
use crate::inspect::report::Report;
use crate::serialization;

/// Explains a sealed text (compact JWE, or a JWE in JSON serialization), a public key (its wire form, PEM, JWK, or
/// DER SubjectPublicKeyInfo) or a JWT, with or without `Bearer ` before it.
///
/// It uses no key and verifies nothing: anyone could have written what the report shows. White space around a text is
/// ignored, and so is what [`Message`](crate::Message) removes around a sealed text, which the report names.
/// `max_sealed_len` is the longest sealed text that is accepted, in bytes without that white space; the caller must
/// limit other input.
///
/// # Errors
/// [`InspectError`] that says why the input is none of them.
///
/// ```
/// use bankezy_crypto::DEFAULT_MAX_SEALED_LEN;
/// use bankezy_diagnose::inspect;
///
/// let jwt = "Bearer eyJhbGciOiJIUzUxMiJ9.eyJleHAiOjE2ODg4OTI0ODh9.c2ln";
/// let report = inspect(jwt.as_bytes(), DEFAULT_MAX_SEALED_LEN)?;
/// for line in report.lines() {
///     println!("{} = {}", line.name(), line.value());
/// }
/// assert!(report.to_string().ends_with("expires: 2023-07-09T08:48:08Z (1688892488)\n"));
/// # Ok::<(), bankezy_diagnose::InspectError>(())
/// ```
pub fn inspect(input: &[u8], max_sealed_len: usize) -> Result<Report, InspectError> {
    as_written(input, max_sealed_len)
        .or_else(|error| captured(input, max_sealed_len).unwrap_or(Err(error)))
}

/// A sealed text with something around it, as [`Message`](crate::Message) reads it. `None` if there is none.
fn captured(input: &[u8], max_sealed_len: usize) -> Option<Result<Report, InspectError>> {
    if input.len() > max_sealed_len.saturating_add(MAX_AROUND) {
        return None;
    }
    match capture::read(input) {
        Ok((text, stripped)) if !stripped.is_empty() => {
            let text = core::str::from_utf8(&text).ok()?;
            let mut report = sealed("compact JWE", text, max_sealed_len).ok()?;
            let stripped: Vec<_> = stripped.iter().map(ToString::to_string).collect();
            report.add("stripped from the capture", stripped.join(", "));
            Some(Ok(report))
        }
        Err(Unclear::SeveralMessages { found }) => {
            Some(Err(InspectError::SeveralMessages { found }))
        }
        _ => None,
    }
}

fn as_written(input: &[u8], max_sealed_len: usize) -> Result<Report, InspectError> {
    // 0x30 is also the digit 0, with which a text may start.
    match core::str::from_utf8(input) {
        Ok(text) => explain(text.trim(), max_sealed_len),
        Err(_) if input.starts_with(&[DER_SEQUENCE]) => {
            public_key("DER SubjectPublicKeyInfo", PublicKey::from_spki_der(input))
        }
        Err(_) => Err(match PublicKey::from_spki_der(input) {
            // Such as UTF-16 and compressed data.
            Err(error) if is_of_other_form(&error) => InspectError::UnknownForm { error },
            _ => InspectError::NeitherTextNorDer,
        }),
    }
}

fn is_of_other_form(error: &Error) -> bool {
    let Error::Key { problem, .. } = error else {
        return false;
    };
    matches!(problem, KeyProblem::OtherForm { .. })
}

/// Tag of the DER type of keys.
const DER_SEQUENCE: u8 = 0x30;

fn explain(text: &str, max_sealed_len: usize) -> Result<Report, InspectError> {
    match text.as_bytes().first() {
        None => Err(InspectError::Empty),
        Some(b'-') => public_key("public key as PEM", PublicKey::from_pem(text)),
        Some(b'{') => json(text, max_sealed_len),
        Some(_) => match text.split('.').count() {
            1 => key_in_base64(text),
            3 => jwt::explain(text.strip_prefix("Bearer ").unwrap_or(text)),
            5 => sealed("compact JWE", text, max_sealed_len),
            found => Err(InspectError::PartCount { found }),
        },
    }
}

fn json(text: &str, max_sealed_len: usize) -> Result<Report, InspectError> {
    let object = serde_json::from_str(text).ok();
    match object.as_ref().and_then(serialization::compact) {
        Some(Ok(compact)) => sealed("JWE in JSON serialization", &compact, max_sealed_len),
        Some(Err(beyond)) => Err(InspectError::JsonSerialization { beyond }),
        None => public_key("public key as JWK", PublicKey::from_jwk(text)),
    }
}

fn sealed(form: &str, text: &str, max_sealed_len: usize) -> Result<Report, InspectError> {
    let found = Inspection::parse_with_limit(text, max_sealed_len)
        .map_err(|error| InspectError::SealedText { error })?;
    let mut report = Report::of_kind(&format!("{form} (not opened, nothing is authenticated)"));
    report.add_untrusted("header", &found.header);
    for (name, len) in [
        ("encrypted key", found.encrypted_key_len),
        ("initialization vector", found.iv_len),
        ("ciphertext", found.ciphertext_len),
        ("authentication tag", found.tag_len),
    ] {
        report.add(name, format!("{len} bytes"));
    }
    report.add(
        "profile",
        match &found.profile {
            Ok(algorithm) => format!("met ({algorithm} with A256GCM)"),
            Err(error) => format!("not met: {error}"),
        },
    );
    Ok(report)
}

fn key_in_base64(text: &str) -> Result<Report, InspectError> {
    let found = PublicKey::from_wire(text).or_else(|error| {
        // A P-256 SubjectPublicKeyInfo is not a wire form, but it can be explained.
        if error == Error::from(KeyProblem::WireForm)
            && let Some(der) = base64_of_spki(text)
        {
            PublicKey::from_spki_der(&der)
        } else {
            Err(error)
        }
    });
    match found {
        Ok(key) => public_key("public key in base64", Ok(key)),
        Err(error) => Err(InspectError::UnknownForm { error }),
    }
}

fn base64_of_spki(text: &str) -> Option<Vec<u8>> {
    let text = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    STANDARD_NO_PAD.decode(text).ok()
}

fn public_key(form: &str, key: Result<PublicKey, Error>) -> Result<Report, InspectError> {
    let key = key.map_err(|error| InspectError::PublicKey { error })?;
    let mut report = Report::of_kind(form);
    report.add("key", format!("{}, {} bits", key.key_type(), key.bits()));
    report.add("JWK", key.to_jwk());
    report.add("as it travels", key.to_wire());
    Ok(report)
}
