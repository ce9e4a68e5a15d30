//! `bankezy call`: any API, sealed both ways.

use std::io::Write as _;

use bankezy_crypto::Advice;
use bankezy_crypto::providers::CallError;
use bankezy_crypto::providers::bankezy::{Endpoint, Outcome};
use http::StatusCode;
use serde_json::value::RawValue;

use crate::args::{BackendArg, Call};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{files, keys, remote, session, shown, streams};

/// Largest body that is read.
const MAX_BODY: usize = 64 * 1024 * 1024;

pub(crate) fn run(args: &Call, settings: Settings) -> Result<(), Failure> {
    let (token, session_keys) = session::needed(&args.session, settings.session)?;
    let backend = keys::backend(&BackendArg::default())?;
    let channel = session_keys.channel(&args.session.secret, backend)?;
    let client = remote::connect(&args.server)?;
    let body = files::read_stdin(MAX_BODY)?;
    let body: &RawValue = serde_json::from_slice(body.as_bytes()).map_err(|error| {
        Failure::operation(format!(
            "standard input is not JSON: see line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    let mut endpoint = Endpoint::from(&args.path);
    if args.idempotent {
        endpoint = endpoint.idempotent();
    }
    if args.allow_empty {
        endpoint = endpoint.allow_empty();
    }
    for (name, value) in args.header.iter().cloned() {
        endpoint = endpoint.header(name, value);
    }
    // What is marked as idempotent may be sent again.
    let unknown = |failure: Failure| {
        if args.idempotent {
            failure
        } else {
            failure.outcome_unknown()
        }
    };
    let answer: Box<RawValue> = remote::block_on(client.call(endpoint, body, &token, &channel))?
        .map_err(|error| {
            let advice = error.advice();
            let failure = remote::call_failure(error, &args.server.transport);
            if advice == Advice::AskByReference {
                unknown(failure)
            } else {
                failure
            }
        })?;
    // Byte for byte, as `bankezy open` does. Without it the caller does not know the outcome.
    files::print(answer.get().as_bytes()).map_err(unknown)?;
    judge(&Outcome::of(&answer))
}

/// Shows the codes of an answer. Only what the documentation shows as a failure is one: other codes mean different
/// things in different services.
fn judge(outcome: &Outcome) -> Result<(), Failure> {
    let codes = outcome.codes();
    let is_failure = |code: &str| matches!(code, "TOK002" | "TOK003" | "TOK004");
    if codes == [Some("200"), Some("301")] || codes.into_iter().flatten().any(is_failure) {
        let failed = CallError::failed(StatusCode::OK, outcome.clone());
        return Err(Failure::operation(failed.to_string()));
    }
    if codes != [None, None] {
        let note = format!("{outcome} in the answer: the API's own page says what it means");
        let note = shown::printable(&note);
        // The answer has been printed already.
        let _ = writeln!(streams::stderr(), "bankezy: {note}");
    }
    Ok(())
}
