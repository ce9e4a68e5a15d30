//! Which reading of a secret, or which derivation, opens a captured message.

mod assignment;
mod candidates;
pub(crate) mod capture;
mod capture_chunks;
mod capture_dump;
mod capture_encoded;
mod capture_escapes;
mod capture_find;
mod capture_parts;
mod capture_words;
mod class;
mod cleaning;
mod columns;
mod derivation;
mod derivation_terms;
mod encoding;
mod encoding_terms;
mod error;
mod finding;
mod function;
mod hex_dump;
mod hex_text;
mod info;
mod invisible;
mod json_value;
mod kdf;
pub(crate) mod message;
mod names;
mod octets;
#[cfg(test)]
mod printed;
#[cfg(all(test, unix))]
mod printed_readings_tests;
#[cfg(test)]
mod printed_tests;
mod profile;
mod reading;
mod removal;
mod secret_escapes;
mod secret_lines;
mod shared;
mod shared_terms;
mod stripped;
mod term;
mod terms;
#[cfg(all(test, unix))]
mod terms_tests;
mod unwrapping;
mod weakness;
#[cfg(all(test, unix))]
mod wrapped_secrets;
mod wrapper;

pub use class::{Class, Classes};
pub use derivation::{DerivationAttempt, DerivationOutcome, TriedDerivation};
pub use encoding::Encoding;
pub use error::{
    DiagnoseError, WHAT_NEXT_FOR_KEYS, WHAT_NEXT_FOR_PRIVATE_KEY, WHAT_NEXT_FOR_SECRET,
};
pub use finding::{Finding, Flags};
pub use function::{Function, Hash, Take};
pub use info::{FurtherText, Info, KeyForm, KeyOwner};
pub use kdf::{ConcatLayout, Kdf};
pub use message::Message;
pub use profile::OtherAlgorithm;
pub use reading::{Reading, ReadingAttempt, ReadingOutcome};
pub use shared::{SharedForm, SharedOctets, SharedText};
pub use stripped::Stripped;
pub use weakness::Weakness;
pub use wrapper::Wrapper;
