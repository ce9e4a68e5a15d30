//! Third-party token APIs as pure functions: they build an [`http::Request`] and read an
//! [`http::Response`]. No I/O, no type of an HTTP client, and no clock of their own
//! (except to read a `Retry-After` date in an answer without `Date`).
//!
//! [`TokenApi`] is what they have in common:
//!
//! | provider | as a [`TokenApi`] | on the wire |
//! |---|---|---|
//! | [BankEzy](bankezy) | [`UserTokenApi`](bankezy::UserTokenApi), [`OnboardingApi`](bankezy::OnboardingApi), [`AppTokenApi`](bankezy::AppTokenApi), [`RenewApi`](bankezy::RenewApi) | sealed both ways, except for Get App Token |
//! | [Faceki](faceki) | [`Faceki`](faceki::Faceki) | plain JSON inside TLS |
//! | [ComplyCube](complycube) | [`ComplyCube`](complycube::ComplyCube) | plain JSON inside TLS |
//! | [Sardine](sardine) | [`Sardine`](sardine::Sardine) | plain JSON inside TLS |

pub mod bankezy;
mod base_url;
mod call_error;
mod call_options;
pub mod complycube;
pub mod faceki;
mod fields;
mod lifetime;
mod plain_error;
mod plain_json;
mod problem;
mod reflection;
mod request_error;
mod retry_after;
pub mod sardine;
mod sealed_storage;
mod server_headers;
mod service_error;
mod token;
mod token_api;
mod token_entry;
mod token_store;

pub use base_url::BaseUrl;
pub use call_error::{CallError, Refusal, UnexpectedReply};
pub use call_options::{CallOptions, Idempotent};
pub use lifetime::{Lifetime, Moment};
pub use plain_error::PlainError;
pub use problem::{ConnectProblem, Setting, TlsProblem, TokenProblem};
pub use reflection::is_reflected;
pub use request_error::{FieldProblem, PatternProblem, RequestError, UrlProblem};
pub use retry_after::asked_to_wait;
pub use sealed_storage::SealedStorage;
pub use server_headers::ServerHeaders;
pub use service_error::{ServiceError, causes};
pub use token::Token;
pub use token_api::{CachedTokenApi, TokenApi, TokenKey};
pub use token_entry::TokenEntry;
pub use token_store::{StoreError, TokenStore};
