//! What `bankezy inspect` and `bankezy diagnose` do, over the API.

use std::sync::Arc;

use bankezy_crypto::{SecretBytes, backend};
use bankezy_diagnose::{DiagnoseError, Finding, Line, Message, WHAT_NEXT_FOR_SECRET};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::keys;
use super::request::{Asked, Outcome, ok};
use crate::bodies::bare;
use crate::state::State;

const NOT_OWN: &str = "no key of this emulator opens the text: neither the payload secret in any reading, nor the key \
    of a session with any derivation. It is sealed under another key or was changed after sealing: compare it with \
    what the client sealed, and give another key as `secret`";

pub(super) async fn inspect(asked: Asked<'_>) -> Outcome {
    let max = asked.state().max_body;
    let members = asked.members(&["text"]).await?;
    let text: String = members.required("text", "a string")?;
    let report = bankezy_diagnose::inspect(text.as_bytes(), max);
    let report =
        report.map_err(|error| Failure::bad_request("not-inspected", error.to_string()))?;
    let lines = report.lines().iter();
    let lines = lines.map(|line: &Line| (line.name().to_owned(), Value::from(line.value())));
    Ok(ok(&json!({
        "report": report.to_string(),
        "json": lines.collect::<Map<String, Value>>(),
    })))
}

pub(super) async fn diagnose(asked: Asked<'_>) -> Outcome {
    let console = Arc::clone(asked.console);
    let max = console.state.max_body;
    let members = asked.members(&["text", "secret"]).await?;
    let text: String = members.required("text", "a string")?;
    let secret: Option<String> = members.optional("secret", "a string")?;
    let secret = secret.map(|secret| SecretBytes::from(secret.into_bytes()));
    let is_own = secret.is_none();
    let state = Arc::clone(&console.state);
    // Hundreds of readings are tried.
    let permit = console.heavy.acquire().await;
    let found = tokio::task::spawn_blocking(move || match secret {
        Some(secret) => diagnosed(&text, &secret, max),
        // Does a key of this emulator open it?
        None => of_session(&state, &text).map_or_else(
            || {
                let own = state.credentials.payload_secret().to_base64url();
                diagnosed(&text, &own.as_str().as_bytes().to_vec().into(), max)
            },
            Ok,
        ),
    });
    let found = found.await.map_err(|_| Failure::internal())?;
    drop(permit);
    let (report, json) = found.map_err(|error| {
        // Its text names attempts and no part of the secret.
        let text = match error {
            DiagnoseError::NoReading { .. } if is_own => NOT_OWN.to_owned(),
            // In words of no programming language, as the command line has them.
            DiagnoseError::NoReading { tried, .. } => format!(
                "none of {} readings of this secret opens the text. {WHAT_NEXT_FOR_SECRET}",
                tried.len()
            ),
            other => other.to_string(),
        };
        Failure::bad_request("not-diagnosed", text)
    })?;
    Ok(ok(&json!({ "report": report, "json": json })))
}

fn of_session(state: &State, text: &str) -> Option<(String, Value)> {
    let sealed = bare(text.as_bytes());
    let (algorithm, finding) = if let Some(key) = keys::session_key(state, sealed) {
        (key.algorithm, format!("opens with the key of {}", key.name))
    } else {
        let (name, derivation) = keys::other_derivation(state, sealed)?;
        let needed = state.credentials.derivation_name();
        let finding = format!(
            "opens with the derivation {derivation} of the keys of {name}, expected {needed}"
        );
        ("dir", finding)
    };
    let json = json!({
        "algorithm": algorithm,
        "finding": finding,
        "weakness": null,
        "flags": null,
        "stripped": [],
    });
    Some((format!("{finding}\n"), json))
}

fn diagnosed(
    text: &str,
    secret: &SecretBytes,
    max: usize,
) -> Result<(String, Value), DiagnoseError> {
    let message = Message::new(text.as_bytes(), max, &backend::AWS_LC_RS)?;
    let stripped: Vec<String> = message.stripped().iter().map(ToString::to_string).collect();
    let finding = message.try_readings(secret)?;
    let mut report = format!("{finding}\n");
    if !stripped.is_empty() {
        report.push_str(&format!(
            "stripped from the capture: {}\n",
            stripped.join(", ")
        ));
    }
    let flags = match &finding {
        Finding::Reading { reading, .. } => reading.flags(),
        _ => None,
    };
    let json = json!({
        "algorithm": message.algorithm().name(),
        "finding": finding.to_string(),
        "weakness": finding.weakness().map(|weakness| weakness.to_string()),
        "flags": flags,
        "stripped": stripped,
    });
    Ok((report, json))
}
