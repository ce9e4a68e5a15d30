//! What a process has of its rings, and reports of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::connection::lock;

/// Beyond all times of servers, in milliseconds since 1970: the scripts' numbers are exact up to there.
const LATEST: u64 = 90_000_000_000_000;

/// A key that was made the one to seal with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// When, by the store's clock: an older name, such as after a failover, is not followed while this one's key has a file.
    pub(crate) at: u64,
    pub(crate) id: String,
}

impl Named {
    /// None of a text that no fleet wrote.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let (at, id) = text.split_once('|')?;
        let at = at.parse().ok().filter(|at| *at < LATEST)?;
        let id = id.to_owned();
        Some(Self { at, id })
    }
}

/// What a ring followed.
#[derive(Default)]
pub(crate) struct Followed {
    /// The last name.
    pub(crate) named: Option<Named>,
    /// Keys that another took the place of, whose files are still there or that still open, with the end of their overlap.
    pub(crate) replaced: BTreeMap<String, SystemTime>,
}

/// A ring that is open.
pub(crate) struct Opened {
    /// Its keys that have files.
    pub(crate) keys: Vec<String>,
    pub(crate) followed: Arc<Mutex<Followed>>,
}

impl Opened {
    fn opens_at(&self, key: &String, at: SystemTime) -> bool {
        let followed = lock(&self.followed);
        let end = followed.replaced.get(key);
        self.keys.contains(key) && end.is_none_or(|end| *end > at)
    }

    fn named_at(&self) -> u64 {
        lock(&self.followed)
            .named
            .as_ref()
            .map_or(0, |named| named.at)
    }
}

/// Those that are open, by their names and by a number of each one that has it open: somebody may open it twice.
pub(crate) type Rings = BTreeMap<String, BTreeMap<u64, Opened>>;

/// What a member reports of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) name: Option<String>,
    /// The keys of each ring that have files and do not soon end, wherever it is open.
    pub(crate) rings: BTreeMap<String, Vec<String>>,
    /// When the key was named that a ring seals with.
    #[serde(default)]
    named: BTreeMap<String, u64>,
    /// For how many milliseconds it counts as there.
    #[serde(default)]
    pub(crate) lives: u64,
    /// How many reports it has made: an older one may arrive later.
    #[serde(default)]
    number: u64,
}

impl Report {
    /// With the keys that still open at `until`.
    pub(crate) fn new(
        name: Option<String>,
        rings: &Rings,
        until: SystemTime,
        lives: u64,
        number: u64,
    ) -> Self {
        let keys_of = |ring: &BTreeMap<u64, Opened>| {
            let keys = ring.values().next().map_or(&[][..], |opened| &opened.keys);
            let opens = |key: &&String| ring.values().all(|opened| opened.opens_at(key, until));
            keys.iter().filter(opens).cloned().collect()
        };
        let named_at = |ring: &BTreeMap<u64, Opened>| {
            let times = ring.values().map(Opened::named_at);
            times.max().unwrap_or_default()
        };
        Self {
            name,
            rings: rings
                .iter()
                .map(|(name, ring)| (name.clone(), keys_of(ring)))
                .collect(),
            named: rings
                .iter()
                .map(|(name, ring)| (name.clone(), named_at(ring)))
                .collect(),
            lives,
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A promotion waits for all members, those of the release before among them.
    #[test]
    fn a_report_without_a_name_is_read() {
        let text = r#"{"rings":{"bank":["k1"]}}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.name, report.rings.len()), (None, 1));
    }
}
