//! Every token API through `Client` against the emulator: tokens, refusals, faults on the way,
//! and that none of it shows a secret.

mod adapters;
mod faults;
mod refusals;
#[path = "../faults/canary/shown.rs"]
mod shown;
mod silence;
mod tokens;
