//! The emulator, called by a client that shares nothing with it but the envelope.

mod api;
mod calls;
mod console;
mod console_entries;
mod console_network;
mod custom_routes;
mod documented;
mod explained;
mod faults;
mod http;
mod inputs;
mod lifecycle;
mod partner;
mod plain_json;
mod request_log;
mod strict;
mod stub;
mod tls;
mod unopened;
mod unrouted;
