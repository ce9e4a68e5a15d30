//! The key that a fleet seals with.

use super::reports::lives;
use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::scripts::script;

/// Beyond all times of servers, in milliseconds since 1970: the scripts' numbers are exact up to there.
const LATEST: u64 = 90_000_000_000_000;

/// A key that was made the one to seal with.
#[derive(Clone)]
pub(super) struct Named {
    /// When, by the store's clock: an older name, such as after a failover, is not followed.
    pub(super) at: u64,
    pub(super) id: String,
}

impl Named {
    /// None of a text that no fleet wrote.
    fn parse(text: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(text).ok()?;
        let (at, id) = text.split_once('|')?;
        let at = at.parse().ok().filter(|at| *at < LATEST)?;
        let id = id.to_owned();
        Some(Self { at, id })
    }
}

/// Asks which key a ring seals with, and tells the store of `held` if it has none or an older one.
pub(super) async fn newest(
    fleet: &Fleet,
    ring: &str,
    held: Option<&Named>,
) -> Result<Option<Named>, FleetError> {
    let names = fleet.0.names.newest();
    let (at, id) = held.map_or((0, ""), |held| (held.at, &held.id));
    let ask = async |connection: &mut _| {
        let script = script(include_str!("../scripts/newest.lua"));
        let mut call = script.key(&names);
        call.arg(ring).arg(at).arg(id);
        call.invoke_async::<Option<Vec<u8>>>(connection).await
    };
    let named = fleet.0.store.run("newest_key", ask).await?;
    Ok(named.and_then(Named::parse))
}

/// Makes a key the one that a ring seals with, if all live members report it or by force.
pub(super) async fn name(
    fleet: &Fleet,
    ring: &str,
    key_id: &str,
    by_force: bool,
    held: Option<&Named>,
) -> Result<(), FleetError> {
    let (names, member) = (&fleet.0.names, &fleet.0.member);
    let (members, reports, newest) = (names.members(), names.reports(), names.newest());
    let held_at = held.map_or(0, |held| held.at);
    let promote = async |connection: &mut _| {
        let script = script(concat!(
            include_str!("../scripts/since.lua"),
            include_str!("../scripts/promote.lua")
        ));
        let mut call = script.key(&members);
        call.key(&reports).key(&newest);
        call.arg(ring).arg(key_id).arg(u8::from(by_force));
        call.arg(held_at).arg(member).arg(lives(fleet));
        call.invoke_async::<isize>(connection).await
    };
    let missing = fleet.0.store.run("promote", promote).await?;
    match usize::try_from(missing) {
        Ok(0) => Ok(()),
        Ok(missing) => Err(FleetError::NotReported { missing }),
        Err(_) => Err(FleetError::MembersForgotten),
    }
}
