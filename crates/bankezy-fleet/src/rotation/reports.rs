//! What members report of their keys.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::connection::lock;
use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::rings::{Followed, Named, Opened, Report};
use crate::scripts::script;
use crate::tokens::millis;

/// That this member reports a ring. A promotion would wait for a member that still did, and no longer reads its files.
pub(super) struct Reported {
    fleet: Fleet,
    ring: String,
    /// Which of those that have the ring open.
    opened: u64,
    pub(super) followed: Arc<Mutex<Followed>>,
}

impl Reported {
    pub(super) fn new(fleet: &Fleet, ring: &str) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        Self {
            fleet: fleet.clone(),
            ring: ring.to_owned(),
            opened: OPENED.fetch_add(1, Ordering::Relaxed),
            followed: Arc::default(),
        }
    }

    /// Has the next heartbeat report these keys, but for those that soon end.
    pub(super) fn set(&self, keys: Vec<String>) {
        let followed = Arc::clone(&self.followed);
        let mut rings = lock(&self.fleet.0.rings);
        let ring = rings.entry(self.ring.clone()).or_default();
        ring.insert(self.opened, Opened { keys, followed });
    }

    /// The keys that have files.
    pub(super) fn keys(&self) -> Vec<String> {
        let rings = lock(&self.fleet.0.rings);
        let ring = rings.get(&self.ring);
        let opened = ring.and_then(|ring| ring.get(&self.opened));
        opened.map(|opened| opened.keys.clone()).unwrap_or_default()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys().iter().any(|id| id == key)
    }

    /// The name that is followed here, if its key has a file: under another one no process could start.
    pub(super) fn held(&self) -> Option<Named> {
        let held = lock(&self.followed).named.clone();
        held.filter(|held| self.has(&held.id))
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

/// For how many milliseconds a report counts.
pub(super) fn lives(fleet: &Fleet) -> u64 {
    millis(fleet.0.store.config().heartbeat.saturating_mul(3))
}

/// Reports this member, with all its rings.
pub(super) async fn heartbeat(fleet: &Fleet) -> Result<(), FleetError> {
    let shared = &fleet.0;
    let mut number = shared.reports.lock().await;
    *number += 1;
    let sent = *number;
    let config = shared.store.config();
    // A report is believed for three heartbeats, and who believes it seals a heartbeat later.
    let until = SystemTime::now() + config.heartbeat.saturating_mul(5);
    let (name, lives) = (config.member_name.clone(), lives(fleet));
    let report = Report::new(name, &lock(&shared.rings), until, lives, sent);
    let report = serde_json::to_string(&report).map_err(|_| FleetError::Answer)?;
    let (members, reports) = (shared.names.members(), shared.names.reports());
    let beat = async |connection: &mut _| {
        let script = script(concat!(
            include_str!("../scripts/since.lua"),
            include_str!("../scripts/heartbeat.lua")
        ));
        let mut call = script.key(&members);
        call.key(&reports).arg(&shared.member).arg(&report);
        call.arg(lives).arg(sent);
        call.invoke_async::<u64>(connection).await
    };
    let stored = shared.store.run("heartbeat", beat).await?;
    // As after a machine was set back: the next one is newer again.
    *number = stored.max(*number);
    Ok(())
}
