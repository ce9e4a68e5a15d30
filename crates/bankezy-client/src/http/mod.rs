//! The HTTP client, on `reqwest`: one exchange, and whether anything of it was sent.

mod builder;
mod classify;
mod client;
mod request;
mod tls;
mod watched;

pub use builder::{
    ClientBuilder, DEFAULT_CONNECT_TIMEOUT, DEFAULT_IDLE_TIMEOUT, DEFAULT_MAX_IDLE_PER_HOST,
};
pub use classify::tls_problem;
pub use client::Client;
pub(super) use client::Pools;
