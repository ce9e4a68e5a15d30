//! What the commands that talk to a server share.

use std::error::Error as _;

use bankezy_client::{BankEzyClient, ProviderError};
use bankezy_crypto::providers::CallError;
use bankezy_crypto::providers::bankezy::{BankEzy, meaning};
use bankezy_sandbox::SandboxError;
use tokio::runtime::{Builder, Runtime};

use crate::args::{ServerArgs, TransportArgs};
use crate::failure::Failure;
use crate::{keys, transport, usage};

/// Waits for a call on this thread.
pub(crate) fn block_on<F: Future>(call: F) -> Result<F::Output, Failure> {
    let runtime = runtime(Builder::new_current_thread())?;
    let output = runtime.block_on(call);
    // Dropping it would wait for a lookup of a name, which has no deadline of its own.
    runtime.shutdown_background();
    Ok(output)
}

pub(crate) fn runtime(mut builder: Builder) -> Result<Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|error| Failure::operation(format!("cannot start a runtime: {error}")))
}

/// The server that the arguments name, behind a client.
pub(crate) fn connect(args: &ServerArgs) -> Result<BankEzyClient, Failure> {
    let base = args.base_url.as_ref();
    let base = base.ok_or_else(|| usage::missing(&["base_url"]))?;
    let api_key = keys::needed_text(&args.api_key, "X-API-KEY")?;
    let server = BankEzy::new(base.url.clone(), api_key.as_str(), args.api_version)?;
    let client = transport::client(&args.transport, base)?;
    Ok(BankEzyClient::new(client, server))
}

/// Headers that identify a request, for the server's operator.
const REQUEST_IDS: [&str; 2] = ["x-request-id", "x-correlation-id"];

/// Why a call failed, with the unencrypted answer if it is to be shown.
pub(crate) fn call_failure(error: ProviderError, args: &TransportArgs) -> Failure {
    let received = match &error {
        ProviderError::Answer(error, _) => unauthenticated(error, args),
        _ => String::new(),
    };
    failure(error).and(&received)
}

/// The text of an unencrypted answer, or how to see it. Each of its lines is marked, so that none looks like one of ours.
pub(crate) fn unauthenticated(error: &CallError, args: &TransportArgs) -> String {
    let Some(received) = error.unauthenticated() else {
        return String::new();
    };
    let text = received.unauthenticated_text().trim_end();
    if !args.show_unauthenticated {
        // The codes of a documented refusal have said it.
        let is_told = text.is_empty() || matches!(error, CallError::Refused { .. });
        let hint = "; --show-unauthenticated prints the answer's text";
        return if is_told { "" } else { hint }.to_owned();
    }
    let kind = received.content_type().unwrap_or("not stated");
    let lines = text.lines().map(|line| format!("\n  | {line}"));
    let lines: String = lines.collect();
    format!("\n  unauthenticated answer, Content-Type {kind}, at most 4096 bytes of it:{lines}")
}

fn failure(error: ProviderError) -> Failure {
    let headers = error.server_headers().cloned().unwrap_or_default();
    let known = REQUEST_IDS.into_iter().filter_map(|name| {
        let value = headers.get(name)?;
        Some(format!(" ({name}: {value})"))
    });
    let known = known.collect::<String>();
    match error {
        ProviderError::Request(error) => error.into(),
        ProviderError::Answer(
            CallError::Failed {
                status, outcome, ..
            },
            _,
        ) => {
            let codes = [&outcome.code, &outcome.inner_code];
            let meaning = codes.into_iter().flatten().find_map(meaning);
            let meaning = meaning.map_or_else(String::new, |text| format!(" ({text})"));
            let failed = CallError::failed(status, outcome);
            Failure::operation(format!("{failed}{meaning}{known}"))
        }
        ProviderError::Answer(CallError::Plain(plain), _) => {
            let hint = match plain.status().as_u16() {
                400 => {
                    "; the server may be unable to decrypt the request: check the payload secret or --derive"
                }
                401 | 403 => "; check X-API-KEY and the token, which may have expired",
                404 => "; check --base-url, --api-version and the path",
                _ => "",
            };
            Failure::operation(format!("{}{hint}{known}", CallError::Plain(plain)))
        }
        ProviderError::Transport(error) => transport::failure(&error),
        error => Failure::operation(format!("{error}{known}")),
    }
}

pub(crate) fn sandbox_failure(error: SandboxError) -> Failure {
    match (&error, error.source()) {
        (SandboxError::Config { .. }, _) => Failure::usage(error.to_string()),
        (_, Some(cause)) => Failure::operation(format!("{error}: {cause}")),
        (_, None) => Failure::operation(error.to_string()),
    }
}
