//! Tokens and sessions over the API.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::request::{Asked, Outcome, limit, ok};
use crate::clock::rfc3339_millis;
use crate::sessions::{Entry, Session, TokenStatus};
use crate::state::State;

pub(super) fn list(asked: &Asked<'_>) -> Outcome {
    let (before, most) = page(asked)?;
    let state = asked.state();
    let (sessions, now) = (state.sessions(), state.clock.now());
    let wanted = |entry: &&Entry| entry.number < before;
    let mut found = sessions.newest_first().filter(wanted).peekable();
    let tokens: Vec<Value> = found
        .by_ref()
        .take(most)
        .map(|entry| token(entry, now))
        .collect();
    let more = found.peek().is_some();
    Ok(ok(&json!({ "tokens": tokens, "more": more })))
}

pub(super) fn list_sessions(asked: &Asked<'_>) -> Outcome {
    let (before, most) = page(asked)?;
    let state = asked.state();
    let sessions = state.sessions();
    let found = sessions.by_number();
    let mut found = found.range(..before).rev().peekable();
    let listed = found
        .by_ref()
        .take(most)
        .map(|(_, (one, tokens))| session(state, one, tokens));
    let listed: Vec<Value> = listed.collect();
    let more = found.peek().is_some();
    Ok(ok(&json!({ "sessions": listed, "more": more })))
}

/// `end` is `expire` or `invalidate`.
pub(super) async fn end(asked: Asked<'_>, id: &str, end: &str) -> Outcome {
    let (state, id) = (asked.state(), id.parse::<u64>().ok());
    asked.nothing().await?;
    let now = state.clock.now();
    let mut sessions = state.sessions();
    let is_meant = |entry: &Entry| Some(entry.number) == id;
    let counts = sessions.end(is_meant, status(end), now);
    ended(counts, "no-such-token", "token")?;
    let found = sessions.newest_first().find(|entry| is_meant(entry));
    Ok(ok(&found.map_or(Value::Null, |entry| token(entry, now))))
}

/// Ends all tokens of a session.
pub(super) async fn end_session(asked: Asked<'_>, id: &str, end: &str) -> Outcome {
    let (state, id) = (asked.state(), id.parse::<u64>().ok());
    asked.nothing().await?;
    let now = state.clock.now();
    let mut sessions = state.sessions();
    let is_meant = |entry: &Entry| Some(entry.session.login_id) == id;
    let counts = sessions.end(is_meant, status(end), now);
    ended(counts, "no-such-session", "session")?;
    let found = sessions.newest_first().filter(|entry| is_meant(entry));
    let tokens: Vec<Value> = found.map(|entry| token(entry, now)).collect();
    Ok(ok(&json!({ "tokens": tokens })))
}

fn page(asked: &Asked<'_>) -> Result<(u64, usize), Failure> {
    let [before, most] = asked
        .query(&["before", "limit"])?
        .try_into()
        .unwrap_or_default();
    Ok((before.unwrap_or(u64::MAX), limit(most)?))
}

fn status(end: &str) -> TokenStatus {
    match end {
        "expire" => TokenStatus::Expired,
        _ => TokenStatus::Invalidated,
    }
}

/// `found` and `changed` are numbers of tokens.
fn ended((found, changed): (usize, usize), code: &'static str, what: &str) -> Result<(), Failure> {
    match (found, changed) {
        (0, _) => {
            let message = format!("no such {what}, or it has been forgotten");
            Err(Failure::not_found(code, message))
        }
        (_, 0) => {
            let message = format!("this {what} has ended already");
            Err(Failure::new(StatusCode::CONFLICT, "already-ended", message))
        }
        _ => Ok(()),
    }
}

fn token(entry: &Entry, now: u64) -> Value {
    json!({
        "id": entry.number,
        "session": entry.session.login_id,
        "call": entry.call,
        "referenceId": &*entry.session.reference,
        "issuedAt": rfc3339_millis(entry.issued_at),
        "expiresAt": rfc3339_millis(entry.expires_at),
        "state": entry.ended(now).map_or("valid", TokenStatus::name),
        "form": entry.format_name(),
    })
}

fn session(state: &State, session: &Arc<Session>, tokens: &[u64]) -> Value {
    json!({
        "id": session.login_id,
        "referenceId": &*session.reference,
        "exchanged": session.keys.exchanged(),
        "derivation": state.keys.derivation_of(&session.keys),
        "withStaticSecret": session.keys.has_static_secret(),
        "tokens": tokens,
    })
}
