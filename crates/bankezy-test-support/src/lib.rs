//! What the tests of several crates of this workspace share. It depends on none of them, so that each can use it. The
//! core's tests do not use it: the core depends on no member, not even for tests.

pub mod keys;
pub mod process;

mod captured;
mod loopback;
mod waiting;

pub use captured::Captured;
pub use loopback::vacant;
pub use waiting::{eventually, eventually_blocking, in_time, pass};
