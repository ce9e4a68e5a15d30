//! Which reading of a secret, or which derivation, opens a captured message.

mod derivation;
mod error;
mod finding;
mod info;
mod message;
mod reading;

pub use derivation::{DerivationAttempt, DerivationOutcome, TriedDerivation};
pub use error::DiagnoseError;
pub use finding::Finding;
pub use info::{FurtherText, Info, KeyForm, KeyOwner};
pub use message::Message;
pub use reading::{Reading, ReadingAttempt, ReadingOutcome};
