//! JWE in compact form (RFC 7516), as far as the locked profile goes.

pub(crate) mod compact;
pub(crate) mod header;
pub(crate) mod open;
pub(crate) mod seal;
