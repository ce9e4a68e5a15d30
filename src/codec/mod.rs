//! Strict readers and writers of the encodings that keys and messages travel in.

pub(crate) mod base64url;
pub(crate) mod json;
pub(crate) mod json_lenient;
#[cfg(feature = "providers")]
pub(crate) mod json_values;
pub(crate) mod key_form;
pub(crate) mod key_len;
pub(crate) mod pem;
