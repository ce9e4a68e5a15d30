//! Scripts that run in the store.

use redis::Script;

/// A script of this crate, after what all of them may call.
pub(crate) fn script(text: &str) -> Script {
    Script::new(&format!("{}{text}", include_str!("scripts/heal.lua")))
}
