//! Third-party token APIs as pure functions: they build an [`http::Request`] and read an
//! [`http::Response`]. No I/O, no clock of their own, no type of an HTTP client.
//!
//! [`TokenApi`] is what they have in common:
//!
//! | provider | as a [`TokenApi`] | on the wire |
//! |---|---|---|
//! | [BankEzy](bankezy) | [`UserTokenApi`](bankezy::UserTokenApi), [`AppTokenApi`](bankezy::AppTokenApi), [`RenewApi`](bankezy::RenewApi) | sealed both ways, but for Get App Token |
//! | [Faceki](faceki) | [`Faceki`](faceki::Faceki) | clear JSON inside TLS |
//! | [ComplyCube](complycube) | [`ComplyCube`](complycube::ComplyCube) | clear JSON inside TLS |
//! | [Sardine](sardine) | [`Sardine`](sardine::Sardine) | clear JSON inside TLS |

pub mod bankezy;
pub(crate) mod base_url;
mod call_error;
mod clear;
pub mod complycube;
pub mod faceki;
mod fields;
mod outcome;
pub mod sardine;
pub(crate) mod sealed_form;
mod token;
mod token_api;

pub use base_url::BaseUrl;
pub use call_error::{CallError, PlainError, Refusal, UnexpectedReply};
pub use outcome::{Outcome, ResultCode};
pub use sealed_form::SealedForm;
pub use token::Token;
pub use token_api::{TokenApi, TokenKey};
