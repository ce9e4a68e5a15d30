//! Settings as texts, by their names, each with its source.

use std::collections::BTreeMap;
use std::ffi::OsString;

pub(crate) type Values = BTreeMap<String, Value>;

/// The value of one setting.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) text: OsString,
    /// Its source, for messages.
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
