//! What implementers are known to put into apu, apv, salt and info.

use core::fmt;
use std::sync::Arc;

use bankezy_crypto::PublicKey;

/// A value that is tried as `apu`, `apv`, `salt` and `info`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Info {
    /// No bytes.
    Empty,
    /// A public key of the agreement.
    #[non_exhaustive]
    Key {
        /// Whose key it is.
        owner: KeyOwner,
        /// Its form.
        form: KeyForm,
    },
    /// A text that implementers are known to use.
    Known(&'static str),
    /// A text that the caller gave.
    Further(FurtherText),
}

/// Whose public key an [`Info`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOwner {
    /// Of the key pair that was given.
    Ours,
    /// Of the peer.
    Theirs,
}

/// In which form a public key is an [`Info`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyForm {
    /// The text that travels: [`PublicKey::to_wire`].
    Wire,
    /// The JSON of the JWK: [`PublicKey::to_jwk`].
    Jwk,
    /// The uncompressed point, 65 bytes.
    Point,
    /// The x coordinate of the point, 32 bytes.
    XCoordinate,
}

/// A text that the caller gave to try. `Display` shows it in quotes, `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct FurtherText(Arc<str>);

impl FurtherText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An [`Info`] with its bytes.
pub(crate) struct Candidate {
    pub(crate) info: Info,
    pub(crate) bytes: Vec<u8>,
}

impl Candidate {
    fn text(info: Info, text: &str) -> Self {
        Self {
            info,
            bytes: text.as_bytes().to_vec(),
        }
    }
}

const KNOWN: [&str; 13] = [
    "Alice",
    "Bob",
    "client",
    "server",
    "sdk",
    "app",
    "A256GCM",
    "dir",
    "ECDH-ES",
    "bankezy",
    "BankEzy",
    "payload",
    "payloadSecret",
];

pub(crate) fn candidates(ours: &PublicKey, theirs: &PublicKey, further: &[&str]) -> Vec<Candidate> {
    let mut candidates = vec![Candidate::text(Info::Empty, "")];
    candidates.extend(of_key(KeyOwner::Ours, ours));
    candidates.extend(of_key(KeyOwner::Theirs, theirs));
    candidates.extend(KNOWN.map(|text| Candidate::text(Info::Known(text), text)));
    candidates.extend(
        further
            .iter()
            .map(|text| Candidate::text(Info::Further(FurtherText((*text).into())), text)),
    );
    candidates
}

fn of_key(owner: KeyOwner, key: &PublicKey) -> impl Iterator<Item = Candidate> {
    // The uncompressed point is the tail of a SubjectPublicKeyInfo (RFC 5480 section 2.2).
    let spki = key.to_spki_der();
    let point = spki.last_chunk::<65>();
    let x = point.and_then(|point| point.get(1..33));
    [
        (KeyForm::Wire, Some(key.to_wire().into_bytes())),
        (KeyForm::Jwk, Some(key.to_jwk().into_bytes())),
        (KeyForm::Point, point.map(|point| point.to_vec())),
        (KeyForm::XCoordinate, x.map(<[u8]>::to_vec)),
    ]
    .into_iter()
    .filter_map(move |(form, bytes)| {
        Some(Candidate {
            info: Info::Key { owner, form },
            bytes: bytes?,
        })
    })
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Key { owner, form } => {
                let owner = match owner {
                    KeyOwner::Ours => "our",
                    KeyOwner::Theirs => "their",
                };
                let form = match form {
                    KeyForm::Wire => "key as it travels",
                    KeyForm::Jwk => "key's JWK",
                    KeyForm::Point => "point",
                    KeyForm::XCoordinate => "x coordinate",
                };
                write!(f, "{owner} {form}")
            }
            Self::Known(text) => write!(f, "\"{text}\""),
            Self::Further(text) => text.fmt(f),
        }
    }
}

impl fmt::Display for FurtherText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl fmt::Debug for FurtherText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FurtherText([redacted])")
    }
}
