//! Marks of received messages, for the replay guard of `bankezy-tower`.

use bankezy_tower::{Mark, Recorded, ReplayStore, Unavailable};
use redis::Value;

use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::tokens::millis;

/// Marks in the fleet's store: a message is accepted once by all processes together.
///
/// If the store is away, messages are refused with 503. The store has to keep what it has when its memory is full
/// (`maxmemory-policy noeviction`), and should take no writes without a replica (`min-replicas-to-write`): a mark that is
/// lost lets its message pass again. A failover can lose the marks of its last moments.
///
/// ```
/// use bankezy_fleet::Fleet;
/// use bankezy_tower::{Freshness, ReplayGuard};
///
/// fn guard(fleet: &Fleet, rule: Freshness) -> ReplayGuard {
///     ReplayGuard::new(rule).with_store(fleet.replay_marks())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SharedMarks {
    fleet: Fleet,
    accepts_without_store: bool,
}

impl Fleet {
    /// A store of marks for the replay guard of `bankezy-tower`. All guards on it need the same rule.
    pub fn replay_marks(&self) -> SharedMarks {
        SharedMarks::new(self)
    }
}

impl SharedMarks {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        Self {
            fleet: fleet.clone(),
            accepts_without_store: false,
        }
    }

    /// Accepts messages unchecked while the store is away, instead of refusing them: for services where a message that
    /// is executed twice does less harm than one that is refused. Default: they are refused.
    pub fn accept_without_store(mut self) -> Self {
        self.accepts_without_store = true;
        self
    }
}

impl ReplayStore for SharedMarks {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        let shared = &self.fleet.0;
        let name = shared.names.replay(mark.as_str());
        let keep_for = millis(mark.keep_for());
        let set = async |connection: &mut _| {
            let mut set = redis::cmd("SET");
            set.arg(&name).arg(1).arg("NX").arg("PX").arg(keep_for);
            set.query_async::<Value>(connection).await
        };
        match shared.store.run("replay", set).await {
            Ok(Value::Okay) => Ok(Recorded::New),
            Ok(Value::Nil) => Ok(Recorded::Seen),
            Err(error) if error.is_away() && self.accepts_without_store => Ok(Recorded::New),
            Ok(_) => Err(FleetError::Answer.into()),
            Err(error) => Err(error.into()),
        }
    }
}
