//! The session keeper against the emulator: one flight, renewal, refusal, backoff, shutdown; and its
//! blocking face.

mod backing_off;
mod blocking;
mod errors;
mod one_login;
mod refusal;
mod renewal;
mod revocation;
mod shutdown;
mod spent;
mod stage;
mod standstill;
mod waits;
