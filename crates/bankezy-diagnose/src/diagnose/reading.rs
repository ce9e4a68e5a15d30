//! How a payload secret may be written and made into a key.

use core::fmt;
use std::sync::Arc;

use bankezy_crypto::SecretBytes;

use crate::diagnose::cleaning::Cleaning;
use crate::diagnose::encoding::{Encoding, Undecodable};
use crate::diagnose::function::{Function, Take};
use crate::diagnose::unwrapping::{Unwrapped, of_text, unwrapped};
use crate::diagnose::weakness::Weakness;
use crate::diagnose::wrapper::Wrapper;

/// How a payload secret becomes the key: what is removed around it, how it is decoded, what is applied to the octets,
/// and which octets of the result are the key.
///
/// `Display` names it in words; [`flags`](Self::flags), or else [`cleaned`](Self::cleaned) with
/// [`shell`](Self::shell) or [`rust`](Self::rust), say how to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// What is removed around the secret, from outside to inside.
    pub wrappers: Arc<[Wrapper]>,
    /// The octets that the rest stands for.
    pub encoding: Encoding,
    /// What is applied to these octets.
    pub function: Function,
    /// Which octets of the result are the key.
    pub take: Take,
    /// How a shell removes the wrappers.
    pub(crate) cleaning: Cleaning,
}

/// A reading that did not open the message, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadingAttempt {
    /// What was tried.
    pub reading: Reading,
    /// Why it did not open the message.
    pub outcome: ReadingOutcome,
}

/// Why a reading does not open a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadingOutcome {
    /// The reading gives a key, but the message does not open with it.
    OtherKey,
    /// The reading gives a number of bytes other than 32.
    #[non_exhaustive]
    Length {
        /// Length found, in bytes.
        found: usize,
    },
    /// The secret is not UTF-8 text.
    NotText,
    /// The secret is not valid in this encoding.
    Invalid,
}

/// A key that a reading gives.
pub(crate) struct Candidate {
    pub(crate) key: SecretBytes,
    pub(crate) weakness: Option<Weakness>,
}

/// Longer secrets are not read: most readings are hashes of the whole.
pub(crate) const MAX_SECRET: usize = 64 * 1024;

/// All readings from common to rare, each with its key or the reason why it has none. A reason is given for the usual
/// encodings only; others that give no key are left out.
pub(crate) fn readings(
    secret: &[u8],
) -> impl Iterator<Item = (Reading, Result<Candidate, ReadingOutcome>)> {
    let decoded: Vec<_> = unwrapped(secret)
        .into_iter()
        .flat_map(|unwrapped| {
            let Unwrapped {
                wrappers,
                value,
                cleaning,
            } = unwrapped;
            // A shell leaves these in `$(…)`.
            let of_text = of_text(&cleaning, value.as_bytes(), |octet| *octet == b'\r');
            Encoding::ALL.map(|encoding| {
                let is_raw = encoding == Encoding::RawBytes;
                let cleaning = if is_raw { &cleaning } else { &of_text };
                let octets = encoding.decode(value.as_bytes());
                let chosen = encoding.chosen_len(value.as_bytes());
                (wrappers.clone(), cleaning.clone(), encoding, octets, chosen)
            })
        })
        .collect();
    let steps = Function::ALL
        .into_iter()
        .flat_map(|function| Take::OF_A_SECRET.map(|take| (function, take)))
        .filter(|(function, take)| match take {
            Take::Reversed => matches!(function, Function::Identity | Function::Sha256),
            Take::Twice => *function == Function::Identity,
            _ => true,
        });
    steps.flat_map(move |(function, take)| {
        decoded
            .iter()
            .enumerate()
            .filter_map(|(place, (wrappers, cleaning, encoding, octets, chosen))| {
                let is_usual = place < Encoding::USUAL
                    && (function, take) == (Function::Identity, Take::Whole);
                let key = candidate(octets.as_ref(), *chosen, function, take);
                (is_usual || key.is_ok()).then(|| {
                    let reading = Reading {
                        wrappers: wrappers.clone(),
                        encoding: *encoding,
                        function,
                        take,
                        cleaning: cleaning.clone(),
                    };
                    (reading, key)
                })
            })
            .collect::<Vec<_>>()
    })
}

fn candidate(
    octets: Result<&SecretBytes, &Undecodable>,
    chosen_len: usize,
    function: Function,
    take: Take,
) -> Result<Candidate, ReadingOutcome> {
    let octets = octets.map_err(|problem| match problem {
        Undecodable::NotText => ReadingOutcome::NotText,
        Undecodable::Invalid => ReadingOutcome::Invalid,
    })?;
    let input = octets.as_bytes();
    if input.is_empty() {
        return Err(ReadingOutcome::Length { found: 0 });
    }
    let output = function.apply(input);
    let found = output.as_bytes().len();
    let key = take
        .apply(output.as_bytes())
        .ok_or(ReadingOutcome::Length { found })?;
    // Padding makes nothing harder to guess.
    let chosen = input.get(..chosen_len).unwrap_or(input);
    let weakness = Weakness::of(key.as_bytes(), chosen);
    Ok(Candidate { key, weakness })
}

impl Take {
    const OF_A_SECRET: [Self; 5] = [
        Self::Whole,
        Self::First32,
        Self::Last32,
        Self::Reversed,
        Self::Twice,
    ];
}

impl fmt::Display for ReadingAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reading, self.outcome)
    }
}

impl fmt::Display for ReadingOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKey => f.write_str("32 bytes, but another key"),
            Self::Length { found } => write!(f, "{found} bytes"),
            Self::NotText => f.write_str("not text"),
            Self::Invalid => f.write_str("not valid"),
        }
    }
}
