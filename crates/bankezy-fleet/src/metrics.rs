//! Metrics through the facade of the crate `metrics`. No label holds a secret, a token or a URL.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::error::FleetError;

pub(crate) const OPERATIONS: &str = "bankezy_fleet_operations_total";
pub(crate) const REACHABLE: &str = "bankezy_fleet_store_reachable";
pub(crate) const TOKENS: &str = "bankezy_fleet_tokens_total";
pub(crate) const RESERVED: &str = "bankezy_fleet_budget_reserved_ratio";
pub(crate) const MEMBERS: &str = "bankezy_fleet_members";
pub(crate) const REFRESHED: &str = "bankezy_fleet_ring_refreshed";

/// Gives the recorder the descriptions of this crate's metrics. Call it once, after installing a recorder.
pub fn describe_metrics() {
    describe_counter!(
        OPERATIONS,
        "operations on the fleet's store, those that failed among them"
    );
    describe_gauge!(
        REACHABLE,
        "1 if the last operation on the fleet's store succeeded, 0 if the store was away or refused it"
    );
    describe_counter!(
        TOKENS,
        "requests to the store for tokens and sessions: `shared`, `claimed` (this process logs in), `alone` (it logs in \
         without the store), `superseded` (another process saved a newer one)"
    );
    describe_gauge!(
        RESERVED,
        "part of a key's nonce budget that all processes have reserved, from 0 to 1"
    );
    describe_gauge!(
        MEMBERS,
        "members that report themselves, as `status` and `members` found them last"
    );
    describe_gauge!(
        REFRESHED,
        "1 if a ring last took all key files and had the key that the fleet seals with, 0 if not"
    );
}

pub(crate) fn operation(name: &'static str, error: Option<&FleetError>) {
    let error = error.map_or("", FleetError::code);
    counter!(OPERATIONS, "operation" => name, "error_type" => error).increment(1);
}

pub(crate) fn reachable(is: bool) {
    gauge!(REACHABLE).set(if is { 1.0 } else { 0.0 });
}

pub(crate) fn token(result: &'static str) {
    counter!(TOKENS, "result" => result).increment(1);
}

pub(crate) fn reserved(key_id: &str, share: f64) {
    gauge!(RESERVED, "key_id" => key_id.to_owned()).set(share);
}

pub(crate) fn members(count: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a fleet has few members")]
    gauge!(MEMBERS).set(count as f64);
}

pub(crate) fn refreshed(ring: &str, is: bool) {
    gauge!(REFRESHED, "ring" => ring.to_owned()).set(if is { 1.0 } else { 0.0 });
}
