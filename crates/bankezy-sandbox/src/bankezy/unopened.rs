//! Why a body does not open, only for the log: the client's answer is the same for every reason.

use std::sync::Arc;

use bankezy_crypto::{Algorithm, Error, HeaderProblem, Inspection, SecretBytes, backend};
use bankezy_diagnose::{Finding, Message};
use serde_json::{Map, Value};

use super::super::bodies::bare;
use super::super::sessions::Session;
use super::super::state::State;

/// Longest sealed text, in bytes, on which other keys are tried, since there are some hundreds of them.
const MAX_TRIED: usize = 16 * 1024;

/// Tokens whose sessions are tried, the newest first.
const TOKENS: usize = 100;

/// What is wrong with a body that does not open; nothing while the log is off.
pub(super) fn reason(
    state: &State,
    body: &[u8],
    error: &Error,
    session: Option<&Arc<Session>>,
) -> String {
    if state.journal.is_none() {
        return String::new();
    }
    let sealed = bare(body);
    if sealed.is_empty() {
        return "an empty body".to_owned();
    }
    if let Some(found) = json(state, sealed) {
        return found.to_owned();
    }
    let algorithm = match Inspection::parse_with_limit(sealed, state.max_body) {
        Ok(_) if state.strict && sealed.len() < body.len() => return around(body, sealed),
        Ok(inspection) => inspection.profile.ok(),
        Err(_) => None,
    };
    let takes = session.map_or("dir under the static payload secret", |session| {
        session.keys.algorithms()
    });
    let unknown = Error::from(HeaderProblem::UnknownAlgorithm);
    match algorithm {
        _ if *error == unknown => format!("another `alg`: this call takes {takes}"),
        Some(Algorithm::EcdhEs) => {
            format!("`alg` ECDH-ES, which no call takes: this one takes {takes}")
        }
        Some(found) if !fits(found, session) => {
            format!("`alg` {found}, which does not fit: this call takes {takes}")
        }
        _ if *error == Error::OpenFailed => {
            let tried = session.map_or_else(
                || "the static payload secret".to_owned(),
                |session| format!("the keys of {}", session.key_name()),
            );
            let cause = cause(state, sealed, session);
            format!("a JWE that does not open with {tried}: {cause}")
        }
        _ => error.to_string(),
    }
}

/// What a JSON object is that contains a sealed text.
fn json(state: &State, body: &[u8]) -> Option<&'static str> {
    let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let is_sealed = |value: &Value| {
        let text = value.as_str().unwrap_or_default().as_bytes();
        Inspection::parse_with_limit(bare(text), state.max_body).is_ok()
    };
    if members.values().any(is_sealed) {
        return Some("a JSON object around a sealed text: send the text alone");
    }
    let is_jwe = members.contains_key("ciphertext");
    is_jwe.then_some("a JWE in JSON serialization: send the compact serialization")
}

/// What strict mode refuses around a sealed text.
fn around(body: &[u8], sealed: &[u8]) -> String {
    let what = if sealed.len() < body.trim_ascii().len() {
        "quotes"
    } else {
        "white space, such as a line end,"
    };
    format!("{what} around the sealed text, which only strict refuses")
}

fn fits(algorithm: Algorithm, session: Option<&Arc<Session>>) -> bool {
    session.map_or(algorithm == Algorithm::Dir, |session| {
        session.keys.takes(algorithm)
    })
}

/// The key that opens it after all: that is the mistake.
fn cause(state: &State, sealed: &[u8], session: Option<&Arc<Session>>) -> String {
    const UNKNOWN: &str = "another key, or a changed text";
    let needed = state.credentials.derivation_name();
    if sealed.len() > MAX_TRIED {
        return format!("{UNKNOWN} (too long to try other keys on it)");
    }
    if let Some(session) = session {
        if state.keys.open(sealed, None).is_ok() {
            return "it opens with the static payload secret, which this session does not have"
                .to_owned();
        }
        if let Some(derivation) = state.keys.other_derivation(sealed, &session.keys) {
            return format!(
                "it opens with the derivation {derivation} of its keys, expected {needed}"
            );
        }
    }
    let sessions = newest_sessions(state);
    let opens = |other: &&Arc<Session>| state.keys.open(sealed, Some(&other.keys)).is_ok();
    if let Some(other) = sessions.iter().find(opens) {
        return format!("it opens with the key of {}", other.key_name());
    }
    if let Some((other, derivation)) = state.other_derivation(sealed, &sessions) {
        return format!(
            "it opens with the derivation {derivation} of the keys of {other}, expected {needed}"
        );
    }
    if let Some(reading) = other_reading(state, sealed) {
        return format!(
            "it opens with the payload secret in a wrong reading ({reading}): decode the ready file's as base64url"
        );
    }
    format!(
        "{UNKNOWN}. No session of the newest {TOKENS} tokens opens it, with any derivation, and no other reading of the \
         payload secret: give it to `bankezy diagnose`, with the client's own keys"
    )
}

/// The sessions of the newest tokens.
fn newest_sessions(state: &State) -> Vec<Arc<Session>> {
    let mut sessions: Vec<Arc<Session>> = {
        let remembered = state.sessions();
        let newest = remembered.newest_first().take(TOKENS);
        newest.map(|entry| Arc::clone(&entry.session)).collect()
    };
    // The tokens of a session usually follow each other.
    sessions.dedup_by_key(|session| session.login_id);
    sessions
}

/// Which misreading of the static payload secret opens it.
fn other_reading(state: &State, sealed: &[u8]) -> Option<String> {
    let message = Message::new(sealed, MAX_TRIED, &backend::AWS_LC_RS).ok()?;
    let secret = state.credentials.payload_secret().to_base64url();
    let secret = SecretBytes::from(secret.as_str().as_bytes().to_vec());
    match message.try_readings(&secret).ok()? {
        Finding::Reading { reading, .. } => Some(reading.to_string()),
        _ => None,
    }
}
