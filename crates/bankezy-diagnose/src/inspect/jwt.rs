//! JWTs (RFC 7519), read and not verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::inspect::error::{InspectError, JwtPart};
use crate::inspect::report::Report;
use crate::printable::printable;

pub(crate) fn explain(text: &str) -> Result<Report, InspectError> {
    let mut parts = text.split('.');
    let (header, _) = json(parts.next(), JwtPart::Header)?;
    let (shown, claims) = json(parts.next(), JwtPart::Claims)?;
    let mut report = Report::of_kind("JWT (not verified: anyone could have written this)");
    report.add_untrusted("header", &header);
    report.add_untrusted("claims", &shown);
    for (claim, meaning) in [("iat", "issued"), ("nbf", "not before"), ("exp", "expires")] {
        if let Some(value) = claims.get(claim) {
            report.add(meaning, date(value));
        }
    }
    Ok(report)
}

/// The text of a part and its JSON. The text keeps the order of members, every digit of numbers, and
/// duplicates.
fn json(encoded: Option<&str>, part: JwtPart) -> Result<(String, Value), InspectError> {
    let text = URL_SAFE_NO_PAD
        .decode(encoded.unwrap_or_default())
        .ok()
        .and_then(|json| String::from_utf8(json).ok());
    text.and_then(|text| Some((serde_json::from_str(&text).ok()?, text)))
        .filter(|(value, _): &(Value, String)| value.is_object())
        .map(|(value, text)| (text, value))
        .ok_or(InspectError::Jwt { part })
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
