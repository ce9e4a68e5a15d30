//! What members report of their keys, and the key that a fleet seals with.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::connection::lock;
use crate::error::{FleetError, present};
use crate::fleet::{Fleet, Rings};
use crate::scripts::script;
use crate::tokens::millis;

/// Beyond all times of servers, in milliseconds since 1970: the script's numbers are exact up to there.
const LATEST: u64 = 90_000_000_000_000;

/// What a member reports of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) name: Option<String>,
    pub(crate) rings: BTreeMap<String, Vec<String>>,
    /// For how many milliseconds it counts as there.
    #[serde(default)]
    pub(crate) lives: u64,
    /// Seconds since 1970, by its own clock.
    pub(crate) at: u64,
}

/// That this member reports a ring. A promotion would wait for a member that still did, and no longer reads its files.
pub(super) struct Reported {
    fleet: Fleet,
    ring: String,
    /// Which of those that have the ring open: somebody may open it twice.
    opened: u64,
}

impl Reported {
    pub(super) fn new(fleet: &Fleet, ring: &str) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        Self {
            fleet: fleet.clone(),
            ring: ring.to_owned(),
            opened: OPENED.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(super) fn set(&self, keys: Vec<String>) {
        let mut rings = lock(&self.fleet.0.rings);
        rings
            .entry(self.ring.clone())
            .or_default()
            .insert(self.opened, keys);
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

/// The keys of each ring that are in it wherever it is open.
fn rings(opened: &Rings) -> BTreeMap<String, Vec<String>> {
    let in_all = |opened: &BTreeMap<u64, Vec<String>>| {
        let mut keys = opened.values().next().cloned().unwrap_or_default();
        keys.retain(|key| opened.values().all(|others| others.contains(key)));
        keys
    };
    opened
        .iter()
        .map(|(ring, opened)| (ring.clone(), in_all(opened)))
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
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let report = Report {
        name: shared.store.config().member_name.clone(),
        rings: rings(&lock(&shared.rings)),
        lives,
        at: at.unwrap_or_default().as_secs(),
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

/// Which key a ring seals with, and when it was named.
pub(super) async fn newest(fleet: &Fleet, ring: &str) -> Result<Option<(u64, String)>, FleetError> {
    let name = fleet.0.names.newest();
    let get = async |connection: &mut _| {
        let mut get = redis::cmd("HGET");
        get.arg(&name)
            .arg(ring)
            .query_async::<Option<String>>(connection)
            .await
    };
    let named = present(fleet.0.store.run("newest_key", get).await)?.flatten();
    let parsed = |text: String| {
        let (at, id) = text.split_once('|')?;
        let at = at.parse().ok().filter(|at| *at < LATEST)?;
        Some((at, id.to_owned()))
    };
    Ok(named.and_then(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A promotion waits for all members, those of the release before among them.
    #[test]
    fn a_report_without_a_name_is_read() {
        let text = r#"{"rings":{"bank":["k1"]},"at":1}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.name, report.rings.len()), (None, 1));
    }
}
