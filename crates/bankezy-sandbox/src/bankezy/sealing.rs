//! What all sealed calls share: content type, API key, token, and a body to open and to seal.

use std::sync::Arc;

use axum::response::Response;
use bankezy_crypto::{Error, Opened};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};

use super::super::bodies::bare;
use super::super::channel::Channel;
use super::super::config::AnswerForm;
use super::super::exchange::{self, Answer, Received, is_content};
use super::super::faults::InjectedFault;
use super::super::log::{LoggedKey, Trace};
use super::super::sessions::Session;
use super::super::state::State;
use super::super::tokens::{TokenId, strip_bearer};
use super::reply::{Reply, refused};
use super::unopened;

/// Seals what must be sealed, and sends it.
pub(super) async fn send(
    state: &State,
    reply: Result<Reply, Reply>,
    received: &Received,
) -> Response {
    let reply = reply.unwrap_or_else(|refused| refused);
    let (fault, trace) = (received.fault, &received.trace);
    let answer = seal(state, reply, fault, trace).unwrap_or_else(Answer::from);
    exchange::send(answer, fault, trace).await
}

fn seal(
    state: &State,
    reply: Reply,
    fault: Option<InjectedFault>,
    trace: &Trace,
) -> Result<Answer, Error> {
    let wrong_key = fault == Some(InjectedFault::WrongKey);
    let clear = fault == Some(InjectedFault::Clear200);
    let sealed = |text: String| Ok(Answer::text(StatusCode::OK, text));
    let random = || LoggedKey {
        name: "random".to_owned(),
        derivation: None,
        algorithm: "dir",
    };
    match reply {
        Reply::Plain(answer) => Ok(answer),
        Reply::Sealed { channel, json, .. } if wrong_key => {
            trace.answered(&json, random);
            sealed(state.keys.seal_wrongly(Some(&channel), &json)?)
        }
        Reply::Clear(json) if wrong_key => {
            trace.answered(&json, random);
            sealed(state.keys.seal_wrongly(None, &json)?)
        }
        Reply::Sealed {
            channel,
            json,
            status,
            session,
        } if !clear => {
            trace.answered(&json, || state.key_of(&channel, session.as_ref()));
            Ok(Answer::text(status, state.keys.seal(&channel, &json)?))
        }
        // JSON under the content type that the documentation has for it.
        Reply::Clear(json) if state.answers != AnswerForm::Varied => {
            Ok(Answer::text(StatusCode::OK, json))
        }
        Reply::Sealed { json, .. } | Reply::Clear(json) => Ok(Answer::clear(StatusCode::OK, json)),
    }
}

pub(super) fn api_key(headers: &HeaderMap) -> Result<&[u8], Reply> {
    let value = headers.get("x-api-key").ok_or_else(|| {
        let rule = ["x-api-key", "the header X-API-KEY"];
        let text = "X-API-KEY is missing";
        refused(StatusCode::UNAUTHORIZED, text, rule, "no such header")
    })?;
    Ok(value.as_bytes())
}

/// The session that `X-API-TOKEN` names.
pub(super) fn session(
    state: &State,
    headers: &HeaderMap,
    trace: &Trace,
) -> Result<(TokenId, Arc<Session>), Reply> {
    let rule = [
        "x-api-token",
        "the header X-API-TOKEN with a token that is valid",
    ];
    let Some(token) = headers.get("x-api-token") else {
        let text = "X-API-TOKEN is missing";
        return Err(refused(
            StatusCode::UNAUTHORIZED,
            text,
            rule,
            "no such header",
        ));
    };
    let token = token.to_str().unwrap_or_default();
    trace.with(|draft| draft.token = state.remembered(token).map(|(number, _)| number));
    let found = state.session(token).map_err(|status| {
        let text = status.text();
        refused(StatusCode::UNAUTHORIZED, text, rule, status.found())
    })?;
    trace.with(|draft| {
        if !state.is_in_its_form(token, found.0) {
            let with_prefix = token != strip_bearer(token);
            draft.notes.push(if with_prefix {
                "X-API-TOKEN has `Bearer `, which the token was issued without (refused if strict)"
                    .into()
            } else {
                "X-API-TOKEN lacks `Bearer `, which the token was issued with (refused if strict)"
                    .into()
            });
        }
    });
    Ok(found)
}

/// Opens a body with a key of the session, or under the static payload secret.
pub(super) fn open(
    state: &State,
    body: &[u8],
    session: Option<&Arc<Session>>,
    trace: &Trace,
) -> Result<(Opened, Channel), Reply> {
    let sealed = if state.strict { body } else { bare(body) };
    trace.with(|draft| {
        let trimmed = body.trim_ascii();
        if trimmed.len() < body.len() && !state.strict {
            draft.notes.push("white space around the sealed text was ignored, such as a line end (refused if strict)".into());
        }
        if sealed.len() < trimmed.len() {
            draft.notes.push("quotes around the sealed text were ignored (refused if strict)".into());
        }
    });
    let keys = session.map(|session| &session.keys);
    match state.keys.open(sealed, keys) {
        Ok((opened, channel)) => {
            trace.opened(opened.as_bytes(), || state.key_of(&channel, session));
            Ok((opened, channel))
        }
        Err(error) => {
            let text = "the body cannot be decrypted";
            let rule = ["sealed-body", "a compact JWE under the key of the call"];
            let found = unopened::reason(state, body, &error, session);
            Err(refused(StatusCode::BAD_REQUEST, text, rule, found))
        }
    }
}

/// Samples of the documentation have `application/json` where its text says `text/plain`.
pub(super) fn check_content_type(
    state: &State,
    is_clear: bool,
    received: &Received,
) -> Result<(), Reply> {
    let headers = &received.parts.headers;
    if is_content(headers, "text/plain") {
        return Ok(());
    }
    if is_content(headers, "application/json") && (is_clear || !state.strict) {
        if !is_clear {
            received.trace.note("the content type application/json of a sealed body was accepted (refused if strict)");
        }
        return Ok(());
    }
    let found = headers.get(CONTENT_TYPE).map_or_else(
        || "no Content-Type".to_owned(),
        |value| match value.as_bytes().trim_ascii() {
            [] => "an empty Content-Type".to_owned(),
            value => String::from_utf8_lossy(value).chars().take(100).collect(),
        },
    );
    let (text, expected) = if is_clear {
        let text = "the Content-Type of this call is application/json or text/plain";
        (text, "application/json or text/plain")
    } else {
        let text = "the Content-Type of a sealed body is text/plain";
        (text, "text/plain")
    };
    let (status, rule) = (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ["content-type", expected],
    );
    Err(refused(status, text, rule, found))
}
