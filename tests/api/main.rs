//! The core's public API as users see it, in one binary. What needs its own process or allocator has a binary of its
//! own.

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
