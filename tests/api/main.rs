//! The core's public API as its users meet it, in one binary. What needs a process or an allocator of its own
//! is a binary beside it.

#[cfg(feature = "providers")]
mod bankezy;
mod channel;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "encrypted-keys")]
mod encrypted_keys;
mod errors;
#[cfg(feature = "aws-lc-rs")]
mod fips;
mod key_forms;
mod key_ring;
mod keys;
#[cfg(feature = "rayon")]
mod many;
mod nonces;
mod payload;
#[cfg(feature = "providers")]
mod providers;
mod recipients;
mod rfc;
mod traits;
#[cfg(feature = "aws-lc-rs")]
mod uniform_failure;
