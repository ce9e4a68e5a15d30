//! What implementers are known to put into apu, apv, salt and info.

use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use bankezy_crypto::PublicKey;
use base64::Engine as _;

use crate::diagnose::encoding::{Encoding, applied};
use crate::diagnose::octets::BASE64URL;

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
    /// Both public keys of the agreement, one after the other.
    #[non_exhaustive]
    BothKeys {
        /// Whose is the first.
        first: KeyOwner,
        /// Their form.
        form: KeyForm,
    },
    /// A member of the message's own header.
    #[non_exhaustive]
    Header {
        /// Its name.
        member: &'static str,
        /// Whether it is decoded from base64url, as RFC 7518 section 4.6.1.2 says.
        is_decoded: bool,
    },
    /// A text that implementers are known to use.
    Known(&'static str),
    /// A text that the caller gave.
    Further(FurtherText),
    /// The octets that a text of the caller stands for.
    #[non_exhaustive]
    FurtherDecoded {
        /// The text.
        text: FurtherText,
        /// [`Encoding::Hex`], [`Encoding::Base64`] or [`Encoding::Base64url`].
        encoding: Encoding,
    },
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
    /// The compressed point, 33 bytes.
    CompressedPoint,
    /// The DER SubjectPublicKeyInfo: [`PublicKey::to_spki_der`].
    Spki,
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

/// Roles are among them, and the names of the product in all cases.
const KNOWN: [&str; 32] = [
    "Alice",
    "Bob",
    "client",
    "server",
    "sdk",
    "app",
    "bank",
    "partner",
    "A256GCM",
    "dir",
    "ECDH-ES",
    "A256KW",
    "ECDH-ES+A256KW",
    "AES",
    "AES-GCM",
    "AES-256-GCM",
    "bankezy",
    "BankEzy",
    "Bankezy",
    "bankEzy",
    "BANKEZY",
    "bank-ezy",
    "Bank Ezy",
    "payload",
    "payloadSecret",
    "payload-encryption",
    "encryption",
    "session",
    "key",
    "secret",
    "ECDH",
    "handshake data",
];

/// How many of [`KNOWN`] are roles: only these come in pairs.
const ROLES: usize = 8;

const OWNERS: [KeyOwner; 2] = [KeyOwner::Ours, KeyOwner::Theirs];

impl Candidate {
    /// Whether implementers put the two into one derivation: one of them alone, both keys in one form,
    /// both roles, both members of the header, or both from the caller.
    pub(crate) fn is_usual_with(&self, other: &Self) -> bool {
        let is_role = |text| KNOWN.iter().take(ROLES).any(|role| *role == text);
        match (&self.info, &other.info) {
            (Info::Empty, _) | (_, Info::Empty) => true,
            (Info::Key { form: first, .. }, Info::Key { form: second, .. }) => first == second,
            (Info::Known(first), Info::Known(second)) => is_role(*first) && is_role(*second),
            (
                Info::Header {
                    is_decoded: first, ..
                },
                Info::Header {
                    is_decoded: second, ..
                },
            ) => first == second,
            (Info::Further(_), Info::Further(_)) => true,
            (Info::FurtherDecoded { .. }, Info::FurtherDecoded { .. }) => true,
            _ => false,
        }
    }
}

/// The empty one first.
pub(crate) fn candidates(
    ours: &PublicKey,
    theirs: &PublicKey,
    header: &str,
    further: &[&str],
) -> Vec<Candidate> {
    let (ours, theirs) = (forms(ours), forms(theirs));
    let mut candidates = vec![Candidate::text(Info::Empty, "")];
    candidates.extend(of_header(header));
    for (owner, forms) in OWNERS.into_iter().zip([&ours, &theirs]) {
        candidates.extend(forms.iter().map(|(form, bytes)| Candidate {
            info: Info::Key { owner, form: *form },
            bytes: bytes.clone(),
        }));
    }
    candidates.extend(further.iter().flat_map(|text| of_further(text)));
    candidates.extend(KNOWN.map(|text| Candidate::text(Info::Known(text), text)));
    for (first, keys) in OWNERS.into_iter().zip([[&ours, &theirs], [&theirs, &ours]]) {
        let [mine, other] = keys.map(|forms| forms.iter());
        candidates.extend(mine.zip(other).map(|((form, mine), (_, other))| Candidate {
            info: Info::BothKeys { first, form: *form },
            bytes: [mine.as_slice(), other].concat(),
        }));
    }
    // The same bytes under a second name, such as an `apu` that is a key, would only cost time.
    let mut seen = BTreeSet::new();
    candidates.retain(|candidate| seen.insert(candidate.bytes.clone()));
    candidates
}

/// The members of a header that say what goes into a derivation.
fn of_header(header: &str) -> Vec<Candidate> {
    let header: serde_json::Value = serde_json::from_str(header).unwrap_or_default();
    let mut candidates = Vec::new();
    for member in ["apu", "apv", "kid"] {
        let Some(text) = header.get(member).and_then(|value| value.as_str()) else {
            continue;
        };
        let info = |is_decoded| Info::Header { member, is_decoded };
        if let Ok(bytes) = BASE64URL.decode(text) {
            let info = info(true);
            candidates.push(Candidate { info, bytes });
        }
        candidates.push(Candidate::text(info(false), text));
    }
    candidates
}

/// A text of the caller, and what it stands for if it is hex or base64.
fn of_further(text: &str) -> Vec<Candidate> {
    let further = FurtherText(text.into());
    let mut candidates = vec![Candidate::text(Info::Further(further.clone()), text)];
    for encoding in [Encoding::Hex, Encoding::Base64url, Encoding::Base64] {
        if let Ok(bytes) = encoding.decode(text.as_bytes()) {
            candidates.push(Candidate {
                info: Info::FurtherDecoded {
                    text: further.clone(),
                    encoding,
                },
                bytes: bytes.as_bytes().to_vec(),
            });
        }
    }
    candidates
}

fn forms(key: &PublicKey) -> Vec<(KeyForm, Vec<u8>)> {
    // The uncompressed point is the tail of a SubjectPublicKeyInfo (RFC 5480 section 2.2).
    let spki = key.to_spki_der();
    let point = spki.last_chunk::<65>();
    let x = point.and_then(|point| point.get(1..33));
    let parity = point
        .and_then(|point| point.last())
        .map(|last| 2 | last & 1);
    let compressed = x.zip(parity).map(|(x, parity)| [&[parity], x].concat());
    [
        (KeyForm::Wire, Some(key.to_wire().into_bytes())),
        (KeyForm::Jwk, Some(key.to_jwk().into_bytes())),
        (KeyForm::Point, point.map(|point| point.to_vec())),
        (KeyForm::XCoordinate, x.map(<[u8]>::to_vec)),
        (KeyForm::CompressedPoint, compressed),
        (KeyForm::Spki, Some(spki.clone())),
    ]
    .into_iter()
    .filter_map(|(form, bytes)| Some((form, bytes?)))
    .collect()
}

impl KeyOwner {
    fn words(self) -> &'static str {
        match self {
            Self::Ours => "our",
            Self::Theirs => "their",
        }
    }
}

