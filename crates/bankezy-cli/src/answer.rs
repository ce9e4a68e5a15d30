//! What the token calls print: JSON with the token masked.

use std::io::Write as _;

use bankezy_crypto::SecretBytes;
use bankezy_crypto::providers::bankezy::{Outcome, TokenAnswer};
use bankezy_crypto::providers::{Token, sardine};
use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::{files, keys, session};

pub(crate) fn print_token(answer: &TokenAnswer, reveal: bool) -> Result<(), Failure> {
    let [outer, inner] = codes(&answer.outcome);
    let more = [
        ("serverPubKey", answer.server_public_key.as_deref()),
        ("referenceId", answer.reference_id.as_deref()),
        ("tokenReferenceId", answer.token_reference_id.as_deref()),
        ("loginId", answer.login_id.as_deref()),
        ("accountNumber", answer.account_number.as_deref()),
        ("code", outer.as_deref()),
        ("innerCode", inner.as_deref()),
    ];
    print(&of_token(&answer.token, reveal, &more)?)
}

/// The token of a provider other than BankEzy.
pub(crate) fn print_plain_json(
    token: &Token,
    reveal: bool,
    more: &[Member<'_>],
) -> Result<(), Failure> {
    print(&plain_json(token, reveal, more)?)
}

/// The same before it is printed.
pub(crate) fn plain_json(
    token: &Token,
    reveal: bool,
    more: &[Member<'_>],
) -> Result<SecretBytes, Failure> {
    let more = [&[("tokenType", token.token_type())], more].concat();
    of_token(token, reveal, &more)
}

/// What Sardine states beside its token.
pub(crate) fn sardine_members(found: &sardine::TokenAnswer) -> [Member<'_>; 3] {
    [
        ("scope", found.scope.as_deref()),
        ("incodeSdkBaseUrl", found.incode_sdk_base_url.as_deref()),
        ("verificationId", found.verification_id.as_deref()),
    ]
}

fn of_token(token: &Token, reveal: bool, more: &[Member<'_>]) -> Result<SecretBytes, Failure> {
    let masked = masked(token);
    let shown = if reveal { token.as_str() } else { &masked };
    let expires_at = token.expires_at().map(session::rfc3339).transpose()?;
    let members = [("token", Some(shown)), ("expiresAt", expires_at.as_deref())];
    to_json(&[&members, more].concat())
}

pub(crate) fn print_invalidated(reference: &str, outcome: &Outcome) -> Result<(), Failure> {
    let [outer, inner] = codes(outcome);
    print(&to_json(&[
        ("tokenReferenceId", Some(reference)),
        ("code", outer.as_deref()),
        ("innerCode", inner.as_deref()),
    ])?)
}

fn codes(outcome: &Outcome) -> [Option<String>; 2] {
    [&outcome.code, &outcome.inner_code].map(|code| code.as_ref().map(ToString::to_string))
}

fn to_json(members: &[Member<'_>]) -> Result<SecretBytes, Failure> {
    let mut json = SecretBytes::new();
    serde_json::to_writer_pretty(&mut json, &Shown(members))
        .map_err(|_| Failure::operation("the answer cannot be written as JSON"))?;
    Ok(json)
}

fn print(json: &SecretBytes) -> Result<(), Failure> {
    files::print(printable(keys::text(json, "the answer")?)?.as_bytes())
}

/// JSON that means the same to a program, and has no control characters for a terminal.
fn printable(json: &str) -> Result<SecretBytes, Failure> {
    let mut shown = SecretBytes::new();
    json.chars()
        .try_for_each(|character| match character {
            '\n' | ' '..='~' | '…' => write!(shown, "{character}"),
            other => other
                .encode_utf16(&mut [0; 2])
                .iter()
                .try_for_each(|unit| write!(shown, "\\u{unit:04x}")),
        })
        .and_then(|()| shown.write_all(b"\n"))
        .map_err(|_| Failure::operation("the answer cannot be written"))?;
    Ok(shown)
}

/// Enough to show which kind of token it is.
fn masked(token: &Token) -> String {
    let text = token.as_str();
    let (scheme, stripped) = strip_bearer(text);
    let length = text.chars().count();
    // The beginning of a short one is a good part of it.
    let shown: String = match length {
        0..32 => String::new(),
        _ => stripped.chars().take(4).collect(),
    };
    format!("{scheme}{shown}…({length} characters)")
}

/// The scheme in front of a token, if it has one, and the token without it.
fn strip_bearer(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with("Bearer ") { 7 } else { 0 })
}

pub(crate) type Member<'a> = (&'static str, Option<&'a str>);

/// An object in this order; what is missing is null.
struct Shown<'a>(&'a [Member<'a>]);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_drives_no_terminal() {
        let json = "\"…\u{9b}31m\u{202e}\u{1f600}\u{7f}\"";
        let shown = printable(json).unwrap();
        let shown = std::str::from_utf8(shown.as_bytes()).unwrap();
        assert_eq!(shown, "\"…\\u009b31m\\u202e\\ud83d\\ude00\\u007f\"\n");
        let back: String = serde_json::from_str(shown).unwrap();
        assert_eq!(back, "…\u{9b}31m\u{202e}\u{1f600}\u{7f}");
    }

    #[test]
    fn of_a_short_token_nothing_is_shown() {
        let mask = |text: &str| masked(&Token::new(text.to_owned().into(), None));
        assert_eq!(mask("hunter2"), "…(7 characters)");
        assert_eq!(
            mask(&format!("Bearer eyJh{}", "x".repeat(89))),
            "Bearer eyJh…(100 characters)"
        );
    }
}
