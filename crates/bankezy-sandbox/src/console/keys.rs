//! Sealing and opening with the keys of the emulator, and its credentials.

use std::sync::Arc;

use bankezy_crypto::{Inspection, Opened};
use serde_json::json;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::request::{Asked, Outcome, empty, ok};
use crate::bodies::bare;
use crate::channel::{Channel, STATIC};
use crate::log::LoggedKey;
use crate::members::{MemberError, Members};
use crate::sessions::Session;
use crate::state::State;

/// Sessions whose keys are tried, the newest first.
const TRIED: usize = 1000;

/// A key by its name.
pub(super) struct NamedKey {
    pub(super) channel: Channel,
    session: Option<Arc<Session>>,
}

impl NamedKey {
    pub(super) fn described(&self, state: &State) -> LoggedKey {
        state.key_of(&self.channel, self.session.as_ref())
    }

    /// What the other side seals for the emulator.
    pub(super) fn open(&self, state: &State, sealed: &[u8]) -> Option<Opened> {
        let keys = self.session.as_ref().map(|session| &session.keys);
        state.keys.open(sealed, keys).ok().map(|(opened, _)| opened)
    }
}

pub(super) fn credentials(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let state = asked.state();
    Ok(ok(&state.ready.json(&state.credentials)))
}

pub(super) async fn reset(asked: Asked<'_>) -> Outcome {
    let state = asked.state();
    asked.nothing().await?;
    state.reset();
    Ok(empty())
}

pub(super) async fn seal(asked: Asked<'_>) -> Outcome {
    let state = asked.state();
    let members = asked.members(&["key", "body", "text"]).await?;
    let name: String = members.required("key", KEY)?;
    let key = named(state, &name)?;
    let text = text_to_seal(&members)?;
    let sealed = state.keys.seal(&key.channel, text.as_bytes());
    let sealed = sealed.map_err(|error| Failure::bad_request("not-sealed", error.to_string()))?;
    let key = key.described(state).to_json();
    Ok(ok(&json!({ "sealed": sealed, "key": key })))
}

/// `text` as it is, or the JSON of `body` as it came.
pub(super) fn text_to_seal(members: &Members) -> Result<String, Failure> {
    let text: Option<String> = members.optional("text", "a string")?;
    let body = members.raw("body").map(RawValue::get);
    match (text, body) {
        (Some(text), None) => Ok(text),
        (None, Some(body)) => Ok(body.to_owned()),
        (None, None) => Err(MemberError::Missing { name: "body" }.into()),
        (Some(_), Some(_)) => {
            let message = "body and text cannot be used together: leave one of them out";
            Err(Failure::bad_request("body-and-text", message))
        }
    }
}

/// What a key is called.
pub(super) const KEY: &str = "`static` or `session N`";

pub(super) fn named(state: &State, name: &str) -> Result<NamedKey, Failure> {
    if name == STATIC {
        return Ok(NamedKey {
            channel: Channel::Static,
            session: None,
        });
    }
    let number = name
        .strip_prefix("session ")
        .and_then(|it| it.parse::<u64>().ok());
    let sessions = state.sessions();
    let mut found = sessions.newest_first().map(|entry| &entry.session);
    let session = found.find(|session| Some(session.login_id) == number);
    let Some(session) = session else {
        let newest = sessions.by_number().into_iter().rev().take(20);
        let known = newest.map(|(_, (session, _))| session.key_name());
        let known = [STATIC.to_owned()].into_iter().chain(known).collect();
        let message = format!("no such key: expected {KEY} of a session that is remembered");
        return Err(Failure::bad_request("no-such-key", message).known(known));
    };
    Ok(NamedKey {
        channel: Channel::Exchanged(Arc::clone(&session.keys)),
        session: Some(Arc::clone(session)),
    })
}

pub(super) async fn open(asked: Asked<'_>) -> Outcome {
    let console = Arc::clone(asked.console);
    let members = asked.members(&["sealed", "key"]).await?;
    let sealed: String = members.required("sealed", "a sealed text, as a string")?;
    let name: Option<String> = members.optional("key", KEY)?;
    let state = &console.state;
    let key = name.map(|name| named(state, &name)).transpose()?;
    let bytes = bare(sealed.as_bytes());
    let header = match Inspection::parse_with_limit(bytes, state.max_body) {
        Ok(inspection) => inspection.header,
        Err(error) => return Err(Failure::bad_request("not-sealed", error.to_string())),
    };
    let keys = match key {
        Some(key) => vec![key],
        None => all_keys(state),
    };
    let permit = console.heavy.acquire().await;
    let (tried, bytes, shared) = (keys.len(), bytes.to_vec(), Arc::clone(state));
    let found = tokio::task::spawn_blocking(move || {
        keys.into_iter()
            .find_map(|key| opened_by(&shared, key, &bytes))
    });
    let found = found.await.map_err(|_| Failure::internal())?;
    drop(permit);
    let Some((opened, key)) = found else {
        let message = format!(
            "none of {tried} keys opens it: it is sealed under another key or to a client's public key, \
             or it was changed"
        );
        return Err(Failure::bad_request("no-key-opens", message));
    };
    Ok(ok(&json!({
        "key": key.described(state).to_json(),
        "header": header,
        "opened": String::from_utf8_lossy(opened.as_bytes()),
    })))
}

/// The text and the key, which may be the static payload secret of a session.
fn opened_by(state: &State, key: NamedKey, sealed: &[u8]) -> Option<(Opened, NamedKey)> {
    let keys = key.session.as_ref().map(|session| &session.keys);
    let (opened, channel) = state.keys.open(sealed, keys).ok()?;
    let session = key.session;
    Some((opened, NamedKey { channel, session }))
}

/// The key of a session that opens a text.
pub(super) fn session_key(state: &State, sealed: &[u8]) -> Option<LoggedKey> {
    let keys = all_keys(state).into_iter();
    let mut of_sessions = keys.filter(|key| key.session.is_some());
    let (_, key) = of_sessions.find_map(|key| opened_by(state, key, sealed))?;
    Some(key.described(state)).filter(|key| key.name != STATIC)
}

/// A session whose key, derived in another way, opens a text, and the name of that derivation.
pub(super) fn other_derivation(state: &State, sealed: &[u8]) -> Option<(String, &'static str)> {
    let keys = all_keys(state).into_iter();
    let sessions: Vec<_> = keys.filter_map(|key| key.session).collect();
    state.other_derivation(sealed, &sessions)
}

fn all_keys(state: &State) -> Vec<NamedKey> {
    let sessions = state.sessions();
    let newest = sessions.by_number().into_values().rev().take(TRIED);
    let of_sessions = newest.map(|(session, _)| NamedKey {
        channel: Channel::Exchanged(Arc::clone(&session.keys)),
        session: Some(Arc::clone(session)),
    });
    let with_static = NamedKey {
        channel: Channel::Static,
        session: None,
    };
    [with_static].into_iter().chain(of_sessions).collect()
}