impl KeyForm {
    fn words(self) -> &'static str {
        match self {
            Self::Wire => "key as it travels",
            Self::Jwk => "key's JWK",
            Self::Point => "point",
            Self::XCoordinate => "x coordinate",
            Self::CompressedPoint => "compressed point",
            Self::Spki => "SubjectPublicKeyInfo",
        }
    }
}

impl Info {
    /// A Rust expression for it, where `ours` and `theirs` are the public keys.
    pub(crate) fn rust(&self) -> String {
        let key = |owner: KeyOwner, form: KeyForm| {
            let key = match owner {
                KeyOwner::Ours => "ours",
                KeyOwner::Theirs => "theirs",
            };
            match form {
                KeyForm::Wire => format!("{key}.to_wire().as_bytes()"),
                KeyForm::Jwk => format!("{key}.to_jwk().as_bytes()"),
                KeyForm::Point => format!("{key}.to_spki_der().last_chunk::<65>().unwrap()"),
                KeyForm::XCoordinate => format!("&{key}.to_spki_der()[27..59]"),
                KeyForm::CompressedPoint => format!("&compressed_point({key})"),
                KeyForm::Spki => format!("&{key}.to_spki_der()"),
            }
        };
        match self {
            Self::Empty => r#"b"""#.to_owned(),
            Self::Key { owner, form } => key(*owner, *form),
            Self::BothKeys { first, form } => {
                let second = match first {
                    KeyOwner::Ours => KeyOwner::Theirs,
                    KeyOwner::Theirs => KeyOwner::Ours,
                };
                format!("&[{}, {}].concat()", key(*first, *form), key(second, *form))
            }
            Self::Header {
                member,
                is_decoded: true,
            } => {
                format!("&BASE64_URL.decode(header[\"{member}\"])?")
            }
            Self::Header { member, .. } => format!("header[\"{member}\"].as_bytes()"),
            Self::Known(text) => format!("b{text:?}"),
            Self::Further(text) => format!("{:?}.as_bytes()", text.as_str()),
            Self::FurtherDecoded { text, encoding } => {
                format!(
                    "&{}",
                    applied(encoding.rust(), &format!("{:?}", text.as_str()))
                )
            }
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Key { owner, form } => write!(f, "{} {}", owner.words(), form.words()),
            Self::BothKeys { first, form } => {
                write!(f, "{} {} and the other's", first.words(), form.words())
            }
            Self::Header { member, is_decoded } => {
                let decoded = if *is_decoded { ", decoded" } else { " as text" };
                write!(f, "the header's {member}{decoded}")
            }
            Self::Known(text) => write!(f, "\"{text}\""),
            Self::Further(text) => text.fmt(f),
            Self::FurtherDecoded { text, encoding } => {
                let encoding = encoding.flag().unwrap_or_default();
                write!(f, "{text} decoded from {encoding}")
            }
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
