//! Faults on request.

mod kind;
mod order;
mod set;
mod target;

pub use kind::InjectedFault;
pub(crate) use kind::{KINDS, Kind, MAX_DELAY_MS};
pub(crate) use order::{Order, OrderError};
pub use set::Faults;
pub(crate) use set::{Hit, Waiting};
pub(crate) use target::{Known, KnownPath, Target};
