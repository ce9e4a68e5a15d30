//! Sealing and opening whole messages.

mod channel;
mod inspection;
mod key_ring;
#[cfg(feature = "rayon")]
mod many;
mod opened_by_key;
mod payload;
mod recipient;
mod seal_open;

pub use channel::Channel;
pub use inspection::Inspection;
pub use key_ring::{KeyRing, Previous};
pub use opened_by_key::OpenedByKey;
pub use payload::PayloadCipher;
pub use recipient::{PrivateKeyOpener, PublicKeySealer};
pub use seal_open::{Open, Seal};

use serde::Serialize;

use crate::error::{Error, JsonProblem};
use crate::secret::SecretBytes;

/// Default maximum length of sealed texts, made and opened: 8 MiB, enough for a payload of almost 6 MiB.
pub const DEFAULT_MAX_SEALED_LEN: usize = 8 * 1024 * 1024;

/// Writes a value as JSON into memory that wipes itself.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<SecretBytes, Error> {
    // Enough for a typical request, so that it is written without reallocation.
    let mut json = SecretBytes::with_capacity(1024);
    serde_json::to_writer(&mut json, value).map_err(|_| Error::Json {
        problem: JsonProblem::NotSerializable,
        line: 0,
        column: 0,
    })?;
    Ok(json)
}
