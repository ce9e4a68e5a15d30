//! What members report of their keys.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::connection::lock;
use crate::error::FleetError;
use crate::fleet::{Fleet, Opened, Rings};
use crate::scripts::script;
use crate::tokens::millis;

/// What a member reports of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) name: Option<String>,
    pub(crate) rings: BTreeMap<String, Vec<String>>,
    /// For how many milliseconds it counts as there.
    #[serde(default)]
    pub(crate) lives: u64,
}

/// That this member reports a ring. A promotion would wait for a member that still did, and no longer reads its files.
pub(super) struct Reported {
    fleet: Fleet,
    ring: String,
    /// Which of those that have the ring open: somebody may open it twice.
    opened: u64,
    /// Keys that another took the place of, and whose files are still there, with the end of their overlap.
    pub(super) replaced: Arc<Mutex<BTreeMap<String, SystemTime>>>,
}

impl Reported {
    pub(super) fn new(fleet: &Fleet, ring: &str) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        Self {
            fleet: fleet.clone(),
            ring: ring.to_owned(),
            opened: OPENED.fetch_add(1, Ordering::Relaxed),
            replaced: Arc::default(),
        }
    }

    /// Has the next heartbeat report these keys, but for those that soon end.
    pub(super) fn set(&self, keys: Vec<String>) {
        let replaced = Arc::clone(&self.replaced);
        let mut rings = lock(&self.fleet.0.rings);
        rings
            .entry(self.ring.clone())
            .or_default()
            .insert(self.opened, Opened { keys, replaced });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        let rings = lock(&self.fleet.0.rings);
        let opened = rings
            .get(&self.ring)
            .and_then(|ring| ring.get(&self.opened));
        opened.is_some_and(|opened| opened.keys.iter().any(|id| id == key))
    }
}

impl Drop for Reported {
    fn drop(&mut self) {
        let mut rings = lock(&self.fleet.0.rings);
        if let Some(opened) = rings.get_mut(&self.ring) {
            opened.remove(&self.opened);
            if opened.is_empty() {
                rings.remove(&self.ring);
            }
        }
    }
}

/// The keys of each ring that are in it wherever it is open, and still open at this time.
fn rings(rings: &Rings, at: SystemTime) -> BTreeMap<String, Vec<String>> {
    let still_opens = |opened: &Opened, key: &String| {
        let end = lock(&opened.replaced).get(key).copied();
        opened.keys.contains(key) && end.is_none_or(|end| end > at)
    };
    let in_all = |ring: &BTreeMap<u64, Opened>| {
        let keys = ring.values().next().map_or(&[][..], |opened| &opened.keys);
        let opens = |key: &&String| ring.values().all(|opened| still_opens(opened, key));
        keys.iter().filter(opens).cloned().collect()
    };
    rings
        .iter()
        .map(|(name, ring)| (name.clone(), in_all(ring)))
        .collect()
}

/// For how many milliseconds a report counts.
pub(super) fn lives(fleet: &Fleet) -> u64 {
    millis(fleet.0.store.config().heartbeat.saturating_mul(3))
}

/// Reports this member, with all its rings.
pub(super) async fn heartbeat(fleet: &Fleet) -> Result<(), FleetError> {
    let shared = &fleet.0;
    let _reporting = shared.reporting.lock().await;
    let lives = lives(fleet);
    // A report is believed for three heartbeats, and who believes it seals a heartbeat later.
    let believed_for = shared.store.config().heartbeat.saturating_mul(5);
    let believed_until = SystemTime::now() + believed_for;
    let report = Report {
        name: shared.store.config().member_name.clone(),
        rings: rings(&lock(&shared.rings), believed_until),
        lives,
    };
    let report = serde_json::to_string(&report).map_err(|_| FleetError::Answer)?;
    let (members, reports) = (shared.names.members(), shared.names.reports());
    let beat = async |connection: &mut _| {
        let script = script(concat!(
            include_str!("../scripts/since.lua"),
            include_str!("../scripts/heartbeat.lua")
        ));
        let mut call = script.key(&members);
        call.key(&reports)
            .arg(&shared.member)
            .arg(&report)
            .arg(lives);
        call.invoke_async::<u64>(connection).await
    };
    shared.store.run("heartbeat", beat).await.map(drop)
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
