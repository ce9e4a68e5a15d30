//! Explains what a text is without a key, and finds out how the key of a captured message is made.
//!
//! [`inspect`] explains a sealed text (compact JWE), a public key or a JWT. It verifies nothing.
//!
//! [`Message`] is for what BankEzy's documentation does not say: how a payload secret is written, and how a key is
//! derived from the shared secret of a key agreement. Give it one captured message, as it was pasted, and the keys.
//! It tries every [`Reading`] or every derivation ([`TriedDerivation`]) and returns the [`Finding`] that opens the
//! message, named in words, for a shell and in Rust. A finding is never a guess: the message's tag was checked. Weak
//! keys are marked ([`Finding::weakness`]).
//!
//! Further hashes and the arithmetic for a second coordinate are in this crate only: the core has no algorithm
//! outside the locked profile. To use a finding that the core has no variant for, write the function that
//! [`TriedDerivation::rust`] prints and pass it to [`Derivation::Custom`](bankezy_crypto::Derivation::Custom).
//!
//! ```
//! # #[cfg(feature = "aws-lc-rs")] {
//! use bankezy_crypto::{DEFAULT_MAX_SEALED_LEN, Derivation, KeyPair, PayloadCipher, backend};
//! use bankezy_diagnose::Message;
//!
//! let (ours, theirs) = (KeyPair::generate()?, KeyPair::generate()?);
//! let secret = theirs.agree(ours.public_key(), &Derivation::Sha256)?;
//! let captured = PayloadCipher::new(&secret)?.seal(b"{}")?;
//!
//! let message = Message::new(captured.as_bytes(), DEFAULT_MAX_SEALED_LEN, &backend::AWS_LC_RS)?;
//! let found = message.try_derivations(&ours, theirs.public_key(), &[])?;
//! assert_eq!(found.to_string(), "opens with sha256 (derivation 2 tried)");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate does no I/O and logs nothing. Errors hold no key and no part of the input.
//!
//! # Start here
//! | I have | use |
//! |---|---|
//! | a text, and want to know what it is | [`inspect`] |
//! | a message and a payload secret | [`Message::new`], then [`Message::try_readings`] |
//! | a message, a key pair and the other side's public key | [`Message::new`], then [`Message::try_derivations`] |
//! | a message and a private key | [`Message::new`], then [`Message::try_private_key`] |
//!
//! # Features
//! | feature | what it brings |
//! |---|---|
//! | `aws-lc-rs` (default) | the backend AWS-LC |
//! | `rust-crypto` | the backend of pure Rust crates; at least one backend is needed |
//! | `rust-crypto-rsa` | public RSA keys on the crate `rsa` |
//! | `rust-crypto-private-rsa-timing-risk` | private RSA keys too, as in [`bankezy_crypto`] |
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input makes the crate panic; where one of these is used, an `expect` says why.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod diagnose;
mod inspect;
mod printable;
mod serialization;

pub use diagnose::{
    Class, Classes, ConcatLayout, DerivationAttempt, DerivationOutcome, DiagnoseError, Encoding,
    Finding, Flags, Function, FurtherText, Hash, Info, Kdf, KeyForm, KeyOwner, Message,
    OtherAlgorithm, Reading, ReadingAttempt, ReadingOutcome, SharedForm, SharedOctets, SharedText,
    Stripped, Take, TriedDerivation, WHAT_NEXT_FOR_KEYS, WHAT_NEXT_FOR_PRIVATE_KEY,
    WHAT_NEXT_FOR_SECRET, Weakness, Wrapper,
};
pub use inspect::{InspectError, JwtPart, Line, Report, inspect};
pub use printable::printable;
pub use serialization::BeyondCompact;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
