//! Third-party token APIs as pure functions: they build an [`http::Request`] and read an
//! [`http::Response`]. No I/O, no clock of their own, no type of an HTTP client.

pub mod bankezy;
pub(crate) mod base_url;
mod call_error;
mod outcome;
mod token;

pub use base_url::BaseUrl;
pub use call_error::{CallError, PlainError, UnexpectedReply};
pub use outcome::{Outcome, ResultCode};
pub use token::Token;
