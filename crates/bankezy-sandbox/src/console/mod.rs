//! The web page and the JSON API under `/_sandbox`.

mod access;
mod api;
mod callbacks;
mod clock;
mod exchanges;
mod failure;
mod faults;
mod keys;
mod page;
mod request;
mod stream;
mod text;
mod tokens;

pub(crate) use access::Access;
pub(crate) use api::router;
