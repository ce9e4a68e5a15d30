//! The emulator, spoken to by a client that shares nothing with it but the envelope.

mod calls;
mod documented;
mod faults;
mod http;
mod inputs;
mod lifecycle;
mod partner;
mod plain_json;
mod strict;
mod stub;
mod tls;
