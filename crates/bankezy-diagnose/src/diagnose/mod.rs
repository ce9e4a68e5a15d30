//! Which reading of a secret, or which derivation, opens a captured message.

mod candidates;
mod capture;
mod class;
mod derivation;
mod derivation_terms;
mod encoding;
mod error;
mod finding;
mod function;
mod info;
mod kdf;
mod message;
mod octets;
mod profile;
mod reading;
mod shared;
mod terms;
mod weakness;
mod wrapper;

pub use capture::Stripped;
pub use class::{Class, Classes};
pub use derivation::{DerivationAttempt, DerivationOutcome, TriedDerivation};
pub use encoding::Encoding;
pub use error::{DiagnoseError, WHAT_NEXT_FOR_KEYS, WHAT_NEXT_FOR_SECRET};
pub use finding::Finding;
pub use function::{Function, Hash, Take};
pub use info::{FurtherText, Info, KeyForm, KeyOwner};
pub use kdf::Kdf;
pub use message::Message;
pub use profile::OtherAlgorithm;
pub use reading::{Reading, ReadingAttempt, ReadingOutcome};
pub use shared::{SharedForm, SharedOctets, SharedText};
pub use weakness::Weakness;
pub use wrapper::Wrapper;
