//! Answers before they are sealed.

use bankezy_crypto::Error;
use http::StatusCode;

use super::super::channel::Channel;
use super::super::exchange::Answer;

/// An answer before it is sealed.
pub(super) enum Reply {
    Sealed {
        channel: Channel,
        json: Vec<u8>,
    },
    /// JSON.
    Clear(Vec<u8>),
    Refused(Answer),
}

pub(super) fn refused(status: StatusCode, text: &'static str) -> Reply {
    Reply::Refused(Answer::text(status, text))
}

impl From<Answer> for Reply {
    fn from(refusal: Answer) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        Self::Refused(error.into())
    }
}
