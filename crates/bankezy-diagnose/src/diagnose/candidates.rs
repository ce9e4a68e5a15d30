//! What implementers are known to put into apu, apv, salt and info, with its bytes.

use std::collections::BTreeSet;

use bankezy_crypto::PublicKey;
use base64::Engine as _;

use crate::diagnose::encoding::Encoding;
use crate::diagnose::hex_text::{without_prefixes, without_separators};
use crate::diagnose::info::{FurtherText, Info, KeyForm, KeyOwner};
use crate::diagnose::names::{JOINED, KNOWN, PRODUCTS, ROLES};
use crate::diagnose::octets::{self, BASE64, BASE64URL};

/// An [`Info`] with its bytes.
pub(crate) struct Candidate {
    pub(crate) info: Info,
    pub(crate) bytes: Vec<u8>,
    /// Whether it is tried with the x coordinate alone, and with no other input.
    pub(crate) is_rare: bool,
}

impl Candidate {
    fn new(info: Info, bytes: Vec<u8>) -> Self {
        Self {
            info,
            bytes,
            is_rare: false,
        }
    }

    fn text(info: Info, text: &str) -> Self {
        Self::new(info, text.as_bytes().to_vec())
    }
}

const OWNERS: [KeyOwner; 2] = [KeyOwner::Ours, KeyOwner::Theirs];

impl Candidate {
    /// Whether implementers use the two in one derivation: one of them alone, both keys in one form, both roles, two names
    /// of the product, both members of the header, or both from the caller.
    pub(crate) fn is_usual_with(&self, other: &Self) -> bool {
        let is_role = |text| KNOWN.iter().take(ROLES).any(|role| *role == text);
        match (&self.info, &other.info) {
            (Info::Empty, _) | (_, Info::Empty) => true,
            (Info::Key { form: first, .. }, Info::Key { form: second, .. }) => first == second,
            (Info::Known(first), Info::Known(second)) => {
                let is_pair = |pair: &[&str; 2]| {
                    first != second && pair.contains(first) && pair.contains(second)
                };
                is_role(*first) && is_role(*second) || PRODUCTS.iter().any(is_pair)
            }
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
        candidates.extend(forms.iter().map(|(form, bytes)| {
            let form = *form;
            Candidate {
                is_rare: form.is_rare(),
                ..Candidate::new(Info::Key { owner, form }, bytes.clone())
            }
        }));
    }
    candidates.extend(further.iter().flat_map(|text| of_further(text)));
    candidates.extend(KNOWN.map(|text| Candidate::text(Info::Known(text), text)));
    for (first, keys) in OWNERS.into_iter().zip([[&ours, &theirs], [&theirs, &ours]]) {
        let [mine, other] = keys.map(|forms| forms.iter());
        candidates.extend(mine.zip(other).map(|((form, mine), (_, other))| {
            let form = *form;
            Candidate {
                is_rare: form.is_rare(),
                ..Candidate::new(
                    Info::BothKeys { first, form },
                    [mine.as_slice(), other].concat(),
                )
            }
        }));
    }
    candidates.extend(JOINED.iter().map(|&text| Candidate {
        is_rare: true,
        ..Candidate::text(Info::Known(text), text)
    }));
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
            candidates.push(Candidate::new(info, bytes));
        }
        candidates.push(Candidate::text(info(false), text));
    }
    candidates
}

/// A text of the caller, and its octets if it is hex, with or without `0x` and separators, or base64.
fn of_further(text: &str) -> Vec<Candidate> {
    let further = FurtherText(text.into());
    let mut candidates = vec![Candidate::text(Info::Further(further.clone()), text)];
    let digits = hex_digits(text).map(|digits| FurtherText(digits.into()));
    for (text, encoding) in [
        (digits.unwrap_or_else(|| further.clone()), Encoding::Hex),
        (further.clone(), Encoding::Base64url),
        (further, Encoding::Base64),
    ] {
        if let Ok(bytes) = encoding.decode(text.as_str().as_bytes()) {
            let bytes = bytes.as_bytes().to_vec();
            let info = Info::FurtherDecoded { text, encoding };
            candidates.push(Candidate::new(info, bytes));
        }
    }
    candidates
}

/// The digits alone, if something is between or in front of them.
fn hex_digits(text: &str) -> Option<String> {
    let without = without_prefixes(text);
    let text = match &without {
        Some(digits) => core::str::from_utf8(digits.as_bytes()).ok()?,
        None => text,
    };
    let joined = without_separators(text);
    let digits = joined.as_ref().or(without.as_ref())?;
    String::from_utf8(digits.as_bytes().to_vec()).ok()
}

impl KeyForm {
    /// Whether it is tried with the x coordinate alone, and with no other kind of input: else the pairs are too many.
    fn is_rare(self) -> bool {
        matches!(
            self,
            Self::SpkiHex
                | Self::CompressedPointBase64
                | Self::CompressedPointHex
                | Self::XCoordinateBase64
                | Self::XCoordinateHex
                | Self::PointBase64url
                | Self::PointHexUpper
                | Self::SpkiBase64url
                | Self::SpkiHexUpper
        )
    }
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
    let base64 = |octets: &[u8]| BASE64.encode(octets).into_bytes();
    let hex = |octets: &[u8]| octets::to_hex(octets, false).as_bytes().to_vec();
    let base64url = |octets: &[u8]| {
        let padded = BASE64URL.encode(octets);
        padded.trim_end_matches('=').as_bytes().to_vec()
    };
    let upper = |octets: &[u8]| octets::to_hex(octets, true).as_bytes().to_vec();
    [
        (KeyForm::Wire, Some(key.to_wire().into_bytes())),
        (KeyForm::Jwk, Some(key.to_jwk().into_bytes())),
        (KeyForm::Point, point.map(|point| point.to_vec())),
        (KeyForm::XCoordinate, x.map(<[u8]>::to_vec)),
        (KeyForm::CompressedPoint, compressed.clone()),
        (KeyForm::Spki, Some(spki.clone())),
        (
            KeyForm::PointBase64,
            point.map(|point| BASE64.encode(point).into_bytes()),
        ),
        (
            KeyForm::PointHex,
            point.map(|point| octets::to_hex(point, false).as_bytes().to_vec()),
        ),
        (KeyForm::SpkiBase64, Some(BASE64.encode(&spki).into_bytes())),
        (
            KeyForm::Coordinates,
            point.and_then(|point| point.get(1..)).map(<[u8]>::to_vec),
        ),
        (KeyForm::SpkiHex, Some(hex(&spki))),
        (
            KeyForm::CompressedPointBase64,
            compressed.as_deref().map(base64),
        ),
        (KeyForm::CompressedPointHex, compressed.as_deref().map(hex)),
        (KeyForm::XCoordinateBase64, x.map(base64)),
        (KeyForm::XCoordinateHex, x.map(hex)),
        (KeyForm::PointBase64url, point.map(|point| base64url(point))),
        (KeyForm::PointHexUpper, point.map(|point| upper(point))),
        (KeyForm::SpkiBase64url, Some(base64url(&spki))),
        (KeyForm::SpkiHexUpper, Some(upper(&spki))),
        (KeyForm::Pem, Some(key.to_pem().into_bytes())),
    ]
    .into_iter()
    .filter_map(|(form, bytes)| Some((form, bytes?)))
    .collect()
}
