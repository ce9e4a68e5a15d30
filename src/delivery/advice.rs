//! What to do after a call that failed.

use core::fmt;

/// What to do after a call that failed, such as a payment.
///
/// For each of them to be possible, save the intent with a `referenceId` of its own before the call is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// The call was not sent, and the cause is temporary: make it again, with the same reference.
    CallAgain,
    /// The call was not sent, and would fail again: fix the cause, then make it again with the same reference.
    FixFirst,
    /// The server may have executed the call: ask it by the `referenceId`. Make the call again only if the server
    /// does not know the reference, or executes each reference once.
    AskByReference,
    /// The server states under the key that the call failed: act on its codes.
    ReadOutcome,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CallAgain => "make the call again with the same reference: it was not sent",
            Self::FixFirst => "fix the cause before you make the call again: it was not sent",
            Self::AskByReference => {
                "ask the server by the reference, and call again only if it does not know it"
            }
            Self::ReadOutcome => "act on the server's codes: it states that the call failed",
        })
    }
}
