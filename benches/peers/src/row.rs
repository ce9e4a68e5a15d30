//! What a run measured: one row per operation, size and backend.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of the messages under `dir`.
pub(crate) const SIZES: [usize; 5] = [64, 512, 4 * 1024, 64 * 1024, 1024 * 1024];
/// Bytes of the messages under a public key, and of those that two threads seal and open.
pub(crate) const SMALL: usize = 512;

/// How the content's key is established (RFC 7518 sections 4.5, 4.3 and 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Dir,
    RsaOaep256,
    EcdhEs,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 3] = [Self::Dir, Self::RsaOaep256, Self::EcdhEs];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Seal,
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub(crate) enum Op {
    Seal,
    SealInto,
    SealToBytes,
    AppendSealed,
    SealJson,
    NewCipher,
    Open,
    OpenInto,
    SealRsaOaep256,
    OpenRsaOaep256,
    SealEcdhEs,
    OpenEcdhEs,
    SealTwoThreads,
    OpenTwoThreads,
    SealTenThousandTasks,
}

impl Op {
    const ALL: [Self; 15] = [
        Self::Seal,
        Self::SealInto,
        Self::SealToBytes,
        Self::AppendSealed,
        Self::SealJson,
        Self::NewCipher,
        Self::Open,
        Self::OpenInto,
        Self::SealRsaOaep256,
        Self::OpenRsaOaep256,
        Self::SealEcdhEs,
        Self::OpenEcdhEs,
        Self::SealTwoThreads,
        Self::OpenTwoThreads,
        Self::SealTenThousandTasks,
    ];

    pub(crate) fn new(way: Way, algorithm: Algorithm) -> Self {
        match (way, algorithm) {
            (Way::Seal, Algorithm::Dir) => Self::Seal,
            (Way::Open, Algorithm::Dir) => Self::Open,
            (Way::Seal, Algorithm::RsaOaep256) => Self::SealRsaOaep256,
            (Way::Open, Algorithm::RsaOaep256) => Self::OpenRsaOaep256,
            (Way::Seal, Algorithm::EcdhEs) => Self::SealEcdhEs,
            (Way::Open, Algorithm::EcdhEs) => Self::OpenEcdhEs,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::SealInto => "seal_into",
            Self::SealToBytes => "seal_to_bytes",
            Self::AppendSealed => "append_sealed",
            Self::SealJson => "seal_json",
            Self::NewCipher => "new_cipher",
            Self::Open => "open",
            Self::OpenInto => "open_into",
            Self::SealRsaOaep256 => "seal_rsa_oaep_256",
            Self::OpenRsaOaep256 => "open_rsa_oaep_256",
            Self::SealEcdhEs => "seal_ecdh_es",
            Self::OpenEcdhEs => "open_ecdh_es",
            Self::SealTwoThreads => "seal_2_threads",
            Self::OpenTwoThreads => "open_2_threads",
            Self::SealTenThousandTasks => "seal_10000_tasks",
        }
    }
}

/// The operations into memory that is reused.
pub(crate) fn into_memory(way: Way) -> &'static [Op] {
    match way {
        Way::Seal => &[Op::SealInto, Op::SealToBytes, Op::AppendSealed],
        Way::Open => &[Op::OpenInto],
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Op> for &'static str {
    fn from(op: Op) -> Self {
        op.name()
    }
}

impl TryFrom<String> for Op {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|op| op.name() == name)
            .ok_or_else(|| format!("there is no operation {name}"))
    }
}

/// The operations of all candidates, in the order of measuring and printing.
pub(crate) fn operations() -> impl Iterator<Item = (Way, Algorithm, usize)> {
    let dir = SIZES.map(|bytes| (Algorithm::Dir, bytes));
    let public = [Algorithm::RsaOaep256, Algorithm::EcdhEs].map(|algorithm| (algorithm, SMALL));
    dir.into_iter()
        .chain(public)
        .flat_map(|(algorithm, bytes)| [Way::Seal, Way::Open].map(|way| (way, algorithm, bytes)))
}

/// Medians in nanoseconds for one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) op: Op,
    /// Of the plaintext.
    pub(crate) bytes: usize,
    pub(crate) backend: String,
    pub(crate) ours_ns: f64,
    /// The bare operations of the same backend. For two threads: half of what one thread takes. For
    /// 10,000 tasks: as many with a cipher each. For
    /// `seal_json`: `serde_json::to_vec` and `seal_to_bytes` one after the other.
    pub(crate) floor_ns: f64,
    /// Empty where no peer has the operation.
    pub(crate) peers: BTreeMap<String, f64>,
}

pub(crate) fn find<'a>(rows: &'a [Row], op: Op, bytes: usize, backend: &str) -> Option<&'a Row> {
    rows.iter()
        .find(|row| row.op == op && row.bytes == bytes && row.backend == backend)
}

/// Tenths of a nanosecond are more than a measurement shows.
pub(crate) fn rounded(ns: f64) -> f64 {
    (ns * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_stated_form() {
        let row = Row {
            op: Op::SealRsaOaep256,
            bytes: 512,
            backend: "aws-lc-rs".to_owned(),
            ours_ns: 3.5,
            floor_ns: 2.0,
            peers: [("jose".to_owned(), 9.0)].into(),
        };
        let json = r#"{"op":"seal_rsa_oaep_256","bytes":512,"backend":"aws-lc-rs","ours_ns":3.5,"floor_ns":2.0,"peers":{"jose":9.0}}"#;
        assert_eq!(serde_json::to_string(&row).unwrap(), json);
        assert_eq!(serde_json::from_str::<Row>(json).unwrap(), row);
        for op in Op::ALL {
            assert_eq!(Op::try_from(op.name().to_owned()), Ok(op));
        }
    }
}
