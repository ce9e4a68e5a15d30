//! What opens a message.

use core::fmt;

use crate::diagnose::derivation::TriedDerivation;
use crate::diagnose::encoding::Encoding;
use crate::diagnose::reading::Reading;
use crate::diagnose::shared::SharedForm;
use crate::diagnose::weakness::Weakness;

/// What opens a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The payload secret, read in this way.
    #[non_exhaustive]
    Reading {
        /// The reading.
        reading: Reading,
        /// How many readings were tried, this one among them.
        tried: usize,
        /// Why the key is weak, if it is.
        weakness: Option<Weakness>,
        /// Other encodings that give the same key for this secret: a message under another secret shows which one it
        /// is.
        alike: Vec<Encoding>,
    },
    /// The shared secret of both keys, derived in this way.
    #[non_exhaustive]
    Derivation {
        /// The derivation.
        derivation: TriedDerivation,
        /// How many derivations were tried, this one among them.
        tried: usize,
        /// Why the key is weak, if it is.
        weakness: Option<Weakness>,
        /// The flags of the command line for it, if there are any and they can carry each input.
        flags: Option<Flags>,
        /// Other forms of the shared secret that are the same in this session: a message of another session, with
        /// other keys, shows which one it is.
        alike: Vec<SharedForm>,
    },
    /// The private key alone: the message is sealed to its public half.
    PrivateKey,
}

/// Flags of the command line, quoted for a shell. `Display` shows them, and with them texts that the
/// caller gave; `Debug` does not.
#[derive(Clone, PartialEq, Eq)]
pub struct Flags(pub(crate) String);

impl Flags {
    /// The flags, such as `--derive concat-kdf --apu 'Alice'`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flags([redacted])")
    }
}

impl Finding {
    /// Why the key is weak, if it is.
    #[must_use]
    pub fn weakness(&self) -> Option<Weakness> {
        match self {
            Self::Reading { weakness, .. } | Self::Derivation { weakness, .. } => *weakness,
            Self::PrivateKey => None,
        }
    }

    /// Whether the key is weak: [`weakness`](Self::weakness) says why.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.weakness().is_some()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading { reading, .. } => write!(f, "opens with {reading}"),
            Self::Derivation {
                derivation, tried, ..
            } => {
                write!(f, "opens with {derivation} (derivation {tried} tried)")
            }
            Self::PrivateKey => f.write_str("opens with the private key alone"),
        }
    }
}
