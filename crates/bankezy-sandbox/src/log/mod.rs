//! The request log: what came in, what went out, and why.

mod journal;
mod record;
mod ring;
mod trace;

pub(crate) use journal::{Journal, OnExchange};
pub use record::{BrokenRule, LoggedExchange, LoggedKey, LoggedMessage};
pub use ring::LogLimits;
pub(crate) use trace::{Recording, Trace};
