//! Nonces (NIST SP 800-38D section 8.2) and how many one key may use.

mod budget;
mod fork;
mod leased;
#[cfg(all(test, shuttle))]
mod models;
mod random;
mod shard;
mod source;
mod words;

pub(crate) use budget::Counter;
pub use budget::NonceBudget;
pub use source::NonceSource;
pub(crate) use words::Nonce;
