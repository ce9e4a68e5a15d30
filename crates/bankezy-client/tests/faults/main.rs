//! `BankEzyClient` against the emulator: what works, what fails, and what a failure tells.

mod at_most_once;
mod canary;
mod partner;
mod retries;
mod table;
mod working;
