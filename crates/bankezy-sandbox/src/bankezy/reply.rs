//! Answers before they are sealed.

use std::sync::Arc;

use bankezy_crypto::Error;
use http::StatusCode;

use super::super::channel::Channel;
use super::super::exchange::Answer;
use super::super::sessions::Session;

/// An answer before it is sealed.
pub(super) enum Reply {
    Sealed {
        channel: Channel,
        json: Vec<u8>,
        status: StatusCode,
        /// Of the session that the key belongs to.
        session: Option<Arc<Session>>,
    },
    /// JSON of Get App Token, whose content type is that of a sealed body.
    Clear(Vec<u8>),
    /// As it is: a refusal, or the answer of a route that is never sealed.
    Plain(Answer),
}

/// A refusal in plain text, and for the log the rule, what was expected and what was found.
pub(super) fn refused(
    status: StatusCode,
    text: &'static str,
    [rule, expected]: [&'static str; 2],
    found: impl Into<String>,
) -> Reply {
    Reply::Plain(Answer::text(status, text).because(rule, expected, found))
}

impl From<Answer> for Reply {
    fn from(refusal: Answer) -> Self {
        Self::Plain(refusal)
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        Self::Plain(error.into())
    }
}
