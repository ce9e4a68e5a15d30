//! Every token API through `Client` against the emulator: tokens, refusals, faults on the way,
//! and that none of it shows a secret.

mod adapters;
#[path = "../faults/canary/capture.rs"]
mod capture;
mod faults;
mod refusals;
mod silence;
mod tokens;
