//! What is recorded, by the crate's parts together with the client, the emulator and the middleware.

mod canary;
mod client;
mod clock;
mod operations;
mod recorded;
mod server;
