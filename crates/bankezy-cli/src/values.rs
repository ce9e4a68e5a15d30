//! Settings as texts, by their names, each with what gave it.

use std::collections::BTreeMap;
use std::ffi::OsString;

pub(crate) type Values = BTreeMap<String, Value>;

/// The value of one setting.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) text: OsString,
    /// What gave it, for messages.
    pub(crate) from: String,
}

impl Value {
    pub(crate) fn new(text: impl Into<OsString>, from: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            from: from.into(),
        }
    }
}
