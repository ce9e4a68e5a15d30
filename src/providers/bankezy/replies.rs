//! From an answer over HTTP to what it says: opened, an error in clear, or neither.

use http::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::answers::{Answer, TokenAnswer};
use super::{Call, Endpoint, Outcome};
use crate::envelope::Channel;
use crate::error::Error;
use crate::providers::retry_after::date;
use crate::providers::{CallError, PlainError, UnexpectedReply};
use crate::secret::{Opened, SecretBytes};

/// Reads the answer to Get Token, Onboarding user token or Renew, by the codes of that call.
///
/// [`CallError`] distinguishes a refusal in clear, a failure that the server states, an answer that is not as
/// documented, and one that does not open. A success in clear is never accepted.
pub fn read_token<B: AsRef<[u8]>>(
    call: Call,
    response: &Response<B>,
    channel: &Channel,
) -> Result<TokenAnswer, CallError> {
    let opened = open_reply(response, channel)?;
    let answer = Answer::parse(&opened, response.status())?.token(call)?;
    Ok(answer.stated_at(date(response.headers())))
}

/// Reads the answer to Invalidate.
///
/// # Errors
/// As for [`read_token`].
pub fn read_invalidated<B: AsRef<[u8]>>(
    response: &Response<B>,
    channel: &Channel,
) -> Result<Outcome, CallError> {
    let opened = open_reply(response, channel)?;
    Answer::parse(&opened, response.status())?.success(Call::Invalidate)
}

/// Reads the answer to any other call. The caller must judge its codes, since their meaning differs from service to
/// service: `Ok` does not mean that the call succeeded. [`Outcome::of`] reads them.
///
/// # Errors
/// As for [`read_token`]; [`CallError::Envelope`] with [`Error::Json`] if it is of another type.
pub fn read<T: DeserializeOwned, B: AsRef<[u8]>>(
    response: &Response<B>,
    channel: &Channel,
) -> Result<T, CallError> {
    let opened = open_reply(response, channel)?;
    Ok(opened.json()?)
}

/// Reads the answer to a call of this endpoint, as [`read`] does; an empty one as `null` if the endpoint
/// [allows](Endpoint::allow_empty) it.
///
/// # Errors
/// As for [`read`].
pub fn read_from<T: DeserializeOwned, B: AsRef<[u8]>>(
    endpoint: &Endpoint,
    response: &Response<B>,
    channel: &Channel,
) -> Result<T, CallError> {
    let is_empty = response.body().as_ref().trim_ascii().is_empty();
    if is_empty && response.status().is_success() && endpoint.options.allows_empty() {
        return Ok(Opened::from(SecretBytes::from(b"null".to_vec())).json()?);
    }
    read(response, channel)
}

/// Opened, a plain error, or unexpected.
fn open_reply<B: AsRef<[u8]>>(
    response: &Response<B>,
    channel: &Channel,
) -> Result<Opened, CallError> {
    let status = response.status();
    let opened = channel.open(response.body().as_ref().trim_ascii_end());
    if status.is_success() {
        return opened.map_err(|error| match error {
            Error::Malformed { .. } => {
                let problem = UnexpectedReply::of(response);
                let problem = problem.unwrap_or_else(|| not_sealed(response.body().as_ref()));
                CallError::unexpected(status, problem).with_text_of(response)
            }
            error => error.into(),
        });
    }
    refuse_other_than_errors(response)?;
    // Whether bodies of errors are sealed is stated nowhere: where one opens, it is authenticated.
    Err(match opened {
        Ok(opened) => match Answer::parse(&opened, status) {
            Ok(answer) => CallError::failed(status, answer.outcome()),
            Err(error) => error,
        },
        Err(_) => CallError::Plain(PlainError::new(response)),
    })
}

/// What an unsealed success is.
fn not_sealed(body: &[u8]) -> UnexpectedReply {
    let outcome = Answer::parse(body, StatusCode::OK).map(|answer| answer.outcome());
    if outcome.is_ok_and(|outcome| outcome.states_failure()) {
        UnexpectedReply::FailureInClear
    } else {
        UnexpectedReply::NotSealed
    }
}

/// Redirects are not followed, and no other status has a meaning here.
pub(super) fn refuse_other_than_errors<B: AsRef<[u8]>>(
    response: &Response<B>,
) -> Result<(), CallError> {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        return Ok(());
    }
    let problem = UnexpectedReply::of(response).unwrap_or(UnexpectedReply::Status);
    Err(CallError::unexpected(status, problem).with_text_of(response))
}
