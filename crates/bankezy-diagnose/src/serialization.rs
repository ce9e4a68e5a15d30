//! JWEs in JSON serialization (RFC 7516 section 7.2).

use core::fmt;

use serde_json::{Map, Value};

/// What a JWE in JSON serialization has that no compact JWE can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeyondCompact {
    /// `aad`: additional data, which the authentication tag covers.
    AdditionalData,
    /// `alg`, `enc` or another member of the header that opening needs, outside of the protected header.
    UnprotectedHeader,
    /// More than one recipient.
    SeveralRecipients,
}

/// Members of the header that opening needs (RFC 7516 section 4.1, RFC 7518 section 4.6.1).
const NEEDED: [&str; 6] = ["alg", "enc", "zip", "epk", "apu", "apv"];

/// The compact form of a JWE in JSON serialization. `None` for any other object.
pub(crate) fn compact(object: &Map<String, Value>) -> Option<Result<String, BeyondCompact>> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_jwe = !text("ciphertext").is_empty() && !text("tag").is_empty();
    if !is_jwe {
        return None;
    }
    let recipients = object.get("recipients").and_then(Value::as_array);
    let recipients = recipients.map_or(&[][..], Vec::as_slice);
    let recipient = |name| recipients.first().and_then(|first| first.get(name));
    let is_needed = |header: &Value| NEEDED.iter().any(|name| header.get(name).is_some());
    let outside = [
        object.get("unprotected"),
        object.get("header"),
        recipient("header"),
    ];
    if !text("aad").is_empty() {
        return Some(Err(BeyondCompact::AdditionalData));
    }
    if recipients.len() > 1 {
        return Some(Err(BeyondCompact::SeveralRecipients));
    }
    if text("protected").is_empty() || outside.into_iter().flatten().any(is_needed) {
        return Some(Err(BeyondCompact::UnprotectedHeader));
    }
    let key = recipient("encrypted_key").and_then(Value::as_str);
    let parts = [
        text("protected"),
        key.unwrap_or(text("encrypted_key")),
        text("iv"),
        text("ciphertext"),
        text("tag"),
    ];
    let is_kept = |c: &char| !c.is_whitespace() && *c != '=';
    Some(Ok(parts.join(".").chars().filter(is_kept).collect()))
}

/// What it has, and what that is.
impl fmt::Display for BeyondCompact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AdditionalData => "`aad`, additional data that is authenticated with the message",
            Self::UnprotectedHeader => "header members that are not protected",
            Self::SeveralRecipients => "several recipients",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compact_form_cannot_have_is_named() {
        use BeyondCompact::*;
        let base = r#""iv":"BB","ciphertext":"CC","tag":"DD""#;
        for (members, expected) in [
            (r#""protected":"AA","#, Ok("AA..BB.CC.DD")),
            (
                r#""protected":"AA","aad":"","unprotected":{},"#,
                Ok("AA..BB.CC.DD"),
            ),
            (
                r#""protected":"AA","header":{"kid":"1"},"#,
                Ok("AA..BB.CC.DD"),
            ),
            (
                r#""protected":"AA=","encrypted_key":"KK","#,
                Ok("AA.KK.BB.CC.DD"),
            ),
            (
                r#""protected":"AA","recipients":[{"encrypted_key":"KK"}],"#,
                Ok("AA.KK.BB.CC.DD"),
            ),
            (r#""protected":"AA","aad":"EE","#, Err(AdditionalData)),
            (r#""unprotected":{"alg":"dir"},"#, Err(UnprotectedHeader)),
            (
                r#""protected":"AA","header":{"alg":"dir"},"#,
                Err(UnprotectedHeader),
            ),
            (
                r#""protected":"AA","recipients":[{"header":{"alg":"dir"}}],"#,
                Err(UnprotectedHeader),
            ),
            (
                r#""protected":"AA","recipients":[{},{}],"#,
                Err(SeveralRecipients),
            ),
        ] {
            let object = serde_json::from_str(&format!("{{{members}{base}}}")).unwrap();
            assert_eq!(
                compact(&object),
                Some(expected.map(str::to_owned)),
                "{members}"
            );
        }
        for other in [
            r#"{"protected":"AA"}"#,
            r#"{"ciphertext":"CC","iv":"BB"}"#,
            "{}",
        ] {
            assert_eq!(compact(&serde_json::from_str(other).unwrap()), None);
        }
    }
}
